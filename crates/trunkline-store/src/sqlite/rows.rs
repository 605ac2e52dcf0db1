//! Runs one statement and takes its rows out.

use rusqlite::{
    Connection, Statement as Prepared, ToSql,
    types::{ToSqlOutput, ValueRef},
};

use crate::database::{Done, Row, Statement, Value};

impl ToSql for Value {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(ToSqlOutput::Borrowed(match self {
            Self::Null => ValueRef::Null,
            Self::Int(number) => ValueRef::Integer(*number),
            Self::Text(text) => ValueRef::Text(text.as_bytes()),
            Self::Blob(bytes) => ValueRef::Blob(bytes),
        }))
    }
}

/// Runs the statement to its end.
pub(super) fn all(connection: &Connection, statement: &Statement) -> rusqlite::Result<Done> {
    let mut prepared = prepare(connection, &statement.sql)?;
    for (index, value) in statement.values.iter().enumerate() {
        prepared.raw_bind_parameter(index + 1, value)?;
    }
    let columns = prepared.column_count();
    if columns == 0 {
        let changed = prepared.raw_execute()?;
        return Ok(Done {
            rows: Vec::new(),
            changed: u64::try_from(changed).unwrap_or(0),
        });
    }
    let mut rows = Vec::new();
    let mut found = prepared.raw_query();
    while let Some(row) = found.next()? {
        let values = (0..columns)
            .map(|column| row.get_ref(column).map(value))
            .collect::<rusqlite::Result<_>>()?;
        rows.push(Row::new(values));
    }
    Ok(Done {
        changed: rows.len() as u64,
        rows,
    })
}

/// SQLite numbers its parameters `?1`; `$1` would be a name, counted in order of appearance.
fn prepare<'c>(
    connection: &'c Connection,
    sql: &str,
) -> rusqlite::Result<impl std::ops::DerefMut<Target = Prepared<'c>>> {
    connection.prepare_cached(&sql.replace('$', "?"))
}

pub(super) fn value(value: ValueRef<'_>) -> Value {
    match value {
        ValueRef::Null => Value::Null,
        ValueRef::Integer(number) => Value::Int(number),
        // No column of ours holds one; as text it is refused by whoever expects a number.
        ValueRef::Real(number) => Value::Text(number.to_string()),
        ValueRef::Text(text) => Value::Text(String::from_utf8_lossy(text).into_owned()),
        ValueRef::Blob(bytes) => Value::Blob(bytes.to_vec()),
    }
}
