//! What a run of a mirror leaves behind: its report with the audit of the notifications, or why there is none.

use serde::Serialize;
use trunkline_client::CallError;
use trunkline_mirror::{
    notifications::{Gap, Silence},
    report::SyncReport,
    storage::{BadColumnRef, StorageError},
    sync::SyncError,
};

use crate::ServerError;

/// A run's report.
#[derive(Debug, Serialize)]
pub(crate) struct RunReport {
    /// What was read.
    #[serde(flatten)]
    pub(crate) sync: SyncReport,
    /// What the run found that no notification had told; only for a mirror that follows notifications.
    pub(crate) gaps: Vec<Gap>,
    /// The subscription fell silent.
    pub(crate) silence: Option<Silence>,
}

/// Why a run could not be done.
#[derive(Debug, Serialize)]
pub(crate) struct RunFailure {
    pub(crate) code: &'static str,
    pub(crate) error: String,
    pub(crate) advice: String,
    /// The call that failed, where one did.
    #[serde(skip)]
    pub(crate) call: Option<CallError>,
}

impl From<SyncError> for RunFailure {
    fn from(error: SyncError) -> Self {
        Self {
            code: error.code(),
            error: error.to_string(),
            advice: error.advice(),
            call: match error {
                SyncError::Call(call) => Some(call),
                _ => None,
            },
        }
    }
}

impl From<StorageError> for RunFailure {
    fn from(error: StorageError) -> Self {
        Self {
            code: error.code(),
            error: error.to_string(),
            advice: error.advice(),
            call: None,
        }
    }
}

impl From<ServerError> for RunFailure {
    fn from(error: ServerError) -> Self {
        Self {
            code: error.code(),
            error: error.to_string(),
            advice: error.advice(),
            call: None,
        }
    }
}

impl From<BadColumnRef> for RunFailure {
    fn from(error: BadColumnRef) -> Self {
        Self {
            code: "TL0007",
            error: error.to_string(),
            advice: "Write the column as `stream.column`, such as `contacts.email`.".to_owned(),
            call: None,
        }
    }
}
