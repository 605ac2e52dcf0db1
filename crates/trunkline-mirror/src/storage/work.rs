//! What a batch is applied with: the connection, what is remembered, what is counted, and how it can fail.
//!
//! The one rule: this is all that the steps of a batch share; they know nothing of the engine that runs them. Read
//! `apply.rs` next.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    path::Path,
};

use rusqlite::{Connection, params};
use xxhash_rust::xxh3::xxh3_64;

use super::{StorageError, Tally, change::Newest, layout::Layouts};

/// What the writer remembers between transactions.
#[derive(Debug, Default)]
pub(super) struct State {
    pub(super) history: bool,
    /// History was just turned on: the rows that are there have no versions yet.
    pub(super) history_is_new: bool,
    pub(super) workspace: Option<String>,
    /// Custom attributes that the views have.
    pub(super) attributes: HashMap<&'static str, HashSet<String>>,
    /// Minutes within office hours are kept for conversations, so changes of them are noted.
    pub(super) keeps_office_minutes: bool,
    /// Conversations that this transaction changed, or parts of them.
    pub(super) touched: BTreeSet<String>,
    /// Views that lack attributes.
    pub(super) stale_views: BTreeSet<&'static str>,
    /// Streams whose next record is likely a new one: then inserting comes before looking.
    pub(super) expects_new: HashMap<&'static str, bool>,
}

/// Why a batch could not be applied.
pub(super) enum Failure {
    Sqlite(rusqlite::Error),
    Storage(StorageError),
}

impl From<rusqlite::Error> for Failure {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        Self::Storage(error)
    }
}

/// One batch being applied.
pub(super) struct Work<'c> {
    pub(super) connection: &'c Connection,
    pub(super) layouts: &'c Layouts,
    pub(super) state: &'c mut State,
    pub(super) path: &'c Path,
    pub(super) now: String,
    pub(super) tallies: BTreeMap<&'static str, Tally>,
    pub(super) newest: BTreeMap<&'static str, Newest>,
}

impl Work<'_> {
    /// The tally of a table, to count in.
    pub(super) fn tally(&mut self, stream: &'static str) -> &mut Tally {
        self.tallies.entry(stream).or_default()
    }

    /// The records of a table that changed, to note in.
    pub(super) fn newest(&mut self, stream: &'static str) -> &mut Newest {
        self.newest.entry(stream).or_default()
    }

    /// Takes note that a conversation, or a part of it, is otherwise than before. `key` begins with the conversation's id.
    pub(super) fn touch(&mut self, stream: &str, key: &str) {
        if !self.state.keeps_office_minutes || !matches!(stream, "conversations" | "conversation_parts") {
            return;
        }
        let id = key.split('\u{1f}').next().unwrap_or(key);
        if !self.state.touched.contains(id) {
            self.state.touched.insert(id.to_owned());
        }
    }

    /// Keeps a record that could not become a row.
    pub(super) fn reject(&mut self, stream: &'static str, error: &str, record: &[u8]) -> Result<(), Failure> {
        self.tally(stream).rejected += 1;
        self.connection
            .prepare_cached(
                "INSERT INTO _trunkline_rejects (stream, hash, error, record, times, first_seen_at, seen_at) \
                 VALUES (?1, ?2, ?3, ?4, 1, ?5, ?5) \
                 ON CONFLICT DO UPDATE SET times = times + 1, error = excluded.error, seen_at = excluded.seen_at",
            )?
            .execute(params![
                stream,
                xxh3_64(record).cast_signed(),
                error,
                record,
                self.now
            ])?;
        Ok(())
    }
}
