//! A table of SQLite that grows with what comes.
//!
//! The one rule: all happens in the caller's one transaction. A column is widened by making the table anew, with its indexes and
//! triggers, because SQLite changes no column's type.

use std::collections::HashMap;

use rusqlite::{Connection, ErrorCode, Transaction, TransactionBehavior, types::Value as Cell};
use serde_json::Value;
use trunkline_flow::ComponentError;

use super::{failed, search::Search};
use crate::sql::{
    quoted,
    shape::{self, Kind},
    table::{Change, Columns, Growth, Held, KEY, Place, grow},
};

/// Where a table is made anew.
const ANEW: &str = "_trunkline_anew";

/// Brings changes into the table; what is refused is told by its place in the list.
pub(super) fn keep(
    connection: &mut Connection,
    changes: &[(usize, Change)],
    search: Option<&Search>,
    place: &Place,
    path: &str,
) -> Result<HashMap<usize, ComponentError>, ComponentError> {
    let wrong = |error: rusqlite::Error| failed(&error, path);
    let transaction = connection
        .transaction_with_behavior(TransactionBehavior::Immediate)
        .map_err(wrong)?;
    let (mut columns, is_there) = columns(&transaction, place, path)?;
    let (growth, mut refused) = grow(&columns, changes, place);
    if !is_there {
        let create = format!(
            "create table {} ({} text primary key not null) without rowid",
            quoted(&place.name),
            quoted(KEY)
        );
        transaction.execute_batch(&create).map_err(wrong)?;
    }
    if !growth.is_empty() {
        grow_table(&transaction, &mut columns, &growth, place).map_err(wrong)?;
    }
    if let Some(search) = search {
        search.prepare(&transaction).map_err(wrong)?;
    }
    for (at, change) in changes {
        if refused.contains_key(at) {
            continue;
        }
        let result = put(&transaction, change, &columns, place);
        match result {
            Ok(()) => {
                if let Some(search) = search {
                    search.apply(&transaction, change).map_err(wrong)?;
                }
            }
            Err(error) if is_about_values(&error) => {
                let shown = change.shown(&place.name);
                refused.insert(
                    *at,
                    ComponentError::reject(
                        "TL0869",
                        format!("{place} takes no such row: {error}"),
                        "Mend the record, or the rule of the table that it breaks.",
                    )
                    .with_exchange(Some(shown), None),
                );
            }
            Err(error) => return Err(wrong(error)),
        }
    }
    transaction.commit().map_err(wrong)?;
    Ok(refused)
}

fn is_about_values(error: &rusqlite::Error) -> bool {
    matches!(
        error.sqlite_error_code(),
        Some(ErrorCode::ConstraintViolation | ErrorCode::TypeMismatch | ErrorCode::TooBig)
    )
}

/// The columns that there are, and whether there is a table at all.
fn columns(
    transaction: &Transaction<'_>,
    place: &Place,
    path: &str,
) -> Result<(Columns, bool), ComponentError> {
    let wrong = |error: rusqlite::Error| failed(&error, path);
    let mut found = transaction
        .prepare("select name, type, pk from pragma_table_info(?)")
        .map_err(wrong)?;
    let found = found
        .query_map([&place.name], |row| {
            Ok((
                row.get::<_, String>(0)?,
                row.get::<_, String>(1)?,
                row.get::<_, i64>(2)?,
            ))
        })
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(wrong)?;
    if found.is_empty() {
        return Ok((Columns::new(), false));
    }
    let keys: Vec<&str> = found
        .iter()
        .filter(|(_, _, key)| *key > 0)
        .map(|(name, _, _)| name.as_str())
        .collect();
    let is_text = found
        .iter()
        .any(|(name, kind, _)| name == KEY && kind.eq_ignore_ascii_case("text"));
    if keys != [KEY] || !is_text {
        let names: Vec<String> = found.into_iter().map(|(name, _, _)| name).collect();
        return Err(place.is_not_ours(&names));
    }
    let columns = found
        .into_iter()
        .filter(|(name, _, _)| name != KEY)
        .map(|(name, kind, _)| {
            let held = match kind.to_ascii_lowercase().as_str() {
                "boolean" => Held::Ours(Kind::Boolean),
                "integer" => Held::Ours(Kind::Integer),
                "real" => Held::Ours(Kind::Real),
                "text" => Held::Ours(Kind::Text),
                "json text" => Held::Ours(Kind::Json),
                _ => Held::Foreign(kind),
            };
            (name, held)
        })
        .collect();
    Ok((columns, true))
}

const fn type_of(kind: Kind) -> &'static str {
    match kind {
        Kind::Boolean => "boolean",
        Kind::Integer => "integer",
        Kind::Real => "real",
        Kind::Text => "text",
        // Of `json` alone SQLite would make a numeric column, which makes numbers of text.
        Kind::Json => "json text",
    }
}

fn grow_table(
    transaction: &Transaction<'_>,
    columns: &mut Columns,
    growth: &Growth,
    place: &Place,
) -> rusqlite::Result<()> {
    let table = quoted(&place.name);
    for (name, kind) in &growth.add {
        let add = format!(
            "alter table {table} add column {} {}",
            quoted(name),
            type_of(*kind)
        );
        transaction.execute_batch(&add)?;
        columns.insert(name.clone(), Held::Ours(*kind));
    }
    if growth.widen.is_empty() {
        return Ok(());
    }
    let mut kinds = growth.widen.clone();
    for (name, kind) in &mut kinds {
        let is_integer = columns.get(name) == Some(&Held::Ours(Kind::Integer));
        if *kind == Kind::Real && is_integer {
            let name = quoted(name);
            let many = format!("select exists (select 1 from {table} where abs({name}) > 9007199254740992)");
            let is_rounded: bool = transaction.query_row(&many, [], |row| row.get(0))?;
            if is_rounded {
                *kind = Kind::Text;
            }
        }
    }
    let mut statement =
        transaction.prepare("select sql from sqlite_master where tbl_name = ? and type in ('index', 'trigger') and sql is not null")?;
    let others: Vec<String> = statement
        .query_map([&place.name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    let mut names = transaction.prepare("select name, type from pragma_table_info(?)")?;
    let before: Vec<(String, String)> = names
        .query_map([&place.name], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect::<Result<_, _>>()?;
    let mut made = Vec::new();
    let mut taken = Vec::new();
    let mut into = Vec::new();
    for (name, old) in &before {
        let own = quoted(name);
        into.push(own.clone());
        match kinds.get(name) {
            Some(kind) => {
                made.push(format!("{own} {}", type_of(*kind)));
                taken.push(widened(&own, old, *kind));
            }
            None if name == KEY => {
                made.push(format!("{own} text primary key not null"));
                taken.push(own);
            }
            None => {
                made.push(format!("{own} {old}"));
                taken.push(own);
            }
        }
    }
    transaction.execute_batch(&format!(
        "create table {ANEW} ({}) without rowid; insert into {ANEW} ({}) select {} from {table}; drop table {table}; alter table {ANEW} rename to {table}",
        made.join(", "),
        into.join(", "),
        taken.join(", "),
    ))?;
    for other in others {
        transaction.execute_batch(&other)?;
    }
    for (name, kind) in kinds {
        columns.insert(name, Held::Ours(kind));
    }
    Ok(())
}

/// An old value as the wider column takes it.
fn widened(column: &str, old: &str, kind: Kind) -> String {
    let is_boolean = old.eq_ignore_ascii_case("boolean");
    let word = format!("case {column} when 0 then 'false' when 1 then 'true' end");
    match kind {
        Kind::Text if is_boolean => word,
        Kind::Text => format!("cast({column} as text)"),
        // As JSON: text in quotation marks, true and false as words, numbers as they are.
        Kind::Json if is_boolean => word,
        Kind::Json => {
            format!("case when {column} is null then null else cast(json_quote({column}) as text) end")
        }
        _ => column.to_owned(),
    }
}

fn put(
    transaction: &Transaction<'_>,
    change: &Change,
    columns: &Columns,
    place: &Place,
) -> rusqlite::Result<()> {
    let table = quoted(&place.name);
    let key = quoted(KEY);
    let values = match change {
        Change::Delete { key: gone } => {
            let delete = format!("delete from {table} where {key} = ?");
            transaction.prepare_cached(&delete)?.execute([gone])?;
            return Ok(());
        }
        Change::Put { values, .. } => values,
    };
    let (mut names, mut marks, mut sets) = (vec![key.clone()], vec!["?".to_owned()], Vec::new());
    let mut cells = vec![Cell::Text(change.key().to_owned())];
    for (name, held) in columns {
        let Held::Ours(kind) = held else { continue };
        let name_quoted = quoted(name);
        sets.push(format!("{name_quoted} = excluded.{name_quoted}"));
        names.push(name_quoted);
        marks.push("?".to_owned());
        cells.push(values.get(name).map_or(Cell::Null, |value| cell(*kind, value)));
    }
    let then = if sets.is_empty() {
        "nothing".to_owned()
    } else {
        format!("update set {}", sets.join(", "))
    };
    let insert = format!(
        "insert into {table} ({}) values ({}) on conflict ({key}) do {then}",
        names.join(", "),
        marks.join(", ")
    );
    transaction
        .prepare_cached(&insert)?
        .execute(rusqlite::params_from_iter(cells))?;
    Ok(())
}

fn cell(kind: Kind, value: &Value) -> Cell {
    match (kind, value) {
        (_, Value::Null) => Cell::Null,
        (Kind::Boolean, value) => Cell::Integer(i64::from(value.as_bool().unwrap_or_default())),
        (Kind::Integer, value) => value.as_i64().map_or(Cell::Null, Cell::Integer),
        (Kind::Real, value) => value.as_f64().map_or(Cell::Null, Cell::Real),
        (Kind::Text | Kind::Json, value) => shape::text(kind, value).map_or(Cell::Null, Cell::Text),
    }
}
