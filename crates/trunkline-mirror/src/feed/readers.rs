//! Who reads the feed and how far each got; switching it on with the first and off with the last.
//!
//! The one rule: a change is forgotten only when every reader has taken it, and the last one that a reader took stays, so that
//! its position can be recognized.

use rusqlite::{Connection, Error, OptionalExtension as _, params};

use super::{FeedOptions, end, name, triggers};
use crate::time;

/// How many changes are forgotten in one transaction: few enough that a writer does not wait for it.
const FORGOTTEN_AT_ONCE: u32 = 20_000;

const TABLES: &str = "
CREATE TABLE IF NOT EXISTS _trunkline_changes (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    stream TEXT NOT NULL,
    key TEXT NOT NULL,
    kind INTEGER NOT NULL,
    at TEXT,
    before TEXT
);
CREATE TABLE IF NOT EXISTS _trunkline_readers (
    name TEXT NOT NULL PRIMARY KEY,
    position INTEGER NOT NULL,
    keeps_before INTEGER NOT NULL,
    since TEXT NOT NULL,
    seen_at TEXT NOT NULL
) WITHOUT ROWID;
";

/// Switches the feed on if it is off, and registers a reader that is new at the feed's end.
pub(super) fn register(connection: &Connection, options: &FeedOptions) -> Result<(), Error> {
    connection.execute_batch(TABLES)?;
    if name(connection)?.is_none() {
        connection.execute(
            "INSERT INTO _trunkline_meta (key, value) VALUES ('feed', ?1)",
            [&options.name],
        )?;
    }
    let seq = end(connection)?.seq;
    connection.execute(
        "INSERT INTO _trunkline_readers (name, position, keeps_before, since, seen_at) VALUES (?1, ?2, ?3, ?4, ?4) \
         ON CONFLICT DO UPDATE SET keeps_before = excluded.keeps_before, seen_at = excluded.seen_at",
        params![
            options.reader,
            seq,
            options.keeps_before,
            time::from_timestamp(options.now)
        ],
    )?;
    let keeps_before =
        connection.query_row("SELECT max(keeps_before) FROM _trunkline_readers", [], |row| {
            row.get(0)
        })?;
    if keeps_before {
        connection.execute_batch(
            "CREATE INDEX IF NOT EXISTS _trunkline_changes__key ON _trunkline_changes (stream, key, seq)",
        )?;
    } else {
        connection.execute_batch("DROP INDEX IF EXISTS _trunkline_changes__key")?;
    }
    triggers::follow(connection, keeps_before)
}

/// How far a reader got.
pub(super) fn position(connection: &Connection, reader: &str) -> Result<Option<i64>, Error> {
    connection
        .prepare_cached("SELECT position FROM _trunkline_readers WHERE name = ?1")?
        .query_row([reader], |row| row.get(0))
        .optional()
}

/// Notes how far a reader got.
pub(super) fn acknowledge(connection: &Connection, reader: &str, seq: i64, now: &str) -> Result<(), Error> {
    connection
        .prepare_cached("UPDATE _trunkline_readers SET position = ?2, seen_at = ?3 WHERE name = ?1")?
        .execute(params![reader, seq, now])
        .map(drop)
}

/// Forgets some of what every reader has taken; how much that was.
pub(super) fn prune(connection: &Connection) -> Result<usize, Error> {
    connection
        .prepare_cached(
            "DELETE FROM _trunkline_changes WHERE seq IN (SELECT seq FROM _trunkline_changes \
             WHERE seq < (SELECT min(position) FROM _trunkline_readers) ORDER BY seq LIMIT ?1)",
        )?
        .execute([FORGOTTEN_AT_ONCE])
}

/// Takes triggers and feed away when nobody reads it.
pub(super) fn switch_off_if_unread(connection: &Connection) -> Result<(), Error> {
    if connection
        .prepare("SELECT 1 FROM _trunkline_readers")?
        .exists([])?
    {
        return Ok(());
    }
    triggers::drop_all(connection)?;
    connection.execute_batch(
        "DROP TABLE _trunkline_changes; DROP TABLE _trunkline_readers; \
         DELETE FROM _trunkline_meta WHERE key = 'feed';",
    )
}
