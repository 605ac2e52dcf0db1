//! The one error value of an action.
//!
//! The one rule: everything that can be known before a call is said before the first one, all of it at once, each problem
//! with its field and its remedy. Values of fields, which may be personal, are not repeated.

use std::fmt;

use trunkline_client::{CallError, Disposition, ErrorKind, PortError};

/// Something in an input that does not fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Problem {
    /// The field, dotted, with the number of the item in a list (`filters[0].field`).
    pub field: String,
    /// What is wrong and what to do, as the rest of a sentence that begins with the field.
    pub what: String,
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, what: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            what: what.into(),
        }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.field, self.what)
    }
}

/// Why an action did not do what was asked.
#[derive(Clone, Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ActionError {
    /// No action has this id.
    #[error("there is no action `{id}`")]
    Unknown {
        /// What was asked for.
        id: String,
        /// The nearest ids, best first.
        near: Vec<&'static str>,
    },
    /// The input does not fit the action; nothing was sent.
    #[error("the input does not fit {action}: {}", join(problems))]
    Input {
        /// The action's id.
        action: &'static str,
        /// Everything that is wrong with it.
        problems: Vec<Problem>,
    },
    /// The connection's version of the API lacks the action; nothing was sent.
    #[error("{action} {range}; the connection speaks {version}")]
    NotInVersion {
        /// The action's id.
        action: &'static str,
        /// Where it exists, in words.
        range: String,
        /// The connection's version.
        version: &'static str,
    },
    /// The journal cannot be read or written; what was not in it was not sent.
    #[error("the journal does not answer: {0}")]
    Journal(PortError),
    /// The key stands for another input.
    #[error("the key was used before for {action} with another input (run {run})")]
    KeyTaken {
        /// The action of the run that has the key.
        action: String,
        /// That run.
        run: String,
    },
    /// The same call with the same key is under way.
    #[error("a call with this key is under way (run {run})")]
    KeyBusy {
        /// That run.
        run: String,
    },
    /// Whether a write was carried out could not be found out.
    #[error("whether {operation} was carried out is not known: {reason}")]
    OutcomeUnknown {
        /// The write's operation.
        operation: String,
        /// Why it is not known.
        reason: String,
    },
    /// Whether a contact was made by somebody who was cut off is not known yet.
    #[error("whether the contact was made by run {run}, which was cut off, is not known yet")]
    LeftOpen {
        /// That run.
        run: String,
    },
    /// The workspace is no longer what the plan was made for.
    #[error("the workspace has moved on since the plan was made: {difference}")]
    Moved {
        /// The first difference.
        difference: String,
    },
    /// Intercom refused a call, or could not be reached.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The module itself refuses, with a code of its own.
    #[error("{message}")]
    Refused {
        /// The code, with a page under `docs/errors/`.
        code: &'static str,
        /// What happened.
        message: String,
        /// What to do.
        advice: String,
    },
}

impl ActionError {
    /// A refusal of a module.
    pub(crate) fn refused(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self::Refused {
            code,
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unknown { .. } => "TL0701",
            Self::Input { .. } => "TL0702",
            Self::NotInVersion { .. } => "TL0703",
            Self::Journal(_) => "TL0704",
            Self::KeyTaken { .. } => "TL0760",
            Self::KeyBusy { .. } => "TL0761",
            Self::OutcomeUnknown { .. } => "TL0762",
            Self::LeftOpen { .. } => "TL0767",
            Self::Moved { .. } => "TL0763",
            Self::Call(error) => error.code(),
            Self::Refused { code, .. } => code,
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Unknown { near, .. } if near.is_empty() => {
                "`trunkline actions` lists them all, and takes search words.".to_owned()
            }
            Self::Unknown { near, .. } => format!(
                "Near it: {}. `trunkline actions` lists them all.",
                near.join(", ")
            ),
            Self::Input { action, .. } => {
                format!("`trunkline action {action}` shows what it takes.")
            }
            Self::NotInVersion { .. } => {
                "Choose a version that has it, with `--api-version` or for the connection.".to_owned()
            }
            Self::Journal(_) => "Mend the store that keeps it, then call again.".to_owned(),
            Self::KeyTaken { .. } => "Use a new key for another input.".to_owned(),
            Self::KeyBusy { .. } => "Wait for it, then call again with the same key.".to_owned(),
            Self::OutcomeUnknown { .. } => {
                "Look in Intercom whether it happened; then leave it, or call again with a new key."
                    .to_owned()
            }
            Self::LeftOpen { .. } => {
                "Call again in a minute; after ten at the most Intercom's search shows it, and one contact is made or found."
                    .to_owned()
            }
            Self::Moved { .. } => "Make a new plan and look at it again.".to_owned(),
            Self::Call(error) => error.advice(),
            Self::Refused { advice, .. } => advice.clone(),
        }
    }

    /// What a caller should do with the record that the call was for, and with those after it.
    #[must_use]
    pub fn disposition(&self) -> Disposition {
        match self {
            // A call that cannot be made of these values can be made of others.
            Self::Call(error) if error.kind == ErrorKind::BadCall => Disposition::Reject,
            Self::Call(error) => error.disposition(),
            Self::Unknown { .. } | Self::NotInVersion { .. } | Self::Journal(_) => Disposition::Halt,
            // Whoever is at it ends, or its hold does; what was made is shown in the end.
            Self::KeyBusy { .. } | Self::LeftOpen { .. } => Disposition::Retry,
            Self::Input { .. }
            | Self::KeyTaken { .. }
            | Self::OutcomeUnknown { .. }
            | Self::Moved { .. }
            | Self::Refused { .. } => Disposition::Reject,
        }
    }

    /// Whether the person or program that asked is wrong, rather than anything on the way.
    #[must_use]
    pub const fn is_usage(&self) -> bool {
        matches!(
            self,
            Self::Unknown { .. } | Self::Input { .. } | Self::NotInVersion { .. } | Self::KeyTaken { .. }
        )
    }
}

impl From<PortError> for ActionError {
    fn from(error: PortError) -> Self {
        Self::Journal(error)
    }
}

fn join(problems: &[Problem]) -> String {
    let all: Vec<String> = problems.iter().map(ToString::to_string).collect();
    all.join("; ")
}
