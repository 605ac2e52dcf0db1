//! What a run must be able to keep, and what it tells.
//!
//! The one rule: when [`Keeper::save`], [`Keeper::bury`] or [`Keeper::note`] says that something is kept, it survives the death of the
//! process.

use std::collections::BTreeMap;

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{ComponentError, Cursor, Head, Mark, Marks, Shared};

/// Keeps what must outlive a run.
pub trait Keeper: Send + Sync {
    /// How far earlier runs came.
    fn cursor(&self) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>>;

    /// Keeps how far this run came.
    fn save<'a>(&'a self, cursor: &'a Cursor) -> BoxFuture<'a, Result<(), ComponentError>>;

    /// Keeps a record that could not be brought to its place.
    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), ComponentError>>;

    /// Keeps what became of records whose way is kept. It is called before the position behind them is saved.
    fn note(&self, fates: Vec<Fate>) -> BoxFuture<'_, Result<(), ComponentError>>;

    /// Is told how it goes, a few times a second.
    fn tell(&self, _counts: &Counts) {}
}

/// A record that could not be brought to its place.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct DeadLetter {
    /// The destination; none when it came to none.
    pub destination: Option<String>,
    /// Its key, where those of one key keep their order.
    pub key: Option<String>,
    /// What is known of it.
    pub head: Head,
    /// What the record came of, as the source gave it.
    pub source: Vec<Value>,
    /// As it was when it failed.
    pub record: Value,
    /// What each transform made of it.
    pub steps: Vec<Value>,
    /// The code of the error.
    pub code: String,
    /// What happened.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// What was sent.
    pub request: Option<Value>,
    /// What came back.
    pub answer: Option<Value>,
    /// How often it was tried.
    pub attempts: u32,
    /// When it was given up.
    pub at: Timestamp,
    /// Which records of the source it came of, of those whose way is kept.
    #[serde(skip)]
    pub origins: Marks,
}

/// What became of a record whose way is kept: it was delivered to a destination, or let go.
#[derive(Clone, Debug, PartialEq)]
pub struct Fate {
    /// Which records of the source it came of, each as the source gave it, where that is known.
    pub origins: Vec<(Mark, Option<Shared>)>,
    /// How many records of the source it came of, those included whose way is not kept.
    pub joined: usize,
    /// The destination; none when no destination wanted it.
    pub destination: Option<String>,
    /// Its key, where those of one key keep their order.
    pub key: Option<String>,
    /// What is known of it.
    pub head: Head,
    /// As it was delivered, where it is not as the source gave it.
    pub record: Option<Shared>,
    /// What the destination answered.
    pub answer: Option<Value>,
    /// How often it was tried.
    pub attempts: u32,
    /// When that was.
    pub at: Timestamp,
    /// Whether the transforms had it before them only now, and not in the run that read it.
    pub is_made_anew: bool,
}

/// What a run did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Counts {
    /// Records that were read.
    pub read: u64,
    /// Records of which nothing came to any destination, because a filter or a condition let none through.
    pub filtered: u64,
    /// Deliveries that went well, by destination.
    pub delivered: BTreeMap<String, u64>,
    /// Attempts after the first.
    pub retried: u64,
    /// Deliveries that went into the queue.
    #[serde(default)]
    pub queued: u64,
    /// Dead letters.
    pub dead: u64,
    /// Records whose whole way is kept.
    #[serde(default)]
    pub followed: u64,
    /// Errors by their code.
    pub errors: BTreeMap<String, u64>,
}

impl Counts {
    /// Adds what another part of the work did.
    pub fn add(&mut self, other: &Self) {
        self.read += other.read;
        self.filtered += other.filtered;
        self.retried += other.retried;
        self.queued += other.queued;
        self.dead += other.dead;
        self.followed += other.followed;
        for (sums, counts) in [
            (&mut self.delivered, &other.delivered),
            (&mut self.errors, &other.errors),
        ] {
            for (name, count) in counts {
                *sums.entry(name.clone()).or_default() += count;
            }
        }
    }
}
