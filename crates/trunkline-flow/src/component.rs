//! The three kinds of component, and what they may say when something is wrong.
//!
//! The one rule: a source never forgets what was not acknowledged. It is opened at a cursor, gives records behind it, and is told
//! nothing else; whoever runs it keeps a cursor only when all before it is done with, and opens it there again.
//! Read `flow.rs` for how components are put together, `engine.rs` for how they run.

use std::{fmt, time::Duration};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::Record;

/// A position in a source, in the source's own words.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(pub Value);

/// What is known when a run begins.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Occasion {
    /// The moment.
    pub now: Timestamp,
    /// When the last run that went well began.
    pub last_success: Option<Timestamp>,
    /// What the run was begun for: `schedule`, `manual`, `event`, `backfill` or `redrive`.
    pub trigger: Trigger,
    /// What is read again: from the first moment to before the second.
    pub range: Option<(Timestamp, Timestamp)>,
}

/// What a run was begun for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// Its time had come.
    Schedule,
    /// Somebody asked for it.
    Manual,
    /// Something happened.
    Event,
    /// A range is read again.
    Backfill,
    /// What had failed is tried again.
    Redrive,
}

/// Where records come from, as configured; each run opens it anew.
pub trait Source: Send + Sync {
    /// Opens it behind a cursor that an earlier run reached, or at its beginning.
    ///
    /// # Errors
    ///
    /// It cannot be read, or the cursor is none of its own.
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>>;

    /// Whether it has no end: it waits for more instead of ending.
    fn is_endless(&self) -> bool {
        false
    }

    /// A position before everything of a moment and later, for whoever reads a range again; none when it begins at the beginning.
    fn position_at(&self, _moment: Timestamp) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        Box::pin(async { Ok(None) })
    }

    /// Is told that a position is kept for good, so that what stands before it may be let go of. What it cannot do about that
    /// now it does at the next one.
    fn kept<'a>(&'a self, _: &'a Cursor) -> BoxFuture<'a, ()> {
        Box::pin(async {})
    }

    /// Is told that its flow is gone for good, so that what was kept for it may be let go of.
    fn removed(&self) -> BoxFuture<'_, ()> {
        Box::pin(async {})
    }
}

/// A source that is being read.
pub trait Reader: Send {
    /// Gives what comes next.
    ///
    /// # Errors
    ///
    /// It cannot be read further. Bad items are not errors of the reader: they are given as [`Item::Broken`].
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>>;

    /// Waits until there may be more than the last [`Read::Idle`] said; without end where nobody tells.
    fn stirred(&mut self) -> BoxFuture<'_, ()> {
        Box::pin(std::future::pending())
    }
}

/// What a reader gives.
#[derive(Clone, Debug)]
pub enum Read {
    /// Some items.
    Batch(Batch),
    /// Nothing for now; there may be more after this time.
    Idle(Duration),
    /// Nothing more in this run.
    End,
}

/// Items in their order.
#[derive(Clone, Debug, Default)]
pub struct Batch {
    /// The items.
    pub items: Vec<Item>,
    /// The position behind the last of them; none while the source could not begin again there, as inside of a page.
    pub behind: Option<Cursor>,
}

/// What stands at a place of a source.
#[derive(Clone, Debug)]
pub enum Item {
    /// A record.
    Record(Record),
    /// Something that is none, such as a row with too few columns.
    Broken {
        /// As it stands there, as far as it can be shown.
        text: String,
        /// What is wrong, and where.
        error: ComponentError,
    },
}

/// What becomes of records on their way. It knows the moment, and nothing else from outside.
pub trait Transform: Send {
    /// Takes a record; gives what comes of it: nothing, one or several. What it holds back it gives from [`Transform::flush`].
    ///
    /// # Errors
    ///
    /// It cannot be done with this record, which becomes a dead letter.
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError>;

    /// Takes several records, each by itself. For those that are quicker so.
    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let mut done = Vec::with_capacity(records.len());
        for record in records {
            let kept = record.clone();
            let made = self.apply(record, now);
            done.push(made.map_err(|error| Failed::new(kept, error)));
        }
        done
    }

    /// Whether what it makes of a record depends on others: it holds some back, or knows what it had. Of one that does not, several work
    /// side by side.
    fn remembers(&self) -> bool {
        true
    }

    /// When something that it holds is to be given out; none when it holds nothing.
    fn due(&self) -> Option<Timestamp> {
        None
    }

    /// Gives out what is due, or all of it at the end of a run; or what could not be made of it.
    fn flush(&mut self, _now: Timestamp, _is_end: bool) -> Vec<Result<Vec<Record>, Failed>> {
        Vec::new()
    }
}

/// A record that a transform could not take.
#[derive(Clone, Debug)]
pub struct Failed {
    /// The record as it came to the transform.
    pub record: Box<Record>,
    /// Why.
    pub error: ComponentError,
}

impl Failed {
    /// A record that could not be taken, and why.
    #[must_use]
    pub fn new(record: Record, error: ComponentError) -> Self {
        Self {
            record: Box::new(record),
            error,
        }
    }
}

/// Where records go.
pub trait Destination: Send + Sync {
    /// Brings records to their place, in their order; says what became of each.
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>>;

    /// How many records it takes at once.
    fn most_at_once(&self) -> usize {
        1
    }

    /// Whether what it brings keeps the order in which it came: it gets the next records when it is done with those before.
    fn is_sequential(&self) -> bool {
        false
    }

    /// What it would bring of this record, in words of its own, without bringing it: what `flow test` compares.
    ///
    /// # Errors
    ///
    /// Nothing can be made of this record.
    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        Ok(record.value.to_value())
    }

    /// Makes durable what was said to be delivered. It is called before a checkpoint is kept and at the end of a run.
    fn settle(&self) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async { Ok(()) })
    }
}

/// What became of a record at a destination; what it answered, if anything.
pub type Delivered = Result<Option<Value>, ComponentError>;

/// What to do about an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// The same may go well later, at the earliest after this time.
    Retry(Option<Duration>),
    /// It is this record's own fault: a dead letter.
    Reject,
    /// Nothing gets around it: the run ends.
    Stop,
}

/// Why a component could not do its work.
#[derive(Clone, Debug, PartialEq)]
pub struct ComponentError {
    /// The code, which has a page under `docs/errors`.
    pub code: &'static str,
    /// What happened, and where.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// What that means for the record.
    pub verdict: Verdict,
    /// What was sent, where something was; without secrets.
    pub request: Option<Box<Value>>,
    /// What came back.
    pub answer: Option<Box<Value>>,
}

impl ComponentError {
    /// The record's own fault.
    pub fn reject(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Verdict::Reject, code, message, advice)
    }

    /// What may pass.
    pub fn retry(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Verdict::Retry(None), code, message, advice)
    }

    /// What nothing gets around.
    pub fn stop(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::new(Verdict::Stop, code, message, advice)
    }

    fn new(
        verdict: Verdict,
        code: &'static str,
        message: impl Into<String>,
        advice: impl Into<String>,
    ) -> Self {
        Self {
            code,
            message: message.into(),
            advice: advice.into(),
            verdict,
            request: None,
            answer: None,
        }
    }

    /// The same, with what was sent and what came back.
    #[must_use]
    pub fn with_exchange(mut self, request: Option<Value>, answer: Option<Value>) -> Self {
        self.request = request.map(Box::new);
        self.answer = answer.map(Box::new);
        self
    }
}

impl fmt::Display for ComponentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for ComponentError {}
