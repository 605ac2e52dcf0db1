//! What can be wrong with a table or an overlay: always a file, a line and the reason.
//!
//! The rule: a malformed line is an error, never skipped, so that the embedded catalog is either whole or refused by
//! its own tests. Read `table.rs` next.

/// Why a table or an overlay was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CatalogError {
    /// A line has another number of columns, or the header names other ones.
    #[error("{file}:{line}: expected the columns {expected}, found {found:?}")]
    Columns {
        /// The file's name.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// The columns that the file has.
        expected: String,
        /// The line as it is.
        found: String,
    },
    /// A cell holds something that its column does not allow.
    #[error("{file}:{line}: {column} is {value:?}, expected {expected}")]
    Value {
        /// The file's name.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// The column.
        column: &'static str,
        /// The cell as it is.
        value: String,
        /// What is allowed.
        expected: &'static str,
    },
    /// A line names an operation, a stream or a path parameter that nothing describes.
    #[error("{file}:{line}: there is no {what} {name:?}")]
    Unknown {
        /// The file's name.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// The kind of thing named.
        what: &'static str,
        /// The name.
        name: String,
    },
    /// A name that must be unique stands twice.
    #[error("{file}:{line}: {name:?} is described twice")]
    Duplicate {
        /// The file's name.
        file: &'static str,
        /// The line, from 1.
        line: usize,
        /// The name.
        name: String,
    },
    /// The generated table has an operation that the overlay lacks.
    #[error("{file}: {name:?} has no line")]
    Missing {
        /// The file that lacks the line.
        file: &'static str,
        /// The operation, as method and path.
        name: String,
    },
}

impl CatalogError {
    /// The stable code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "TL0401",
            Self::Value { .. } => "TL0402",
            Self::Unknown { .. } => "TL0403",
            Self::Duplicate { .. } => "TL0404",
            Self::Missing { .. } => "TL0405",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Columns { .. } => "Separate the columns by single tabs and keep the header as it is.",
            Self::Value { .. } => "Write one of the allowed values in that cell.",
            Self::Unknown { .. } => {
                "Correct the name, or generate the tables anew with `cargo xtask catalog`."
            }
            Self::Duplicate { .. } => "Remove one of the two lines.",
            Self::Missing { .. } => {
                "Add a line for the operation to the overlay: id, summary, effect, page style."
            }
        }
    }
}
