//! The triggers that write the feed: three for each table that a copy of the mirror has.
//!
//! The one rule: a trigger says which row, and what kind of change; it never decides whether a row is written. They are
//! made when the feed is switched on, and whenever the mirror is opened with tables that it did not have.

use rusqlite::{Connection, Error, OptionalExtension as _};

use crate::tables;

/// Our own tables that a copy has too: what is known of the workspace, how far each stream is read, and what the end models need beyond streams.
const OURS: &[&str] = &[
    "_trunkline_workspace",
    "_trunkline_checkpoints",
    "_trunkline_stream_state",
    "_trunkline_aliases",
    "_trunkline_office_minutes",
];

/// The columns that say when the mirror wrote a row, the one that was written last before the others.
const TIMES: &[&str] = &[
    "_deleted_at",
    "_synced_at",
    "_valid_to",
    "_valid_from",
    "saved_at",
    "noted_at",
    "seen_at",
];

/// A table that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Followed {
    /// Its name.
    pub(crate) name: String,
    /// Its columns in order, with their types in SQL.
    pub(crate) columns: Vec<(String, String)>,
    /// The columns of its primary key, in the key's order.
    pub(crate) key: Vec<String>,
}

/// The declared table whose rows, or versions of them, a table has.
pub(crate) fn base_of(name: &str) -> Option<&'static tables::Table> {
    tables::table(name).or_else(|| tables::table(name.strip_suffix("_history")?))
}

/// Every table that is followed, as it stands in the file.
pub(crate) fn tables(connection: &Connection) -> Result<Vec<Followed>, Error> {
    let names: Vec<String> = connection
        .prepare("SELECT name FROM sqlite_schema WHERE type = 'table' ORDER BY name")?
        .query_map([], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    names
        .into_iter()
        .filter(|name| base_of(name).is_some() || OURS.contains(&name.as_str()))
        .map(|name| followed(connection, name))
        .collect()
}

fn followed(connection: &Connection, name: String) -> Result<Followed, Error> {
    let mut columns = Vec::new();
    let mut key: Vec<(i64, String)> = Vec::new();
    let mut statement =
        connection.prepare("SELECT name, type, pk FROM pragma_table_info(?1) ORDER BY cid")?;
    let mut rows = statement.query([&name])?;
    while let Some(row) = rows.next()? {
        let (column, kind, place): (String, String, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        if place > 0 {
            key.push((place, column.clone()));
        }
        columns.push((column, kind));
    }
    key.sort_unstable();
    Ok(Followed {
        name,
        columns,
        key: key.into_iter().map(|(_, column)| column).collect(),
    })
}

/// Makes the triggers that are missing, and anew those that are not as they should be.
pub(crate) fn follow(connection: &Connection, keeps_before: bool) -> Result<(), Error> {
    for table in tables(connection)? {
        for (event, sql) in statements(&table, keeps_before) {
            let name = format!("_trunkline_{}_{event}", table.name);
            let held: Option<String> = connection
                .query_row(
                    "SELECT sql FROM sqlite_schema WHERE type = 'trigger' AND name = ?1",
                    [&name],
                    |row| row.get(0),
                )
                .optional()?;
            if held.as_deref() != Some(sql.as_str()) {
                connection.execute_batch(&format!("DROP TRIGGER IF EXISTS \"{name}\";\n{sql}"))?;
            }
        }
    }
    Ok(())
}

/// Takes all triggers away.
pub(super) fn drop_all(connection: &Connection) -> Result<(), Error> {
    for table in tables(connection)? {
        for event in ["insert", "update", "delete"] {
            connection.execute_batch(&format!(
                "DROP TRIGGER IF EXISTS \"_trunkline_{}_{event}\"",
                table.name
            ))?;
        }
    }
    Ok(())
}

fn statements(table: &Followed, keeps_before: bool) -> [(&'static str, String); 3] {
    let name = &table.name;
    let has = |column: &str| table.columns.iter().any(|(name, _)| name == column);
    let declared = tables::table(name);
    let key = |row: &str| -> String {
        let parts: Vec<String> = table
            .key
            .iter()
            .map(|column| format!("{row}.\"{column}\""))
            .collect();
        parts.join(" || char(31) || ")
    };
    let at = |row: &str| {
        let times: Vec<String> = TIMES
            .iter()
            .filter(|column| has(column))
            .map(|column| format!("{row}.{column}"))
            .collect();
        match times.as_slice() {
            [] => "NULL".to_owned(),
            times => format!("coalesce({}, NULL)", times.join(", ")),
        }
    };
    let before = if keeps_before && declared.is_some() && has("record") {
        "OLD.record"
    } else {
        "NULL"
    };
    let (inserted, updated, deleted) = match declared {
        None => ("3".to_owned(), "3".to_owned(), "3".to_owned()),
        Some(declared) => {
            let differs: Vec<String> = if declared.is_members() {
                declared
                    .columns
                    .iter()
                    .filter(|column| !declared.key.contains(&column.name) && has(column.name))
                    .map(|column| format!("OLD.\"{0}\" IS NOT NEW.\"{0}\"", column.name))
                    .collect()
            } else {
                let parent = declared.parent_column();
                vec![
                    "OLD._hash IS NOT NEW._hash".to_owned(),
                    format!("OLD.\"{parent}\" IS NOT NEW.\"{parent}\""),
                ]
            };
            let changed = if differs.is_empty() {
                "0".to_owned()
            } else {
                differs.join(" OR ")
            };
            (
                "CASE WHEN NEW._deleted_at IS NULL THEN 0 ELSE 3 END".to_owned(),
                format!(
                    "CASE WHEN OLD._deleted_at IS NULL AND NEW._deleted_at IS NOT NULL THEN 2 \
                     WHEN OLD._deleted_at IS NOT NULL AND NEW._deleted_at IS NULL THEN 0 \
                     WHEN NEW._deleted_at IS NULL AND ({changed}) THEN 1 ELSE 3 END"
                ),
                "CASE WHEN OLD._deleted_at IS NULL THEN 2 ELSE 3 END".to_owned(),
            )
        }
    };
    let one = |event: &'static str, row: &str, kind: &str, before: &str| {
        let sql = format!(
            "CREATE TRIGGER \"_trunkline_{name}_{event}\" AFTER {} ON \"{name}\" BEGIN\n\
             INSERT INTO _trunkline_changes (stream, key, kind, at, before) \
             VALUES ('{name}', {}, {kind}, {}, {before});\nEND",
            event.to_uppercase(),
            key(row),
            at(row)
        );
        (event, sql)
    };
    [
        one("insert", "NEW", &inserted, "NULL"),
        one("update", "NEW", &updated, before),
        one("delete", "OLD", &deleted, before),
    ]
}
