//! Rows of a query on an SQLite database.
//!
//! The one rule: the database is opened to be read and nothing else; a statement that would write is refused before it runs.

use std::path::Path;

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value};
use trunkline_actions::publish::{Original, Rejection};

use super::{Each, Piece, Raw};
use crate::publishing::PublishError;

/// Runs the query to its end, or until there are enough rows.
pub(super) fn read(file: &Path, query: &str, each: &mut Each<'_>) -> Result<(), PublishError> {
    let failed = |error: rusqlite::Error| {
        PublishError::usage(
            "TL0785",
            format!("the query on {} fails: {error}", file.display()),
            "Try the query with `sqlite3 -readonly`; add `ORDER BY` so that it gives the same rows in the same order.",
        )
    };
    if !file.exists() {
        return Err(PublishError::usage(
            "TL0780",
            format!("there is no database at {}", file.display()),
            "Check the path.",
        ));
    }
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(file, flags).map_err(failed)?;
    let mut statement = connection.prepare(query).map_err(failed)?;
    if !statement.readonly() {
        return Err(PublishError::usage(
            "TL0785",
            "the query would write into the database",
            "Give a `SELECT`.",
        ));
    }
    let columns: Vec<String> = statement.column_names().map(str::to_owned).collect();
    if columns.is_empty() || !each(Piece::Columns(columns.clone()))? {
        return Ok(());
    }
    let mut rows = statement.query([]).map_err(failed)?;
    let mut number = 0;
    while let Some(row) = rows.next().map_err(failed)? {
        number += 1;
        let mut record = Map::new();
        let mut rejection = None;
        for (index, column) in columns.iter().enumerate() {
            let value = value(row.get_ref(index).map_err(failed)?).unwrap_or_else(|| {
                rejection.get_or_insert_with(|| {
                    Rejection::new(
                        "TL0786",
                        format!("row {number}: the column `{column}` holds bytes that are no text"),
                    )
                });
                Value::Null
            });
            record.insert(column.clone(), value);
        }
        let raw = Raw {
            number,
            line: number,
            original: Original::Record(record.clone()),
            record: rejection.map_or(Ok(record), Err),
        };
        if !each(Piece::Row(raw))? {
            break;
        }
    }
    Ok(())
}

/// A value as JSON; none for bytes that are no text.
fn value(value: ValueRef<'_>) -> Option<Value> {
    Some(match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => number.into(),
        ValueRef::Real(number) => number.into(),
        ValueRef::Text(text) => std::str::from_utf8(text).ok()?.into(),
        ValueRef::Blob(_) => return None,
    })
}
