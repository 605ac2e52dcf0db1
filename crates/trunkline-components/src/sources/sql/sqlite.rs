//! A query on an SQLite database, which is opened to be read and nothing else.

use std::{
    path::{Path, PathBuf},
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use rusqlite::{Connection, OpenFlags, types::ValueRef};
use serde_json::{Map, Value, json};
use trunkline_flow::ComponentError;

use super::{Found, fails, foreign};
use crate::sql::quoted;

/// How long it waits for others who write.
const WAIT: Duration = Duration::from_secs(5);

/// Under this a floating-point number is kept as text, since JSON's are not read to the last bit.
pub(super) const REAL: &str = "real";

pub(super) struct Session {
    connection: Arc<Mutex<Connection>>,
    query: String,
    cursor: String,
}

impl Session {
    pub(super) async fn open(path: &Path, query: &str, cursor: &str) -> Result<Self, ComponentError> {
        let (path, query, cursor) = (path.to_owned(), query.to_owned(), cursor.to_owned());
        blocking(move || opened(&path, query, cursor)).await
    }

    pub(super) async fn rows(&mut self, from: &Value, most: u64) -> Result<Vec<Found>, ComponentError> {
        let (connection, from) = (Arc::clone(&self.connection), from.clone());
        let (query, cursor) = (self.query.clone(), self.cursor.clone());
        blocking(move || {
            let connection = connection.lock().unwrap_or_else(PoisonError::into_inner);
            rows(&connection, &query, &cursor, &from, most)
        })
        .await
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, ComponentError> + Send + 'static,
) -> Result<T, ComponentError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.unwrap_or_else(|error| Err(fails(&error.to_string())))
}

fn opened(path: &PathBuf, query: String, cursor: String) -> Result<Session, ComponentError> {
    let failed = |error: rusqlite::Error| fails(&format!("{}: {error}", path.display()));
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(failed)?;
    connection.busy_timeout(WAIT).map_err(failed)?;
    let statement = connection.prepare(&query).map_err(failed)?;
    if !statement.readonly() {
        return Err(fails("it would write into the database"));
    }
    let columns: Vec<&str> = statement.column_names().collect();
    // A name in quotation marks that is no column is a text to SQLite.
    if !columns.contains(&cursor.as_str()) {
        let columns = columns.join(", ");
        return Err(fails(&format!("it has no column {cursor}, only {columns}")));
    }
    // Only one that can stand within another can be asked for a part of its rows.
    connection
        .prepare(&format!("select * from ({query}\n)"))
        .map_err(failed)?;
    drop(columns);
    drop(statement);
    Ok(Session {
        connection: Arc::new(Mutex::new(connection)),
        query,
        cursor,
    })
}

fn rows(
    connection: &Connection,
    query: &str,
    cursor: &str,
    from: &Value,
    most: u64,
) -> Result<Vec<Found>, ComponentError> {
    let failed = |error: rusqlite::Error| fails(&error.to_string());
    let column = quoted(cursor);
    let condition = if from.is_null() {
        format!("{column} is not null")
    } else {
        format!("{column} >= ?1")
    };
    let select = format!("select * from ({query}\n) where {condition} order by {column} limit {most}");
    let mut statement = connection.prepare_cached(&select).map_err(failed)?;
    let names: Vec<String> = statement.column_names().map(str::to_owned).collect();
    let mut rows = match from {
        Value::Null => statement.query([]),
        Value::String(text) => statement.query([text]),
        Value::Number(number) if number.is_i64() => statement.query([number.as_i64()]),
        other => match other[REAL].as_str().and_then(|text| text.parse::<f64>().ok()) {
            Some(number) => statement.query([number]),
            None => return Err(foreign()),
        },
    }
    .map_err(failed)?;
    let mut found = Vec::new();
    while let Some(row) = rows.next().map_err(failed)? {
        let mut record = Map::new();
        let mut wrong = None;
        for (at, name) in names.iter().enumerate() {
            match value(row.get_ref(at).map_err(failed)?) {
                Some(value) => {
                    record.insert(name.clone(), value);
                }
                None if name == cursor => {
                    return Err(fails(&format!(
                        "the column {cursor} holds bytes, which have no order here"
                    )));
                }
                None => {
                    let id = record
                        .iter()
                        .next()
                        .map(|(name, value)| format!(" of {name} {value}"));
                    let of = id.unwrap_or_default();
                    wrong.get_or_insert(format!("the column {name}{of} holds bytes that are no text"));
                }
            }
        }
        let at = match record.get(cursor) {
            Some(Value::Number(number)) if !number.is_i64() => json!({ REAL: number.to_string() }),
            at => at.cloned().unwrap_or_default(),
        };
        found.push(Found::new(at, wrong.map_or(Ok(record.into()), Err)));
    }
    Ok(found)
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
