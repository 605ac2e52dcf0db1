//! Which contact is in which segment: one search for each segment that may have changed.
//!
//! The one rule: the pages of a segment replace what is held only when its last page is written.

use futures::{StreamExt as _, TryStreamExt as _, stream};
use serde::Deserialize;
use trunkline_client::Call;

use super::{
    context::{Context, both},
    errors::Halt,
    plan,
};
use crate::storage::Change;

const STREAM: &str = "contact_segments";
/// A segment whose count did not change, although contacts did, is read again up to this many members.
const READ_AGAIN: u64 = 3_000;

/// How many segments are read side by side.
const AT_ONCE: usize = 4;

struct Segment {
    id: String,
    count: Option<u64>,
    held: u64,
}

/// Reads the segments that may have changed; one that nobody is or was in is left alone.
pub(crate) async fn read(ctx: &Context<'_>) -> Result<(), Halt> {
    let contacts = ctx.counts("contacts");
    let changed = contacts.inserted + contacts.updated + contacts.deleted > 0;
    let reads = held(ctx).await?.into_iter().map(|segment| async move {
        let same = segment.count == Some(segment.held);
        if same && segment.held == 0 {
            return Ok(segment.count);
        }
        if ctx.options.full || !same || (changed && segment.held <= READ_AGAIN) {
            pages(ctx, &segment.id).await
        } else {
            Ok(segment.count)
        }
    });
    let members: Vec<Option<u64>> = stream::iter(reads).buffered(AT_ONCE).try_collect().await?;
    if let Some(stated) = members.into_iter().sum() {
        ctx.state_total(STREAM, stated);
    }
    Ok(())
}

/// The segments, with what the list of segments says and what the mirror holds.
async fn held(ctx: &Context<'_>) -> Result<Vec<Segment>, Halt> {
    #[derive(Deserialize)]
    struct Record {
        count: Option<u64>,
    }
    let rows: Vec<(String, String, u64)> = ctx
        .storage
        .read(|connection| {
            connection
                .prepare_cached(
                    "SELECT id, record, (SELECT count(*) FROM contact_segments WHERE segment_id = segments.id \
                     AND _deleted_at IS NULL) FROM segments WHERE _deleted_at IS NULL ORDER BY id",
                )?
                .query_map([], |row| {
                    let held: i64 = row.get(2)?;
                    Ok((row.get(0)?, row.get(1)?, u64::try_from(held).unwrap_or(0)))
                })?
                .collect()
        })
        .await?;
    Ok(rows
        .into_iter()
        .map(|(id, record, held)| {
            let record: Record = serde_json::from_str(&record).unwrap_or(Record { count: None });
            Segment {
                id,
                count: record.count,
                held,
            }
        })
        .collect())
}

/// Reads one segment and tells how many contacts the API says it has.
async fn pages(ctx: &Context<'_>, segment: &str) -> Result<Option<u64>, Halt> {
    let call = Call::new("contacts.search").body(plan::in_segment(segment));
    let mut pages = ctx.client.pages(call, None);
    let mut first = true;
    let mut total = None;
    let mut next = ctx.next_page(STREAM, &mut pages).await?;
    while let Some(page) = next {
        total = page.total_count;
        let last = page.next.is_none();
        let change = Change::ChildrenPage {
            stream: STREAM,
            parent_id: segment.to_owned(),
            records: page.into_rows(),
            first,
            last,
        };
        let write = ctx.write(STREAM, vec![change], None);
        if last {
            write.await?;
            return Ok(total);
        }
        first = false;
        next = both(write, ctx.next_page(STREAM, &mut pages)).await?.1;
    }
    let end = Change::ChildrenPage {
        stream: STREAM,
        parent_id: segment.to_owned(),
        records: Vec::new(),
        first,
        last: true,
    };
    ctx.write(STREAM, vec![end], None).await?;
    Ok(total)
}
