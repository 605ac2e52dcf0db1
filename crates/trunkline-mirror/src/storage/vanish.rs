//! A record is gone, or is there again: with it go and come the memberships and nested rows that name it.
//!
//! The one rule: what comes back with a record is exactly what went with it, told by the time of the deletion.

use rusqlite::{Error, ToSql};

use super::{
    history::History,
    layout::{Layout, quote},
    parts,
    work::{Failure, Work},
};
use crate::tables::{self, TableKind};

/// What the columns of memberships, and the parents of nested rows, are ids of.
const REFERENCES: &[(&str, &str)] = &[
    ("contact_id", "contacts"),
    ("company_id", "companies"),
    ("tag_id", "tags"),
    ("segment_id", "segments"),
    ("conversation_id", "conversations"),
    ("ticket_id", "tickets"),
    ("ticket_type_id", "ticket_types"),
    ("team_id", "teams"),
    ("office_hours_schedule_id", "office_hours_schedules"),
    ("admin_id", "admins"),
    ("subscription_type_id", "subscription_types"),
];

/// The memberships that outlive the record their column names: Intercom goes on listing a contact that is
/// archived or deleted among the participants of its conversations and tickets, and a ticket tells itself what it is
/// linked with.
const KEPT: &[(&str, &str)] = &[
    ("conversation_contacts", "contact_id"),
    ("ticket_contacts", "contact_id"),
    ("ticket_conversations", "conversation_id"),
];

/// The stream that a column has ids of.
fn referred(column: &str) -> Option<&'static str> {
    REFERENCES
        .iter()
        .find(|(name, _)| *name == column)
        .map(|(_, stream)| *stream)
}

/// The columns of `layout` that name records of `stream`.
fn columns_naming(layout: &Layout, stream: &str) -> impl Iterator<Item = &'static str> {
    let columns: Vec<&'static str> = match layout.table.kind {
        TableKind::Members => layout.table.key.to_vec(),
        TableKind::Nested { parent } => vec![parent],
        TableKind::Records => Vec::new(),
    };
    columns
        .into_iter()
        .filter(move |column| referred(column) == Some(stream))
        .filter(|column| !KEPT.contains(&(layout.table.name, *column)))
}

fn key_values(key: &str) -> Vec<&str> {
    key.split('\u{1f}').collect()
}

/// Marks one record as deleted, with what hangs on it.
pub(super) fn record(work: &mut Work<'_>, layout: &Layout, key: &str) -> Result<(), Failure> {
    let name = layout.table.name;
    let values = key_values(key);
    if values.len() != layout.key.len() {
        return Ok(());
    }
    let mut parameters: Vec<&dyn ToSql> = vec![&work.now];
    parameters.extend(values.iter().map(|value| value as &dyn ToSql));
    let changed = work
        .connection
        .prepare_cached(&format!(
            "UPDATE {name} SET _deleted_at = ?1 WHERE {} AND _deleted_at IS NULL",
            layout.key_condition(2)
        ))?
        .execute(&*parameters)?;
    if changed == 0 {
        return Ok(());
    }
    if work.state.history {
        History::of_row(layout).follow(work.connection, &parameters)?;
    }
    drop(parameters);
    work.tally(name).deleted += 1;
    let now = work.now.clone();
    work.newest(name).note(&now, key);
    for other in work.layouts.all() {
        for column in columns_naming(other, name) {
            let gone = work
                .connection
                .prepare_cached(&format!(
                    "UPDATE {} SET _deleted_at = ?1 WHERE {} = ?2 AND _deleted_at IS NULL",
                    other.table.name,
                    quote(column)
                ))?
                .execute([work.now.as_str(), key])?;
            if gone > 0 {
                work.tally(other.table.name).deleted += gone as u64;
                follow(work, other, column, key)?;
            }
        }
    }
    Ok(())
}

/// Brings back what went with a record, where its other side exists.
pub(super) fn revive(
    work: &mut Work<'_>,
    layout: &Layout,
    key: &str,
    deleted_at: &str,
) -> Result<(), Failure> {
    let stream = layout.table.name;
    for other in work.layouts.all() {
        let name = other.table.name;
        for column in columns_naming(other, stream) {
            let others_exist: String = match other.table.kind {
                TableKind::Members => other
                    .table
                    .key
                    .iter()
                    .filter(|other| **other != column)
                    .filter_map(|other| Some((other, tables::table(referred(other)?)?)))
                    .map(|(other, table)| {
                        format!(
                            " AND NOT EXISTS (SELECT 1 FROM {} AS o WHERE o.{} = {name}.{other} AND o._deleted_at IS NOT NULL)",
                            table.name, table.key[0]
                        )
                    })
                    .collect(),
                _ => String::new(),
            };
            let back = work
                .connection
                .prepare_cached(&format!(
                    "UPDATE {name} SET _deleted_at = NULL, _synced_at = ?1 \
                     WHERE {} = ?2 AND _deleted_at = ?3{others_exist}",
                    quote(column)
                ))?
                .execute([work.now.as_str(), key, deleted_at])?;
            if back > 0 {
                work.tally(name).updated += back as u64;
                follow(work, other, column, key)?;
            }
        }
    }
    if stream == "conversations" {
        parts::recount(work, key)?;
    }
    Ok(())
}

fn follow(work: &Work<'_>, layout: &Layout, column: &str, key: &str) -> Result<(), Error> {
    if work.state.history {
        History::of(layout, &format!("{} = ?2", quote(column)))
            .follow(work.connection, &[&work.now as &dyn ToSql, &key])?;
    }
    Ok(())
}
