//! Streams that cost one request for each object of another stream: only objects that changed since they were last read.
//!
//! The one rule: the position moves only when nothing was lost, so what could not be read is asked for again.

use bytes::Bytes;
use jiff::Timestamp;
use trunkline_client::{Call, CallError, ErrorKind};

use super::{
    context::{Context, Ending},
    cursor::Cursor,
    errors::Halt,
    stage::{self, A_LOOK, Wake},
    walk::Walk,
};
use crate::{
    extract::{quoted, with_fields},
    storage::{Change, StorageError},
    time,
};

/// A stream that is read object by object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Each {
    pub(crate) stream: &'static str,
    /// The objects that it is read for.
    pub(crate) of: &'static str,
    operation: &'static str,
    /// The name of the object's id in the operation's path.
    parameter: &'static str,
    /// Its records have no ids and are numbered in their order.
    numbered: bool,
}

/// Notes on companies.
pub(crate) const COMPANY_NOTES: Each = Each {
    stream: "company_notes",
    of: "companies",
    operation: "companies.list_notes",
    parameter: "company_id",
    numbered: false,
};

/// When teammates worked on conversations.
pub(crate) const HANDLING_EVENTS: Each = Each {
    stream: "handling_events",
    of: "conversations",
    operation: "conversations.list_handling_events",
    parameter: "id",
    numbered: true,
};

/// Which contacts went into which.
pub(crate) const CONTACT_MERGES: Each = Each {
    stream: "contact_merges",
    of: "contacts",
    operation: "contacts.list_merge_history",
    parameter: "id",
    numbered: false,
};

/// The position of a reading that asks only about aliases.
const OF_ALIASES: &str = "contact_merges of aliases";

/// Reads the stream for every object that changed since the last reading; with `full`, for all.
pub(crate) async fn read(ctx: &Context<'_>, each: &'static Each) -> Result<(), Halt> {
    let now = ctx.clock.now();
    let named = ctx
        .options
        .streams
        .as_ref()
        .is_some_and(|names| names.iter().any(|name| name.trim() == each.stream));
    // Unless it is named, only contacts that others are known to have gone into are asked about their merges.
    let of_aliases = each.stream == CONTACT_MERGES.stream && !named;
    let position = if of_aliases { OF_ALIASES } else { each.stream };
    let since = ctx
        .cursor(position)
        .await?
        .high_water
        .filter(|_| !ctx.options.full)
        .and_then(|mark| Timestamp::from_millisecond(mark).ok())
        .map_or_else(String::new, time::from_timestamp);
    let sql = look_for(each, of_aliases);
    let walk = Walk::default();
    let look = async || {
        walk.next(async |after| ids(ctx, sql.clone(), after.unwrap_or_default(), since.clone()).await)
            .await
    };
    let fetch = async |id: String| fetch(ctx, each, id).await;
    let lost = stage::run(ctx, each.stream, &Wake::finished(), look, fetch).await?;
    if let Some(error) = lost.latest {
        let why = format!(
            "{} of {} could not be read; the latest: {error}",
            lost.objects, each.of
        );
        ctx.end(
            each.stream,
            Ending {
                code: Some(error.code()),
                advice: Some(error.advice()),
                ..Ending::partial(why)
            },
        );
        return Ok(());
    }
    if of_aliases {
        let why = "merges that the mirror found; naming the stream asks every contact";
        ctx.end(each.stream, Ending::complete(why));
    }
    let cursor = Cursor {
        high_water: Some(now.as_millisecond()),
        ..Cursor::default()
    };
    ctx.write(position, Vec::new(), Some(&cursor)).await?;
    Ok(())
}

/// The question for the ids of objects, after an id, that changed since a moment.
fn look_for(each: &Each, of_aliases: bool) -> String {
    if of_aliases {
        return format!(
            "SELECT DISTINCT new_id FROM _trunkline_aliases WHERE stream = '{}' AND new_id > ?1 AND seen_at >= ?2 \
             ORDER BY new_id LIMIT {A_LOOK}",
            each.of
        );
    }
    format!(
        "SELECT id FROM {} WHERE id > ?1 AND _deleted_at IS NULL AND _synced_at >= ?2 ORDER BY id LIMIT {A_LOOK}",
        each.of
    )
}

async fn ids(
    ctx: &Context<'_>,
    sql: String,
    after: String,
    since: String,
) -> Result<Vec<String>, StorageError> {
    ctx.storage
        .read(move |connection| {
            connection
                .prepare_cached(&sql)?
                .query_map([after, since], |row| row.get(0))?
                .collect()
        })
        .await
}

/// Reads the stream for one object.
pub(crate) async fn fetch(
    ctx: &Context<'_>,
    each: &'static Each,
    id: String,
) -> Result<Vec<Change>, CallError> {
    let mut pages = ctx
        .client
        .pages(Call::new(each.operation).path(each.parameter, &id), None);
    let mut records = Vec::new();
    loop {
        match ctx.next_page(each.stream, &mut pages).await {
            Ok(Some(page)) => records.extend(page.into_rows()),
            Ok(None) => break,
            // An object that is gone has none; its own stream finds out about it.
            Err(error) if matches!(error.kind, ErrorKind::NotFound | ErrorKind::Gone) => {
                return Ok(Vec::new());
            }
            Err(error) => return Err(error),
        }
    }
    if each.numbered {
        records = (1..)
            .zip(records)
            .map(|(place, record)| numbered(&id, place, record))
            .collect();
    }
    Ok(vec![Change::Children {
        stream: each.stream,
        parent_id: id,
        records,
    }])
}

/// A record with an id made of its parent's and its place.
fn numbered(parent: &str, place: u32, record: Bytes) -> Bytes {
    let made = std::str::from_utf8(&record).ok().and_then(|text| {
        let id = quoted(&format!("{parent}-{place}"));
        with_fields(
            text,
            &[
                ("id", &id),
                ("conversation_id", &quoted(parent)),
                ("place", &place.to_string()),
            ],
        )
    });
    made.map_or(record, Bytes::from)
}
