//! What a command ends with when it could not do its work: a code, a message, a line of advice and an exit code.
//!
//! The one rule: whatever fails below arrives here with its own code; nothing is reworded on the way. Pages for the
//! codes are under `docs/errors/`.

use std::{fmt, process::ExitCode};

/// Exit codes of the program; 2 is clap's own for a command line that it cannot read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Exit {
    /// Something was done, something is missing or failed.
    Incomplete = 1,
    /// The command line or the settings are wrong.
    Usage = 2,
    /// Nothing could be done.
    Failed = 3,
}

/// A failure with everything that a person needs.
#[derive(Debug)]
pub(crate) struct Failure {
    /// The code, such as `TL0001`.
    pub(crate) code: &'static str,
    /// What happened, and where.
    pub(crate) message: String,
    /// What to do.
    pub(crate) advice: String,
    exit: Exit,
}

impl Failure {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: advice.into(),
            exit: Exit::Failed,
        }
    }

    /// A failure of what the person typed or wrote into a file.
    pub(crate) fn usage(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            exit: Exit::Usage,
            ..Self::new(code, message, advice)
        }
    }

    /// What stopped a whole batch: nobody's typing, so that whoever resumes it is not told to type otherwise.
    pub(crate) fn halting(error: &trunkline_actions::ActionError) -> Self {
        Self::new(error.code(), error.to_string(), error.advice())
    }

    pub(crate) fn exit_code(&self) -> ExitCode {
        ExitCode::from(self.exit as u8)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit as u8)
    }
}

/// A table that cannot be read was named by whoever typed.
impl From<trunkline_components::tables::TableError> for Failure {
    fn from(error: trunkline_components::tables::TableError) -> Self {
        Self::usage(error.code, error.message, error.advice)
    }
}

impl From<trunkline_server::publishing::PublishError> for Failure {
    fn from(error: trunkline_server::publishing::PublishError) -> Self {
        let make = if error.is_usage { Self::usage } else { Self::new };
        make(error.code, error.message, error.advice)
    }
}

/// What the layers below fail with, each with its own code and advice.
macro_rules! from_below {
    ($($error:ty),+ $(,)?) => {
        $(impl From<$error> for Failure {
            fn from(error: $error) -> Self {
                Self::new(error.code(), error.to_string(), error.advice())
            }
        })+
    };
}

from_below!(
    trunkline_client::BuildError,
    trunkline_client::oauth::OAuthError,
    trunkline_client::CallError,
    trunkline_flow::jq::RunError,
    trunkline_mirror::storage::StorageError,
    trunkline_simulator::FidelityError,
    trunkline_simulator::FolderError,
    trunkline_simulator::StartError,
    trunkline_simulator::UnknownHabit,
    trunkline_store::StoreError,
);

impl From<trunkline_actions::ActionError> for Failure {
    fn from(error: trunkline_actions::ActionError) -> Self {
        let exit = if error.is_usage() {
            Exit::Usage
        } else {
            Exit::Failed
        };
        Self {
            exit,
            ..Self::new(error.code(), error.to_string(), error.advice())
        }
    }
}

impl From<trunkline_server::ServerError> for Failure {
    fn from(error: trunkline_server::ServerError) -> Self {
        let exit = match error {
            trunkline_server::ServerError::Target { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self {
            exit,
            ..Self::new(error.code(), error.to_string(), error.advice())
        }
    }
}

impl From<trunkline_actions::lookup::UnknownLookup> for Failure {
    fn from(error: trunkline_actions::lookup::UnknownLookup) -> Self {
        Self::usage(error.code(), error.to_string(), error.advice())
    }
}

impl From<trunkline_client::RawError> for Failure {
    fn from(error: trunkline_client::RawError) -> Self {
        Self::usage(error.code(), error.to_string(), error.advice())
    }
}

impl From<trunkline_mirror::targets::TargetError> for Failure {
    fn from(error: trunkline_mirror::targets::TargetError) -> Self {
        let exit = match error {
            trunkline_mirror::targets::TargetError::Address { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self {
            exit,
            ..Self::new(error.code(), error.to_string(), error.advice())
        }
    }
}

impl From<trunkline_mirror::storage::BadColumnRef> for Failure {
    fn from(error: trunkline_mirror::storage::BadColumnRef) -> Self {
        Self::usage(
            "TL0007",
            error.to_string(),
            "Write the column as `stream.column`, such as `contacts.email`.",
        )
    }
}

impl From<trunkline_mirror::analytics::ReportError> for Failure {
    fn from(error: trunkline_mirror::analytics::ReportError) -> Self {
        let exit = if error.is_usage() {
            Exit::Usage
        } else {
            Exit::Failed
        };
        Self {
            exit,
            ..Self::new(error.code(), error.to_string(), error.advice())
        }
    }
}

impl From<trunkline_mirror::sync::SyncError> for Failure {
    fn from(error: trunkline_mirror::sync::SyncError) -> Self {
        let exit = match error {
            trunkline_mirror::sync::SyncError::UnknownStream { .. } => Exit::Usage,
            _ => Exit::Failed,
        };
        Self {
            exit,
            ..Self::new(error.code(), error.to_string(), error.advice())
        }
    }
}

impl From<trunkline_flow::jq::CompileError> for Failure {
    fn from(error: trunkline_flow::jq::CompileError) -> Self {
        Self::usage(error.code(), error.to_string(), error.advice())
    }
}

impl From<trunkline_catalog::UnknownTopic> for Failure {
    fn from(error: trunkline_catalog::UnknownTopic) -> Self {
        Self::usage(error.code(), error.to_string(), error.advice())
    }
}
