//! Streams that come newest first: activity logs and deleted conversations.
//!
//! The one rule: what is newer than the mark is read down to the mark before the mark moves; a reading that was cut off
//! goes on where it stopped.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use trunkline_client::{Call, ErrorKind, Page};

use super::{
    context::{Context, both},
    cursor::{Cursor, Phase, Run},
    errors::Halt,
    plan::{self, Order},
    search::seconds,
};
use crate::storage::Change;

/// A stream that comes newest first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Newest {
    /// By the time at which it happened.
    ActivityLogs,
    /// By id: until one that is known.
    DeletedConversations,
}

impl Newest {
    const fn stream(self) -> &'static str {
        match self {
            Self::ActivityLogs => "activity_logs",
            Self::DeletedConversations => "deleted_conversations",
        }
    }

    fn call(self, run: &Run) -> Call {
        match self {
            Self::ActivityLogs => {
                Call::new("activity_logs.list").query("created_at_after", run.after.to_string())
            }
            Self::DeletedConversations => Call::new("conversations.list_deleted").query("order", "desc"),
        }
    }
}

/// Reads what is new.
pub(crate) async fn read(ctx: &Context<'_>, newest: Newest) -> Result<(), Halt> {
    let stream = newest.stream();
    let mut cursor = ctx.cursor(stream).await?;
    let mut run = cursor
        .run
        .take()
        .filter(|run| !ctx.options.full || run.phase == Phase::Full)
        .unwrap_or_else(|| {
            let (phase, mark) = match cursor.high_water {
                Some(mark) if !ctx.options.full => (Phase::Incremental, mark.saturating_sub(ctx.lookback())),
                Some(_) => (Phase::Full, 0),
                None => (
                    Phase::Backfill,
                    ctx.options.start_date.map_or(0, jiff::Timestamp::as_second),
                ),
            };
            let after = mark.saturating_sub(1).max(0);
            Run {
                phase,
                after,
                floor: mark,
                order: Order::Descending,
                seen: None,
                page: None,
                pass: None,
            }
        });
    let resumed = run.page.is_some();
    match pages(ctx, newest, &mut cursor, &mut run).await {
        Err(Halt::Call(error))
            if resumed && matches!(error.kind, ErrorKind::Invalid | ErrorKind::BadCall) =>
        {
            run.page = None;
            pages(ctx, newest, &mut cursor, &mut run).await
        }
        outcome => outcome,
    }
}

async fn pages(ctx: &Context<'_>, newest: Newest, cursor: &mut Cursor, run: &mut Run) -> Result<(), Halt> {
    let stream = newest.stream();
    let mut pages = ctx.client.pages(newest.call(run), run.page.clone());
    let mut next = ctx.next_page(stream, &mut pages).await?;
    while let Some(page) = next {
        let ids: Vec<String> = page.rows().iter().filter_map(id).collect();
        run.seen = run.seen.max(page.rows().first().and_then(happened_at));
        let known = newest == Newest::DeletedConversations
            && run.phase == Phase::Incremental
            && !ctx.storage.known_ids(stream, ids.clone()).await?.is_empty();
        if newest == Newest::DeletedConversations
            && let Some(total) = page.total_count
        {
            ctx.state_total(stream, total);
        }
        run.page.clone_from(&page.next);
        let finished = known || page.next.is_none();
        let changes = changes(newest, stream, ids, page);
        if finished {
            finish(ctx, cursor, run);
            ctx.write(stream, changes, Some(cursor)).await?;
            return Ok(());
        }
        cursor.run = Some(run.clone());
        next = both(
            ctx.write(stream, changes, Some(cursor)),
            ctx.next_page(stream, &mut pages),
        )
        .await?
        .1;
    }
    finish(ctx, cursor, run);
    ctx.write(stream, Vec::new(), Some(cursor)).await?;
    Ok(())
}

fn changes(newest: Newest, stream: &'static str, ids: Vec<String>, page: Page) -> Vec<Change> {
    let mut changes = vec![Change::Records {
        stream,
        records: page.into_rows(),
        pass: None,
    }];
    if newest == Newest::DeletedConversations && !ids.is_empty() {
        changes.push(Change::Vanished {
            stream: "conversations",
            ids,
        });
    }
    changes
}

fn finish(ctx: &Context<'_>, cursor: &mut Cursor, run: &Run) {
    cursor.run = None;
    cursor.high_water = plan::high_water(
        cursor.high_water,
        run.seen.or(Some(0)),
        ctx.started_at.as_second(),
    );
}

/// A record's id, whether it is text or a number.
pub(crate) fn id(row: &Bytes) -> Option<String> {
    #[derive(Deserialize)]
    struct Named {
        id: Value,
    }
    match serde_json::from_slice::<Named>(row).ok()?.id {
        Value::String(text) => Some(text),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn happened_at(row: &Bytes) -> Option<i64> {
    #[derive(Deserialize)]
    struct Stamp {
        #[serde(alias = "deleted_at")]
        created_at: Option<Value>,
    }
    seconds(&serde_json::from_slice::<Stamp>(row).ok()?.created_at?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_may_be_text_or_a_number() {
        for (row, expected) in [
            (r#"{"id":"12"}"#, Some("12")),
            (r#"{"type":"conversation","id":12}"#, Some("12")),
            (r#"{"id":null}"#, None),
            (r#"{"deleted_at":1}"#, None),
            ("7", None),
        ] {
            assert_eq!(
                id(&Bytes::from_static(row.as_bytes())).as_deref(),
                expected,
                "{row}"
            );
        }
    }
}
