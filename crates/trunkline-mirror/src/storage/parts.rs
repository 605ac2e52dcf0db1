//! The parts of one conversation, and what is known about how many there should be.
//!
//! The one rule: parts are only added here; the API shows the newest 500 and the older ones still exist.

use bytes::Bytes;
use rusqlite::{Error, params};

use super::{
    upsert::{Outcome, Upsert},
    work::{Failure, Work},
};

/// The statements for parts.
pub(super) fn upsert<'c>(work: &Work<'c>) -> Result<Upsert<'c>, Error> {
    Upsert::new(
        work,
        work.layouts
            .get("conversation_parts")
            .expect("the table is declared"),
    )
}

/// Applies what reading a conversation gave.
pub(super) fn write<'c>(
    work: &mut Work<'c>,
    upsert: &mut Upsert<'c>,
    conversation: &str,
    records: &[Bytes],
    total: Option<u64>,
    stated: Option<u64>,
) -> Result<(), Failure> {
    let mut added = 0;
    let mut others = false;
    for record in records {
        match upsert.write(work, record, Some(conversation))? {
            Outcome::Inserted => added += 1,
            Outcome::Updated => others = true,
            Outcome::Unchanged | Outcome::Rejected => {}
        }
    }
    if others {
        // A part that was gone may be there again.
        recount(work, conversation)?;
        added = 0;
    }
    let number = |count: Option<u64>| count.and_then(|count| i64::try_from(count).ok());
    work.connection
        .prepare_cached(
            "UPDATE conversations SET _parts_held = _parts_held + ?2, \
             _parts_fetched = coalesce(?3, ?4, _parts_stated, _parts_held + ?2), \
             _truncated = coalesce(?4, ?3, _parts_stated, 0) > _parts_held + ?2 WHERE id = ?1",
        )?
        .execute(params![conversation, added, number(stated), number(total)])?;
    Ok(())
}

fn held(work: &Work<'_>, conversation: &str) -> Result<i64, Error> {
    work.connection
        .prepare_cached(
            "SELECT count(*) FROM conversation_parts WHERE conversation_id = ?1 AND _deleted_at IS NULL",
        )?
        .query_row([conversation], |row| row.get(0))
}

/// Counts the parts of a conversation again.
pub(super) fn recount(work: &Work<'_>, conversation: &str) -> Result<(), Error> {
    let held = held(work, conversation)?;
    work.connection
        .prepare_cached("UPDATE conversations SET _parts_held = ?2 WHERE id = ?1")?
        .execute(params![conversation, held])?;
    Ok(())
}
