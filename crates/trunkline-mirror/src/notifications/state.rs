//! What the mirror holds of the objects that notifications name.
//!
//! The one rule: everything is asked once for a batch, before anything is fetched or written.

use std::collections::{BTreeMap, BTreeSet};

use rusqlite::{Connection, OptionalExtension as _, params_from_iter};

use crate::storage::{Needs, PendingContact, Storage, StorageError};

/// A contact as the mirror holds it. Times are as the mirror keeps them, and so compare as text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HeldContact {
    pub(super) updated_at: Option<String>,
    pub(super) deleted_at: Option<String>,
    pub(super) synced_at: String,
    pub(super) record: String,
}

/// The contacts that are held, as existing or as deleted.
pub(super) async fn contacts(
    storage: &Storage,
    ids: Vec<String>,
) -> Result<BTreeMap<String, HeldContact>, StorageError> {
    storage
        .read(move |connection| {
            // The column may have been left out of the mirror.
            let updated = if has_column(connection, "contacts", "updated_at")? {
                "updated_at"
            } else {
                "NULL"
            };
            let sql =
                format!("SELECT {updated}, _deleted_at, _synced_at, record FROM contacts WHERE id = ?1");
            let mut find = connection.prepare_cached(&sql)?;
            let mut held = BTreeMap::new();
            for id in ids {
                let row = find
                    .query_row([&id], |row| {
                        Ok(HeldContact {
                            updated_at: row.get(0)?,
                            deleted_at: row.get(1)?,
                            synced_at: row.get(2)?,
                            record: row.get(3)?,
                        })
                    })
                    .optional()?;
                held.extend(row.map(|row| (id, row)));
            }
            Ok(held)
        })
        .await
}

fn has_column(connection: &Connection, table: &str, column: &str) -> Result<bool, rusqlite::Error> {
    connection
        .prepare_cached("SELECT 1 FROM pragma_table_info(?1) WHERE name = ?2")?
        .exists([table, column])
}

/// For each of `ids`, the ids on the other side of the pairs that exist, or that went with a contact.
pub(super) async fn pairs(
    storage: &Storage,
    table: &'static str,
    from: &'static str,
    to: &'static str,
    ids: Vec<String>,
) -> Result<Vec<(String, String)>, StorageError> {
    storage
        .read(move |connection| {
            // A column that was left out of the mirror tells nothing.
            if !(has_column(connection, table, from)? && has_column(connection, table, to)?) {
                return Ok(Vec::new());
            }
            // What went with a contact is still to be read when reading it failed.
            let went_along = if from == "contact_id" {
                format!(
                    " OR {table}._deleted_at = (SELECT _deleted_at FROM contacts WHERE contacts.id = {table}.contact_id)"
                )
            } else {
                String::new()
            };
            let sql =
                format!("SELECT {to} FROM {table} WHERE {from} = ?1 AND ({table}._deleted_at IS NULL{went_along})");
            let mut find = connection.prepare_cached(&sql)?;
            let mut pairs = Vec::new();
            for id in ids {
                for other in find.query_map([&id], |row| row.get::<_, String>(0))? {
                    pairs.push((id.clone(), other?));
                }
            }
            Ok(pairs)
        })
        .await
}

/// The names of the tags that are held.
pub(super) async fn tag_names(
    storage: &Storage,
    ids: Vec<String>,
) -> Result<BTreeMap<String, Option<String>>, StorageError> {
    storage
        .read(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT json_extract(record, '$.name') FROM tags WHERE id = ?1 AND _deleted_at IS NULL",
            )?;
            let mut names = BTreeMap::new();
            for id in ids {
                let name = find.query_row([&id], |row| row.get(0)).optional()?;
                names.extend(name.map(|name| (id, name)));
            }
            Ok(names)
        })
        .await
}

/// Which parts of a conversation are held.
pub(super) async fn parts(
    storage: &Storage,
    conversation: String,
    ids: Vec<String>,
) -> Result<BTreeSet<String>, StorageError> {
    storage
        .read(move |connection| {
            let mut find = connection.prepare_cached(
                "SELECT 1 FROM conversation_parts WHERE conversation_id = ?1 AND id = ?2 AND _deleted_at IS NULL",
            )?;
            let mut held = BTreeSet::new();
            for id in ids {
                if find.exists([&conversation, &id])? {
                    held.insert(id);
                }
            }
            Ok(held)
        })
        .await
}

/// Those of these contacts that have lists that are still to be read.
pub(super) async fn lacking_lists(
    storage: &Storage,
    ids: Vec<String>,
) -> Result<Vec<PendingContact>, StorageError> {
    storage
        .read(move |connection| {
            let mut pending = Vec::new();
            for some in ids.chunks(500) {
                let places = vec!["?"; some.len()].join(",");
                let sql = format!(
                    "SELECT id, _needs FROM contacts WHERE _deleted_at IS NULL AND _needs <> 0 AND id IN ({places})"
                );
                let mut find = connection.prepare(&sql)?;
                let found = find.query_map(params_from_iter(some), |row| {
                    Ok(PendingContact {
                        id: row.get(0)?,
                        needs: Needs(row.get(1)?),
                    })
                })?;
                for row in found {
                    pending.push(row?);
                }
            }
            Ok(pending)
        })
        .await
}
