//! The queue of a flow, in the store's lanes.
//!
//! The one rule: nothing here decides what becomes of a delivery; it says in the store's words what the engine said in its own.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use futures::future::BoxFuture;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::sync::Notify;
use trunkline_client::Clock;
use trunkline_flow::{
    ComponentError, Head, Record,
    engine::queue::{Claimed, Form, Lane, Outcome, Queue, Queued, Waiting},
};
use trunkline_store::{
    Again, Claim, ClaimedLane, Dead, Delivery, HeldLane, NewDelivery, RecordForm, Settled, Store, StoreError,
    Tally,
};

use super::keeper::{failure, of_store};

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
            let settled = settled(outcome);
            let done = self.store.settle_lane(&held, &settled, self.clock.now()).await;
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
    }
}

fn settled(outcome: Outcome) -> Settled {
    let mut tallies: BTreeMap<String, Tally> = BTreeMap::new();
    let mut tally = |run: Option<String>, count: fn(&mut Tally)| {
        if let Some(run) = run {
            count(tallies.entry(run.clone()).or_insert_with(|| Tally {
                run,
                ..Tally::default()
            }));
        }
    };
    let mut settled = Settled {
        is_free: outcome.is_free,
        ..Settled::default()
    };
    for (number, run) in outcome.done {
        tally(run, |tally| tally.delivered += 1);
        settled.done.push(number);
    }
    for again in outcome.again {
        tally(again.run, |tally| tally.retried += 1);
        settled.again.push(Again {
            seq: again.number,
            due_at: again.at,
            error: again.error,
        });
    }
    for (number, run, letter) in outcome.dead {
        tally(run, |tally| tally.dead += 1);
        settled.dead.push(Dead {
            seq: number,
            failure: failure(letter),
        });
    }
    settled.tallies = tallies.into_values().collect();
    settled
}
