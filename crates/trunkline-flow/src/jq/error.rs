//! What is wrong with an expression, and what can go wrong when it runs.
//!
//! The one rule: a message names the expression, and the value where there is one, both shortened.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;

use super::{compile::MAX_TEXT, position::Place, value::MAX_DEPTH};

/// Why a text is not an expression that can be run.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum CompileError {
    /// It is not jq.
    #[error("this is not a jq expression: {what} at {place}\n{}", place.marked)]
    Syntax {
        /// What was expected, what is there.
        what: String,
        /// Where.
        place: Place,
    },
    /// It names something that there is not.
    #[error("there is no {kind} `{name}` (at {place})\n{}", place.marked)]
    Unknown {
        /// Function, variable or label.
        kind: &'static str,
        /// Its name; of a function with the number of its arguments.
        name: String,
        /// Where.
        place: Place,
    },
    /// It names something that jq has and expressions here have not.
    #[error("`{name}` is left out here: {reason} (at {place})\n{}", place.marked)]
    LeftOut {
        /// What.
        name: String,
        /// Why.
        reason: &'static str,
        /// Where.
        place: Place,
    },
    /// A name that no variable can have.
    #[error("`{name}` cannot be the name of a variable")]
    VariableName {
        /// The name.
        name: String,
    },
    /// It is longer than any expression should be.
    #[error("the expression has {length} bytes; {MAX_TEXT} are the most")]
    TooLong {
        /// Its length in bytes.
        length: usize,
    },
    /// The compiler did not do its work.
    #[error("the expression could not be compiled: {why}")]
    Broken {
        /// What is known.
        why: String,
    },
}

impl CompileError {
    /// The code, which has a page under `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Syntax { .. } | Self::TooLong { .. } => "TL0801",
            Self::Unknown { .. } => "TL0802",
            Self::LeftOut { .. } => "TL0803",
            Self::VariableName { .. } => "TL0804",
            Self::Broken { .. } => "TL0809",
        }
    }

    /// What to do.
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Syntax { .. } => "Mend the expression at the mark; the manual of jq has the language.",
            Self::TooLong { .. } => "Make it shorter, or do the work in several steps.",
            Self::Unknown { .. } => "Look at the spelling and the number of arguments.",
            Self::LeftOut { .. } => "Write the expression without it.",
            Self::VariableName { .. } => {
                "Name it with letters, digits and `_`, beginning with a letter or `_`, without the `$`."
            }
            Self::Broken { .. } => "Please report this with the expression.",
        }
    }
}

/// Why a run ended without all of its outputs.
#[derive(Clone, Debug, Error, PartialEq)]
#[error("the expression `{expression}` {failure}{}", on(input))]
pub struct RunError {
    /// The expression, shortened.
    pub expression: String,
    /// What it ran on, shortened; nothing where that makes no difference.
    pub input: Option<String>,
    /// What went wrong.
    pub failure: RunFailure,
    /// What was given out before.
    pub before: Vec<Value>,
}

fn on(input: &Option<String>) -> String {
    input
        .as_ref()
        .map_or_else(String::new, |input| format!(", on {input}"))
}

/// What can go wrong when an expression runs.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RunFailure {
    /// The expression failed by itself: by `error`, or because a value is not what it takes it for.
    #[error("failed: {0}")]
    Failed(String),
    /// Its variables are not those that it was compiled with.
    #[error("has no value for its variable `${0}`")]
    NoVariable(String),
    /// A variable was given that it was not compiled with.
    #[error("was compiled without the variable `${0}`")]
    StrangeVariable(String),
    /// The time is over.
    #[error("did not end within {0:?}")]
    Late(Duration),
    /// The steps are used up.
    #[error("did not end within {0} steps")]
    Steps(u64),
    /// The memory is used up.
    #[error("makes more than {0} bytes of values")]
    Memory(u64),
    /// It gives out too many values.
    #[error("gives out more than {0} values")]
    Outputs(usize),
    /// It calls itself without end, or nearly so.
    #[error("calls itself too deep")]
    Calls,
    /// The input, or a value that it makes, nests too deep.
    #[error("has to do with a value of more than {MAX_DEPTH} arrays and objects inside of each other")]
    Depth,
    /// The interpreter did not do its work.
    #[error("could not be run: {0}")]
    Broken(String),
}

impl RunError {
    /// The code, which has a page under `docs/errors/`.
    pub const fn code(&self) -> &'static str {
        match self.failure {
            RunFailure::NoVariable(_) | RunFailure::StrangeVariable(_) => "TL0804",
            RunFailure::Failed(_) => "TL0805",
            RunFailure::Late(_) => "TL0806",
            RunFailure::Steps(_) | RunFailure::Memory(_) | RunFailure::Outputs(_) => "TL0807",
            RunFailure::Calls | RunFailure::Depth => "TL0808",
            RunFailure::Broken(_) => "TL0809",
        }
    }

    /// What to do.
    pub const fn advice(&self) -> &'static str {
        match self.failure {
            RunFailure::NoVariable(_) | RunFailure::StrangeVariable(_) => {
                "Bind exactly the variables that the expression was compiled with."
            }
            RunFailure::Failed(_) => {
                "Look at the value; `?` behind an access, or `// \"other\"`, takes care of what is not always there."
            }
            RunFailure::Late(_) | RunFailure::Steps(_) => {
                "Look for a recursion, `repeat`, `until` or `range` that does not end, or give it less at a time."
            }
            RunFailure::Memory(_) | RunFailure::Outputs(_) => {
                "Look for what grows with each round, or give it less at a time."
            }
            RunFailure::Calls => {
                "Write the recursion so that the call comes last, or with `reduce` or `until`."
            }
            RunFailure::Depth => {
                "Look for what is put into itself; JSON of people and programs is never so deep."
            }
            RunFailure::Broken(_) => {
                "Try again; if it stays, please report it with the expression and the value."
            }
        }
    }
}
