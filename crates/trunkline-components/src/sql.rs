//! What components that speak SQL have in common.
//!
//! The one rule: names of tables and columns are quoted, values are bound. Read `sql/shape.rs` for which column holds what,
//! `sql/table.rs` for what becomes of a record, `sql/postgres.rs` for the way to a server.

pub(crate) mod postgres;
pub(crate) mod shape;
pub(crate) mod table;

/// A name within quotation marks.
pub(crate) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}
