//! The views `<stream>_custom`: one column for each custom attribute that was ever seen.
//!
//! The one rule: every name makes a column, whatever stands in it; two that differ only by case get different ones.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, Error};

use super::layout::{Layout, Layouts, quote};
use crate::tables::Table;

/// Fewer than the 2,000 columns that SQLite takes.
const MOST_COLUMNS: u32 = 1_900;

/// The custom attributes that were seen so far.
pub(super) fn known(
    connection: &Connection,
    layouts: &Layouts,
) -> Result<HashMap<&'static str, HashSet<String>>, Error> {
    let mut known: HashMap<&'static str, HashSet<String>> = HashMap::new();
    let mut statement = connection.prepare_cached("SELECT stream, name FROM _trunkline_attributes")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        if let Some(layout) = layouts.get(row.get_ref(0)?.as_str().unwrap_or_default()) {
            known.entry(layout.table.name).or_default().insert(row.get(1)?);
        }
    }
    Ok(known)
}

/// Makes the view of one table anew.
pub(super) fn rebuild(connection: &Connection, layout: &Layout) -> Result<(), Error> {
    let table = layout.table.name;
    let Some(custom) = layout.custom.and_then(|place| layout.table.columns.get(place)) else {
        return connection.execute_batch(&format!("DROP VIEW IF EXISTS {table}_custom"));
    };
    let mut columns: Vec<String> = layout.table.key.iter().map(|name| quote(name)).collect();
    for (name, label) in labels(connection, layout.table)? {
        columns.push(format!(
            "{} AS {}",
            value(custom.name, &name),
            always_quote(&label)
        ));
    }
    let sql = format!(
        "CREATE VIEW {table}_custom AS SELECT\n    {}\nFROM {table} WHERE _deleted_at IS NULL",
        columns.join(",\n    ")
    );
    let same = connection
        .prepare_cached("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1 AND sql = ?2")?
        .exists([&format!("{table}_custom"), &sql])?;
    if same {
        return Ok(());
    }
    connection.execute_batch(&format!("DROP VIEW IF EXISTS {table}_custom;\n{sql}"))
}

/// The custom attributes of a table in the order of the view's columns: each with the name of its column.
pub(crate) fn labels(connection: &Connection, table: &Table) -> Result<Vec<(String, String)>, Error> {
    let names: Vec<String> = connection
        .prepare_cached(
            "SELECT name FROM _trunkline_attributes WHERE stream = ?1 ORDER BY first_seen_at, name LIMIT ?2",
        )?
        .query_map(rusqlite::params![table.name, MOST_COLUMNS], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut taken: HashSet<String> = table.key.iter().map(|name| (*name).to_owned()).collect();
    let mut labels = Vec::new();
    for name in names {
        let mut label = name.clone();
        let mut copies = 1;
        while !taken.insert(label.to_lowercase()) {
            copies += 1;
            label = format!("{name} ({copies})");
        }
        labels.push((name, label));
    }
    Ok(labels)
}

/// The value of one attribute, in SQL.
fn value(column: &str, name: &str) -> String {
    let text = name.replace('\'', "''");
    if name.contains(['"', '\\', '\0']) || name.is_empty() {
        // A JSON path cannot name these in every version of SQLite; walking the object can.
        // A NUL would end the statement.
        let text = text.replace('\0', "' || char(0) || '");
        return format!("(SELECT value FROM json_each({column}) WHERE key = '{text}')");
    }
    format!("json_extract({column}, '$.\"{text}\"')")
}

fn always_quote(name: &str) -> String {
    // A NUL would end the statement.
    format!("\"{}\"", name.replace('\0', "\u{fffd}").replace('"', "\"\""))
}
