//! The office hours that a mirror holds, as the API tells them.
//!
//! The one rule: nothing here fails because of what a schedule says. One whose time zone nobody knows is named as such and
//! gives no hours.

use jiff::{civil::Date, tz::TimeZone};
use rusqlite::{Connection, Error};

use super::hours::{Exception, Interval, OfficeHours};

/// A schedule of office hours.
#[derive(Clone, Debug)]
pub struct Schedule {
    /// Intercom's id.
    pub id: String,
    /// Its name.
    pub name: String,
    /// Its time zone, as the API names it.
    pub time_zone: String,
    /// Its hours; nothing when the time zone is unknown here.
    pub hours: Option<OfficeHours>,
    /// Everything that its hours follow from, so that a change can be told.
    pub fingerprint: String,
}

/// The schedules, the oldest first: the API does not say which one a workspace goes by, and the first was there before
/// the others were added.
///
/// # Errors
/// When the database cannot be read.
pub fn schedules(connection: &Connection) -> Result<Vec<Schedule>, Error> {
    let mut statement = connection.prepare(
        "SELECT id, COALESCE(name, id), COALESCE(time_zone_name, ''), COALESCE(twenty_four_seven, 0), \
         COALESCE(time_intervals, '[]') FROM office_hours_schedules WHERE _deleted_at IS NULL \
         ORDER BY created_at, length(id), id",
    )?;
    let mut rows = statement.query([])?;
    let mut list = Vec::new();
    while let Some(row) = rows.next()? {
        let (id, name, time_zone): (String, String, String) = (row.get(0)?, row.get(1)?, row.get(2)?);
        let (always, intervals): (bool, String) = (row.get(3)?, row.get(4)?);
        let (exceptions, told) = exceptions(connection, &id)?;
        let hours = TimeZone::get(&time_zone).ok().map(|zone| {
            if always {
                OfficeHours::always(zone, &exceptions)
            } else {
                OfficeHours::new(zone, &read(&intervals), &exceptions)
            }
        });
        let fingerprint = format!("{id}|{time_zone}|{always}|{intervals}|{told}");
        list.push(Schedule {
            id,
            name,
            time_zone,
            hours,
            fingerprint,
        });
    }
    Ok(list)
}

fn exceptions(connection: &Connection, schedule: &str) -> Result<(Vec<Exception>, String), Error> {
    let mut statement = connection.prepare_cached(
        "SELECT COALESCE(exception_date, ''), COALESCE(exception_type, ''), COALESCE(recurring_annually, 0), \
         COALESCE(time_intervals, '[]') FROM office_hours_exceptions \
         WHERE office_hours_schedule_id = ?1 AND _deleted_at IS NULL ORDER BY exception_date, length(id), id",
    )?;
    let mut rows = statement.query([schedule])?;
    let (mut list, mut told) = (Vec::new(), String::new());
    while let Some(row) = rows.next()? {
        let (date, kind): (String, String) = (row.get(0)?, row.get(1)?);
        let (every_year, intervals): (bool, String) = (row.get(2)?, row.get(3)?);
        told.push_str(&format!("{date} {kind} {every_year} {intervals};"));
        let Ok(date) = date.parse::<Date>() else { continue };
        let hours = if kind == "closed" {
            Vec::new()
        } else {
            read(&intervals)
        };
        list.push(Exception {
            date,
            every_year,
            hours,
        });
    }
    Ok((list, told))
}

/// Intervals as the API writes them; what is none is left out.
fn read(text: &str) -> Vec<Interval> {
    let list: Vec<serde_json::Value> = serde_json::from_str(text).unwrap_or_default();
    list.into_iter()
        .filter_map(|value| serde_json::from_value(value).ok())
        .collect()
}
