//! A table with a column for each custom attribute, for systems that cannot look into JSON as easily as SQLite does.
//!
//! The one rule: a column's type comes from the values that were seen and only ever gets wider. An attribute without a value
//! has no column yet, since nothing says of which type it would be.

use std::collections::{BTreeMap, HashMap};

use rusqlite::{Connection, Row};
use serde_json::value::RawValue;
use xxhash_rust::xxh3::xxh3_64;

use super::{Cell, CellKind, ColumnShape, Extent, TableShape, shape::CustomShape};
use crate::{
    storage,
    tables::{self, Table},
};

/// As many columns as PostgreSQL takes, less some for the key.
const MOST_COLUMNS: usize = 1_500;
/// The longest name that PostgreSQL takes, in bytes.
const LONGEST_NAME: usize = 63;

type Attributes<'a> = HashMap<String, &'a RawValue>;

/// The tables of records that have custom attributes, and the column that has them.
fn with_attributes() -> impl Iterator<Item = (&'static Table, &'static str)> {
    tables::all().filter_map(|table| Some((table, table.custom?)))
}

/// The shapes of the tables of custom attributes. `held` is what their columns hold already; `extent` says which records are
/// looked at for what they have to hold.
pub(super) fn shapes(
    connection: &Connection,
    held: &BTreeMap<String, BTreeMap<String, CellKind>>,
    extent: impl Fn(&str) -> Option<Extent>,
) -> Result<Vec<TableShape>, rusqlite::Error> {
    let mut shapes = Vec::new();
    for (table, column) in with_attributes() {
        let name = format!("{}_custom", table.name);
        let exists = connection
            .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'view' AND name = ?1")?
            .exists([&name])?;
        // Attributes that are left out from now on: what was brought over before is taken back.
        if !exists && !held.contains_key(&name) {
            continue;
        }
        let column = if exists { column } else { "" };
        let none = BTreeMap::new();
        let held = held.get(&name).unwrap_or(&none);
        let seen = match extent(table.name) {
            Some(extent) if exists => seen(connection, table, column, extent)?,
            _ => HashMap::new(),
        };
        let mut columns: Vec<ColumnShape> = table
            .key
            .iter()
            .map(|name| ColumnShape {
                name: (*name).to_owned(),
                kind: CellKind::Text,
            })
            .collect();
        let key = (0..columns.len()).collect();
        let mut attributes = Vec::new();
        let labels = if exists {
            storage::labels(connection, table)?
        } else {
            Vec::new()
        };
        for (attribute, label) in labels.into_iter().take(MOST_COLUMNS) {
            let label = short(&label);
            let kind = match (held.get(&label), seen.get(&attribute)) {
                (Some(held), Some(seen)) => held.join(*seen),
                (Some(kind), None) | (None, Some(kind)) => *kind,
                (None, None) => continue,
            };
            columns.push(ColumnShape { name: label, kind });
            attributes.push(Some(attribute));
        }
        // A mirror that was made anew may not know them yet; what their columns hold is no longer so.
        for (label, kind) in held {
            if !columns.iter().any(|column| column.name == *label) {
                columns.push(ColumnShape {
                    name: label.clone(),
                    kind: *kind,
                });
                attributes.push(None);
            }
        }
        shapes.push(TableShape {
            name,
            columns,
            key,
            custom: Some(CustomShape {
                of: table.name.to_owned(),
                column: column.to_owned(),
                attributes,
            }),
        });
    }
    Ok(shapes)
}

/// What the values of each attribute are.
fn seen(
    connection: &Connection,
    table: &Table,
    column: &str,
    extent: Extent,
) -> Result<HashMap<String, CellKind>, rusqlite::Error> {
    let touched = match (extent, table.key) {
        (Extent::Changed, [key]) => {
            format!(
                " AND \"{key}\" IN (SELECT key FROM temp.touched WHERE stream = '{}')",
                table.name
            )
        }
        _ => String::new(),
    };
    let mut statement = connection.prepare(&format!(
        "SELECT \"{column}\" FROM main.\"{}\" WHERE \"{column}\" IS NOT NULL AND _deleted_at IS NULL{touched}",
        table.name
    ))?;
    let mut kinds: HashMap<String, CellKind> = HashMap::new();
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        let Ok(attributes) = serde_json::from_str::<Attributes<'_>>(row.get_ref(0)?.as_str().unwrap_or("{}"))
        else {
            continue;
        };
        for (name, value) in attributes {
            let Some(kind) = kind(value.get()) else { continue };
            match kinds.get_mut(&name) {
                Some(held) => *held = held.join(kind),
                None => {
                    kinds.insert(name, kind);
                }
            }
        }
    }
    Ok(kinds)
}

fn kind(json: &str) -> Option<CellKind> {
    match json.as_bytes().first()? {
        b't' | b'f' => Some(CellKind::Boolean),
        b'"' => Some(CellKind::Text),
        b'{' | b'[' => Some(CellKind::Json),
        b'n' => None,
        _ if json.parse::<i64>().is_ok() => Some(CellKind::Integer),
        _ if json.parse::<f64>().is_ok_and(f64::is_finite) => Some(CellKind::Real),
        _ => Some(CellKind::Text),
    }
}

/// The row of a record: its key, then a value for each attribute.
pub(super) fn row(shape: &TableShape, row: &Row<'_>) -> Result<Vec<Cell>, rusqlite::Error> {
    let mut cells = Vec::with_capacity(shape.columns.len());
    for place in 0..shape.key.len() {
        cells.push(super::chunks::cell(CellKind::Text, row.get_ref(place)?));
    }
    let attributes: Attributes<'_> = row
        .get_ref(shape.key.len())?
        .as_str_or_null()
        .ok()
        .flatten()
        .and_then(|text| serde_json::from_str(text).ok())
        .unwrap_or_default();
    let Some(custom) = &shape.custom else {
        return Ok(cells);
    };
    let columns = &shape.columns[shape.key.len()..];
    for (attribute, column) in custom.attributes.iter().zip(columns) {
        cells.push(
            match attribute.as_ref().and_then(|attribute| attributes.get(attribute)) {
                Some(json) => value(column.kind, json.get()),
                None => Cell::Null,
            },
        );
    }
    Ok(cells)
}

fn value(kind: CellKind, json: &str) -> Cell {
    if json == "null" {
        return Cell::Null;
    }
    let parsed = match kind {
        CellKind::Boolean => json.parse().ok().map(Cell::Boolean),
        CellKind::Integer => json.parse().ok().map(Cell::Integer),
        CellKind::Real => json.parse().ok().map(Cell::Real),
        CellKind::Text => serde_json::from_str(json).ok().map(Cell::Text),
        CellKind::Json => None,
    };
    match (parsed, kind) {
        (Some(cell), _) => cell,
        (None, CellKind::Text | CellKind::Json) => Cell::Text(json.to_owned()),
        (None, _) => Cell::Null,
    }
}

/// A name that every system takes: a long one is cut, and told from others by a digest.
fn short(label: &str) -> String {
    let label = label.replace('\0', "\u{fffd}");
    if label.len() <= LONGEST_NAME {
        return label;
    }
    let digest = format!("~{:08x}", xxh3_64(label.as_bytes()) >> 32);
    let end = label.floor_char_boundary(LONGEST_NAME - digest.len());
    format!("{}{digest}", &label[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_value_has_the_type_that_it_is_written_with() {
        for (json, expected) in [
            ("true", Some(CellKind::Boolean)),
            ("1", Some(CellKind::Integer)),
            ("-9223372036854775808", Some(CellKind::Integer)),
            ("1.0", Some(CellKind::Real)),
            ("18446744073709551616", Some(CellKind::Real)),
            ("1e999", Some(CellKind::Text)),
            ("\"1\"", Some(CellKind::Text)),
            ("[1]", Some(CellKind::Json)),
            ("{}", Some(CellKind::Json)),
            ("null", None),
        ] {
            assert_eq!(kind(json), expected, "{json}");
        }
    }

    #[test]
    fn every_value_fits_into_what_holds_it_and_another() {
        for (json, other, expected) in [
            ("1", CellKind::Real, Cell::Real(1.0)),
            ("1", CellKind::Text, Cell::Text("1".to_owned())),
            ("1.50", CellKind::Text, Cell::Text("1.50".to_owned())),
            ("true", CellKind::Integer, Cell::Text("true".to_owned())),
            ("\"a\\u0041\"", CellKind::Boolean, Cell::Text("aA".to_owned())),
            ("[1, 2]", CellKind::Text, Cell::Text("[1, 2]".to_owned())),
            ("{\"a\":1}", CellKind::Json, Cell::Text("{\"a\":1}".to_owned())),
            ("null", CellKind::Text, Cell::Null),
            ("1e999", CellKind::Integer, Cell::Text("1e999".to_owned())),
        ] {
            let kind = kind(json).map_or(other, |kind| kind.join(other));
            assert_eq!(value(kind, json), expected, "{json}");
        }
    }

    #[test]
    fn long_names_are_cut_and_stay_different() {
        let long = "ä".repeat(40);
        let (one, other) = (short(&format!("{long}1")), short(&format!("{long}2")));
        assert!(one.len() <= LONGEST_NAME && other.len() <= LONGEST_NAME);
        assert_ne!(one, other);
        assert_eq!(short("plan"), "plan");
    }
}
