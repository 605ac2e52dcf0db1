//! Streams with a search by the time of the last change: contacts, conversations, tickets.
//!
//! The one rule: the position is saved in the same transaction as the page that it stands for, and the high-water mark
//! moves only with the last page. Read `plan.rs` for the queries, `cursor.rs` for what is saved.

use bytes::Bytes;
use serde::Deserialize;
use serde_json::Value;
use trunkline_catalog::SearchGranularity;
use trunkline_client::{Call, CallError, ErrorKind, Page};

use super::{
    context::{Context, both},
    cursor::{Cursor, Phase, Run},
    errors::Halt,
    plan::{self, Order},
    stage::Wake,
};
use crate::storage::Change;

/// A search by the time of the last change.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Search {
    pub(crate) stream: &'static str,
    pub(crate) operation: &'static str,
    pub(crate) granularity: SearchGranularity,
}

/// Reads what changed since the last run; everything on the first one and when `full`, which also marks deleted what is
/// not there any more. Tells `wake` of every page that was written.
pub(crate) async fn read(ctx: &Context<'_>, search: Search, full: bool, wake: &Wake) -> Result<(), Halt> {
    let cursor = ctx.cursor(search.stream).await?;
    run(ctx, search, cursor, full, wake).await
}

async fn run(
    ctx: &Context<'_>,
    search: Search,
    mut cursor: Cursor,
    full: bool,
    wake: &Wake,
) -> Result<(), Halt> {
    let mut resumed = true;
    let mut current = match cursor.run.take() {
        Some(run) if !full || run.phase != Phase::Incremental => run,
        _ => {
            resumed = false;
            begin(ctx, search, cursor.high_water, full).await?
        }
    };
    loop {
        match pages(ctx, search, &mut cursor, &mut current, wake).await {
            // The place to go on from is no longer accepted: the same query again, from its beginning.
            Err(Halt::Call(error)) if resumed && current.page.is_some() && is_stale(&error) => {
                resumed = false;
                current.page = None;
            }
            outcome => return outcome,
        }
    }
}

fn is_stale(error: &CallError) -> bool {
    matches!(
        error.kind,
        ErrorKind::Invalid | ErrorKind::BadCall | ErrorKind::NotFound
    )
}

/// Plans a new run.
async fn begin(ctx: &Context<'_>, search: Search, high_water: Option<i64>, full: bool) -> Result<Run, Halt> {
    let zone = ctx.zone.as_ref();
    let everything = |phase, after, pass| Run {
        phase,
        after,
        floor: 0,
        order: Order::Ascending,
        seen: None,
        page: None,
        pass,
    };
    let start = ctx.options.start_date.map_or(0, |start| {
        plan::after(start.as_second(), search.granularity, zone)
    });
    Ok(match high_water {
        None => everything(Phase::Backfill, start, None),
        // A reading that begins at a date does not see what is older, so it can tell of no deletion.
        Some(_) if full && start > 0 => everything(Phase::Full, start, None),
        Some(_) if full => everything(Phase::Full, 0, Some(ctx.new_pass(search.stream).await?)),
        Some(mark) => {
            let floor = mark.saturating_sub(ctx.lookback());
            // By the day, more is asked for than is needed: newest first, the reading stops at what is held.
            let order = match search.granularity {
                SearchGranularity::Day => Order::Descending,
                SearchGranularity::Second => Order::Ascending,
            };
            let after = plan::after(floor, search.granularity, zone);
            Run {
                phase: Phase::Incremental,
                after,
                floor,
                order,
                seen: None,
                page: None,
                pass: None,
            }
        }
    })
}

async fn pages(
    ctx: &Context<'_>,
    search: Search,
    cursor: &mut Cursor,
    run: &mut Run,
    wake: &Wake,
) -> Result<(), Halt> {
    let stream = search.stream;
    let call = Call::new(search.operation).body(plan::changed_after(run.after, run.order));
    let mut pages = ctx.client.pages(call, run.page.clone());
    let mut last_of_page: Option<i64> = None;
    let mut started = run.page.is_some();
    let mut next = ctx.next_page(stream, &mut pages).await?;
    while let Some(page) = next {
        if run.after == 0
            && let Some(total) = page.total_count
        {
            ctx.state_total(stream, total);
        }
        let ends = ends(&page);
        note_seen(run, ends);
        let stop = may_stop(run, ends, &mut last_of_page);
        run.page.clone_from(&page.next);
        let finished = stop || page.next.is_none();
        let mut changes = Vec::with_capacity(3);
        if let Some(pass) = run.pass.filter(|_| !started) {
            changes.push(Change::PassStarted { stream, pass });
        }
        started = true;
        changes.push(Change::Records {
            stream,
            records: page.into_rows(),
            pass: run.pass,
        });
        if finished {
            finish(ctx, stream, cursor, run, &mut changes);
        } else {
            cursor.run = Some(run.clone());
        }
        let write = ctx.write(stream, changes, Some(cursor));
        if finished {
            write.await?;
            wake.page();
            return Ok(());
        }
        next = both(write, ctx.next_page(stream, &mut pages)).await?.1;
        wake.page();
    }
    let mut changes = Vec::new();
    if let Some(pass) = run.pass.filter(|_| !started) {
        changes.push(Change::PassStarted { stream, pass });
    }
    finish(ctx, stream, cursor, run, &mut changes);
    ctx.write(stream, changes, Some(cursor)).await?;
    Ok(())
}

/// The run has come to its end: the mark moves, and what a pass did not see is gone.
fn finish(
    ctx: &Context<'_>,
    stream: &'static str,
    cursor: &mut Cursor,
    run: &Run,
    changes: &mut Vec<Change>,
) {
    if let Some(pass) = run.pass {
        changes.push(Change::PassComplete { stream, pass });
    }
    cursor.run = None;
    // An empty workspace has a mark too, or every run would be the first.
    cursor.high_water = plan::high_water(
        cursor.high_water,
        run.seen.or(Some(0)),
        ctx.started_at.as_second(),
    );
}

/// When the first and the last record of a page last changed.
fn ends(page: &Page) -> Option<(i64, i64)> {
    let rows = page.rows();
    Some((changed_at(rows.first()?)?, changed_at(rows.last()?)?))
}

fn note_seen(run: &mut Run, ends: Option<(i64, i64)>) {
    if let Some((first, last)) = ends {
        run.seen = run.seen.max(Some(first.max(last)));
    }
}

/// Whether the rest is older than what is held. Only believed while the records really come newest first.
fn may_stop(run: &Run, ends: Option<(i64, i64)>, before: &mut Option<i64>) -> bool {
    let Some((first, last)) = ends.filter(|_| run.order == Order::Descending) else {
        return false;
    };
    let in_order = first >= last && before.is_none_or(|before| before >= first);
    *before = Some(if in_order { last } else { i64::MIN });
    in_order && last < run.floor
}

/// When a record last changed, in unix seconds, whether it says so as a number or as ISO text.
pub(crate) fn changed_at(row: &Bytes) -> Option<i64> {
    #[derive(Deserialize)]
    struct Stamp {
        updated_at: Option<Value>,
    }
    let stamp: Stamp = serde_json::from_slice(row).ok()?;
    seconds(&stamp.updated_at?)
}

/// A moment in unix seconds.
pub(crate) fn seconds(value: &Value) -> Option<i64> {
    match value {
        Value::Number(number) => number.as_i64(),
        Value::String(text) => text.parse().ok().or_else(|| {
            text.parse::<jiff::Timestamp>()
                .ok()
                .map(jiff::Timestamp::as_second)
        }),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn descending(floor: i64) -> Run {
        Run {
            phase: Phase::Incremental,
            after: 0,
            floor,
            order: Order::Descending,
            seen: None,
            page: None,
            pass: None,
        }
    }

    #[test]
    fn a_reading_stops_only_below_the_floor_and_only_in_order() {
        // (ends of the pages, whether it stops after each)
        type Case = (&'static [(i64, i64)], &'static [bool]);
        let cases: [Case; 5] = [
            (&[(100, 60), (60, 40)], &[false, true]),
            (&[(100, 50)], &[false]),
            (&[(100, 49)], &[true]),
            (&[(10, 40)], &[false]),
            (&[(100, 60), (70, 10), (9, 8)], &[false, false, false]),
        ];
        for (pages, expected) in cases {
            let mut before = None;
            let found: Vec<bool> = pages
                .iter()
                .map(|ends| may_stop(&descending(50), Some(*ends), &mut before))
                .collect();
            assert_eq!(found, expected, "{pages:?}");
        }
    }

    #[test]
    fn a_time_of_change_is_read_in_every_form() {
        for (row, expected) in [
            (r#"{"id":1,"updated_at":1700000000}"#, Some(1_700_000_000)),
            (r#"{"updated_at":"1700000000"}"#, Some(1_700_000_000)),
            (
                r#"{"updated_at":"2023-11-14T22:13:20.000Z"}"#,
                Some(1_700_000_000),
            ),
            (r#"{"updated_at":null}"#, None),
            (r#"{"id":"x"}"#, None),
            ("[]", None),
            ("<html>", None),
        ] {
            assert_eq!(changed_at(&Bytes::from_static(row.as_bytes())), expected, "{row}");
        }
    }
}
