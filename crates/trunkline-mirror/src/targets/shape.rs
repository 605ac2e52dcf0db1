//! What a table of the mirror looks like elsewhere: the same names and columns, with the types that other systems have.
//!
//! The one rule: times and ids stay text, as they are in the mirror; only what is certainly a number, a truth value or JSON
//! becomes one.

use serde::{Deserialize, Serialize};

use crate::{
    feed::{Followed, base_of},
    tables::Kind,
};

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CellKind {
    /// True or false.
    Boolean,
    /// A whole number of 64 bits.
    Integer,
    /// A number.
    Real,
    /// Text.
    Text,
    /// JSON.
    Json,
}

impl CellKind {
    /// What holds values of both.
    #[must_use]
    pub fn join(self, other: Self) -> Self {
        match (self, other) {
            (one, other) if one == other => one,
            (Self::Integer, Self::Real) | (Self::Real, Self::Integer) => Self::Real,
            _ => Self::Text,
        }
    }
}

/// A column.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ColumnShape {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: CellKind,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableShape {
    /// Its name.
    pub name: String,
    /// Its columns, in order.
    pub columns: Vec<ColumnShape>,
    /// Where the columns of its key stand among them.
    pub key: Vec<usize>,
    /// For a table with a column for each custom attribute: the table that it is made from, and the attributes of the columns
    /// behind the key, in order.
    pub custom: Option<CustomShape>,
}

/// Where a table of custom attributes comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CustomShape {
    /// The table of the records.
    pub of: String,
    /// Its column with the attributes; empty when they are left out.
    pub column: String,
    /// The attributes, one for each column behind the key; nothing for a column of an attribute that the mirror has never seen.
    pub attributes: Vec<Option<String>>,
}

impl TableShape {
    /// The shape of a table that is followed.
    pub(crate) fn of(table: &Followed) -> Self {
        let columns: Vec<ColumnShape> = table
            .columns
            .iter()
            .map(|(name, sql_type)| ColumnShape {
                name: name.clone(),
                kind: kind(&table.name, name, sql_type),
            })
            .collect();
        let key = table
            .key
            .iter()
            .filter_map(|name| columns.iter().position(|column| column.name == *name))
            .collect();
        Self {
            name: table.name.clone(),
            columns,
            key,
            custom: None,
        }
    }

    /// The names of the key's columns.
    pub fn key_names(&self) -> impl Iterator<Item = &str> {
        self.key.iter().map(|place| self.columns[*place].name.as_str())
    }

    /// The table by whose changes this one changes.
    #[must_use]
    pub fn source(&self) -> &str {
        self.custom.as_ref().map_or(&self.name, |custom| &custom.of)
    }
}

/// Whether a column is one that the mirror may fill, although this mirror file does not have it.
pub(super) fn is_left_out(table: &str, column: &str) -> bool {
    let Some(declared) = base_of(table) else {
        return false;
    };
    declared.column(column).is_some()
        || column
            .strip_suffix("_text")
            .and_then(|html| declared.column(html))
            .is_some_and(|html| html.kind == Kind::Html)
}

fn kind(table: &str, column: &str, sql_type: &str) -> CellKind {
    let declared = base_of(table);
    if let Some(declared) = declared.and_then(|table| table.column(column)) {
        return match declared.kind {
            Kind::Boolean => CellKind::Boolean,
            Kind::Integer => CellKind::Integer,
            Kind::Real => CellKind::Real,
            Kind::Json => CellKind::Json,
            Kind::Text | Kind::Time | Kind::Html => CellKind::Text,
        };
    }
    match sql_type {
        "INTEGER" => CellKind::Integer,
        "REAL" | "DOUBLE PRECISION" => CellKind::Real,
        _ if declared.is_some() && column == "record" => CellKind::Json,
        _ => CellKind::Text,
    }
}
