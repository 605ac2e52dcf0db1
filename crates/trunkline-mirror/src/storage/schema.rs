//! Makes the tables, and widens them when a newer program knows more columns.
//!
//! The one rule: nothing is ever taken away or renamed here; a column that is no longer filled stays as it is.

use std::collections::HashSet;

use rusqlite::{Connection, Error, OptionalExtension};

use super::{
    history,
    layout::{Layout, Layouts, quote},
};

/// The format of the file: the number of the last migration.
pub(super) const FORMAT: i64 = 1;

/// 2 MiB, in SQLite's notation for KiB.
const SORTING_CACHE: i32 = -2048;

const MIGRATIONS: [&str; 1] = [include_str!("../../migrations/001_base.sql")];

/// The format of the file; nothing when it is no mirror yet.
pub(super) fn format(connection: &Connection) -> Result<Option<i64>, Error> {
    let exists = connection
        .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = '_trunkline_meta'")?
        .exists([])?;
    if !exists {
        return Ok(None);
    }
    let value: Option<String> = connection
        .query_row(
            "SELECT value FROM _trunkline_meta WHERE key = 'format'",
            [],
            |row| row.get(0),
        )
        .optional()?;
    Ok(Some(value.and_then(|value| value.parse().ok()).unwrap_or(0)))
}

/// Whether the file has tables of somebody else's.
pub(super) fn is_foreign(connection: &Connection) -> Result<bool, Error> {
    let tables: i64 = connection.query_row(
        "SELECT count(*) FROM sqlite_schema WHERE name NOT LIKE 'sqlite_%'",
        [],
        |row| row.get(0),
    )?;
    Ok(tables > 0 && format(connection)?.is_none())
}

/// Runs the migrations that the file lacks. Runs inside the caller's transaction.
pub(super) fn migrate(connection: &Connection) -> Result<(), Error> {
    let from = format(connection)?.unwrap_or(0);
    for (number, sql) in (1..).zip(MIGRATIONS) {
        if number > from {
            connection.execute_batch(sql)?;
            connection.execute(
                "INSERT INTO _trunkline_meta (key, value) VALUES ('format', ?1) \
                 ON CONFLICT DO UPDATE SET value = excluded.value",
                [number.to_string()],
            )?;
        }
    }
    Ok(())
}

/// Makes the tables that are missing and adds the columns that are.
pub(super) fn create(connection: &Connection, layouts: &Layouts, with_history: bool) -> Result<(), Error> {
    for layout in layouts.all() {
        let name = layout.table.name;
        let key: Vec<String> = layout.key_names().iter().map(|name| quote(name)).collect();
        let end = if layout.table.is_members() {
            ") WITHOUT ROWID"
        } else {
            ")"
        };
        let last = format!("PRIMARY KEY ({})", key.join(", "));
        widen(connection, name, &layout.definitions(), &last, end)?;
        for (suffix, sql) in layout
            .table
            .indexes
            .iter()
            .filter(|(_, sql)| !layout.privacy.touches(sql))
        {
            connection.execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS {name}__{suffix} ON {name} {sql}"
            ))?;
        }
        connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {name}__deleted ON {name} (_deleted_at) WHERE _deleted_at IS NOT NULL"
        ))?;
        if with_history {
            create_history(connection, layout)?;
        }
    }
    Ok(())
}

/// Makes the indexes for questions that tables with rows lack, one transaction each.
pub(super) fn create_late_indexes(connection: &Connection, layouts: &Layouts) -> Result<(), Error> {
    let number = |name| connection.pragma_query_value(None, name, |row| row.get::<_, i64>(0));
    let (temp_store, cache_size) = (number("temp_store")?, number("cache_size")?);
    // Sorting then takes as much memory as the page cache and spills the rest to a file, however large the index is.
    connection.pragma_update(None, "temp_store", "file")?;
    connection.pragma_update(None, "cache_size", SORTING_CACHE)?;
    let made = layouts
        .all()
        .try_for_each(|layout| late_indexes_of(connection, layout));
    connection.pragma_update(None, "temp_store", temp_store)?;
    connection.pragma_update(None, "cache_size", cache_size)?;
    made
}

fn late_indexes_of(connection: &Connection, layout: &Layout) -> Result<(), Error> {
    let name = layout.table.name;
    for (suffix, sql) in layout
        .table
        .late_indexes
        .iter()
        .filter(|(_, sql)| !layout.privacy.touches(sql))
    {
        if connection
            .prepare(&format!("SELECT 1 FROM {name} LIMIT 1"))?
            .exists([])?
        {
            connection.execute_batch(&format!(
                "CREATE INDEX IF NOT EXISTS {name}__{suffix} ON {name} {sql}"
            ))?;
        }
    }
    Ok(())
}

fn create_history(connection: &Connection, layout: &Layout) -> Result<(), Error> {
    let name = format!("{}_history", layout.table.name);
    let mut key: Vec<String> = layout.key_names().iter().map(|name| quote(name)).collect();
    key.push("_valid_from".to_owned());
    widen(
        connection,
        &name,
        &history::definitions(layout),
        &format!("PRIMARY KEY ({})", key.join(", ")),
        ")",
    )?;
    if let Some(second) = layout.table.key.get(1).filter(|_| layout.table.is_members()) {
        connection.execute_batch(&format!(
            "CREATE INDEX IF NOT EXISTS {name}__{second} ON {name} ({second})"
        ))?;
    }
    Ok(())
}

fn widen(
    connection: &Connection,
    name: &str,
    definitions: &[(String, String)],
    last: &str,
    end: &str,
) -> Result<(), Error> {
    let held: HashSet<String> = connection
        .prepare("SELECT lower(name) FROM pragma_table_xinfo(?1)")?
        .query_map([name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if held.is_empty() {
        let columns: Vec<String> = definitions
            .iter()
            .map(|(name, sql)| format!("    {} {sql}", quote(name)))
            .collect();
        return connection.execute_batch(&format!(
            "CREATE TABLE {name} (\n{},\n    {last}\n{end}",
            columns.join(",\n")
        ));
    }
    for (column, sql) in definitions
        .iter()
        .filter(|(column, _)| !held.contains(&column.to_lowercase()))
    {
        // Rows that are there already have no value for it, whatever the definition asks of new ones.
        let sql = if sql.contains("DEFAULT") {
            sql.as_str()
        } else {
            sql.trim_end_matches(" NOT NULL")
        };
        connection.execute_batch(&format!("ALTER TABLE {name} ADD COLUMN {} {sql}", quote(column)))?;
    }
    Ok(())
}
