//! A row on its way: as it was read, the input that was made of it, and what became of it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value};

use crate::{ActionError, Change};

/// A row of the source.
#[derive(Clone, Debug)]
pub struct Row {
    /// Its number in the source, from 1.
    pub number: u64,
    /// The line that it begins on; of a query: its number.
    pub line: u64,
    /// As it was read, for whoever keeps the rejected ones.
    pub original: Original,
    /// The action's input that was made of it; none when it asks for nothing.
    pub input: Result<Option<Value>, Rejection>,
}

/// A row as it was read.
#[derive(Clone, Debug, PartialEq)]
pub enum Original {
    /// The cells of a table, in the order of its columns.
    Cells(Vec<String>),
    /// A record with names.
    Record(Map<String, Value>),
    /// What could not be read any further.
    Text(String),
}

/// Why a row was not carried out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejection {
    /// The code, with a page under `docs/errors/`.
    pub code: Cow<'static, str>,
    /// What is wrong, with the field.
    pub message: String,
}

impl Rejection {
    /// A rejection with this code.
    #[must_use]
    pub fn new(code: &'static str, message: impl Into<String>) -> Self {
        Self {
            code: Cow::Borrowed(code),
            message: message.into(),
        }
    }

    /// What an action refused a row for.
    #[must_use]
    pub fn of(error: &ActionError) -> Self {
        match error {
            ActionError::Input { problems, .. } => {
                let problems: Vec<String> = problems.iter().map(ToString::to_string).collect();
                Self::new(error.code(), problems.join("; "))
            }
            other => Self::new(other.code(), other.to_string()),
        }
    }
}

/// What became of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum End {
    /// It made something.
    Created,
    /// It changed something.
    Updated,
    /// It found everything as it wants it.
    Unchanged,
    /// It asks for nothing.
    Skipped,
    /// It was not carried out.
    Rejected(Rejection),
}

impl End {
    /// The word for it in results.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Unchanged => "unchanged",
            Self::Skipped => "skipped",
            Self::Rejected(_) => "rejected",
        }
    }
}

impl From<Change> for End {
    fn from(change: Change) -> Self {
        match change {
            Change::Create => Self::Created,
            Change::Change => Self::Updated,
            Change::Keep => Self::Unchanged,
        }
    }
}

/// A row that is done with.
#[derive(Clone, Debug)]
pub struct RowEnd {
    /// Its number in the source, from 1.
    pub number: u64,
    /// The line that it begins on.
    pub line: u64,
    /// What became of it; in a dry run: what would.
    pub end: End,
    /// The run in the journal.
    pub run: Option<String>,
    /// The id of the object.
    pub id: Option<String>,
    /// As it was read, when it was rejected.
    pub original: Option<Original>,
    /// What it would do, in a dry run.
    pub planned: Option<PlannedRow>,
}

/// What a row would do.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlannedRow {
    /// The writes.
    pub writes: Vec<crate::PlannedWrite>,
    /// How many calls carry it out.
    pub calls: u32,
}
