//! Why a mirror cannot be looked through as it was asked, each with a code and what to do.

use std::path::PathBuf;

use crate::storage::StorageError;

/// Why a mirror cannot be looked through as it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BrowseError {
    /// There is no file yet.
    #[error("the mirror has no file at {} yet", path.display())]
    NoMirror {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A stream, or a record of it, that the mirror does not hold.
    #[error("the mirror holds no {what} `{id}`")]
    NotFound {
        /// What it should be.
        what: String,
        /// What it was called.
        id: String,
    },
    /// Something that was asked cannot be: a column that is not there, a place that is none.
    #[error("{reason}")]
    Bad {
        /// The field of the question.
        field: &'static str,
        /// Why.
        reason: String,
    },
    /// SQL that the database does not understand.
    #[error("{message}")]
    Sql {
        /// What the database says.
        message: String,
    },
    /// SQL that does anything else than read.
    #[error("only reading is allowed here: {what}")]
    NotReading {
        /// What it would do.
        what: String,
    },
    /// Nobody waits for it any more.
    #[error("it took too long and was ended")]
    TooLong,
    /// The database cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl BrowseError {
    /// The code of the error's page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoMirror { .. } => "TL0980",
            Self::NotFound { .. } => "TL0981",
            Self::Bad { .. } => "TL0625",
            Self::Sql { .. } => "TL0982",
            Self::NotReading { .. } => "TL0983",
            Self::TooLong => "TL0984",
            Self::Storage(error) => error.code(),
        }
    }

    pub(super) fn bad(field: &'static str, reason: impl Into<String>) -> Self {
        Self::Bad {
            field,
            reason: reason.into(),
        }
    }

    pub(super) fn not_found(what: impl Into<String>, id: impl Into<String>) -> Self {
        Self::NotFound {
            what: what.into(),
            id: id.into(),
        }
    }
}
