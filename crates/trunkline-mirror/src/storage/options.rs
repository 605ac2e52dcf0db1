//! How a mirror is kept: history, and the columns that are left out or hashed.

use std::{fmt, str::FromStr};

use super::BadColumnRef;

/// How a mirror is opened.
#[derive(Clone, Debug, Default)]
pub struct StorageOptions {
    /// Keep every version of a row and of a membership in `<stream>_history`.
    pub history: bool,
    /// Columns that are neither columns nor part of the kept record.
    pub exclude: Vec<ColumnRef>,
    /// Columns that are replaced by a digest, in the kept record too.
    pub hash: Vec<ColumnRef>,
    /// The most pages that the file may have; for tests of a full disk.
    pub max_pages: Option<u32>,
    /// How long to wait for another program's transaction to end; five seconds unless said otherwise.
    pub busy_timeout: Option<std::time::Duration>,
}

/// A column of a stream, written `contacts.email` or `contacts.custom_attributes.plan`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ColumnRef {
    /// The stream.
    pub stream: String,
    /// The column, or one custom attribute.
    pub column: String,
}

impl FromStr for ColumnRef {
    type Err = BadColumnRef;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim().split_once('.') {
            Some((stream, column)) if !stream.is_empty() && !column.is_empty() => Ok(Self {
                stream: stream.to_owned(),
                column: column.to_owned(),
            }),
            _ => Err(BadColumnRef {
                text: text.to_owned(),
                reason: "it is not written stream.column",
            }),
        }
    }
}

impl fmt::Display for ColumnRef {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.stream, self.column)
    }
}
