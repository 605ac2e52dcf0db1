//! What publishing fails with before any row does: a code, what happened, what to do.

use trunkline_components::tables::TableError;
use trunkline_flow::jq::CompileError;

/// Why rows cannot be published.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct PublishError {
    /// The code, with a page under `docs/errors/`.
    pub code: &'static str,
    /// What happened, and where.
    pub message: String,
    /// What to do.
    pub advice: String,
    /// Whether what was typed or written into a file is wrong, rather than anything on the way.
    pub is_usage: bool,
}

impl PublishError {
    pub(crate) fn new(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: advice.into(),
            is_usage: false,
        }
    }

    /// What somebody typed or wrote is wrong.
    pub(crate) fn usage(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            is_usage: true,
            ..Self::new(code, message, advice)
        }
    }
}

/// A table that cannot be read was named by whoever typed.
impl From<TableError> for PublishError {
    fn from(error: TableError) -> Self {
        Self::usage(error.code, error.message, error.advice)
    }
}

impl From<CompileError> for PublishError {
    fn from(error: CompileError) -> Self {
        Self::usage(error.code(), error.to_string(), error.advice())
    }
}
