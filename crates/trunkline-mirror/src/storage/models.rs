//! The end models in the file: the views of [`crate::analytics::models`].
//!
//! The one rule: what stands under one of their names and is somebody else's stays as it is.

use std::collections::HashSet;

use rusqlite::{Connection, Error, OptionalExtension as _};

use super::layout::Layouts;
use crate::analytics::models::{Dialect, MARK, MODELS, OFFICE_MINUTES};

/// Makes the views that are missing or of another version. Runs inside the caller's transaction.
pub(super) fn rebuild(connection: &Connection, layouts: &Layouts) -> Result<(), Error> {
    connection.execute_batch(OFFICE_MINUTES)?;
    connection.execute_batch(
        "CREATE TABLE IF NOT EXISTS _trunkline_office_stale (conversation_id TEXT NOT NULL PRIMARY KEY) WITHOUT ROWID",
    )?;
    // By the layouts, not by the file: a column that was left out later is still there, but empty.
    let columns: HashSet<(&str, String)> = layouts
        .all()
        .flat_map(|layout| {
            let table = layout.table.name;
            layout
                .definitions()
                .into_iter()
                .map(move |(name, _)| (table, name))
        })
        .collect();
    let has = |table: &str, column: &str| columns.contains(&(table, column.to_owned()));
    for model in MODELS {
        let sql = model.create(Dialect::Sqlite, &has);
        let held: Option<(String, String)> = connection
            .prepare_cached("SELECT type, COALESCE(sql, '') FROM sqlite_schema WHERE name = ?1")?
            .query_row([model.name], |row| Ok((row.get(0)?, row.get(1)?)))
            .optional()?;
        match held {
            Some((_, held)) if held == sql => {}
            Some((kind, held)) if kind == "view" && held.contains(MARK) => {
                connection.execute_batch(&format!("DROP VIEW {};\n{sql}", model.name))?;
            }
            Some((kind, _)) => {
                tracing::warn!(
                    name = model.name,
                    kind,
                    "the mirror has something else of this name, which stays; the end model is not made"
                );
            }
            None => connection.execute_batch(&sql)?,
        }
    }
    Ok(())
}
