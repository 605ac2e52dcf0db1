//! A flow whose deliveries go into the queue instead of to their destinations.
//!
//! The one rule: a record counts as done with once the queue has it on disk; so the position of the source runs ahead of what is
//! delivered, and never ahead of what is kept.

use std::{sync::Arc, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use tokio::task::spawn_blocking;

use super::{
    flow::Flow,
    queue::{Queue, Queued},
    run::broke_off,
    stages::keys_of,
};
use crate::{
    ComponentError, Delivered, Destination, Origins, Record,
    document::{Order, Policy},
};

/// How many deliveries are put into the queue together.
const TOGETHER: usize = 250;
/// How often it is looked whether a full queue has room again, and how often at most before more is put in all the same: a run that
/// is to stop must not wait for a queue that nobody empties.
const LOOK: Duration = Duration::from_millis(200);
const LOOKS: u32 = 25;

impl Flow {
    /// The same flow, up to its queue.
    #[must_use]
    pub fn filling(&self, queue: &Arc<dyn Queue>, now: &Arc<dyn Fn() -> Timestamp + Send + Sync>) -> Self {
        let mut filling = self.clone();
        filling.fills_queue = true;
        // The queue keeps the order: what waits here goes in as it comes.
        filling.policy.order = Order::None;
        for way in &mut filling.ways {
            way.destination = Arc::new(Into {
                way: way.name.clone(),
                at_once: at_once(&self.policy, way.destination.as_ref()),
                policy: self.policy.clone(),
                queue: Arc::clone(queue),
                now: Arc::clone(now),
            });
        }
        filling
    }
}

/// How many deliveries to a destination may be under way at once.
pub fn at_once(policy: &Policy, destination: &dyn Destination) -> u16 {
    if destination.is_sequential() || policy.order == Order::All {
        1
    } else {
        policy.concurrency.max(1)
    }
}

/// Where the queue stands for a destination.
struct Into {
    way: String,
    at_once: u16,
    policy: Policy,
    queue: Arc<dyn Queue>,
    now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

impl Into {
    async fn put(&self, records: &[Record]) -> Vec<Delivered> {
        let mut results: Vec<Delivered> = Vec::with_capacity(records.len());
        let mut deliveries = Vec::with_capacity(records.len());
        for (record, keys) in records.iter().zip(self.keys(records).await) {
            results.push(keys.map(|keys| {
                deliveries.push(queued(record, keys));
                None
            }));
        }
        let told = match self.queue.put(&self.way, deliveries, self.at_once).await {
            Ok(waiting) => self.wait_for_room(waiting).await,
            Err(error) => Err(error),
        };
        if let Err(error) = told {
            for result in results.iter_mut().filter(|result| result.is_ok()) {
                *result = Err(error.clone());
            }
        }
        results
    }

    /// The key and the dedupe key of each record.
    async fn keys(&self, records: &[Record]) -> Vec<Result<Keys, ComponentError>> {
        let by_key = match (self.policy.order, &self.policy.key) {
            (Order::PerKey, Some(key)) => Some(key.clone()),
            _ => None,
        };
        let by_dedupe = self.policy.dedupe_key.clone();
        let all = (self.policy.order == Order::All).then(String::new);
        if by_key.is_none() && by_dedupe.is_none() {
            return records.iter().map(|_| Ok((all.clone(), None))).collect();
        }
        let (count, records, now) = (records.len(), records.to_vec(), (self.now)());
        let asked = spawn_blocking(move || {
            let keys = keys_of(by_key.as_ref(), &records, now);
            let dedupe = match &by_dedupe {
                Some(key) => key.key_of_all(records.iter(), now),
                None => records.iter().map(|_| Ok(None)).collect(),
            };
            let each = keys.into_iter().zip(dedupe);
            each.map(|(key, dedupe)| Ok((key?.or_else(|| all.clone()), dedupe?)))
                .collect()
        });
        asked
            .await
            .unwrap_or_else(|error| (0..count).map(|_| Err(broke_off(&error))).collect())
    }

    /// A source that is quicker than the destinations waits for them. What was put is kept already.
    async fn wait_for_room(&self, mut waiting: u64) -> Result<(), ComponentError> {
        for _ in 0..LOOKS {
            if waiting <= self.policy.most_waiting {
                break;
            }
            tokio::time::sleep(LOOK).await;
            waiting = self.queue.waiting().await?;
        }
        Ok(())
    }
}

/// A key, and a dedupe key.
type Keys = (Option<String>, Option<String>);

fn queued(record: &Record, (key, dedupe_key): Keys) -> Queued {
    let mut sources = record.origins.records();
    let source = sources
        .next()
        .filter(|_| sources.next().is_none())
        .filter(|source| source.value != record.value)
        .map(|source| source.value.clone());
    Queued {
        record: Record {
            origins: Origins::default(),
            ..record.clone()
        },
        source,
        key,
        dedupe_key,
        origins: record.origins.marks(),
    }
}

impl Destination for Into {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(self.put(records))
    }

    fn most_at_once(&self) -> usize {
        TOGETHER
    }

    fn is_sequential(&self) -> bool {
        true
    }
}
