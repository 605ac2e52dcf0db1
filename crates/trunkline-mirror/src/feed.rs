//! The changes of a mirror in the order in which they were made, for whoever has to follow it: a copy elsewhere, a flow.
//!
//! The one rule: a change is in the feed exactly when it is in the table, because triggers write it in the same transaction;
//! whichever program writes the row. The feed is off until a reader opens it and costs nothing until then. Read
//! `feed/triggers.rs` for what is noted, `feed/rows.rs` for the rows themselves.

mod readers;
mod rows;
mod triggers;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, OptionalExtension as _};
use serde::{Deserialize, Serialize};
use xxhash_rust::xxh3::xxh3_64;

use crate::{
    storage::{StorageError, is_mirror},
    time,
};

pub(crate) use rows::SEPARATOR;
pub use rows::{Held, Touched};
pub(crate) use triggers::{Followed, base_of, tables};

/// How long a statement waits for another program's transaction.
const BUSY: std::time::Duration = std::time::Duration::from_secs(30);

/// What happened to a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum ChangeKind {
    /// It is there, and was not before; or it is there again.
    Created,
    /// What Intercom says of it changed.
    Updated,
    /// It is gone: marked as deleted, or not even there any more.
    Deleted,
    /// Only what the mirror itself notes beside it changed.
    Noted,
}

impl ChangeKind {
    fn from_number(number: i64) -> Self {
        match number {
            0 => Self::Created,
            1 => Self::Updated,
            2 => Self::Deleted,
            _ => Self::Noted,
        }
    }
}

/// One change of the feed.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Changed {
    /// Its number; later changes have larger ones.
    pub seq: i64,
    /// The table, which is the stream's for records.
    pub table: String,
    /// The values of the table's key, in order.
    pub key: Vec<String>,
    /// What happened.
    pub kind: ChangeKind,
    /// When the mirror wrote it.
    pub at: Option<String>,
    /// The record as it was, where the feed keeps that and the record was there.
    pub before: Option<serde_json::Value>,
    /// The record as it became; where it changed again since and the feed keeps no records, as it is now.
    pub after: Option<serde_json::Value>,
    /// For a record that is gone because it was merged: the id that took its place.
    pub merged_into: Option<String>,
}

/// A place in the feed of one mirror file, by which a copy says how far it got.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// Which feed: a mirror file that was made anew has another.
    pub feed: String,
    /// The last change that was taken.
    pub seq: i64,
    /// A digest of that change, by which a file that was put back from a backup is noticed.
    pub mark: i64,
}

/// Who reads, and what is to be kept for it.
#[derive(Clone, Debug)]
pub struct FeedOptions {
    /// A name that says who reads, without secrets: `postgres://db.example/support`, `flow:urgent`.
    pub reader: String,
    /// Keep each record as it was before its change.
    pub keeps_before: bool,
    /// The name of the feed if it is switched on now: anything that no other mirror file has.
    pub name: String,
    /// Now.
    pub now: Timestamp,
}

/// The feed of one mirror, as one reader has it open.
#[derive(Debug)]
pub struct Feed {
    connection: Connection,
    path: PathBuf,
    reader: String,
}

impl Feed {
    /// Opens the feed of a mirror that exists, switches it on if it is off, and registers the reader.
    ///
    /// # Errors
    /// When the file is no mirror, or cannot be written.
    pub fn open(path: &Path, options: &FeedOptions) -> Result<Self, StorageError> {
        let connection = connect(path)?;
        let feed = Self {
            connection,
            path: path.to_path_buf(),
            reader: options.reader.clone(),
        };
        feed.transaction("opening its feed", |connection| {
            readers::register(connection, options)
        })?;
        Ok(feed)
    }

    /// Opens a mirror for its rows alone: the feed stays as it is, and nobody is registered.
    ///
    /// # Errors
    /// When the file is no mirror.
    pub fn rows_of(path: &Path) -> Result<Self, StorageError> {
        Ok(Self {
            connection: connect(path)?,
            path: path.to_path_buf(),
            reader: String::new(),
        })
    }

    /// Intercom's id of the workspace that the mirror holds; none before its first run.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn workspace(&self) -> Result<Option<String>, StorageError> {
        self.read(|connection| {
            connection.query_row("SELECT max(id_code) FROM _trunkline_workspace", [], |row| {
                row.get(0)
            })
        })
    }

    /// The mirror.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the feed ends now.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn end(&self) -> Result<Position, StorageError> {
        self.read(end)
    }

    /// The place of a change that is still in the feed.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn position(&self, seq: i64) -> Result<Position, StorageError> {
        self.read(|connection| at(connection, seq))
    }

    /// How far this reader says that it got; a new one begins at the end, with every row that is there still to be read.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn acknowledged(&self) -> Result<Option<Position>, StorageError> {
        self.read(|connection| {
            let seq = readers::position(connection, &self.reader)?;
            seq.map(|seq| at(connection, seq)).transpose()
        })
    }

    /// Whether everything that changed after `position` is still in the feed. When it is not, the reader has to begin with
    /// all rows.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn resumes(&self, position: &Position) -> Result<bool, StorageError> {
        self.read(|connection| resumes(connection, position))
    }

    /// How many changes stand after `seq`.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn behind(&self, seq: i64) -> Result<u64, StorageError> {
        self.read(|connection| {
            connection
                .prepare_cached("SELECT count(*) FROM _trunkline_changes WHERE seq > ?1")?
                .query_row([seq], |row| row.get::<_, i64>(0))
        })
        .map(i64::unsigned_abs)
    }

    /// The next changes after `seq`, at most `limit`, in order.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn changes(&self, seq: i64, limit: u32) -> Result<Vec<Changed>, StorageError> {
        self.read(|connection| rows::changes(connection, seq, limit))
    }

    /// The next changes after `seq`, at most `limit`, in order: number, table and key alone, for whoever reads the rows themselves.
    ///
    /// # Errors
    /// When the file cannot be read.
    pub fn touched(&self, seq: i64, limit: u32) -> Result<Vec<Touched>, StorageError> {
        self.read(|connection| rows::touched(connection, seq, limit))
    }

    /// Rows of a table that exist, in the order of their keys: those after `key`, at most `limit`, each with its record. For
    /// readers that begin with what is there; take [`Feed::end`] before the first page.
    ///
    /// # Errors
    /// When the file cannot be read or has no such table.
    pub fn page(&self, table: &str, key: Option<&[String]>, limit: u32) -> Result<Vec<Held>, StorageError> {
        self.read(|connection| rows::page(connection, table, key, limit))
    }

    /// Says that everything up to `seq` is taken for good, and lets go of what every reader has taken.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn acknowledge(&self, seq: i64, now: Timestamp) -> Result<(), StorageError> {
        let now = time::from_timestamp(now);
        self.transaction("acknowledging changes", |connection| {
            readers::acknowledge(connection, &self.reader, seq, &now)
        })?;
        while self.transaction("forgetting changes", readers::prune)? > 0 {}
        Ok(())
    }

    /// Forgets this reader; the feed is switched off with its last one.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn forget(self) -> Result<(), StorageError> {
        self.transaction("forgetting a reader", |connection| {
            connection.execute("DELETE FROM _trunkline_readers WHERE name = ?1", [&self.reader])?;
            readers::switch_off_if_unread(connection)
        })
    }

    fn read<T>(&self, f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>) -> Result<T, StorageError> {
        f(&self.connection).map_err(|error| StorageError::from_sqlite(&self.path, "reading its feed", error))
    }

    fn transaction<T>(
        &self,
        doing: &'static str,
        f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
    ) -> Result<T, StorageError> {
        transaction(&self.connection, f).map_err(|error| StorageError::from_sqlite(&self.path, doing, error))
    }
}

/// Forgets a reader, so that nothing is kept for it any more. Does nothing when the feed is off.
///
/// # Errors
/// When the file cannot be written.
pub fn forget(path: &Path, reader: &str) -> Result<(), StorageError> {
    let connection = connect(path)?;
    let fail = |error| StorageError::from_sqlite(path, "forgetting a reader", error);
    if name(&connection).map_err(fail)?.is_none() {
        return Ok(());
    }
    transaction(&connection, |connection| {
        connection.execute("DELETE FROM _trunkline_readers WHERE name = ?1", [reader])?;
        readers::switch_off_if_unread(connection)
    })
    .map_err(fail)
}

/// Forgets the readers that acknowledged nothing since `before`, so that one that will never come again does not let the feed
/// grow. Does nothing when the feed is off.
///
/// # Errors
/// When the file cannot be written.
pub fn forget_idle(path: &Path, before: Timestamp) -> Result<(), StorageError> {
    let connection = connect(path)?;
    let fail = |error| StorageError::from_sqlite(path, "forgetting readers", error);
    if name(&connection).map_err(fail)?.is_none() {
        return Ok(());
    }
    let before = time::from_timestamp(before);
    transaction(&connection, |connection| {
        connection.execute("DELETE FROM _trunkline_readers WHERE seen_at < ?1", [&before])?;
        readers::switch_off_if_unread(connection)
    })
    .map_err(fail)
}

/// The name of the feed, if it is on.
pub(crate) fn name(connection: &Connection) -> Result<Option<String>, rusqlite::Error> {
    connection
        .query_row(
            "SELECT value FROM _trunkline_meta WHERE key = 'feed'",
            [],
            |row| row.get(0),
        )
        .optional()
}

/// Where the feed ends.
pub(crate) fn end(connection: &Connection) -> Result<Position, rusqlite::Error> {
    let seq = connection
        .prepare_cached("SELECT coalesce(max(seq), 0) FROM _trunkline_changes")?
        .query_row([], |row| row.get(0))?;
    at(connection, seq)
}

/// Whether the feed still has everything after a position that somebody else kept.
pub(crate) fn resumes(connection: &Connection, position: &Position) -> Result<bool, rusqlite::Error> {
    Ok(name(connection)?.as_deref() == Some(position.feed.as_str())
        && mark(connection, position.seq)? == Some(position.mark))
}

fn at(connection: &Connection, seq: i64) -> Result<Position, rusqlite::Error> {
    Ok(Position {
        feed: name(connection)?.unwrap_or_default(),
        seq,
        mark: mark(connection, seq)?.unwrap_or(0),
    })
}

/// The digest of a change that is still there; the beginning of a feed is always there while nothing was forgotten.
fn mark(connection: &Connection, seq: i64) -> Result<Option<i64>, rusqlite::Error> {
    if seq == 0 {
        let first: Option<i64> = connection
            .prepare_cached("SELECT min(seq) FROM _trunkline_changes")?
            .query_row([], |row| row.get(0))?;
        return Ok(first.is_none_or(|first| first == 1).then_some(0));
    }
    connection
        .prepare_cached("SELECT stream, key, kind, at FROM _trunkline_changes WHERE seq = ?1")?
        .query_row([seq], |row| {
            let text = format!(
                "{}\u{1e}{}\u{1e}{}\u{1e}{}",
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
                row.get::<_, Option<String>>(3)?.unwrap_or_default()
            );
            Ok(xxh3_64(text.as_bytes()).cast_signed())
        })
        .optional()
}

fn connect(path: &Path) -> Result<Connection, StorageError> {
    is_mirror(path)?;
    let fail = |error| StorageError::from_sqlite(path, "opening", error);
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(fail)?;
    connection.busy_timeout(BUSY).map_err(fail)?;
    connection
        .pragma_update(None, "synchronous", "normal")
        .map_err(fail)?;
    Ok(connection)
}

fn transaction<T>(
    connection: &Connection,
    f: impl FnOnce(&Connection) -> Result<T, rusqlite::Error>,
) -> Result<T, rusqlite::Error> {
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let outcome = f(connection).and_then(|value| connection.execute_batch("COMMIT").map(|()| value));
    if outcome.is_err() && !connection.is_autocommit() {
        connection.execute_batch("ROLLBACK")?;
    }
    outcome
}

/// Brings the triggers up to the tables that there are, if the feed is on. Runs inside the caller's transaction.
pub(crate) fn follow_tables(connection: &Connection) -> Result<(), rusqlite::Error> {
    if name(connection)?.is_none() {
        return Ok(());
    }
    let keeps_before = connection.query_row(
        "SELECT coalesce(max(keeps_before), 0) FROM _trunkline_readers",
        [],
        |row| row.get(0),
    )?;
    triggers::follow(connection, keeps_before)
}

/// Forgets the earlier records of a table, when something is to disappear from them. Runs inside the caller's transaction.
pub(crate) fn forget_before(connection: &Connection, table: &str) -> Result<(), rusqlite::Error> {
    if name(connection)?.is_none() {
        return Ok(());
    }
    connection
        .execute(
            "UPDATE _trunkline_changes SET before = NULL WHERE stream = ?1",
            [table],
        )
        .map(drop)
}
