//! Why a workspace was not loaded or saved: the file, the place in it, and what to do.

use std::{io, path::PathBuf};

/// Why a workspace cannot be loaded or saved.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// The folder or a file of it cannot be read.
    #[error("{} cannot be read: {source}", path.display())]
    Unreadable {
        /// The folder or the file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file cannot be written.
    #[error("{} cannot be written: {source}", path.display())]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// What the system says.
        source: io::Error,
    },
    /// A file is not JSON, or not records.
    #[error("{file}{place} cannot be used: {reason}")]
    NotRecords {
        /// The file.
        file: String,
        /// The line, where it is known.
        place: String,
        /// What is wrong.
        reason: String,
    },
    /// A file has a name that no resource has.
    #[error("{file} is not the file of any resource")]
    UnknownFile {
        /// The file.
        file: String,
        /// The names that there are.
        known: String,
    },
    /// A field is missing or of the wrong type.
    #[error("{file}, record {index}: {field} {reason}")]
    Field {
        /// The file.
        file: String,
        /// The record's place in the file, from 1.
        index: usize,
        /// The field.
        field: String,
        /// What is wrong with it.
        reason: String,
    },
    /// Two records have the same id.
    #[error("{file}, record {index}: the id {id} is that of {first} already")]
    Duplicate {
        /// The file.
        file: String,
        /// The second record's place in the file, from 1.
        index: usize,
        /// Which record has it.
        first: String,
        /// The id.
        id: String,
    },
    /// A record refers to one that is not there.
    #[error("{file}, record {index}: {field} refers to {id}, which {target}.json does not have")]
    Dangling {
        /// The file.
        file: String,
        /// The record's place in the file, from 1.
        index: usize,
        /// The field that refers.
        field: String,
        /// The id that it names.
        id: String,
        /// The file that should have it, without its ending.
        target: String,
    },
    /// The folder was saved by a newer simulator.
    #[error("simulator.json has format {0}, which this simulator does not know")]
    Newer(u64),
}

impl FolderError {
    /// The error's code.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable { .. } => "TL0330",
            Self::Unwritable { .. } => "TL0331",
            Self::NotRecords { .. } => "TL0332",
            Self::UnknownFile { .. } => "TL0333",
            Self::Field { .. } => "TL0334",
            Self::Duplicate { .. } => "TL0335",
            Self::Dangling { .. } => "TL0336",
            Self::Newer(_) => "TL0337",
        }
    }

    /// What to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Unreadable { .. } => "Name a folder that exists and that you may read.".to_owned(),
            Self::Unwritable { .. } => "Check the folder's permissions and the room on its disk.".to_owned(),
            Self::NotRecords { .. } => {
                "Use a JSON array, the API's own list answer, or one JSON object a line.".to_owned()
            }
            Self::UnknownFile { known, .. } => {
                format!("Rename it or move it away; the files are {known}.")
            }
            Self::Field { .. } => {
                "Correct the field; docs/simulator/workspaces.md shows what is needed.".to_owned()
            }
            Self::Duplicate { .. } => "Remove one of the two records.".to_owned(),
            Self::Dangling { target, .. } => format!(
                "Add the record to {target}.json, take the reference out, or remove {target}.json, which makes up what is referred to."
            ),
            Self::Newer(_) => "Use the newer version of trunkline that saved the folder.".to_owned(),
        }
    }
}
