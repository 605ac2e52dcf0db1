//! A column that is newly left out or hashed disappears from the rows that are there already, history included.
//!
//! The one rule: a choice that was applied once is not applied again; a digest of a digest would match nothing.

use std::collections::HashSet;

use rusqlite::{Connection, Error, OptionalExtension, params};

use super::{
    ColumnRef, StorageOptions, apply,
    layout::{Layout, Source, quote},
    privacy::Privacy,
    steady,
};
use crate::{feed, tables, text};

/// Rows that are read at once.
const CHUNK: u32 = 200;

/// Compares the choices with those that the file was kept by, and applies the new ones.
pub(super) fn follow(connection: &Connection, options: &StorageOptions) -> Result<(), Error> {
    let exclude = remember(connection, "exclude", &options.exclude)?;
    let hash = remember(connection, "hash", &options.hash)?;
    if exclude.is_empty() && hash.is_empty() {
        return Ok(());
    }
    let new = StorageOptions {
        exclude,
        hash,
        ..StorageOptions::default()
    };
    let salt = apply::workspace(connection)?.unwrap_or_default();
    for table in tables::all() {
        let privacy = Privacy::of(table, &new);
        if !privacy.is_empty() {
            let layout = Layout::new(table, Privacy::default());
            rewrite(connection, &layout, table.name, &privacy, &salt)?;
            rewrite(
                connection,
                &layout,
                &format!("{}_history", table.name),
                &privacy,
                &salt,
            )?;
            feed::forget_before(connection, table.name)?;
        }
    }
    Ok(())
}

/// Keeps the choices; answers those that are new.
fn remember(connection: &Connection, key: &str, chosen: &[ColumnRef]) -> Result<Vec<ColumnRef>, Error> {
    let held: String = connection
        .query_row("SELECT value FROM _trunkline_meta WHERE key = ?1", [key], |row| {
            row.get(0)
        })
        .optional()?
        .unwrap_or_default();
    let mut names: Vec<String> = chosen.iter().map(ToString::to_string).collect();
    names.sort();
    let value = names.join("\n");
    if value != held {
        connection.execute(
            "INSERT INTO _trunkline_meta (key, value) VALUES (?1, ?2) ON CONFLICT DO UPDATE SET value = excluded.value",
            [key, &value],
        )?;
    }
    let held: HashSet<&str> = held.lines().collect();
    Ok(chosen
        .iter()
        .filter(|reference| !held.contains(reference.to_string().as_str()))
        .cloned()
        .collect())
}

fn rewrite(
    connection: &Connection,
    layout: &Layout,
    name: &str,
    privacy: &Privacy,
    salt: &str,
) -> Result<(), Error> {
    let held: HashSet<String> = connection
        .prepare("SELECT name FROM pragma_table_info(?1)")?
        .query_map([name], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    if held.is_empty() {
        return Ok(());
    }
    // Ids stay, and the parent's may not even stand in the record.
    let fixed: Vec<&str> = layout
        .table
        .key
        .iter()
        .copied()
        .chain([layout.table.parent_column()])
        .collect();
    let columns: Vec<_> = layout
        .columns
        .iter()
        .filter(|column| held.contains(&column.name) && !fixed.contains(&column.name.as_str()))
        .collect();
    let sets: String = columns
        .iter()
        .zip(4..)
        .map(|(column, place)| format!(", {} = ?{place}", quote(&column.name)))
        .collect();
    let mut select = connection.prepare(&format!(
        "SELECT rowid, record FROM {name} WHERE rowid > ?1 ORDER BY rowid LIMIT ?2"
    ))?;
    let mut update = connection.prepare(&format!(
        "UPDATE {name} SET record = ?2, _hash = ?3{sets} WHERE rowid = ?1"
    ))?;
    let mut after = 0;
    loop {
        let rows: Vec<(i64, String)> = select
            .query_map(params![after, CHUNK], |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<Result<_, _>>()?;
        let Some((last, _)) = rows.last() else {
            return Ok(());
        };
        after = *last;
        for (rowid, record) in rows {
            let Some(record) = privacy.apply(&record, salt) else {
                continue;
            };
            let Ok(extracted) = layout.plan.extract(&record) else {
                continue;
            };
            update.raw_bind_parameter(1, rowid)?;
            update.raw_bind_parameter(2, &record)?;
            update.raw_bind_parameter(3, steady::hash(&record))?;
            for (column, place) in columns.iter().zip(4..) {
                match column.source {
                    Source::Value(value) => update.raw_bind_parameter(place, &extracted.values[value])?,
                    Source::TextOf(value) => {
                        update.raw_bind_parameter(
                            place,
                            extracted.values[value].as_str().map(text::from_html),
                        )?;
                    }
                }
            }
            update.raw_execute()?;
        }
    }
}
