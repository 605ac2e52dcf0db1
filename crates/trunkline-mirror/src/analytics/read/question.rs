//! What was asked, and the window that it means.
//!
//! The one rule: a day is a day of the report's time zone; one given as the end is counted to its end.

use jiff::{Timestamp, ToSpan as _, civil, tz::TimeZone};

use crate::analytics::{ReportError, figures::Window, schedules::Schedule};

/// What was asked, as it was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Question {
    /// The first day or moment; four weeks before the end when nothing is said.
    pub from: Option<String>,
    /// The last day, or the first moment that is not within; today when nothing is said.
    pub to: Option<String>,
    /// A team's name or id.
    pub team: Option<String>,
    /// A tag's name or id.
    pub tag: Option<String>,
    /// A company's name or one of its ids.
    pub company: Option<String>,
    /// The time zone; the workspace's when nothing is said.
    pub time_zone: Option<String>,
    /// The name or id of the office hours; the oldest schedule when nothing is said.
    pub office_hours: Option<String>,
}

/// The days of a report for which nothing else was said.
const DAYS: i64 = 28;

impl Question {
    /// The window, with the time zone's name.
    pub(super) fn window(
        &self,
        stated_zone: &str,
        now: Timestamp,
        remarks: &mut Vec<String>,
    ) -> Result<(Window, String), ReportError> {
        let (zone, name) = match &self.time_zone {
            Some(name) => {
                let zone =
                    TimeZone::get(name).map_err(|_| ReportError::UnknownZone { name: name.clone() })?;
                (zone, name.clone())
            }
            None => match TimeZone::get(stated_zone) {
                Ok(zone) => (zone, stated_zone.to_owned()),
                Err(_) => {
                    remarks.push(if stated_zone.is_empty() {
                        "The mirror does not say which time zone the workspace is in: days and hours are UTC.".to_owned()
                    } else {
                        format!("The workspace's time zone {stated_zone:?} is unknown here: days and hours are UTC.")
                    });
                    (TimeZone::UTC, "UTC".to_owned())
                }
            },
        };
        let midnight = |date: civil::Date| date.to_zoned(zone.clone()).map(|moment| moment.timestamp());
        let bad = |text: &str| ReportError::BadTime {
            text: text.to_owned(),
            zone: name.clone(),
        };
        let read = |text: &str, is_end: bool| -> Result<Timestamp, ReportError> {
            if let Ok(moment) = text.parse::<Timestamp>() {
                return Ok(moment);
            }
            if let Ok(date) = text.parse::<civil::Date>()
                && text.len() <= 10
            {
                let date = if is_end {
                    date.tomorrow().map_err(|_| bad(text))?
                } else {
                    date
                };
                return midnight(date).map_err(|_| bad(text));
            }
            let moment = text.parse::<civil::DateTime>().map_err(|_| bad(text))?;
            let moment = moment.to_zoned(zone.clone()).map_err(|_| bad(text))?;
            Ok(moment.timestamp())
        };
        let today = now.to_zoned(zone.clone()).date();
        let to = match &self.to {
            Some(text) => read(text, true)?,
            None => read(&today.to_string(), true)?,
        };
        let from = match &self.from {
            Some(text) => read(text, false)?,
            None => {
                let last = to.to_zoned(zone.clone()).date();
                let first = last
                    .checked_sub(DAYS.days())
                    .map_err(|_| bad(&last.to_string()))?;
                midnight(first).map_err(|_| bad(&first.to_string()))?
            }
        };
        if to <= from {
            let show = |moment: Timestamp| {
                moment
                    .to_zoned(zone.clone())
                    .strftime("%Y-%m-%d %H:%M")
                    .to_string()
            };
            return Err(ReportError::Reversed {
                from: show(from),
                to: show(to),
            });
        }
        Ok((Window { from, to, now, zone }, name))
    }

    /// The office hours to count by.
    pub(super) fn schedule<'s>(&self, all: &'s [Schedule]) -> Result<Option<&'s Schedule>, ReportError> {
        let mut usable = all.iter().filter(|schedule| schedule.hours.is_some());
        let Some(name) = &self.office_hours else {
            return Ok(usable.next());
        };
        let known = || all.iter().map(|schedule| schedule.name.clone()).collect();
        usable
            .find(|schedule| schedule.id == *name || schedule.name.eq_ignore_ascii_case(name))
            .map(Some)
            .ok_or_else(|| ReportError::UnknownSchedule {
                name: name.clone(),
                known: known(),
            })
    }
}
