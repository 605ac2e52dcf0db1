//! Complete readings of a stream: what one did not see is gone.
//!
//! The one rule: nothing is marked before the pass is complete. What was seen is in the file, so that a kill does not
//! lose it; the first pass into an empty table needs none of it, because every row is one that it saw.

use rusqlite::{CachedStatement, Error, OptionalExtension, params};

use super::{
    layout::Layout,
    members::forget,
    vanish,
    work::{Failure, Work},
};

/// How many vanished rows are looked up at once.
const CHUNK: u32 = 1_000;

fn open(work: &Work<'_>, stream: &str) -> Result<Option<(i64, bool)>, Error> {
    work.connection
        .prepare_cached("SELECT pass, tracked FROM _trunkline_passes WHERE stream = ?1")?
        .query_row([stream], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()
}

/// Begins a pass, or goes on with it.
pub(super) fn start(work: &Work<'_>, layout: &Layout, pass: i64) -> Result<(), Failure> {
    let stream = layout.table.name;
    let before = open(work, stream)?;
    if before.is_some_and(|(open, _)| open == pass) {
        return Ok(());
    }
    forget(work, stream)?;
    let tracked = work
        .connection
        .prepare_cached(&format!("SELECT 1 FROM {stream} LIMIT 1"))?
        .exists([])?;
    work.connection
        .prepare_cached(
            "INSERT INTO _trunkline_passes (stream, pass, tracked, started_at) VALUES (?1, ?2, ?3, ?4) \
             ON CONFLICT DO UPDATE SET pass = excluded.pass, tracked = excluded.tracked, started_at = excluded.started_at",
        )?
        .execute(params![stream, pass, tracked, work.now])?;
    Ok(())
}

/// Remembers what a pass sees.
pub(super) struct Seen<'c> {
    insert: Option<CachedStatement<'c>>,
    stream: &'static str,
}

impl<'c> Seen<'c> {
    pub(super) fn of(work: &Work<'c>, layout: &Layout, pass: Option<i64>) -> Result<Self, Error> {
        let stream = layout.table.name;
        // A record that comes outside of the pass exists all the same.
        let tracked = open(work, stream)?
            .is_some_and(|(open, tracked)| tracked && pass.is_none_or(|pass| pass == open));
        let insert = if tracked {
            let sql = "INSERT INTO _trunkline_seen (stream, id) VALUES (?1, ?2) ON CONFLICT DO NOTHING";
            Some(work.connection.prepare_cached(sql)?)
        } else {
            None
        };
        Ok(Self { insert, stream })
    }

    pub(super) fn add(&mut self, key: &str) -> Result<(), Error> {
        if let Some(insert) = &mut self.insert {
            insert.execute([self.stream, key])?;
        }
        Ok(())
    }
}

/// Ends a pass: marks what it did not see.
pub(super) fn complete(work: &mut Work<'_>, layout: &Layout, pass: i64) -> Result<(), Failure> {
    let stream = layout.table.name;
    let Some((_, tracked)) = open(work, stream)?.filter(|(open, _)| *open == pass) else {
        return Ok(());
    };
    if tracked {
        while let gone @ [_, ..] = &*unseen(work, layout)? {
            for key in gone {
                vanish::record(work, layout, key)?;
            }
        }
    }
    forget(work, stream)?;
    work.connection
        .prepare_cached("DELETE FROM _trunkline_passes WHERE stream = ?1")?
        .execute([stream])?;
    Ok(())
}

/// Some of the rows that the pass did not see.
fn unseen(work: &Work<'_>, layout: &Layout) -> Result<Vec<String>, Error> {
    let stream = layout.table.name;
    work.connection
        .prepare_cached(&format!(
            "SELECT {0} FROM {stream} WHERE _deleted_at IS NULL \
             AND {0} NOT IN (SELECT id FROM _trunkline_seen WHERE stream = ?1) LIMIT ?2",
            layout.key_expression()
        ))?
        .query_map(params![stream, CHUNK], |row| row.get(0))?
        .collect()
}
