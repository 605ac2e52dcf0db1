//! The port through which runs and their writes are kept.
//!
//! The one rule: a write is in the journal, for good, before it is sent; so whatever dies on the way, what may have been
//! sent is known afterwards. Whoever composes a process brings the adapter. Read `run.rs` for who calls this.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_client::{PortError, Told};

use crate::{Alone, Identities, Inverse};

/// What the journal answers with, some time.
pub type JournalFuture<'a, T> = Told<'a, T>;

/// A run that begins.
#[derive(Clone, Debug, PartialEq)]
pub struct NewRun {
    /// The action's id.
    pub action: String,
    /// What was given, as it was given.
    pub input: Value,
    /// The caller's key for it.
    pub key: Option<String>,
    /// The run that it undoes.
    pub undo_of: Option<String>,
    /// The batch whose row it is.
    pub batch: Option<String>,
    /// Who called it, such as `command line` or the name of a key.
    pub by_whom: String,
    /// When it began.
    pub at: Timestamp,
}

/// What the journal says to a run that begins.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It is new, and has this id.
    New(String),
    /// The same call with the same key is done: its id and what came of it.
    Done(String, Value),
    /// The same call with the same key ended before it was done: its id, its writes so far, and when it began, from which times
    /// such as `+2d` go on counting. It is ours now.
    Interrupted(String, Vec<KeptWrite>, Timestamp),
    /// The same call with the same key is under way.
    Busy(String),
    /// The key belongs to another input: that run's id and action.
    Taken(String, String),
}

/// How a write stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum WriteState {
    /// It is about to be sent, or was sent and no answer was kept.
    Sending,
    /// It was carried out.
    Done,
    /// It was refused: nothing changed.
    Refused,
    /// Whether it was carried out is not known.
    Unknown,
}

/// A write, as the journal keeps it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KeptWrite {
    /// Its number within the run, from 1; the journal gives it.
    pub seq: u32,
    /// The operation's id.
    pub operation: String,
    /// The path parameters.
    pub path: Vec<(String, String)>,
    /// The query parameters.
    pub query: Vec<(String, String)>,
    /// The body.
    pub payload: Option<Value>,
    /// What it changes, as family and id (`contacts/67ab`); none for what it makes.
    pub subject: Option<String>,
    /// What that was before.
    pub before: Option<Value>,
    /// How it stands.
    pub state: WriteState,
    /// The answer.
    pub after: Option<Value>,
    /// What puts it back.
    pub inverse: Option<Inverse>,
    /// When it was about to be sent.
    pub at: Timestamp,
}

/// How a write ended.
#[derive(Clone, Debug, PartialEq)]
pub struct WriteEnd {
    /// How it stands.
    pub state: WriteState,
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// What it made, as family and id; none for what it changed, which is known before.
    pub made: Option<String>,
    /// The answer.
    pub after: Option<Value>,
    /// What puts it back.
    pub inverse: Option<Inverse>,
    /// When.
    pub at: Timestamp,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum RunEnd {
    /// It did what was asked, with this outcome.
    Done(Value),
    /// It failed, for this reason.
    Failed(String),
    /// What came of one of its writes is not known.
    Unknown(String),
}

/// Where runs and their writes are kept.
pub trait Journal: Send + Sync + fmt::Debug {
    /// Begins a run, unless its key says that it was begun before.
    fn begin(&self, run: NewRun) -> JournalFuture<'_, Begun>;

    /// Keeps a write that is about to be sent, and gives its number within the run; it is durable when this resolves.
    fn sending<'a>(&'a self, run: &'a str, write: KeptWrite) -> JournalFuture<'a, u32>;

    /// Keeps how a write ended.
    fn ended<'a>(&'a self, run: &'a str, seq: u32, end: WriteEnd) -> JournalFuture<'a, ()>;

    /// Keeps how a run ended.
    fn finish<'a>(&'a self, run: &'a str, end: RunEnd, at: Timestamp) -> JournalFuture<'a, ()>;

    /// The writes of a run, in their order; none when there is no such run.
    fn writes<'a>(&'a self, run: &'a str) -> JournalFuture<'a, Option<Vec<KeptWrite>>>;

    /// Takes out what it holds about an object that was erased, given as family and id: what runs were given, and every body
    /// and state before and after. That something was written stays. Gives how many writes that were.
    fn forget<'a>(&'a self, subject: &'a str) -> JournalFuture<'a, u64>;

    /// Who is about to make contacts, among all who share it; a journal that nobody shares has nothing to say.
    fn identities(&self) -> &dyn Identities {
        &Alone
    }
}

/// Keeps nothing, so there is no key and no undo.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoJournal;

impl Journal for NoJournal {
    fn begin(&self, run: NewRun) -> JournalFuture<'_, Begun> {
        Box::pin(async move {
            if run.key.is_some() {
                return Err(PortError {
                    reason: "a key needs a journal, and there is none".to_owned(),
                });
            }
            Ok(Begun::New(String::new()))
        })
    }

    fn sending<'a>(&'a self, _: &'a str, write: KeptWrite) -> JournalFuture<'a, u32> {
        Box::pin(async move { Ok(write.seq) })
    }

    fn ended<'a>(&'a self, _: &'a str, _: u32, _: WriteEnd) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn finish<'a>(&'a self, _: &'a str, _: RunEnd, _: Timestamp) -> JournalFuture<'a, ()> {
        Box::pin(async { Ok(()) })
    }

    fn writes<'a>(&'a self, _: &'a str) -> JournalFuture<'a, Option<Vec<KeptWrite>>> {
        Box::pin(async { Ok(None) })
    }

    fn forget<'a>(&'a self, _: &'a str) -> JournalFuture<'a, u64> {
        Box::pin(async { Ok(0) })
    }
}
