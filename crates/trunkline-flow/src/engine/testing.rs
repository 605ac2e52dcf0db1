//! Components and ports that tests of the engine share.
//!
//! The one rule: what they do follows from their fields alone.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, MutexGuard},
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::json;
use tokio::sync::watch;

use super::{DeadLetter, Engine, Fate, Flow, Keeper, Pipeline, Ran, Steps, Way};
use crate::{
    Batch, ComponentError, Cursor, Delivered, Destination, Failed, Item, Occasion, Read, Reader, Record,
    Source, Transform, Trigger, document::Policy,
};

/// Numbers from 0, in batches; its cursor is the next number.
pub(super) struct Numbers {
    pub(super) count: u64,
    pub(super) batch: u64,
}

pub(super) struct NumbersReader {
    next: u64,
    pub(super) count: u64,
    pub(super) batch: u64,
}

impl Source for Numbers {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        let next = cursor.and_then(|cursor| cursor.0.as_u64()).unwrap_or(0);
        let reader = NumbersReader {
            next,
            count: self.count,
            batch: self.batch,
        };
        Box::pin(async { Ok(Box::new(reader) as Box<dyn Reader>) })
    }
}

impl Reader for NumbersReader {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        let until = (self.next + self.batch).min(self.count);
        let items: Vec<Item> = (self.next..until)
            .map(|number| match number {
                13 => Item::Broken {
                    text: "thirteen".to_owned(),
                    error: ComponentError::reject("TL0811", "row 13 is broken", "Mend it."),
                },
                _ => Item::Record(Record::new(json!({ "id": number, "key": number % 3 }))),
            })
            .collect();
        self.next = until;
        let read = if items.is_empty() {
            Read::End
        } else {
            let behind = Some(Cursor(json!(until)));
            Read::Batch(Batch { items, behind })
        };
        Box::pin(async { Ok(read) })
    }
}

/// Notes what it gets; fails by plan.
#[derive(Default)]
pub(super) struct Noted {
    pub(super) got: Mutex<Vec<u64>>,
    /// How often each number fails before it goes well; `u32::MAX` is never.
    pub(super) failing: Mutex<BTreeMap<u64, u32>>,
    pub(super) rejected: Vec<u64>,
    pub(super) stops_at: Option<u64>,
    pub(super) most: usize,
}

impl Noted {
    pub(super) fn got(&self) -> MutexGuard<'_, Vec<u64>> {
        self.got.lock().unwrap()
    }

    fn one(&self, record: &Record) -> Delivered {
        let number = record.value["id"].as_u64().unwrap();
        if self.rejected.contains(&number) {
            return Err(ComponentError::reject("TL0001", "refused", "Mend it."));
        }
        if self.stops_at == Some(number) {
            return Err(ComponentError::stop("TL0002", "no way", "Mend it."));
        }
        if let Some(left) = self.failing.lock().unwrap().get_mut(&number)
            && *left > 0
        {
            *left -= 1;
            return Err(ComponentError::retry("TL0003", "not now", "Wait."));
        }
        self.got().push(number);
        Ok(None)
    }
}

impl Destination for Noted {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        Box::pin(async move {
            let mut results = Vec::new();
            for record in records {
                // An answer takes its time, which differs.
                let number = record.value["id"].as_u64().unwrap();
                tokio::time::sleep(Duration::from_millis(number % 7)).await;
                results.push(self.one(record));
            }
            results
        })
    }

    fn most_at_once(&self) -> usize {
        self.most.max(1)
    }
}

#[derive(Default)]
pub(super) struct Kept {
    pub(super) cursor: Mutex<Option<Cursor>>,
    pub(super) letters: Mutex<Vec<DeadLetter>>,
    pub(super) fates: Mutex<Vec<Fate>>,
    pub(super) cannot_bury: bool,
    pub(super) cannot_note: bool,
}

impl Keeper for Kept {
    fn cursor(&self) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        let cursor = self.cursor.lock().unwrap().clone();
        Box::pin(async { Ok(cursor) })
    }

    fn save<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, Result<(), ComponentError>> {
        *self.cursor.lock().unwrap() = Some(cursor.clone());
        Box::pin(async { Ok(()) })
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), ComponentError>> {
        if self.cannot_bury {
            return Box::pin(async { Err(ComponentError::stop("TL0004", "the disk is full", "Free some.")) });
        }
        self.letters.lock().unwrap().push(letter);
        Box::pin(async { Ok(()) })
    }

    fn note(&self, fates: Vec<Fate>) -> BoxFuture<'_, Result<(), ComponentError>> {
        if self.cannot_note {
            return Box::pin(async { Err(ComponentError::stop("TL0004", "the disk is full", "Free some.")) });
        }
        self.fates.lock().unwrap().extend(fates);
        Box::pin(async { Ok(()) })
    }
}

/// A transform that is a function of the record's number.
pub(super) struct Each(pub(super) fn(u64) -> Result<Vec<u64>, ComponentError>);

impl Transform for Each {
    fn apply(&mut self, record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let made = (self.0)(record.value["id"].as_u64().unwrap_or_default())?;
        let derive = |number| record.derive(json!({ "id": number, "key": record.value["key"] }));
        Ok(made.into_iter().map(derive).collect())
    }
}

/// Sums up to four records, or what there is at the end.
#[derive(Default)]
pub(super) struct Sum(pub(super) Vec<Record>);

impl Sum {
    fn sum(&mut self) -> Record {
        let sum: u64 = self
            .0
            .iter()
            .filter_map(|record| record.value["id"].as_u64())
            .sum();
        Record::join(&std::mem::take(&mut self.0), json!({ "id": sum }))
    }
}

impl Transform for Sum {
    fn apply(&mut self, record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        self.0.push(record);
        Ok(if self.0.len() < 4 {
            Vec::new()
        } else {
            vec![self.sum()]
        })
    }

    fn due(&self) -> Option<Timestamp> {
        (!self.0.is_empty()).then_some(Timestamp::MAX)
    }

    fn flush(&mut self, _: Timestamp, is_end: bool) -> Vec<Result<Vec<Record>, Failed>> {
        if is_end && !self.0.is_empty() {
            vec![Ok(vec![self.sum()])]
        } else {
            Vec::new()
        }
    }
}

pub(super) fn engine() -> Engine {
    Engine {
        now: Arc::new(|| Timestamp::UNIX_EPOCH),
        chance: Arc::new(Mutex::new(|| 1.0)),
    }
}

pub(super) fn flow(count: u64, batch: u64, steps: fn() -> Steps, destination: &Arc<Noted>) -> Flow {
    Flow {
        name: "numbers".to_owned(),
        source: Arc::new(Numbers { count, batch }),
        transforms: Arc::new(move || Pipeline::new(steps())),
        ways: vec![way("noted", destination)],
        policy: Policy::default(),
        fills_queue: false,
    }
}

pub(super) fn way(name: &str, destination: &Arc<Noted>) -> Way {
    Way {
        name: name.to_owned(),
        when: None,
        route: None,
        transforms: Arc::new(Pipeline::default),
        destination: Arc::clone(destination) as Arc<dyn Destination>,
    }
}

pub(super) async fn run(flow: &Flow, kept: &Kept) -> Ran {
    let (_hold, stop) = watch::channel(false);
    engine().run(flow, &occasion(), kept, stop).await
}

pub(super) fn occasion() -> Occasion {
    Occasion {
        now: Timestamp::UNIX_EPOCH,
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    }
}

pub(super) fn sorted(noted: &Noted) -> Vec<u64> {
    let mut got = noted.got().clone();
    got.sort_unstable();
    got
}
