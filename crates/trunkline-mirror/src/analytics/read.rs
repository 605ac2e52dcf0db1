//! From a mirror's file to a report.
//!
//! The one rule: the file is opened for reading only, so that a report can be made while the mirror is written to. Where
//! the file lacks the views, because an older program wrote it, they are made on the connection and vanish with it. Read
//! `read/question.rs` for what was asked, `read/facts.rs` for the conversations.

mod facts;
mod names;
mod question;

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, Error, OpenFlags, OptionalExtension as _};
use serde::Serialize;

use super::{
    ReportError,
    figures::{self, Figures},
    models::{self, Dialect, MODELS, OFFICE_MINUTES},
    schedules,
};
use crate::storage::StorageError;
pub use question::Question;

/// A mirror that was brought up to date so lately is not called old.
const FRESH: SignedDuration = SignedDuration::from_hours(1);

/// A report: what was asked, and the figures.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// What was asked, and of what.
    pub about: About,
    /// What a reader should know of the figures.
    pub remarks: Vec<String>,
    /// The figures.
    #[serde(flatten)]
    pub figures: Figures,
}

/// What a report is about.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct About {
    /// The workspace's name.
    pub workspace: String,
    /// The first moment.
    pub from: Timestamp,
    /// The first moment that is not within.
    pub to: Timestamp,
    /// The first day, for people.
    pub first_day: String,
    /// The last day, for people.
    pub last_day: String,
    /// The time zone of days and hours.
    pub time_zone: String,
    /// Only conversations of this team.
    pub team: Option<String>,
    /// Only conversations with this tag.
    pub tag: Option<String>,
    /// Only conversations of this company.
    pub company: Option<String>,
    /// The office hours that minutes are counted by as well.
    pub office_hours: Option<String>,
    /// When the mirror last heard of the workspace.
    pub mirrored_at: Option<Timestamp>,
}

/// Makes a report of the mirror at `path`.
///
/// # Errors
/// When there is no mirror, what was asked cannot be, or conversations were never read.
pub fn report(path: &Path, question: &Question, now: Timestamp) -> Result<Report, ReportError> {
    let connection = open(path)?;
    let fail =
        |error| ReportError::Storage(StorageError::from_sqlite(path, "reading it for a report", error));
    make(path, &connection, question, now, &fail)
}

fn make(
    path: &Path,
    connection: &Connection,
    question: &Question,
    now: Timestamp,
    fail: &dyn Fn(Error) -> ReportError,
) -> Result<Report, ReportError> {
    prepare(connection).map_err(fail)?;
    if is_unread(connection).map_err(fail)? {
        return Err(ReportError::NoConversations {
            path: path.to_path_buf(),
        });
    }
    let (workspace, stated_zone, mirrored_at) = workspace(connection).map_err(fail)?;
    let mut remarks = Vec::new();
    let (mut window, time_zone) = question.window(&stated_zone, now, &mut remarks)?;
    let chosen = names::Chosen::new(connection, question).map_err(fail)??;
    let all = schedules::schedules(connection).map_err(fail)?;
    let schedule = question.schedule(&all)?;
    if schedule.is_none() {
        remarks.push("The mirror holds no office hours, so minutes are counted around the clock.".to_owned());
    } else if question.office_hours.is_none() && all.len() > 1 {
        remarks.push(format!(
            "The workspace has {} schedules of office hours; the oldest is used, and another can be named.",
            all.len()
        ));
    }
    let facts = facts::facts(connection, &window, &chosen).map_err(fail)?;
    // A workspace whose clock is ahead of this machine's has not told of the future.
    let latest = facts
        .iter()
        .flat_map(|facts| &facts.states)
        .map(|(moment, _)| *moment)
        .max();
    window.now = latest.map_or(now, |latest| latest.max(now));
    remarks.extend(lacking(connection, &window, mirrored_at).map_err(fail)?);
    let names = names::Book::new(connection);
    let hours = schedule.and_then(|schedule| schedule.hours.as_ref());
    let figures = figures::figures(&facts, &window, hours, &names);
    Ok(Report {
        about: About {
            workspace,
            from: window.from,
            to: window.to,
            first_day: window.from.to_zoned(window.zone.clone()).date().to_string(),
            last_day: figures::last_day(&window).to_string(),
            time_zone,
            team: chosen.team_name(),
            tag: chosen.tag_name(),
            company: chosen.company_name(),
            office_hours: schedule.map(|schedule| format!("{} ({})", schedule.name, schedule.time_zone)),
            mirrored_at,
        },
        remarks,
        figures,
    })
}

fn open(path: &Path) -> Result<Connection, ReportError> {
    let none = || ReportError::NoMirror {
        path: path.to_path_buf(),
    };
    if !path.is_file() {
        return Err(none());
    }
    let fail = |error| StorageError::from_sqlite(path, "opening", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    let is_mirror = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE name = '_trunkline_meta'")
        .and_then(|mut statement| statement.exists([]))
        .map_err(fail)?;
    if is_mirror { Ok(connection) } else { Err(none()) }
}

/// Makes what an older program did not: tables without rows, and the view that the report reads.
fn prepare(connection: &Connection) -> Result<(), Error> {
    connection.pragma_update(None, "temp_store", "memory")?;
    connection.set_prepared_statement_cache_capacity(32);
    models::keep_plans(connection, true)?;
    let exists = |name: &str| {
        connection
            .prepare_cached("SELECT 1 FROM sqlite_schema WHERE name = ?1")?
            .exists([name])
    };
    for table in crate::tables::all() {
        if !exists(table.name)? {
            let mut columns: Vec<String> = table
                .columns
                .iter()
                .map(|column| format!("\"{}\"", column.name))
                .collect();
            columns.push("_deleted_at".to_owned());
            connection.execute_batch(&format!(
                "CREATE TEMP TABLE {} ({})",
                table.name,
                columns.join(", ")
            ))?;
        }
    }
    let model = MODELS[0];
    if exists(model.name)? {
        return Ok(());
    }
    if !exists("_trunkline_office_minutes")? {
        connection.execute_batch(&OFFICE_MINUTES.replacen("CREATE TABLE", "CREATE TEMP TABLE", 1))?;
    }
    let create = model.create(Dialect::Sqlite, &|table, column| has(connection, table, column));
    connection.execute_batch(&create.replacen("CREATE VIEW", "CREATE TEMP VIEW", 1))
}

/// Whether a table has a column.
pub(super) fn has(connection: &Connection, table: &str, column: &str) -> bool {
    connection
        .prepare_cached("SELECT 1 FROM pragma_table_xinfo(?1) WHERE name = ?2")
        .and_then(|mut statement| statement.exists([table, column]))
        .unwrap_or(false)
}

/// Whether no run ever read conversations: then a report of nothing would be a lie.
fn is_unread(connection: &Connection) -> Result<bool, Error> {
    let any = connection
        .prepare("SELECT 1 FROM conversations LIMIT 1")?
        .exists([])?;
    let read = connection
        .prepare("SELECT 1 FROM _trunkline_checkpoints WHERE stream = 'conversations'")?
        .exists([])?;
    Ok(!any && !read)
}

fn workspace(connection: &Connection) -> Result<(String, String, Option<Timestamp>), Error> {
    let row: Option<(String, String, String)> = connection
        .query_row(
            "SELECT name, time_zone, seen_at FROM _trunkline_workspace",
            [],
            |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)),
        )
        .optional()?;
    let (name, zone, seen_at) = row.unwrap_or_default();
    Ok((name, zone, seen_at.parse().ok()))
}

/// What the figures lack.
fn lacking(
    connection: &Connection,
    window: &figures::Window,
    mirrored_at: Option<Timestamp>,
) -> Result<Vec<String>, Error> {
    let mut remarks = Vec::new();
    let incomplete: i64 = connection.query_row(
        "SELECT count(*) FROM conversations WHERE _deleted_at IS NULL AND created_at >= ?1 AND created_at < ?2 \
         AND _parts_stated > _parts_held",
        [window.from.to_string(), window.to.to_string()],
        |row| row.get(0),
    )?;
    if incomplete > 0 {
        remarks.push(format!(
            "Of {incomplete} of these conversations the mirror does not hold all parts; for them Intercom's own statistics \
             stand in, where it gives any."
        ));
    }
    let heard_until = window
        .to
        .min(window.now)
        .saturating_sub(FRESH)
        .unwrap_or(window.now);
    if let Some(mirrored_at) = mirrored_at.filter(|at| *at < heard_until) {
        let at = mirrored_at
            .to_zoned(window.zone.clone())
            .strftime("%Y-%m-%d %H:%M")
            .to_string();
        remarks.push(format!("What happened after {at} is not in the mirror yet."));
    }
    Ok(remarks)
}

#[cfg(test)]
mod tests;
