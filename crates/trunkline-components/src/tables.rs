//! Tables in text: CSV with any delimiter, in any encoding. For files that people export, in flows and in `trunkline publish`.
//!
//! The one rule: a row that cannot be read is a row all the same, with its place and the reason; only what makes every row doubtful
//! (no text at all, a header that is none) ends the reading. `tables/bytes.rs` makes text of whatever encoding, `tables/rows.rs` rows,
//! `tables/cells.rs` cells.

mod bytes;
mod cells;
mod rows;

use std::io;

pub use bytes::{Scan, Text, encoding, scan, text};
pub use cells::{delimiter, quoted, whole_rows};
pub use rows::{Fault, Line, Lines, Row, Table};

/// Why no row of a table can be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableError {
    /// The code, which has a page under `docs/errors`.
    pub code: &'static str,
    /// What is wrong, and where.
    pub message: String,
    /// What to do.
    pub advice: String,
}

impl TableError {
    fn new(code: &'static str, message: impl Into<String>, advice: impl Into<String>) -> Self {
        Self {
            code,
            message: message.into(),
            advice: advice.into(),
        }
    }

    /// Something that cannot be read at all.
    #[must_use]
    pub fn unreadable(name: &str, error: &io::Error) -> Self {
        Self::new(
            "TL0780",
            format!("{name} cannot be read: {error}"),
            "Check the path and its permissions.",
        )
    }

    /// Something without rows.
    #[must_use]
    pub fn empty(name: &str) -> Self {
        Self::new(
            "TL0781",
            format!("{name} holds no rows"),
            "Check that the export was finished, and that it has a header and rows.",
        )
    }
}

impl std::fmt::Display for TableError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for TableError {}
