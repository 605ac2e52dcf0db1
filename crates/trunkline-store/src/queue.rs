//! The delivery queue: what flows still have to bring to their destinations, in lanes.
//!
//! The one rule: a lane is in the hands of one process at a time, by a fence that grows with every claim, and nothing leaves it
//! but by a change that names that fence. A delivery with a key waits behind all others of its lane, so those of one key keep
//! their order; deliveries without a key wait in lanes of their own, in which each is due by itself.
//!
//! Read `queue/enqueue.rs` for the way in, `queue/claim.rs` and `queue/settle.rs` for the way out, `queue/depth.rs` for how much
//! waits, and `docs/decisions/0020-lanes.md` for why.

mod claim;
mod depth;
mod enqueue;
mod keys;
mod rows;
mod settle;

use jiff::Timestamp;
use serde::Serialize;

use crate::Origins;

pub use claim::{Claim, ClaimedLane};
pub use depth::QueueDepth;
pub use enqueue::Enqueued;
pub use settle::{Again, Dead, Settled, Tally};

pub(crate) use enqueue::{Repeats, entering};
pub(crate) use keys::kept_word;
pub(crate) use rows::{Type, in_lots};

/// When a lane's next delivery is due: the first of a lane that keeps its order, the earliest of one that does not.
pub(crate) const NEXT_AT: &str = "coalesce(CASE WHEN flow_lanes.is_loose = 1 \
     THEN (SELECT d.due_at FROM deliveries AS d WHERE d.lane = flow_lanes.id AND d.is_loose = 1 ORDER BY d.due_at, d.seq LIMIT 1) \
     ELSE (SELECT d.due_at FROM deliveries AS d WHERE d.lane = flow_lanes.id ORDER BY d.seq LIMIT 1) END, flow_lanes.next_at)";

/// What a delivery's record is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RecordForm {
    /// As the source gave it: the transforms have it before them.
    Source,
    /// As the destination takes it.
    #[default]
    Ready,
}

impl RecordForm {
    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Source => "source",
            Self::Ready => "ready",
        }
    }

    /// The form of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        [Self::Source, Self::Ready]
            .into_iter()
            .find(|form| form.as_str() == word)
    }
}

/// A record to be brought to a destination.
#[derive(Clone, Debug)]
pub struct NewDelivery {
    /// The flow's name.
    pub flow: String,
    /// The destination's name within the flow.
    pub destination: String,
    /// Deliveries of one key arrive in the order in which they were added; none for one that may overtake others.
    pub key: Option<String>,
    /// What is added again with it is a repeat, while it waits and for some time after it was delivered.
    pub dedupe_key: Option<String>,
    /// The record, as JSON text.
    pub record: String,
    /// What is known of it without looking into it, as JSON text.
    pub head: Option<String>,
    /// Of a record that is ready what the source gave, as JSON text, where it is another and somebody wants to see it.
    pub source_record: Option<String>,
    /// Whether the transforms have it before or behind them.
    pub form: RecordForm,
    /// The run that made it.
    pub run: Option<String>,
    /// Which records of the source it came of, where their way is kept.
    pub origins: Option<Origins>,
    /// When it is due. One with a key that is due later lets its whole lane wait.
    pub due_at: Timestamp,
}

/// A delivery as it was claimed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// Its number in its lane, growing in the order in which deliveries were added.
    pub seq: i64,
    /// Its key.
    pub key: Option<String>,
    /// Its dedupe key.
    pub dedupe_key: Option<String>,
    /// The record, as JSON text.
    pub record: String,
    /// What is known of it without looking into it, as JSON text.
    pub head: Option<String>,
    /// Of a record that is ready what the source gave, as JSON text, where it is another and somebody wants to see it.
    pub source_record: Option<String>,
    /// Whether the transforms have it before or behind them.
    pub form: RecordForm,
    /// The run that made it.
    pub run: Option<String>,
    /// Which records of the source it came of, where their way is kept.
    pub origins: Option<Origins>,
    /// When it was due.
    pub due_at: Timestamp,
    /// When it was added.
    pub enqueued_at: Timestamp,
    /// How often it failed.
    pub attempts: i64,
    /// Why it failed last.
    pub error: Option<String>,
    /// When it failed first.
    pub first_at: Option<Timestamp>,
}

/// The right to settle what waits in a lane, for as long as nobody else claims it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct HeldLane {
    /// The lane's number.
    pub lane: i64,
    /// Grows with every claim.
    pub fence: i64,
}
