//! A durable consumer: the server remembers what was acknowledged.
//!
//! The one rule: an acknowledgement is sent after the flow's position behind the message was kept. What is given again meanwhile is
//! known by its number, so a message is on its way once; what a dead process left is given again after the consumer's wait.

use std::{
    collections::{BTreeMap, BTreeSet, VecDeque},
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use async_nats::jetstream::{
    self,
    consumer::{AckPolicy, Consumer, pull},
    message::Acker,
};
use futures::future::BoxFuture;
use serde_json::json;
use trunkline_flow::{Batch, ComponentError, Cursor, Read, Reader};

use super::{PAUSE, Settings, fetch, item, place};
use crate::nats::failed;

/// How many messages that were acknowledged are known again.
const KNOWN: usize = 20_000;

/// What was given and not acknowledged, by the order in which it was given; and what was acknowledged lately.
#[derive(Default)]
pub(super) struct Unacknowledged(Mutex<Given>);

#[derive(Default)]
struct Given {
    count: u64,
    /// The number in the stream of each, and how it is acknowledged.
    waiting: BTreeMap<u64, (u64, Acker)>,
    order: BTreeMap<u64, u64>,
    known: BTreeSet<u64>,
    oldest: VecDeque<u64>,
}

/// What to do about a message that was given.
enum Taken {
    /// It goes on its way.
    New,
    /// It is on its way already.
    UnderWay,
    /// It was done with, and its acknowledgement was lost.
    Done(Box<Acker>),
}

impl Unacknowledged {
    fn given(&self) -> MutexGuard<'_, Given> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn take(&self, sequence: u64, acker: Acker) -> Taken {
        let mut given = self.given();
        if let Some(order) = given.order.get(&sequence).copied() {
            // The newest way to acknowledge it is the one that counts.
            given.waiting.insert(order, (sequence, acker));
            return Taken::UnderWay;
        }
        if given.known.contains(&sequence) {
            return Taken::Done(Box::new(acker));
        }
        given.count += 1;
        let order = given.count;
        given.waiting.insert(order, (sequence, acker));
        given.order.insert(sequence, order);
        Taken::New
    }

    fn cursor(&self) -> Cursor {
        Cursor(json!({ "given": self.given().count }))
    }

    /// Acknowledges what stands before a position.
    pub(super) async fn acknowledge(&self, cursor: &Cursor) {
        let Some(until) = cursor.0["given"].as_u64() else {
            return;
        };
        let done: Vec<Acker> = {
            let mut given = self.given();
            let left = given.waiting.split_off(&(until + 1));
            let done = std::mem::replace(&mut given.waiting, left);
            done.into_values()
                .map(|(sequence, acker)| {
                    given.order.remove(&sequence);
                    given.known.insert(sequence);
                    given.oldest.push_back(sequence);
                    if given.oldest.len() > KNOWN
                        && let Some(oldest) = given.oldest.pop_front()
                    {
                        given.known.remove(&oldest);
                    }
                    acker
                })
                .collect()
        };
        for acker in done {
            // What does not arrive is given again, and known again.
            acker.ack().await.ok();
        }
    }
}

/// The consumer of this name, made when it is not there.
pub(super) async fn consumer(
    stream: &jetstream::stream::Stream,
    name: &str,
    settings: &Settings,
) -> Result<Consumer<pull::Config>, ComponentError> {
    let config = pull::Config {
        durable_name: Some(name.to_owned()),
        description: Some("a flow of Trunkline".to_owned()),
        ack_policy: AckPolicy::Explicit,
        ack_wait: settings.ack_wait.0,
        filter_subject: settings.subject.clone().unwrap_or_default(),
        deliver_policy: if settings.from_start {
            jetstream::consumer::DeliverPolicy::All
        } else {
            jetstream::consumer::DeliverPolicy::New
        },
        max_ack_pending: 10_000,
        ..pull::Config::default()
    };
    let found = stream.get_or_create_consumer(name, config).await;
    let consumer: Consumer<pull::Config> =
        found.map_err(|error| failed(&format!("the consumer {name} cannot be used"), &error))?;
    let own = &consumer.cached_info().config;
    let filter = settings.subject.clone().unwrap_or_default();
    let wrong = if own.ack_policy != AckPolicy::Explicit {
        "it does not take an acknowledgement for each message"
    } else if own.filter_subject != filter {
        "it is for another subject"
    } else {
        return Ok(consumer);
    };
    Err(ComponentError::stop(
        "TL0922",
        format!(
            "the consumer {name} of the stream {} is there already, and {wrong}",
            settings.stream
        ),
        "Name another consumer, or remove that one if nobody needs it.",
    ))
}

/// Reads by a durable consumer.
pub(super) struct Durable {
    consumer: Consumer<pull::Config>,
    settings: Settings,
    unacknowledged: Arc<Unacknowledged>,
}

impl Durable {
    pub(super) const fn new(
        consumer: Consumer<pull::Config>,
        settings: Settings,
        unacknowledged: Arc<Unacknowledged>,
    ) -> Self {
        Self {
            consumer,
            settings,
            unacknowledged,
        }
    }
}

impl Reader for Durable {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let mut items = Vec::new();
            for message in fetch(&self.consumer, &self.settings).await? {
                let at = place(&message)?;
                let (message, acker) = message.split();
                match self.unacknowledged.take(at.sequence, acker) {
                    Taken::New => items.push(item(&message, &at, &self.settings)),
                    Taken::UnderWay => {}
                    Taken::Done(acker) => {
                        acker.ack().await.ok();
                    }
                }
            }
            if items.is_empty() {
                return Ok(if self.settings.follow {
                    Read::Idle(PAUSE)
                } else {
                    Read::End
                });
            }
            Ok(Read::Batch(Batch {
                items,
                behind: Some(self.unacknowledged.cursor()),
            }))
        })
    }
}
