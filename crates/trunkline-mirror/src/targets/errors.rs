//! What can go wrong with a target, each with a code, a place and what to do.
//!
//! The one rule: no value that was to be written, and no password, stands in an error: servers quote both.

use crate::storage::StorageError;

/// Why a target could not be brought up to the mirror. Nothing of the round is kept.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TargetError {
    /// The text that names it cannot be read.
    #[error("the target cannot be used: {reason}")]
    Address {
        /// Why not, without the address: it may hold a password.
        reason: String,
    },
    /// It does not answer or lets nobody in.
    #[error("{target} cannot be reached: {reason}")]
    Unreachable {
        /// The target, without secrets.
        target: String,
        /// Why.
        reason: String,
    },
    /// A table or folder of its name is somebody else's.
    #[error("{target} has a {what} that the mirror did not make: {reason}")]
    Foreign {
        /// The target.
        target: String,
        /// Such as ``table `tags` ``.
        what: String,
        /// How it differs.
        reason: String,
    },
    /// The user may not do what has to be done.
    #[error("{target} does not allow this user to {doing}: {reason}")]
    Forbidden {
        /// The target.
        target: String,
        /// What was being done.
        doing: String,
        /// What it says.
        reason: String,
    },
    /// Another run is writing to it.
    #[error("{target} is being written by another run")]
    Busy {
        /// The target.
        target: String,
    },
    /// It holds another workspace.
    #[error("{target} holds the workspace {held}, not {found}")]
    OtherWorkspace {
        /// The target.
        target: String,
        /// The workspace that it holds.
        held: String,
        /// The workspace of the mirror.
        found: String,
    },
    /// A newer program made it.
    #[error("{target} has the format {found}, which is newer than the format {known} of this program")]
    Newer {
        /// The target.
        target: String,
        /// Its format.
        found: i64,
        /// The newest that this program knows.
        known: i64,
    },
    /// There is no room on it.
    #[error("{target} has no room left")]
    Full {
        /// The target.
        target: String,
    },
    /// It failed.
    #[error("{target} failed while {doing}: {reason}")]
    Failed {
        /// The target.
        target: String,
        /// What was being done.
        doing: String,
        /// What it says.
        reason: String,
    },
    /// The mirror itself could not be read.
    #[error(transparent)]
    Mirror(#[from] StorageError),
}

impl TargetError {
    /// The code of the error's page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "TL0150",
            Self::Unreachable { .. } => "TL0151",
            Self::Foreign { .. } => "TL0152",
            Self::Forbidden { .. } => "TL0153",
            Self::Busy { .. } => "TL0154",
            Self::OtherWorkspace { .. } => "TL0155",
            Self::Newer { .. } => "TL0156",
            Self::Full { .. } => "TL0157",
            Self::Failed { .. } => "TL0158",
            Self::Mirror(error) => error.code(),
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Address { .. } => {
                "write `--to postgres://user@host/database`, `--to parquet:FOLDER` or `--to parquet:s3://bucket/folder`; docs/guides/mirror-anywhere.md has examples"
            }
            Self::Unreachable { .. } => {
                "check address, database or bucket, user and password; the mirror file is up to date, and the next run goes on from there"
            }
            Self::Foreign { .. } => {
                "give the mirror a place of its own: another schema with `?schema=NAME`, or an empty folder"
            }
            Self::Forbidden { .. } => {
                "let its owner grant that; for a schema: CREATE SCHEMA name AUTHORIZATION user"
            }
            Self::Busy { .. } => "let the other run end; one run at a time writes to a target",
            Self::OtherWorkspace { .. } => {
                "keep each workspace in a schema or folder of its own: `?schema=NAME`, or another folder"
            }
            Self::Newer { .. } => "use the newer Trunkline that made it, or another schema or folder",
            Self::Full { .. } => "make room and run again: it is as it was before this run",
            Self::Failed { .. } => {
                "run again: it is as it was before this run. If it stays, its own log says more"
            }
            Self::Mirror(error) => return error.advice(),
        }
        .to_owned()
    }
}
