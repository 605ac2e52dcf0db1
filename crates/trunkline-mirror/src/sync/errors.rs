//! What stops a whole run, and what stops one stream.

use trunkline_client::{CallError, ErrorKind};

use crate::{report::StreamState, storage::StorageError};

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A stream that does not exist was asked for.
    #[error("there is no stream {name:?}{}", suggestion(.near))]
    UnknownStream {
        /// What was asked for.
        name: String,
        /// The names that look like it.
        near: Vec<&'static str>,
    },
    /// The answer to "who am I" does not say which workspace this is.
    #[error("the answer of /me does not say which workspace the token belongs to: {reason}")]
    NoWorkspace {
        /// What is missing.
        reason: String,
    },
    /// The first call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The mirror could not be written or read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

fn suggestion(names: &[&str]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", names.join(" or "))
    }
}

impl SyncError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::UnknownStream { .. } => "TL0250",
            Self::NoWorkspace { .. } => "TL0251",
            Self::Call(error) => error.code(),
            Self::Storage(error) => error.code(),
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::UnknownStream { .. } => "`trunkline streams` lists the streams.".to_owned(),
            Self::NoWorkspace { .. } => {
                "Check the base URL: it must be Intercom's API or a simulator, without a proxy's page in between.".to_owned()
            }
            Self::Call(error) => error.advice(),
            Self::Storage(error) => error.advice(),
        }
    }
}

/// Why a stream's reading stopped.
#[derive(Debug)]
pub(crate) enum Halt {
    /// A call failed for good; the other streams go on.
    Call(CallError),
    /// The mirror cannot be written: nothing can go on.
    Storage(StorageError),
}

impl From<CallError> for Halt {
    fn from(error: CallError) -> Self {
        Self::Call(error)
    }
}

impl From<StorageError> for Halt {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// What a failed call means for the stream that it was made for.
pub(crate) fn state_of(error: &CallError) -> StreamState {
    match error.kind {
        // A token that ends in the middle of a run must not look like a lack of permissions.
        ErrorKind::Unauthorized if error.names_the_token() => StreamState::Failed,
        ErrorKind::Unauthorized | ErrorKind::Forbidden | ErrorKind::PlanRestricted => {
            StreamState::EmptyByPermission
        }
        ErrorKind::NotInVersion => StreamState::NotInVersion,
        _ => StreamState::Failed,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn a_token_that_ends_is_a_failure_and_a_missing_permission_is_none() {
        for (kind, code, expected) in [
            (ErrorKind::Unauthorized, "token_revoked", StreamState::Failed),
            (ErrorKind::Unauthorized, "token_expired", StreamState::Failed),
            (
                ErrorKind::Unauthorized,
                "token_unauthorized",
                StreamState::EmptyByPermission,
            ),
            (
                ErrorKind::Unauthorized,
                "unauthorized",
                StreamState::EmptyByPermission,
            ),
            (ErrorKind::Forbidden, "forbidden", StreamState::EmptyByPermission),
            (ErrorKind::NotInVersion, "", StreamState::NotInVersion),
            (ErrorKind::Server, "", StreamState::Failed),
        ] {
            let operation = Catalog::embedded().operation("tags.list").unwrap();
            let mut error = CallError::of(operation, kind, "");
            error.intercom_code = Some(code.to_owned());
            assert_eq!(state_of(&error), expected, "{code}");
        }
    }
}
