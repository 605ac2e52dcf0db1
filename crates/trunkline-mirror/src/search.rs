//! The full text of a mirror's conversations, contacts and articles, in a file beside the mirror that can always be made anew.
//!
//! The one rule: the index follows the mirror's feed and never leads it: what it holds, and how far that is, are committed together, so a
//! kill at any instant costs at most a chunk. Read `search/keep.rs` for how it is kept, `search/texts.rs` for what is read of a record,
//! `search/find.rs` for questions. Why it is a file of its own stands in `docs/decisions/0031`.

mod find;
mod keep;
mod texts;

use std::path::{Path, PathBuf};

use rusqlite::Connection;

use crate::storage::StorageError;

pub use find::{Found, Hit, Piece, find};
pub use keep::{Keeper, KeeperOptions, Progress, forget};

/// The format of the file; one of another format is made anew.
const FORMAT: &str = "1";
/// Under this name the index reads the mirror's feed.
const READER: &str = "search";

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS meta (key TEXT NOT NULL PRIMARY KEY, value TEXT NOT NULL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS places (
    number INTEGER PRIMARY KEY,
    stream TEXT NOT NULL,
    id TEXT NOT NULL,
    at TEXT,
    UNIQUE (stream, id)
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (title, body, tokenize = 'unicode61 remove_diacritics 2', prefix = '2 3');
INSERT INTO words (words, rank) VALUES ('secure-delete', 1);
";

/// Where the index of a mirror is.
#[must_use]
pub fn file_of(mirror: &Path) -> PathBuf {
    let mut name = mirror.as_os_str().to_owned();
    name.push("-search");
    PathBuf::from(name)
}

/// Whether a mirror has an index, finished or not.
#[must_use]
pub fn exists(mirror: &Path) -> bool {
    file_of(mirror).is_file()
}

fn fail(path: &Path) -> impl Fn(rusqlite::Error) -> StorageError + '_ {
    move |error| StorageError::from_sqlite(path, "searching", error)
}

fn meta(connection: &Connection, key: &str) -> Result<Option<String>, rusqlite::Error> {
    use rusqlite::OptionalExtension as _;
    connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?1")?
        .query_row([key], |row| row.get(0))
        .optional()
}

fn set_meta(connection: &Connection, key: &str, value: Option<&str>) -> Result<(), rusqlite::Error> {
    match value {
        Some(value) => connection
            .prepare_cached("INSERT INTO meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value")?
            .execute([key, value]),
        None => connection.prepare_cached("DELETE FROM meta WHERE key = ?1")?.execute([key]),
    }
    .map(drop)
}

#[cfg(test)]
mod tests;
