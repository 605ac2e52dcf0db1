//! What the engine and the reports ask of a mirror.
//!
//! The one rule: every question is bounded or pages; none holds a list that grows with the workspace.

use std::collections::BTreeMap;

use rusqlite::{Connection, OptionalExtension, Row, params};
use serde_json::Value;

use super::{Storage, StorageError};
use crate::tables::{self, Table};

/// The workspace that a mirror holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Workspace {
    /// Its code.
    pub id_code: String,
    /// Its name.
    pub name: String,
    /// Its time zone, as the API names it.
    pub time_zone: String,
    /// Where it is hosted.
    pub region: String,
    /// The API version that the last run used.
    pub version: String,
}

/// A conversation whose parts are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingParts {
    /// The conversation.
    pub id: String,
    /// How many parts the API says it has; unknown when its statistics are missing.
    pub stated: Option<u64>,
    /// How many the mirror holds.
    pub held: u64,
}

/// The lists of a contact that its own record shows only in part.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(pub i64);

impl Needs {
    /// Its tags.
    pub const TAGS: i64 = 1;
    /// Its companies.
    pub const COMPANIES: i64 = 2;
    /// Its notes, which the record only names.
    pub const NOTES: i64 = 4;
    /// Its subscriptions.
    pub const SUBSCRIPTIONS: i64 = 8;

    /// Whether the tags are to be read.
    #[must_use]
    pub fn tags(self) -> bool {
        self.0 & Self::TAGS != 0
    }

    /// Whether the companies are to be read.
    #[must_use]
    pub fn companies(self) -> bool {
        self.0 & Self::COMPANIES != 0
    }

    /// Whether the notes are to be read.
    #[must_use]
    pub fn notes(self) -> bool {
        self.0 & Self::NOTES != 0
    }

    /// Whether the subscriptions are to be read.
    #[must_use]
    pub fn subscriptions(self) -> bool {
        self.0 & Self::SUBSCRIPTIONS != 0
    }

    /// The streams that are to be read, one request each.
    pub fn streams(self) -> impl Iterator<Item = &'static str> {
        [
            (Self::TAGS, "contact_tags"),
            (Self::COMPANIES, "contact_companies"),
            (Self::NOTES, "notes"),
            (Self::SUBSCRIPTIONS, "contact_subscriptions"),
        ]
        .into_iter()
        .filter(move |(bit, _)| self.0 & bit != 0)
        .map(|(_, stream)| stream)
    }
}

/// A contact with lists that are to be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PendingContact {
    /// The contact.
    pub id: String,
    /// Which lists.
    pub needs: Needs,
}

/// An id that now stands for another record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Alias {
    /// The stream.
    pub stream: String,
    /// The id that no longer answers.
    pub old_id: String,
    /// The id that took its place.
    pub new_id: String,
    /// When that was found out.
    pub seen_at: String,
}

/// The rows of one table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCount {
    /// The table.
    pub stream: &'static str,
    /// Rows that exist.
    pub rows: u64,
    /// Rows that are kept as deleted.
    pub deleted: u64,
}

/// Records of a stream that could not become rows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejects {
    /// The stream.
    pub stream: String,
    /// How many.
    pub records: u64,
    /// What is wrong with the latest.
    pub latest: String,
}

/// What is held of one stream, and what is known about what should be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamCompleteness {
    /// The table.
    pub stream: &'static str,
    /// Rows that exist.
    pub rows: u64,
    /// Rows that are kept as deleted.
    pub deleted: u64,
    /// The facts that [`Change::Note`](super::Change::Note) left, by kind.
    pub notes: BTreeMap<String, String>,
}

/// What the mirror holds and what it knows that it lacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Completeness {
    /// Every table.
    pub streams: Vec<StreamCompleteness>,
    /// Conversations whose parts are still to be read.
    pub conversations_pending: u64,
    /// Conversations with more parts than the API gives.
    pub conversations_truncated: u64,
    /// Parts that the API states for all conversations, where it does.
    pub parts_stated: u64,
    /// Parts that are held.
    pub parts_held: u64,
    /// Contacts with a list that is still to be read.
    pub contacts_pending: u64,
    /// Records that could not become rows.
    pub rejects: Vec<Rejects>,
}

/// The same words as the partial index in `schema.rs`, or SQLite would not use it.
pub(super) const PENDING_PARTS: &str = "_deleted_at IS NULL AND CASE WHEN _parts_stated IS NULL THEN _parts_fetched IS NULL \
     ELSE _parts_stated > _parts_held AND (_parts_fetched IS NULL OR _parts_stated > _parts_fetched) END";
/// The same words as the partial index in `schema.rs`.
pub(super) const PENDING_CONTACTS: &str = "_deleted_at IS NULL AND _needs <> 0";

fn count(row: &Row<'_>, index: usize) -> Result<u64, rusqlite::Error> {
    Ok(u64::try_from(row.get::<_, i64>(index)?).unwrap_or(0))
}

impl Storage {
    /// The checkpoint of a stream.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn checkpoint(&self, stream: &'static str) -> Result<Option<Value>, StorageError> {
        self.read(move |connection| {
            let text: Option<String> = connection
                .query_row(
                    "SELECT cursor FROM _trunkline_checkpoints WHERE stream = ?1",
                    [stream],
                    |row| row.get(0),
                )
                .optional()?;
            Ok(text.and_then(|text| serde_json::from_str(&text).ok()))
        })
        .await
    }

    /// The workspace that the mirror holds, once one was written.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn workspace(&self) -> Result<Option<Workspace>, StorageError> {
        self.read(|connection| {
            connection
                .query_row(
                    "SELECT id_code, name, time_zone, region, version FROM _trunkline_workspace",
                    [],
                    |row| {
                        Ok(Workspace {
                            id_code: row.get(0)?,
                            name: row.get(1)?,
                            time_zone: row.get(2)?,
                            region: row.get(3)?,
                            version: row.get(4)?,
                        })
                    },
                )
                .optional()
        })
        .await
    }

    /// The pass over a stream that was begun and not completed.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn open_pass(&self, stream: &'static str) -> Result<Option<i64>, StorageError> {
        self.read(move |connection| {
            connection
                .query_row(
                    "SELECT pass FROM _trunkline_passes WHERE stream = ?1",
                    [stream],
                    |row| row.get(0),
                )
                .optional()
        })
        .await
    }

    /// Conversations whose parts are to be read, in the order in which they came, so that what is written next lies close
    /// together.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn pending_parts(&self, limit: u32) -> Result<Vec<PendingParts>, StorageError> {
        self.read(move |connection| {
            let sql = format!(
                "SELECT id, _parts_stated, _parts_held FROM conversations WHERE {PENDING_PARTS} \
                 ORDER BY rowid LIMIT ?1"
            );
            connection
                .prepare_cached(&sql)?
                .query_map([limit], |row| {
                    Ok(PendingParts {
                        id: row.get(0)?,
                        stated: row
                            .get::<_, Option<i64>>(1)?
                            .and_then(|stated| u64::try_from(stated).ok()),
                        held: count(row, 2)?,
                    })
                })?
                .collect()
        })
        .await
    }

    /// Contacts with lists that are to be read, in the order in which they came.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn pending_contacts(&self, limit: u32) -> Result<Vec<PendingContact>, StorageError> {
        self.read(move |connection| {
            let sql =
                format!("SELECT id, _needs FROM contacts WHERE {PENDING_CONTACTS} ORDER BY rowid LIMIT ?1");
            connection
                .prepare_cached(&sql)?
                .query_map([limit], |row| {
                    Ok(PendingContact {
                        id: row.get(0)?,
                        needs: Needs(row.get(1)?),
                    })
                })?
                .collect()
        })
        .await
    }

    /// Which of `ids` the mirror holds as existing; for streams with one key column.
    ///
    /// # Errors
    /// When the mirror cannot be read or has no such stream.
    pub async fn known_ids(
        &self,
        stream: &'static str,
        ids: Vec<String>,
    ) -> Result<Vec<String>, StorageError> {
        let table = self.table(stream)?;
        self.read(move |connection| {
            let sql = format!(
                "SELECT 1 FROM {} WHERE {} = ?1 AND _deleted_at IS NULL",
                table.name, table.key[0]
            );
            let mut statement = connection.prepare_cached(&sql)?;
            let mut known = Vec::new();
            for id in ids {
                if statement.exists([&id])? {
                    known.push(id);
                }
            }
            Ok(known)
        })
        .await
    }

    /// The ids of a stream that exist, in order, after `after_id`.
    ///
    /// # Errors
    /// When the mirror cannot be read or has no such stream.
    pub async fn ids(
        &self,
        stream: &'static str,
        after_id: Option<String>,
        limit: u32,
    ) -> Result<Vec<String>, StorageError> {
        let table = self.table(stream)?;
        self.read(move |connection| {
            let key = table.key[0];
            let sql = format!(
                "SELECT {key} FROM {} WHERE {key} > ?1 AND _deleted_at IS NULL ORDER BY {key} LIMIT ?2",
                table.name
            );
            connection
                .prepare_cached(&sql)?
                .query_map(params![after_id.unwrap_or_default(), limit], |row| row.get(0))?
                .collect()
        })
        .await
    }

    /// How many members the mirror holds for one parent of a membership or nested stream (one segment's contacts).
    ///
    /// # Errors
    /// When the mirror cannot be read or has no such stream.
    pub async fn member_count(&self, stream: &'static str, parent_id: String) -> Result<u64, StorageError> {
        let table = self.table(stream)?;
        self.read(move |connection| {
            let sql = format!(
                "SELECT count(*) FROM {} WHERE {} = ?1 AND _deleted_at IS NULL",
                table.name,
                table.parent_column()
            );
            connection
                .prepare_cached(&sql)?
                .query_row([parent_id], |row| count(row, 0))
        })
        .await
    }

    /// The rows of every table.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn counts(&self) -> Result<Vec<StreamCount>, StorageError> {
        self.read(all_counts).await
    }

    /// What the mirror holds, and what it knows that it lacks.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn completeness(&self) -> Result<Completeness, StorageError> {
        self.read(completeness).await
    }

    /// Where an id that no longer answers went, through as many merges as there were.
    ///
    /// # Errors
    /// When the mirror cannot be read.
    pub async fn alias(&self, stream: &'static str, old_id: String) -> Result<Option<Alias>, StorageError> {
        self.read(move |connection| {
            let mut statement = connection.prepare_cached(
                "SELECT stream, old_id, new_id, seen_at FROM _trunkline_aliases WHERE stream = ?1 AND old_id = ?2",
            )?;
            let mut found: Option<Alias> = None;
            // Bounded, because two merges could name each other.
            for _ in 0..16 {
                let id = found.as_ref().map_or(old_id.as_str(), |alias| alias.new_id.as_str());
                let next = statement
                    .query_row([stream, id], |row| {
                        Ok(Alias { stream: row.get(0)?, old_id: row.get(1)?, new_id: row.get(2)?, seen_at: row.get(3)? })
                    })
                    .optional()?;
                match next {
                    Some(next) => found = Some(next),
                    None => break,
                }
            }
            Ok(found.map(|alias| Alias { old_id, ..alias }))
        })
        .await
    }

    fn table(&self, stream: &str) -> Result<&'static Table, StorageError> {
        tables::table(stream).ok_or_else(|| StorageError::UnknownStream {
            path: self.path().to_path_buf(),
            stream: stream.to_owned(),
            what: "questions",
        })
    }
}

fn all_counts(connection: &Connection) -> Result<Vec<StreamCount>, rusqlite::Error> {
    tables::all()
        .map(|table| {
            // One small index answers how many there are; the deleted ones have an index of their own.
            let sql = format!(
                "SELECT (SELECT count(*) FROM {0}), (SELECT count(*) FROM {0} WHERE _deleted_at IS NOT NULL)",
                table.name
            );
            connection.prepare_cached(&sql)?.query_row([], |row| {
                let (all, deleted) = (count(row, 0)?, count(row, 1)?);
                Ok(StreamCount {
                    stream: table.name,
                    rows: all.saturating_sub(deleted),
                    deleted,
                })
            })
        })
        .collect()
}

fn completeness(connection: &Connection) -> Result<Completeness, rusqlite::Error> {
    let number = |sql: &str| connection.prepare_cached(sql)?.query_row([], |row| count(row, 0));
    let mut notes: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    let mut statement =
        connection.prepare_cached("SELECT stream, kind, value FROM _trunkline_stream_state")?;
    let mut rows = statement.query([])?;
    while let Some(row) = rows.next()? {
        notes
            .entry(row.get(0)?)
            .or_default()
            .insert(row.get(1)?, row.get(2)?);
    }
    let streams = all_counts(connection)?
        .into_iter()
        .map(
            |StreamCount {
                 stream,
                 rows,
                 deleted,
             }| StreamCompleteness {
                stream,
                rows,
                deleted,
                notes: notes.remove(stream).unwrap_or_default(),
            },
        )
        .collect();
    let rejects = connection
        .prepare_cached(
            "SELECT stream, count(*), error, max(seen_at) FROM _trunkline_rejects GROUP BY stream ORDER BY 1",
        )?
        .query_map([], |row| {
            Ok(Rejects {
                stream: row.get(0)?,
                records: count(row, 1)?,
                latest: row.get(2)?,
            })
        })?
        .collect::<Result<_, _>>()?;
    Ok(Completeness {
        streams,
        conversations_pending: number(&format!(
            "SELECT count(*) FROM conversations WHERE {PENDING_PARTS}"
        ))?,
        conversations_truncated: number(
            "SELECT count(*) FROM conversations WHERE _truncated = 1 AND _deleted_at IS NULL",
        )?,
        parts_stated: number(
            "SELECT coalesce(sum(_parts_stated), 0) FROM conversations WHERE _deleted_at IS NULL",
        )?,
        parts_held: number(
            "SELECT coalesce(sum(_parts_held), 0) FROM conversations WHERE _deleted_at IS NULL",
        )?,
        contacts_pending: number(&format!("SELECT count(*) FROM contacts WHERE {PENDING_CONTACTS}"))?,
        rejects,
    })
}
