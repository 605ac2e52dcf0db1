//! The rows that changes are about: as they are now, and as they became.
//!
//! The one rule: what a change made of a record is what the next change of it found; only where there is no next one is it the
//! row itself.

use std::collections::HashMap;

use rusqlite::{Connection, Error, OptionalExtension as _, params, params_from_iter, types::ValueRef};
use serde_json::{Map, Value};

use super::{
    ChangeKind, Changed,
    triggers::{self, Followed},
};
use crate::tables;

/// Stands between the values of a key.
pub(crate) const SEPARATOR: char = '\u{1f}';

/// A row that exists: its key and its record.
pub type Held = (Vec<String>, Value);

/// A row that changed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Touched {
    /// The change's number.
    pub seq: i64,
    /// The table.
    pub table: String,
    /// The values of the table's key, in order.
    pub key: Vec<String>,
}

/// The next changes after `seq`, without their rows.
pub(super) fn touched(connection: &Connection, seq: i64, limit: u32) -> Result<Vec<Touched>, Error> {
    connection
        .prepare_cached(
            "SELECT seq, stream, key FROM _trunkline_changes WHERE seq > ?1 ORDER BY seq LIMIT ?2",
        )?
        .query_map(params![seq, limit], |row| {
            let key: String = row.get(2)?;
            Ok(Touched {
                seq: row.get(0)?,
                table: row.get(1)?,
                key: key.split(SEPARATOR).map(str::to_owned).collect(),
            })
        })?
        .collect()
}

/// The next changes after `seq`.
pub(super) fn changes(connection: &Connection, seq: i64, limit: u32) -> Result<Vec<Changed>, Error> {
    let followed = by_name(connection)?;
    let keeps_before: bool = connection
        .prepare_cached("SELECT coalesce(max(keeps_before), 0) FROM _trunkline_readers")?
        .query_row([], |row| row.get(0))?;
    let mut statement = connection.prepare_cached(
        "SELECT c.seq, c.stream, c.key, c.kind, c.at, c.before, a.new_id FROM _trunkline_changes AS c \
         LEFT JOIN _trunkline_aliases AS a ON c.kind = 2 AND a.stream = c.stream AND a.old_id = c.key \
         WHERE c.seq > ?1 ORDER BY c.seq LIMIT ?2",
    )?;
    let mut rows = statement.query(params![seq, limit])?;
    let mut changes = Vec::new();
    while let Some(row) = rows.next()? {
        let (table, key): (String, String) = (row.get(1)?, row.get(2)?);
        let kind = ChangeKind::from_number(row.get(3)?);
        let seq = row.get(0)?;
        let after = match (kind, followed.get(&table)) {
            (ChangeKind::Deleted, _) | (_, None) => None,
            (_, Some(followed)) => {
                let next = if keeps_before {
                    next_before(connection, &table, &key, seq)?
                } else {
                    None
                };
                match next {
                    Some(record) => Some(record),
                    None => now(connection, followed, &key)?,
                }
            }
        };
        changes.push(Changed {
            seq,
            key: key.split(SEPARATOR).map(str::to_owned).collect(),
            table,
            kind,
            at: row.get(4)?,
            before: row
                .get::<_, Option<String>>(5)?
                .filter(|_| kind != ChangeKind::Created)
                .and_then(|text| serde_json::from_str(&text).ok()),
            after,
            merged_into: row.get(6)?,
        });
    }
    Ok(changes)
}

/// Rows that exist, in the order of their keys.
pub(super) fn page(
    connection: &Connection,
    table: &str,
    after: Option<&[String]>,
    limit: u32,
) -> Result<Vec<Held>, Error> {
    let followed = by_name(connection)?;
    let Some(followed) = followed.get(table).filter(|_| tables::table(table).is_some()) else {
        return Err(Error::InvalidParameterName(table.to_owned()));
    };
    let names: Vec<String> = followed.key.iter().map(|name| format!("\"{name}\"")).collect();
    let names = names.join(", ");
    let places: Vec<String> = (1..=followed.key.len())
        .map(|place| format!("?{place}"))
        .collect();
    let beyond = after.map_or(String::new(), |_| {
        format!(" AND ({names}) > ({})", places.join(", "))
    });
    let mut statement = connection.prepare_cached(&format!(
        "SELECT * FROM \"{table}\" WHERE _deleted_at IS NULL{beyond} ORDER BY {names} LIMIT {limit}"
    ))?;
    let mut rows = statement.query(params_from_iter(after.unwrap_or_default()))?;
    let mut held = Vec::new();
    while let Some(row) = rows.next()? {
        let key = followed
            .key
            .iter()
            .map(|name| row.get(name.as_str()))
            .collect::<Result<_, _>>()?;
        held.push((key, record(followed, row)?));
    }
    Ok(held)
}

fn by_name(connection: &Connection) -> Result<HashMap<String, Followed>, Error> {
    Ok(triggers::tables(connection)?
        .into_iter()
        .map(|table| (table.name.clone(), table))
        .collect())
}

fn next_before(connection: &Connection, table: &str, key: &str, seq: i64) -> Result<Option<Value>, Error> {
    let kept: Option<Option<String>> = connection
        .prepare_cached(
            "SELECT before FROM _trunkline_changes WHERE stream = ?1 AND key = ?2 AND seq > ?3 AND before IS NOT NULL \
             ORDER BY seq LIMIT 1",
        )?
        .query_row(params![table, key, seq], |row| row.get(0))
        .optional()?;
    Ok(kept.flatten().and_then(|text| serde_json::from_str(&text).ok()))
}

/// The row as it is now, gone or not.
fn now(connection: &Connection, table: &Followed, key: &str) -> Result<Option<Value>, Error> {
    let condition: Vec<String> = table
        .key
        .iter()
        .zip(1..)
        .map(|(name, place)| format!("\"{name}\" = ?{place}"))
        .collect();
    connection
        .prepare_cached(&format!(
            "SELECT * FROM \"{}\" WHERE {}",
            table.name,
            condition.join(" AND ")
        ))?
        .query_row(params_from_iter(key.split(SEPARATOR)), |row| record(table, row))
        .optional()
}

/// The whole record where the table keeps it, else the columns that are not the mirror's own.
fn record(table: &Followed, row: &rusqlite::Row<'_>) -> Result<Value, Error> {
    if base_keeps_record(table) {
        let text = row.get_ref("record")?.as_str().unwrap_or("null");
        return Ok(serde_json::from_str(text).unwrap_or_default());
    }
    let mut object = Map::new();
    for (name, _) in table
        .columns
        .iter()
        .filter(|(name, _)| !name.starts_with('_') || table.name.starts_with('_'))
    {
        let value = match row.get_ref(name.as_str())? {
            ValueRef::Integer(value) => value.into(),
            ValueRef::Real(value) => value.into(),
            ValueRef::Text(text) => String::from_utf8_lossy(text).into(),
            ValueRef::Null | ValueRef::Blob(_) => Value::Null,
        };
        object.insert(name.clone(), value);
    }
    Ok(Value::Object(object))
}

fn base_keeps_record(table: &Followed) -> bool {
    table.columns.iter().any(|(name, _)| name == "record")
}
