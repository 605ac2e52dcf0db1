//! `views.sql` beside a copy of Parquet files: its tables and the end models under their names, for DuckDB.
//!
//! The one rule: it is made of what the copy holds at the end of a round, and nothing depends on it.

use std::collections::{BTreeMap, BTreeSet};

use super::TableShape;
use crate::analytics::models::{Dialect, MODELS};

/// The file's name.
pub(super) const FILE: &str = "views.sql";

/// The columns that tables have.
pub(super) type Columns = BTreeMap<String, BTreeSet<String>>;

/// The columns of shapes.
pub(super) fn columns(shapes: &[TableShape]) -> Columns {
    shapes
        .iter()
        .map(|shape| {
            let names = shape.columns.iter().map(|column| column.name.clone());
            (shape.name.clone(), names.collect())
        })
        .collect()
}

/// The text, for tables that are in these files.
pub(super) fn text<'a>(files: impl Iterator<Item = (&'a String, String)>, columns: &Columns) -> String {
    let mut text = "-- Made by Trunkline at the end of each round: the tables of the mirror, and the end models over them, in DuckDB.\n"
        .to_owned();
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    for (table, file) in files {
        text.push_str(&format!(
            "CREATE OR REPLACE VIEW {} AS SELECT * FROM read_parquet('{}');\n",
            quoted(table),
            file.replace('\'', "''")
        ));
    }
    let has = |table: &str, column: &str| columns.get(table).is_some_and(|names| names.contains(column));
    for model in MODELS {
        text.push_str(&format!(
            "\n-- {}\n{};\n",
            model.summary,
            model.create(Dialect::DuckDb, &has)
        ));
    }
    text
}
