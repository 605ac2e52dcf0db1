//! The port to a queue in which deliveries wait that must not be lost.
//!
//! The one rule: what [`Queue::put`] took survives the death of the process, and a lane that was claimed is in one process's hands
//! until it is settled as free, or nothing was heard of that process for a time.

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::keeper::{DeadLetter, Fate};
use crate::{ComponentError, Marks, Record, Shared};

/// The name under which deliveries to all destinations of a flow wait: records that came to none of them.
pub const EVERY_WAY: &str = "-";

/// Keeps the deliveries of one flow.
pub trait Queue: Send + Sync {
    /// Puts deliveries for a destination at the end of their lanes, all or none; says how many wait in all. `at_once` is how many
    /// of those with keys may be under way at once.
    fn put<'a>(
        &'a self,
        way: &'a str,
        deliveries: Vec<Queued>,
        at_once: u16,
    ) -> BoxFuture<'a, Result<u64, ComponentError>>;

    /// How many deliveries wait.
    fn waiting(&self) -> BoxFuture<'_, Result<u64, ComponentError>>;

    /// Takes lanes in which something is due, so many at most with so many deliveries each.
    fn claim(&self, lanes: u32, deliveries: u32) -> BoxFuture<'_, Result<Vec<Claimed>, ComponentError>>;

    /// Notes what became of deliveries; whether the lane was still ours.
    fn settle<'a>(&'a self, lane: &'a Lane, outcome: Outcome) -> BoxFuture<'a, Result<bool, ComponentError>>;

    /// Says that we are still at it; whether the lane is still ours.
    fn renew<'a>(&'a self, lane: &'a Lane) -> BoxFuture<'a, Result<bool, ComponentError>>;

    /// Returns when something was put into the queue by this process, if it can tell.
    fn woken(&self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }

    /// When something can be claimed; none when nothing waits.
    fn next_at(&self) -> BoxFuture<'_, Result<Option<Timestamp>, ComponentError>>;
}

/// What a delivery's record is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// As the source gave it: the transforms have it before them.
    Source,
    /// As the destination takes it.
    Ready,
}

/// A delivery to be put into the queue.
#[derive(Clone, Debug)]
pub struct Queued {
    /// The record, ready for its destination.
    pub record: Record,
    /// What the source gave.
    pub source: Option<Shared>,
    /// Those of one key keep their order.
    pub key: Option<String>,
    /// What is put a second time with it is left out.
    pub dedupe_key: Option<String>,
    /// Which records of the source it came of, where their way is kept.
    pub origins: Marks,
}

/// A lane, and the right to settle what waits in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Lane {
    /// Its number.
    pub number: i64,
    /// Grows with each claim.
    pub fence: i64,
}

/// A lane in our hands.
#[derive(Clone, Debug)]
pub struct Claimed {
    /// By which it is settled.
    pub lane: Lane,
    /// The destination, or [`EVERY_WAY`].
    pub way: String,
    /// Whether deliveries of one key must arrive in this order.
    pub keeps_order: bool,
    /// How often in a row nothing came of claiming it.
    pub fruitless: u32,
    /// What is due, in order.
    pub deliveries: Vec<Waiting>,
}

/// A delivery that waits.
#[derive(Clone, Debug)]
pub struct Waiting {
    /// Its number in its lane.
    pub number: i64,
    /// The record.
    pub record: Record,
    /// What that is.
    pub form: Form,
    /// What the source gave, as JSON, where the record is ready and it is known. It is read only when the delivery is given up.
    pub source: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// How often it failed.
    pub attempts: u32,
    /// The run that made it.
    pub run: Option<String>,
    /// Which records of the source it came of, where their way is kept.
    pub origins: Marks,
}

/// What became of deliveries of a lane.
#[derive(Clone, Debug, Default)]
pub struct Outcome {
    /// They were delivered: number and run.
    pub done: Vec<(i64, Option<String>)>,
    /// They are tried again.
    pub again: Vec<Again>,
    /// They are given up.
    pub dead: Vec<(i64, Option<String>, DeadLetter)>,
    /// What is kept of the way of those that were delivered or let go, with the run that made them.
    pub fates: Vec<(String, Fate)>,
    /// Whether the lane is given back.
    pub is_free: bool,
}

/// A delivery that is tried again.
#[derive(Clone, Debug)]
pub struct Again {
    /// Its number in its lane.
    pub number: i64,
    /// The run that made it.
    pub run: Option<String>,
    /// Not before this.
    pub at: Timestamp,
    /// The error's code.
    pub code: &'static str,
    /// Why.
    pub error: String,
}
