//! The journal: what actions did to workspaces, run by run and write by write, with what was there before and after.
//!
//! The one rule: only who holds a run writes into it, and a write is on disk before its call is sent; so whatever a process that died
//! left behind can be found out. Read `journal/course.rs` for how a run goes, `journal/writes.rs` for what it writes down,
//! `journal/query.rs` and `journal/forget.rs` for what becomes of it later.

mod course;
mod forget;
mod holders;
mod query;
mod writes;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use crate::{StoreError, database::Row, document};

pub use query::ActionRunFilter;
pub use writes::{ActionWrite, Answer, NewWrite, WriteState};

pub(crate) use holders::IS_ALIVE;

const LONGEST_WORD: usize = 255;

/// A run to begin.
#[derive(Clone, Debug)]
pub struct NewActionRun {
    /// The workspace's code.
    pub workspace: String,
    /// The action's id, such as `contacts.upsert`.
    pub action: String,
    /// Stands for the input: equal for inputs that mean the same.
    pub input_digest: String,
    /// The input as it was given.
    pub input: Json,
    /// The caller's key: at most one run of a workspace has it.
    pub key: Option<String>,
    /// The run that this one undoes, of the same workspace.
    pub undo_of: Option<String>,
    /// The batch that this run is of.
    pub batch: Option<String>,
    /// Who asked for it, such as `command line` or a key's name.
    pub by_whom: String,
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum ActionRunState {
    /// Its process is at it.
    Running,
    /// Its process ended under it; nobody knows yet what became of its last writes.
    Interrupted,
    /// It did what was asked.
    Done,
    /// It did not; the error says why, and its writes what was done all the same.
    Failed,
    /// What became of it could not be found out.
    Unknown,
}

impl ActionRunState {
    const ALL: [Self; 5] = [
        Self::Running,
        Self::Interrupted,
        Self::Done,
        Self::Failed,
        Self::Unknown,
    ];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A run as a list shows it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionRun {
    /// Our id; ids sort by the time that the runs began at.
    pub id: String,
    /// The workspace's code.
    pub workspace: String,
    /// The action's id.
    pub action: String,
    /// Stands for the input.
    pub input_digest: String,
    /// The caller's key.
    pub key: Option<String>,
    /// How far it has come.
    pub state: ActionRunState,
    /// How many writes it made or tried.
    pub writes: i64,
    /// What it answered, unless that was erased.
    pub outcome: Option<Json>,
    /// Why it did not do what was asked.
    pub error: Option<Json>,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// The run that it undoes.
    pub undo_of: Option<String>,
    /// The newest run that undoes it and has not failed.
    pub undone_by: Option<String>,
    /// The batch that it is of.
    pub batch: Option<String>,
    /// Who asked for it.
    pub by_whom: String,
}

/// A run with everything that is kept of it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionRecord {
    /// The run.
    #[serde(flatten)]
    pub run: ActionRun,
    /// The input as it was given, unless it was erased.
    pub input: Option<Json>,
    /// What it wrote, in order.
    #[serde(rename = "journal")]
    pub writes: Vec<ActionWrite>,
}

/// The right to write into a run, for as long as nobody takes the run over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldRun {
    /// The run's id.
    pub id: String,
    /// Grows with every change of hands.
    pub(crate) fence: i64,
}

/// What became of the wish to begin a run.
#[derive(Clone, Debug, PartialEq)]
pub enum Begun {
    /// It has begun.
    New(HeldRun),
    /// A run with this key and input is done; it is not made again.
    Same(Box<ActionRun>),
    /// The key is that of a run with another action or input.
    Other(Box<ActionRun>),
    /// A living process is at a run with this key and input.
    Busy(Box<ActionRun>),
    /// A run with this key and input was left by a process that died, failed, or what became of it was not found out. It is ours now:
    /// its writes say where it stood.
    Interrupted(HeldRun, Box<ActionRecord>),
}

/// Whether a word may be that of something which is kept; a database may refuse to look for others.
pub(crate) fn may_be(word: &str) -> bool {
    check_word("", word).is_ok()
}

/// A word that the store takes: not empty, not long, and nothing in it that cannot be seen.
pub(crate) fn check_word(what: &str, word: &str) -> Result<(), StoreError> {
    let reason = if word.is_empty() {
        "is empty"
    } else if word.len() > LONGEST_WORD {
        "is longer than 255 bytes"
    } else if word.chars().any(char::is_control) {
        "holds control characters"
    } else {
        return Ok(());
    };
    Err(StoreError::Invalid {
        what: what.to_owned(),
        reason,
    })
}

fn run(mut row: Row) -> Result<ActionRun, StoreError> {
    Ok(ActionRun {
        id: row.text()?,
        workspace: row.text()?,
        action: row.text()?,
        input_digest: row.text()?,
        key: row.text_or_none()?,
        state: ActionRunState::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
            what: "a run in an unknown state".to_owned(),
        })?,
        writes: row.int()?,
        outcome: json(&mut row)?,
        error: json(&mut row)?,
        started_at: row.moment()?,
        ended_at: row.moment_or_none()?,
        undo_of: row.text_or_none()?,
        undone_by: row.text_or_none()?,
        batch: row.text_or_none()?,
        by_whom: row.text()?,
    })
}

fn json(row: &mut Row) -> Result<Option<Json>, StoreError> {
    row.text_or_none()?.as_deref().map(document::read).transpose()
}

/// A document as text, if there is one.
fn text(json: Option<&Json>) -> Option<String> {
    json.map(Json::to_string)
}
