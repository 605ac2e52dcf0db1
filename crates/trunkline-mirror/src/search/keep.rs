//! Keeps the index: all records first, chunk by chunk, then what the feed tells.
//!
//! The one rule: a chunk and the place behind it are one transaction of the index; only then does the feed hear of it.

use std::{collections::BTreeSet, path::Path, time::Duration};

use jiff::Timestamp;
use rusqlite::{Connection, Error, OpenFlags, OptionalExtension as _, params};
use serde::{Deserialize, Serialize};

use super::{
    FORMAT, READER, TABLES, fail, file_of, meta, set_meta,
    texts::{SEARCHED, searched_in},
};
use crate::{
    feed::{Feed, FeedOptions, Position},
    storage::{self, StorageError},
};

const BUSY: Duration = Duration::from_secs(30);

/// How an index is kept.
#[derive(Clone, Debug)]
pub struct KeeperOptions {
    /// The name of the feed if this switches it on: anything that no other mirror has.
    pub feed: String,
    /// How many records a step takes.
    pub chunk: u32,
    /// Now.
    pub now: Timestamp,
}

/// How a step went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progress {
    /// There is more to do.
    More,
    /// The index has everything that the mirror has.
    Whole,
}

/// The place in a build that is under way.
#[derive(Debug, Serialize, Deserialize)]
struct Building {
    /// Where the feed ended when it began: what changed since is taken after it.
    from: Position,
    /// Which of the streams that are searched.
    stream: usize,
    /// The last record that was taken.
    after: String,
}

/// An index that is being kept. It is made where it is missing, of another format, or of another mirror file.
#[derive(Debug)]
pub struct Keeper {
    feed: Feed,
    mirror: Connection,
    index: Connection,
    options: KeeperOptions,
}

impl Keeper {
    /// Opens the index of a mirror and the mirror's feed.
    ///
    /// # Errors
    /// When the mirror cannot be read, or the index cannot be written.
    pub fn open(mirror: &Path, options: KeeperOptions) -> Result<Self, StorageError> {
        let feed = Feed::open(
            mirror,
            &FeedOptions {
                reader: READER.to_owned(),
                keeps_before: false,
                name: options.feed.clone(),
                now: options.now,
            },
        )?;
        let path = file_of(mirror);
        let index = match open(&path) {
            Ok(index) => index,
            // It holds nothing that is not in the mirror, so what cannot be read is made anew.
            Err(error) if is_spoilt(&error) => {
                discard(&path)?;
                open(&path).map_err(fail(&path))?
            }
            Err(error) => return Err(fail(&path)(error)),
        };
        Ok(Self {
            feed,
            mirror: storage::reader(mirror)?,
            index,
            options,
        })
    }

    /// Takes one step: a chunk of records, or of changes.
    ///
    /// # Errors
    /// When the mirror cannot be read, or the index cannot be written.
    pub fn step(&self) -> Result<Progress, StorageError> {
        let path = file_of(self.feed.path());
        let fail = fail(&path);
        self.index.execute_batch("BEGIN IMMEDIATE").map_err(&fail)?;
        let outcome = self.stepped(&fail);
        match outcome {
            Ok((progress, taken)) => {
                self.index.execute_batch("COMMIT").map_err(&fail)?;
                if let Some(seq) = taken {
                    self.feed.acknowledge(seq, self.options.now)?;
                }
                Ok(progress)
            }
            Err(error) => {
                // What failed is undone by the next opening, too.
                self.index.execute_batch("ROLLBACK").ok();
                Err(error)
            }
        }
    }

    /// A step within its transaction; with the change up to which everything is taken.
    fn stepped(&self, fail: &dyn Fn(Error) -> StorageError) -> Result<(Progress, Option<i64>), StorageError> {
        let read = |key: &str| meta(&self.index, key).map_err(fail);
        let position = read("position")?.and_then(|text| serde_json::from_str::<Position>(&text).ok());
        if let Some(position) = position
            && self.feed.resumes(&position)?
        {
            return self.follow(&position, fail);
        }
        let building = read("building")?.and_then(|text| serde_json::from_str::<Building>(&text).ok());
        let building = match building {
            Some(building) if self.feed.resumes(&building.from)? => building,
            _ => self.begin(fail)?,
        };
        self.build(building, fail).map(|progress| (progress, None))
    }

    /// Begins anew, with nothing.
    fn begin(&self, fail: &dyn Fn(Error) -> StorageError) -> Result<Building, StorageError> {
        self.index
            .execute_batch("DELETE FROM words; DELETE FROM places; DELETE FROM meta WHERE key = 'position'")
            .map_err(fail)?;
        Ok(Building {
            from: self.feed.end()?,
            stream: 0,
            after: String::new(),
        })
    }

    /// Takes the next records.
    fn build(
        &self,
        mut building: Building,
        fail: &dyn Fn(Error) -> StorageError,
    ) -> Result<Progress, StorageError> {
        let Some(searched) = SEARCHED.get(building.stream) else {
            let position = serde_json::to_string(&building.from).unwrap_or_default();
            set_meta(&self.index, "position", Some(&position)).map_err(fail)?;
            set_meta(&self.index, "building", None).map_err(fail)?;
            return Ok(Progress::More);
        };
        let sql = format!(
            "SELECT id FROM {} WHERE id > ?1 ORDER BY id LIMIT ?2",
            searched.stream
        );
        let ids = || -> Result<Vec<String>, Error> {
            let exists = self
                .mirror
                .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?1")?
                .exists([searched.stream])?;
            if !exists {
                return Ok(Vec::new());
            }
            self.mirror
                .prepare_cached(&sql)?
                .query_map(params![building.after, self.options.chunk], |row| row.get(0))?
                .collect()
        };
        let ids = ids().map_err(fail)?;
        match ids.last() {
            Some(last) => {
                for id in &ids {
                    self.put(searched.stream, id).map_err(fail)?;
                }
                building.after.clone_from(last);
            }
            None => {
                building.stream += 1;
                building.after.clear();
            }
        }
        let text = serde_json::to_string(&building).unwrap_or_default();
        set_meta(&self.index, "building", Some(&text)).map_err(fail)?;
        Ok(Progress::More)
    }

    /// Takes the next changes.
    fn follow(
        &self,
        position: &Position,
        fail: &dyn Fn(Error) -> StorageError,
    ) -> Result<(Progress, Option<i64>), StorageError> {
        let touched = self.feed.touched(position.seq, self.options.chunk)?;
        let Some(last) = touched.last() else {
            return Ok((Progress::Whole, None));
        };
        // A record that changed ten times is read once; a part belongs to its conversation, which is first in its key.
        let records: BTreeSet<(&str, &str)> = touched
            .iter()
            .filter_map(|change| Some((searched_in(&change.table)?.stream, change.key.first()?.as_str())))
            .collect();
        for (stream, id) in records {
            self.put(stream, id).map_err(fail)?;
        }
        let position = self.feed.position(last.seq)?;
        let text = serde_json::to_string(&position).unwrap_or_default();
        set_meta(&self.index, "position", Some(&text)).map_err(fail)?;
        Ok((Progress::More, Some(last.seq)))
    }

    /// Makes the index say of a record what the mirror says now.
    fn put(&self, stream: &'static str, id: &str) -> Result<(), Error> {
        let Some(searched) = searched_in(stream) else {
            return Ok(());
        };
        let held: Option<i64> = self
            .index
            .prepare_cached("SELECT number FROM places WHERE stream = ?1 AND id = ?2")?
            .query_row([stream, id], |row| row.get(0))
            .optional()?;
        if let Some(number) = held {
            self.index
                .prepare_cached("DELETE FROM words WHERE rowid = ?1")?
                .execute([number])?;
        }
        let Some(text) = searched.text(&self.mirror, id)? else {
            if let Some(number) = held {
                self.index
                    .prepare_cached("DELETE FROM places WHERE number = ?1")?
                    .execute([number])?;
            }
            return Ok(());
        };
        self.index
            .prepare_cached(
                "INSERT INTO places (stream, id, at) VALUES (?1, ?2, ?3) ON CONFLICT DO UPDATE SET at = excluded.at",
            )?
            .execute(params![stream, id, text.at])?;
        self.index
            .prepare_cached(
                "INSERT INTO words (rowid, title, body) \
                 VALUES ((SELECT number FROM places WHERE stream = ?1 AND id = ?2), ?3, ?4)",
            )?
            .execute(params![stream, id, text.title, text.body])
            .map(drop)
    }
}

/// Takes a mirror's index away, and the feed's reader with it.
///
/// # Errors
/// When the mirror's feed or the file cannot be written.
pub fn forget(mirror: &Path, now: Timestamp) -> Result<(), StorageError> {
    let feed = Feed::open(
        mirror,
        &FeedOptions {
            reader: READER.to_owned(),
            keeps_before: false,
            name: String::new(),
            now,
        },
    )?;
    feed.forget()?;
    discard(&file_of(mirror))
}

fn open(path: &Path) -> Result<Connection, Error> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "journal_mode", "wal")?;
    connection.pragma_update(None, "synchronous", "normal")?;
    connection.pragma_update(None, "secure_delete", true)?;
    connection.execute_batch("BEGIN IMMEDIATE")?;
    let is_known = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE name = 'meta'")?
        .exists([])?;
    if is_known && meta(&connection, "format")?.as_deref() != Some(FORMAT) {
        connection
            .execute_batch("DROP TABLE IF EXISTS words; DROP TABLE IF EXISTS places; DROP TABLE meta")?;
    }
    connection.execute_batch(TABLES)?;
    set_meta(&connection, "format", Some(FORMAT))?;
    connection.execute_batch("COMMIT")?;
    Ok(connection)
}

fn is_spoilt(error: &Error) -> bool {
    use rusqlite::ErrorCode;
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
    )
}

/// Removes the file with what SQLite keeps beside it.
fn discard(path: &Path) -> Result<(), StorageError> {
    for end in ["", "-wal", "-shm"] {
        let mut name = path.as_os_str().to_owned();
        name.push(end);
        match std::fs::remove_file(&name) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
                return Err(StorageError::CannotOpen {
                    path: path.to_path_buf(),
                    reason: error.to_string(),
                });
            }
            _ => {}
        }
    }
    Ok(())
}
