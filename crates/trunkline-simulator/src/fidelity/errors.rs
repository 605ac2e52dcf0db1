//! Why nothing was recorded or compared.

use std::{io, path::PathBuf};

use crate::StartError;

/// Why exchanges cannot be recorded or replayed.
#[derive(Debug, thiserror::Error)]
pub enum FidelityError {
    /// What would listen or replay does not start.
    #[error(transparent)]
    Start(#[from] StartError),
    /// The address of the real workspace is none.
    #[error("`{0}` is not the address of a workspace")]
    Upstream(String),
    /// The file of exchanges cannot be read or written.
    #[error("{} cannot be used: {source}", path.display())]
    File {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A line of the file is not an exchange.
    #[error("{}, line {line}: it is not an exchange: {reason}", path.display())]
    Exchange {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        reason: String,
    },
}

impl FidelityError {
    /// The error's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Start(error) => error.code(),
            Self::Upstream(_) => "TL0340",
            Self::File { .. } => "TL0341",
            Self::Exchange { .. } => "TL0342",
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Start(error) => error.advice(),
            Self::Upstream(_) => {
                "Use us, eu or au, or an address such as https://api.intercom.io.".to_owned()
            }
            Self::File { .. } => "Name a file with `--exchanges` that you may read and write.".to_owned(),
            Self::Exchange { .. } => {
                "Take the line out, or record again with `trunkline simulate --record`.".to_owned()
            }
        }
    }
}
