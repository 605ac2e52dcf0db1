//! The files of one message: records without ids, numbered in their order.
//!
//! The one rule: a file's id is made of its conversation, its part and its place, so that reading a message again finds
//! the rows of its files.

use super::{
    layout::Layout,
    members::{self, Page},
    upsert::Upsert,
    work::{Failure, Work},
};
use crate::extract::{quoted, with_fields};

/// Applies the files of a message; `message` is a conversation's key, or a part's with its conversation before it.
pub(super) fn replace<'c>(
    work: &mut Work<'c>,
    upsert: &mut Upsert<'c>,
    layout: &Layout,
    message: &str,
    files: &[&str],
    page: Page,
) -> Result<(), Failure> {
    let (conversation, part) = match message.split_once('\u{1f}') {
        Some((conversation, part)) => (conversation, Some(part)),
        None => (message, None),
    };
    let part_id = part.map_or("null".to_owned(), quoted);
    for (place, file) in (1..).zip(files) {
        let id = match part {
            Some(part) => format!("{conversation}-{part}-{place}"),
            None => format!("{conversation}-{place}"),
        };
        let place: i64 = place;
        let fields = [
            ("id", quoted(&id)),
            ("conversation_id", quoted(conversation)),
            ("part_id", part_id.clone()),
            ("place", place.to_string()),
        ];
        let fields = fields.each_ref().map(|(name, value)| (*name, value.as_str()));
        let named = with_fields(file, &fields);
        upsert.write(
            work,
            named.as_deref().unwrap_or(file).as_bytes(),
            Some(conversation),
        )?;
    }
    if page != Page::Whole {
        return Ok(());
    }
    let removed = work
        .connection
        .prepare_cached(
            "UPDATE attachments SET _deleted_at = ?1 WHERE conversation_id = ?2 AND part_id IS ?3 AND place > ?4 \
             AND _deleted_at IS NULL",
        )?
        .execute(rusqlite::params![
            work.now,
            conversation,
            part,
            i64::try_from(files.len()).unwrap_or(i64::MAX)
        ])? as u64;
    if removed > 0 {
        work.tally(layout.table.name).deleted += removed;
        members::follow(work, layout, conversation)?;
    }
    Ok(())
}
