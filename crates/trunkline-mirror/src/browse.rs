//! A mirror as people look through it: its streams, page by page; one record; a conversation as a thread; questions in SQL.
//!
//! The one rule: nothing here can change a mirror, and nothing runs longer than whoever asked waits: a [`Brake`] ends it. Read
//! [`Reader`] for how the file is opened, then `pages.rs`, `record.rs`, `thread.rs`, `about.rs` and `query.rs`.

mod about;
mod error;
mod pages;
mod query;
mod reader;
mod record;
mod streams;
mod thread;

pub use about::{About, Related};
pub use error::BrowseError;
pub use pages::{Filter, How, Listing, PageQuestion};
pub use query::{Cell, Rows};
pub use reader::{Brake, Reader};
pub use record::{Difference, Field, Record, Version};
pub use streams::{ColumnShape, StreamShape, TableShape};
pub use thread::{Author, Entry, EntryKind, Fact, File, Side, Thread};

#[cfg(test)]
pub(crate) mod tests;
