//! Which tables a mirror has: one file per resource declares them, `registry.rs` lists them.
//!
//! The one rule: adding a table or column here is all that it takes; storage compares this with the file and widens it,
//! and never takes anything away. Read `contacts.rs` for the fullest example, `schema.rs` for what documents make of it.

mod registry;
mod schema;

mod activity_logs;
mod admins;
mod articles;
mod attachments;
mod away_status_reasons;
mod brands;
mod calls;
mod collections;
mod companies;
mod company_notes;
mod contact_merges;
mod contacts;
mod conversation_attributes;
mod conversations;
mod custom_object_instances;
mod data_attributes;
mod data_events;
mod emails;
mod handling_events;
mod help_centers;
mod internal_articles;
mod macros;
mod news;
mod notes;
mod office_hours;
mod segments;
mod subscription_types;
mod tags;
mod teams;
mod ticket_types;
mod tickets;

pub use registry::{all, table};
pub use schema::{ColumnSchema, TableSchema, schema};

/// What a column holds and how a JSON value becomes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Kind {
    /// Text; ids too, whether they come as text or as a number.
    Text,
    /// A whole number.
    Integer,
    /// A number.
    Real,
    /// 0 or 1.
    Boolean,
    /// UTC, such as `2026-11-21T03:04:05Z`, whether it comes as unix seconds or as ISO-8601.
    Time,
    /// A list or object as JSON text.
    Json,
    /// HTML as it came; a second column `<name>_text` has it as plain text.
    Html,
}

/// One column that is taken from a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Column {
    /// Its name.
    pub name: &'static str,
    /// Where its value stands in the record, such as `location.city`; empty when the parent's id is the value.
    pub path: &'static str,
    /// Where the value stands in records of other versions.
    pub also: Option<&'static str>,
    /// What it holds.
    pub kind: Kind,
    /// What it means.
    pub summary: &'static str,
}

/// What the rows of a table are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TableKind {
    /// Objects of their own.
    Records,
    /// Objects that hang on a parent, whose id is in this column.
    Nested {
        /// The column with the parent's id.
        parent: &'static str,
    },
    /// Pairs of ids; the parent is the first column of the key.
    Members,
}

/// What the items of a list inside a record are to the mirror.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ListKind {
    /// Members of a pair table.
    Members,
    /// Whole records of a nested table.
    Nested,
    /// Only the ids of nested records, which are to be read elsewhere when one is not held yet.
    Names,
    /// Files of a message: nested records without ids, which are numbered in their order.
    Files,
}

/// A list inside a record that fills another table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct List {
    /// Where it stands in the record: the list itself, or an object that has it.
    pub path: &'static str,
    /// The table that it fills.
    pub stream: &'static str,
    /// What its items are.
    pub kind: ListKind,
    /// The bit of `_needs` that is set while the list is known to be cut; 0 where lists are always whole.
    pub need: i64,
    /// A column of the filled table that has this value for all items of this list.
    pub fixed: Option<(&'static str, &'static str)>,
}

/// A column that storage keeps for itself, beside those that every table has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OwnColumn {
    /// Its name; begins with `_`.
    pub name: &'static str,
    /// Its type and default in SQL.
    pub sql: &'static str,
    /// What it means.
    pub summary: &'static str,
}

/// One table.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Table {
    /// Its name, also the stream's.
    pub name: &'static str,
    /// What its rows are.
    pub summary: &'static str,
    /// How its rows come to be.
    pub kind: TableKind,
    /// The columns that identify a row.
    pub key: &'static [&'static str],
    /// The columns by which storage finds a row, where that is not the key: with the parent first, the rows of one parent
    /// share an index page, and no second index is needed for the parent.
    pub lookup: Option<&'static [&'static str]>,
    /// The columns that are taken from a record, those of the key first.
    pub columns: &'static [Column],
    /// The lists inside a record that fill other tables.
    pub lists: &'static [List],
    /// The column of the time of the last change, by which an older copy is told from a newer one.
    pub updated: Option<&'static str>,
    /// The JSON column whose keys are custom: it gets the view `<name>_custom`.
    pub custom: Option<&'static str>,
    /// What storage keeps beside the usual columns.
    pub own: &'static [OwnColumn],
    /// Further indexes, as `name suffix` and what stands between the parentheses and after them.
    pub indexes: &'static [(&'static str, &'static str)],
    /// Indexes that only serve questions, in the same form. They are made when a run has read rows into a table that had
    /// none: kept up row by row, each would be written anew with every page.
    pub late_indexes: &'static [(&'static str, &'static str)],
}

impl Table {
    /// The column with this name.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&'static Column> {
        self.columns.iter().find(|column| column.name == name)
    }

    /// Where the column with this name stands.
    #[must_use]
    pub fn position(&self, name: &str) -> Option<usize> {
        self.columns.iter().position(|column| column.name == name)
    }

    /// The column with the id of the parent; for records of their own, their key.
    #[must_use]
    pub fn parent_column(&self) -> &'static str {
        match self.kind {
            TableKind::Nested { parent } => parent,
            TableKind::Members | TableKind::Records => self.key[0],
        }
    }

    /// Whether its rows are pairs of ids.
    #[must_use]
    pub fn is_members(&self) -> bool {
        self.kind == TableKind::Members
    }
}

const fn column(name: &'static str, path: &'static str, kind: Kind, summary: &'static str) -> Column {
    Column {
        name,
        path,
        also: None,
        kind,
        summary,
    }
}

const fn text(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Text, summary)
}

const fn integer(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Integer, summary)
}

const fn real(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Real, summary)
}

const fn boolean(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Boolean, summary)
}

const fn time(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Time, summary)
}

const fn json(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Json, summary)
}

const fn html(name: &'static str, path: &'static str, summary: &'static str) -> Column {
    column(name, path, Kind::Html, summary)
}

impl Column {
    /// Another place where the value may stand.
    const fn or(self, also: &'static str) -> Self {
        Self {
            also: Some(also),
            ..self
        }
    }
}

/// A table of records with the key `id` that change over time, as most are.
const fn records(name: &'static str, summary: &'static str, columns: &'static [Column]) -> Table {
    Table {
        name,
        summary,
        kind: TableKind::Records,
        key: &["id"],
        lookup: None,
        columns,
        lists: &[],
        updated: Some("updated_at"),
        custom: None,
        own: &[],
        indexes: &[],
        late_indexes: &[],
    }
}

/// A table of pairs.
const fn pairs(
    name: &'static str,
    summary: &'static str,
    key: &'static [&'static str],
    columns: &'static [Column],
) -> Table {
    Table {
        kind: TableKind::Members,
        key,
        updated: None,
        ..records(name, summary, columns)
    }
}

/// A whole list of members inside a record.
const fn members(path: &'static str, stream: &'static str) -> List {
    List {
        path,
        stream,
        kind: ListKind::Members,
        need: 0,
        fixed: None,
    }
}

/// A whole list of records inside a record.
const fn nested(path: &'static str, stream: &'static str) -> List {
    List {
        path,
        stream,
        kind: ListKind::Nested,
        need: 0,
        fixed: None,
    }
}

/// The files of a message.
const fn files(path: &'static str, stream: &'static str) -> List {
    List {
        kind: ListKind::Files,
        ..nested(path, stream)
    }
}

#[cfg(test)]
mod tests;
