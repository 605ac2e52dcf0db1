//! Why a report cannot be made, each with a code, a place and what to do.
//!
//! The one rule: a report of nothing is never shown where the answer is "this was never read".

use std::path::PathBuf;

use crate::storage::StorageError;

/// Why a report cannot be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// There is no file, or none that is a mirror.
    #[error("there is no mirror at {}", path.display())]
    NoMirror {
        /// Where it was looked for.
        path: PathBuf,
    },
    /// A day or moment that cannot be read.
    #[error("{text:?} is neither a day nor a moment that there is in {zone}")]
    BadTime {
        /// What was written.
        text: String,
        /// The time zone in which it was read.
        zone: String,
    },
    /// The end is not after the beginning.
    #[error("the report would end at {to}, which is not after its beginning, {from}")]
    Reversed {
        /// The beginning.
        from: String,
        /// The end.
        to: String,
    },
    /// A time zone that nobody knows.
    #[error("there is no time zone {name:?}")]
    UnknownZone {
        /// What was written.
        name: String,
    },
    /// A team, tag or company that the mirror does not hold.
    #[error("the mirror has no {what} {name:?}")]
    UnknownName {
        /// What it should be.
        what: &'static str,
        /// What was written.
        name: String,
        /// Some that there are.
        known: Vec<String>,
    },
    /// A schedule that the mirror does not hold, or whose time zone is unknown.
    #[error("the mirror has no office hours {name:?} that can be reckoned with")]
    UnknownSchedule {
        /// What was written.
        name: String,
        /// Those that there are.
        known: Vec<String>,
    },
    /// Conversations were never read into the mirror.
    #[error("conversations were never read into the mirror {}", path.display())]
    NoConversations {
        /// The mirror.
        path: PathBuf,
    },
    /// The database cannot be read.
    #[error(transparent)]
    Storage(#[from] StorageError),
}

impl ReportError {
    /// The code of the error's page.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::NoMirror { .. } => "TL0170",
            Self::BadTime { .. } => "TL0171",
            Self::Reversed { .. } => "TL0172",
            Self::UnknownZone { .. } => "TL0173",
            Self::UnknownName { .. } => "TL0174",
            Self::UnknownSchedule { .. } => "TL0175",
            Self::NoConversations { .. } => "TL0176",
            Self::Storage(error) => error.code(),
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::NoMirror { .. } => {
                "name the mirror's file with --mirror, or make one with `trunkline sync --to sqlite:FILE`".to_owned()
            }
            Self::BadTime { .. } => {
                "write a day such as 2026-11-21, or a moment such as 2026-11-21T09:00 or 2026-11-21T09:00:00Z".to_owned()
            }
            Self::Reversed { .. } => {
                "swap --from and --to; a day given as --to is counted to its end".to_owned()
            }
            Self::UnknownZone { .. } => {
                "write a name of the time zone database, such as Europe/Berlin or America/New_York, or UTC".to_owned()
            }
            Self::UnknownName { what, known, .. } if known.is_empty() => {
                format!("the mirror holds no {what} at all; `trunkline sync` reads them")
            }
            Self::UnknownName { what, known, .. } => {
                format!("write a name or an id; a {what} that there is: {}", known.join(", "))
            }
            Self::UnknownSchedule { known, .. } if known.is_empty() => {
                "the mirror holds no office hours; without --office-hours the report counts minutes around the clock"
                    .to_owned()
            }
            Self::UnknownSchedule { known, .. } => format!("office hours that there are: {}", known.join(", ")),
            Self::NoConversations { .. } => {
                "run `trunkline sync` with the streams conversations and conversation_parts; `trunkline check` tells whether the token may read them"
                    .to_owned()
            }
            Self::Storage(error) => error.advice(),
        }
    }

    /// Whether it is something that was typed.
    #[must_use]
    pub fn is_usage(&self) -> bool {
        !matches!(self, Self::Storage(_) | Self::NoConversations { .. })
    }
}
