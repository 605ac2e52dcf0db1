//! The queue of a flow, in the store's lanes.
//!
//! The one rule: nothing here decides what becomes of a delivery; it says in the store's words what the engine said in its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Notify;
use trunkline_client::{Clock, Meter};
use trunkline_flow::{
    ComponentError, Head, Mark, Marks, Record,
    engine::queue::{Claimed, EVERY_WAY, Form, Lane, Outcome, Queue, Queued, Waiting},
};
use trunkline_store::{
    Again, Claim, ClaimedLane, Dead, Delivery, HeldLane, NewDelivery, NewFate, Origins, RecordForm, Settled,
    Store, StoreError, Tally,
};

use super::keeper::{failure, of_fate, of_marks, of_store};

/// How long whoever has a lane is taken for alive: what a dead process had is taken up within 15 seconds.
const LIFE: SignedDuration = SignedDuration::from_secs(12);

/// Tells whoever empties a queue in this process that something was put into it.
#[derive(Clone, Debug, Default)]
pub struct Wakes(Arc<Mutex<BTreeMap<String, Arc<Notify>>>>);

impl Wakes {
    fn of(&self, flow: &str) -> Arc<Notify> {
        let mut wakes = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(wakes.entry(flow.to_owned()).or_default())
    }
}

/// The queue of one flow.
pub(super) struct StoredQueue {
    pub(super) store: Arc<Store>,
    pub(super) clock: Arc<dyn Clock>,
    pub(super) flow: String,
    pub(super) owner: String,
    /// The run that puts deliveries in.
    pub(super) run: Option<String>,
    /// Whether what waits is handed out though the flow is paused: somebody asked for it.
    pub(super) of_paused: bool,
    /// The version of the flow's text, where it is known.
    pub(super) version: Option<i64>,
    /// Calls that were spent on deliveries and are counted for no run yet.
    pub(super) calls: Meter,
    pub(super) wake: Arc<Notify>,
}

impl StoredQueue {
    pub(super) fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        wakes: &Wakes,
        (flow, owner): (&str, &str),
    ) -> Self {
        Self {
            store,
            clock,
            flow: flow.to_owned(),
            owner: owner.to_owned(),
            run: None,
            of_paused: false,
            version: None,
            calls: Meter::default(),
            wake: wakes.of(flow),
        }
    }

    fn delivery(&self, way: &str, queued: Queued, now: Timestamp) -> NewDelivery {
        NewDelivery {
            flow: self.flow.clone(),
            destination: way.to_owned(),
            key: queued.key,
            dedupe_key: queued.dedupe_key,
            record: queued.record.value.to_string(),
            head: (queued.record.head != Head::default())
                .then(|| serde_json::to_string(&queued.record.head).unwrap_or_default()),
            source_record: queued.source.map(|source| source.to_string()),
            form: RecordForm::Ready,
            run: self.run.clone(),
            origins: of_marks(&queued.origins),
            due_at: now,
        }
    }

    /// That the lane is another's is no error.
    fn still_ours(result: Result<(), StoreError>) -> Result<bool, ComponentError> {
        match result {
            Ok(()) => Ok(true),
            Err(StoreError::NotHeld { .. }) => Ok(false),
            Err(error) => Err(of_store(&error)),
        }
    }
}

impl Queue for StoredQueue {
    fn put<'a>(
        &'a self,
        way: &'a str,
        deliveries: Vec<Queued>,
        at_once: u16,
    ) -> BoxFuture<'a, Result<u64, ComponentError>> {
        Box::pin(async move {
            let now = self.clock.now();
            let batch: Vec<NewDelivery> = deliveries
                .into_iter()
                .map(|queued| self.delivery(way, queued, now))
                .collect();
            self.store
                .enqueue(&batch, at_once, now)
                .await
                .map_err(|error| of_store(&error))?;
            self.wake.notify_one();
            self.waiting().await
        })
    }

    fn waiting(&self) -> BoxFuture<'_, Result<u64, ComponentError>> {
        Box::pin(async {
            let pending = self.store.pending_deliveries(&self.flow).await;
            pending.map_err(|error| of_store(&error))
        })
    }

    fn claim(&self, lanes: u32, deliveries: u32) -> BoxFuture<'_, Result<Vec<Claimed>, ComponentError>> {
        Box::pin(async move {
            let claim = Claim {
                owner: self.owner.clone(),
                life: LIFE,
                lanes,
                deliveries,
                flow: Some(self.flow.clone()),
                destination: None,
                of_paused: self.of_paused,
            };
            let claimed = self
                .store
                .claim(&claim, self.clock.now())
                .await
                .map_err(|error| of_store(&error))?;
            Ok(claimed.into_iter().map(of_lane).collect())
        })
    }

    fn settle<'a>(&'a self, lane: &'a Lane, outcome: Outcome) -> BoxFuture<'a, Result<bool, ComponentError>> {
        Box::pin(async move {
            let held = HeldLane {
                lane: lane.number,
                fence: lane.fence,
            };
            let is_free_only = outcome.is_free
                && outcome.done.is_empty()
                && outcome.again.is_empty()
                && outcome.dead.is_empty();
            if is_free_only {
                return Self::still_ours(self.store.release(&held).await);
            }
            let now = self.clock.now();
            let mut settled = settled(outcome, self.version, now);
            let calls = self.calls.swap(0, Ordering::Relaxed);
            let is_counted = share(calls, &mut settled.tallies);
            let done = self.store.settle_lane(&held, &settled, now).await;
            if done.is_err() || !is_counted {
                // Whoever settles next counts them.
                self.calls.fetch_add(calls, Ordering::Relaxed);
            }
            Self::still_ours(done.map(drop))
        })
    }

    fn renew<'a>(&'a self, lane: &'a Lane) -> BoxFuture<'a, Result<bool, ComponentError>> {
        Box::pin(async move {
            let held = HeldLane {
                lane: lane.number,
                fence: lane.fence,
            };
            Self::still_ours(self.store.renew_lane(&held, LIFE, self.clock.now()).await)
        })
    }

    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(self.wake.notified())
    }

    fn next_at(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ComponentError>> {
        Box::pin(async {
            let next = self.store.next_delivery_of(&self.flow).await;
            next.map_err(|error| of_store(&error))
        })
    }
}

fn of_lane(lane: ClaimedLane) -> Claimed {
    Claimed {
        lane: Lane {
            number: lane.held.lane,
            fence: lane.held.fence,
        },
        way: lane.destination,
        keeps_order: lane.keeps_order,
        fruitless: u32::try_from(lane.fruitless).unwrap_or(0),
        deliveries: lane.deliveries.into_iter().map(of_delivery).collect(),
    }
}

fn of_origins(origins: Origins) -> Marks {
    let followed = origins.followed.into_iter().map(|origin| Mark {
        number: origin.number,
        id: origin.id,
    });
    Marks {
        followed: followed.collect(),
        of: usize::try_from(origins.of).unwrap_or(usize::MAX),
    }
}

fn of_delivery(delivery: Delivery) -> Waiting {
    // The store took nothing that is no JSON.
    let value = |text: &str| serde_json::from_str::<Value>(text).unwrap_or_default();
    let head = delivery
        .head
        .as_deref()
        .and_then(|head| serde_json::from_str(head).ok())
        .unwrap_or_default();
    Waiting {
        number: delivery.seq,
        record: Record::new(value(&delivery.record)).with_head(head),
        form: match delivery.form {
            RecordForm::Source => Form::Source,
            RecordForm::Ready => Form::Ready,
        },
        source: delivery.source_record,
        key: delivery.key,
        attempts: u32::try_from(delivery.attempts).unwrap_or(u32::MAX),
        run: delivery.run,
        origins: delivery.origins.map(of_origins).unwrap_or_default(),
    }
}

/// Counts calls for the runs whose deliveries are settled, by how many those are; whether there is one. Lanes work side by side, so a call
/// for another lane's may be among them; none is counted twice.
fn share(calls: u64, tallies: &mut [Tally]) -> bool {
    let of = |tally: &Tally| tally.delivered + tally.dead + tally.retried;
    let mut left = calls;
    let mut weight: u64 = tallies.iter().map(of).sum();
    for tally in tallies.iter_mut() {
        let own = of(tally);
        tally.calls = (left * own).checked_div(weight).unwrap_or(0);
        left -= tally.calls;
        weight -= own;
    }
    left == 0
}

fn settled(outcome: Outcome, version: Option<i64>, now: Timestamp) -> Settled {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut tally = |run: Option<String>, code: Option<&str>, count: fn(&mut Tally)| {
        if let Some(run) = run {
            let tally = tallies.entry(run.clone()).or_insert_with(|| Tally {
                run,
                ..Tally::default()
            });
            count(tally);
            if let Some(code) = code {
                *tally.errors.entry(code.to_owned()).or_default() += 1;
            }
        }
    };
    let mut settled = Settled {
        is_free: outcome.is_free,
        ..Settled::default()
    };
    for (number, run) in outcome.done {
        tally(run, None, |tally| tally.delivered += 1);
        settled.done.push(number);
    }
    for again in outcome.again {
        tally(again.run, Some(again.code), |tally| tally.retried += 1);
        settled.again.push(Again {
            seq: again.number,
            due_at: again.at,
            error: again.error,
        });
    }
    for (number, run, letter) in outcome.dead {
        let fate = match (of_marks(&letter.origins), &run) {
            (Some(origins), Some(run)) => Some(NewFate::of_letter(
                &origins,
                run,
                letter.destination.as_deref().unwrap_or(EVERY_WAY),
                letter.key.as_ref(),
                letter.attempts.into(),
                now,
            )),
            _ => None,
        };
        tally(run, Some(&letter.code), |tally| tally.dead += 1);
        settled.dead.push(Dead {
            seq: number,
            fate,
            failure: failure(letter),
        });
    }
    for (run, fate) in outcome.fates {
        settled.fates.push(of_fate(fate, run, version));
    }
    settled.tallies = tallies.into_values().collect();
    settled
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tally(delivered: u64, dead: u64, retried: u64) -> Tally {
        Tally {
            delivered,
            dead,
            retried,
            ..Tally::default()
        }
    }

    #[test]
    fn calls_are_shared_by_the_deliveries_and_none_is_lost() {
        for (calls, tallies, expected) in [
            (7, vec![tally(2, 0, 0)], vec![7]),
            (7, vec![tally(1, 0, 1), tally(0, 2, 0)], vec![3, 4]),
            (
                1,
                vec![tally(1, 0, 0), tally(1, 0, 0), tally(1, 0, 0)],
                vec![0, 0, 1],
            ),
            (9, vec![tally(0, 0, 0), tally(1, 0, 0)], vec![0, 9]),
            (0, vec![tally(1, 1, 1)], vec![0]),
        ] {
            let mut tallies = tallies;
            assert!(share(calls, &mut tallies));
            let found: Vec<_> = tallies.iter().map(|tally| tally.calls).collect();
            assert_eq!(found, expected, "{calls}");
        }
        assert!(!share(3, &mut []), "they wait for the next");
    }
}
