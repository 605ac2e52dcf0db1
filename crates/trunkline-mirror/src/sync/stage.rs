//! What is fetched object by object, many at a time, while the pages that name the objects still arrive.
//!
//! The one rule: the mirror itself is the list of what is still to be fetched, so a kill loses nothing and no list of ids
//! grows with the workspace. `parts.rs` and `lists_of_contacts.rs` say what is fetched.

use std::{
    collections::{HashSet, VecDeque},
    sync::atomic::{AtomicBool, Ordering},
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::sync::Notify;
use trunkline_client::{BudgetState, CallError, Disposition, ErrorKind};

use super::{SyncEvent, context::Context, errors::Halt};
use crate::storage::{Change, StorageError};

/// The fewest and the most requests that are kept in flight.
const IN_FLIGHT: (usize, usize) = (24, 128);
/// Calls a second where the workspace states no limit: what is documented for one app.
const UNSTATED: f64 = 167.0;
/// Seconds of a rate window.
const WINDOW: f64 = 10.0;
/// How many objects one transaction takes.
const A_BATCH: usize = 64;
/// How many objects are asked for at a time: more than can be under way, so that there are always new ones among them.
pub(crate) const A_LOOK: u32 = 512;
/// How many objects may fail before the stage gives up.
const TOO_MANY: usize = 100;

/// Tells a stage that there may be more to fetch, and that no more will come.
#[derive(Debug, Default)]
pub(crate) struct Wake {
    changed: Notify,
    done: AtomicBool,
}

impl Wake {
    /// A stage that has everything already.
    pub(crate) fn finished() -> Self {
        let wake = Self::default();
        wake.finish();
        wake
    }

    /// A page was written.
    pub(crate) fn page(&self) {
        self.changed.notify_one();
    }

    /// No more pages will come.
    pub(crate) fn finish(&self) {
        self.done.store(true, Ordering::Release);
        self.changed.notify_one();
    }
}

/// An object to be fetched.
pub(crate) trait Wanted {
    /// Its id.
    fn id(&self) -> &str;
}

impl Wanted for String {
    fn id(&self) -> &str {
        self
    }
}

/// What could not be fetched.
#[derive(Debug, Default)]
pub(crate) struct Lost {
    pub(crate) objects: usize,
    pub(crate) latest: Option<CallError>,
}

/// How many requests have to be under way to use the rate that the workspace allows, and a fifth more: what arrives in a
/// second times how long it stays. More would only hold memory while they wait for their turn.
fn in_flight(budget: &BudgetState) -> usize {
    let a_second = budget.limit.map_or(UNSTATED, |limit| f64::from(limit) / WINDOW);
    let wanted = (a_second * budget.round_trip.as_secs_f64() * 1.2).ceil();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "rates and durations are not negative, and what is too large is cut off"
    )]
    let wanted = wanted as usize;
    wanted.clamp(IN_FLIGHT.0, IN_FLIGHT.1)
}

/// Fetches everything that `look` names and writes what `fetch` makes of it.
pub(crate) async fn run<T: Wanted>(
    ctx: &Context<'_>,
    stream: &'static str,
    wake: &Wake,
    look: impl AsyncFn() -> Result<Vec<T>, StorageError>,
    fetch: impl AsyncFn(T) -> Result<Vec<Change>, CallError>,
) -> Result<Lost, Halt> {
    let mut lost = Lost::default();
    let mut failed: HashSet<String> = HashSet::new();
    let mut busy: HashSet<String> = HashSet::new();
    let mut queue: VecDeque<T> = VecDeque::new();
    let mut batch: Vec<(String, Vec<Change>)> = Vec::new();
    let mut fetches = FuturesUnordered::new();
    let mut writes = FuturesUnordered::new();
    let mut idle = false;
    loop {
        let mut over = false;
        let most = in_flight(&ctx.client.budget());
        if queue.is_empty() && !idle && fetches.len() < most && batch.len() < 2 * A_BATCH {
            // Read before the look, so that a page written after it is looked at once more.
            let done = wake.done.load(Ordering::Acquire);
            queue.extend(
                look()
                    .await?
                    .into_iter()
                    .filter(|item| !busy.contains(item.id()) && !failed.contains(item.id())),
            );
            busy.extend(queue.iter().map(|item| item.id().to_owned()));
            idle = queue.is_empty();
            over = idle && done;
        }
        while fetches.len() < most && batch.len() < 2 * A_BATCH {
            let Some(item) = queue.pop_front() else { break };
            let fetch = &fetch;
            fetches.push(async move {
                let id = item.id().to_owned();
                (id, fetch(item).await)
            });
        }
        if writes.len() < 2 && (batch.len() >= A_BATCH || (fetches.is_empty() && !batch.is_empty())) {
            let (ids, changes): (Vec<String>, Vec<Vec<Change>>) =
                std::mem::take(&mut batch).into_iter().unzip();
            writes.push(async move {
                (
                    ids,
                    ctx.write(stream, changes.into_iter().flatten().collect(), None)
                        .await,
                )
            });
        }
        if over && fetches.is_empty() && writes.is_empty() && batch.is_empty() {
            return Ok(lost);
        }
        tokio::select! {
            Some((id, outcome)) = fetches.next(), if !fetches.is_empty() => match outcome {
                Ok(changes) => batch.push((id, changes)),
                Err(error) => {
                    if matches!(error.disposition(), Disposition::Reauthenticate | Disposition::Halt)
                        && error.kind != ErrorKind::BadAnswer
                        || failed.len() >= TOO_MANY
                    {
                        return Err(Halt::Call(error));
                    }
                    busy.remove(&id);
                    failed.insert(id);
                    lost.objects += 1;
                    lost.latest = Some(error);
                    idle &= !(fetches.is_empty() && batch.is_empty());
                }
            },
            Some((ids, written)) = writes.next(), if !writes.is_empty() => {
                written?;
                for id in &ids {
                    busy.remove(id);
                }
                let counts = ctx.counts(stream);
                (ctx.events)(SyncEvent::Progress { stream, records: counts.records, requests: counts.requests });
                if fetches.is_empty() && queue.is_empty() {
                    idle = false;
                }
            }
            () = wake.changed.notified(), if idle => idle = false,
            else => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn as_many_requests_are_under_way_as_the_rate_and_the_answers_need() {
        for (limit, milliseconds, expected) in [
            (Some(5_000), 150, 90),
            (Some(1_667), 150, 31),
            (Some(1_667), 0, 24),
            (None, 0, 24),
            (None, 150, 31),
            (Some(5_000), 60_000, 128),
            (Some(0), 150, 24),
        ] {
            let mut budget = BudgetState::default();
            budget.limit = limit;
            budget.round_trip = Duration::from_millis(milliseconds);
            assert_eq!(in_flight(&budget), expected, "{limit:?} {milliseconds}");
        }
    }
}
