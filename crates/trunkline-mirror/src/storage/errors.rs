//! What can go wrong with the mirror's database, each with a code, a place and what to do.
//!
//! The one rule: a driver's error never reaches a person bare; [`StorageError::from_sqlite`] names its kind first.

use std::path::{Path, PathBuf};

use rusqlite::ffi::ErrorCode;

/// A column that cannot be left out or hashed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the column {text:?} cannot be left out or hashed: {reason}")]
pub struct BadColumnRef {
    /// What was written.
    pub text: String,
    /// Why it does not work.
    pub reason: &'static str,
}

/// Why the mirror could not be opened, written or read.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StorageError {
    /// Another program holds the write lock.
    #[error("the mirror {} is locked: another program is writing to it", path.display())]
    Locked {
        /// The database.
        path: PathBuf,
    },
    /// The file or its folder does not let itself be written.
    #[error("the mirror {} is read-only", path.display())]
    ReadOnly {
        /// The database.
        path: PathBuf,
    },
    /// A newer program made it.
    #[error("the mirror {} has the format {found}, which is newer than the format {known} of this program", path.display())]
    NewerFormat {
        /// The database.
        path: PathBuf,
        /// The format of the file.
        found: i64,
        /// The newest format that this program knows.
        known: i64,
    },
    /// No room is left.
    #[error("the disk is full: the mirror {} cannot grow", path.display())]
    Full {
        /// The database.
        path: PathBuf,
    },
    /// The file is something else.
    #[error("{} is not a mirror: {reason}", path.display())]
    NotAMirror {
        /// The file.
        path: PathBuf,
        /// How one can tell.
        reason: String,
    },
    /// The file is damaged.
    #[error("the mirror {} is damaged: {reason}", path.display())]
    Corrupt {
        /// The database.
        path: PathBuf,
        /// What the database engine found.
        reason: String,
    },
    /// The mirror holds another workspace.
    #[error("the mirror {} holds the workspace {held}, not {found}", path.display())]
    OtherWorkspace {
        /// The database.
        path: PathBuf,
        /// The workspace that it holds.
        held: String,
        /// The workspace that was to be written.
        found: String,
    },
    /// The file cannot be opened or made.
    #[error("the mirror {} cannot be opened: {reason}", path.display())]
    CannotOpen {
        /// The database.
        path: PathBuf,
        /// Why.
        reason: String,
    },
    /// A column to leave out or hash does not exist or is needed.
    #[error(transparent)]
    Column(#[from] BadColumnRef),
    /// A change names a stream that has no table, or one of another kind.
    #[error("the mirror {} has no table that takes {what} of the stream {stream}", path.display())]
    UnknownStream {
        /// The database.
        path: PathBuf,
        /// The stream.
        stream: String,
        /// The kind of change.
        what: &'static str,
    },
    /// The writer ended.
    #[error("the mirror {} is closed", path.display())]
    Closed {
        /// The database.
        path: PathBuf,
    },
    /// Anything else that the database engine says.
    #[error("the mirror {} failed while {doing}: {source}", path.display())]
    Sqlite {
        /// The database.
        path: PathBuf,
        /// What was being done.
        doing: &'static str,
        /// What the engine says.
        source: rusqlite::Error,
    },
}

impl StorageError {
    /// Names the kind of a driver's error.
    pub(crate) fn from_sqlite(path: &Path, doing: &'static str, source: rusqlite::Error) -> Self {
        let path = path.to_path_buf();
        match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Self::Locked { path },
            Some(ErrorCode::ReadOnly | ErrorCode::PermissionDenied) => Self::ReadOnly { path },
            Some(ErrorCode::DiskFull) => Self::Full { path },
            Some(ErrorCode::NotADatabase) => Self::NotAMirror {
                path,
                reason: "it is no SQLite database".to_owned(),
            },
            Some(ErrorCode::DatabaseCorrupt) => Self::Corrupt {
                path,
                reason: source.to_string(),
            },
            Some(ErrorCode::CannotOpen) => Self::CannotOpen {
                path,
                reason: source.to_string(),
            },
            _ => Self::Sqlite { path, doing, source },
        }
    }

    /// The code of the error's page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Locked { .. } => "TL0201",
            Self::ReadOnly { .. } => "TL0202",
            Self::NewerFormat { .. } => "TL0203",
            Self::Full { .. } => "TL0204",
            Self::NotAMirror { .. } => "TL0205",
            Self::Corrupt { .. } => "TL0206",
            Self::OtherWorkspace { .. } => "TL0207",
            Self::CannotOpen { .. } => "TL0208",
            Self::Column(_) => "TL0209",
            Self::UnknownStream { .. } => "TL0210",
            Self::Closed { .. } => "TL0211",
            Self::Sqlite { .. } => "TL0212",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Locked { path } => format!(
                "let the other run end, or close the program that has {} open for writing; reading it is always possible",
                path.display()
            ),
            Self::ReadOnly { path } => format!(
                "make {} and its folder writable for this user, or name another file with --to",
                path.display()
            ),
            Self::NewerFormat { .. } => {
                "use the newer Trunkline that made it, or mirror into another file with --to".to_owned()
            }
            Self::Full { .. } => {
                "make room on the disk and run again: everything up to the last page is kept".to_owned()
            }
            Self::NotAMirror { .. } => {
                "name a file that does not exist yet, or a mirror, with --to".to_owned()
            }
            Self::Corrupt { path, .. } => format!(
                "move {} away and mirror again, or restore it from a backup",
                path.display()
            ),
            Self::OtherWorkspace { .. } => {
                "keep one file for each workspace: name another with --to".to_owned()
            }
            Self::CannotOpen { path, .. } => {
                format!(
                    "check that the folder of {} exists and may be entered",
                    path.display()
                )
            }
            Self::Column(_) => "`trunkline streams` lists every stream with its columns".to_owned(),
            Self::UnknownStream { .. } => "`trunkline streams` lists the streams".to_owned(),
            Self::Closed { .. } => "run again; the earlier error says why the writer ended".to_owned(),
            Self::Sqlite { .. } => {
                "run again; nothing is half written. If it stays, check the file with PRAGMA integrity_check"
                    .to_owned()
            }
        }
    }
}
