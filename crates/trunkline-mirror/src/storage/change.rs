//! What can be written: a batch of changes and the checkpoint that stands for them.
//!
//! The one rule: a batch is all or nothing. Read `apply.rs` for what each change does to the tables.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use serde_json::Value;

/// Changes that are committed together, with the position to go on from after them.
#[derive(Clone, Debug)]
pub struct Batch {
    /// When the records were read; becomes `_synced_at`, `_deleted_at`, `_valid_from` and `_valid_to`.
    pub synced_at: Timestamp,
    /// Applied in order.
    pub changes: Vec<Change>,
    /// Saved in the same transaction.
    pub checkpoint: Option<Checkpoint>,
}

/// A position in a stream that was made durable.
#[derive(Clone, Debug, PartialEq)]
pub struct Checkpoint {
    /// The stream.
    pub stream: &'static str,
    /// The position, in the words of whoever reads the stream; it carries its own version.
    pub cursor: Value,
}

/// One change.
#[derive(Clone, Debug)]
pub enum Change {
    /// The workspace that the mirror belongs to; another `id_code` than the one already held is an error.
    Workspace {
        /// The workspace's code, such as `abcd1234`.
        id_code: String,
        /// Its name.
        name: String,
        /// Its time zone, as the API names it.
        time_zone: String,
        /// Where it is hosted.
        region: String,
        /// The API version that the last run used.
        version: String,
    },
    /// Records as the API gave them: inserted or updated where they differ from what is held, with the lists inside them.
    Records {
        /// The stream, also the table.
        stream: &'static str,
        /// One JSON object each.
        records: Vec<Bytes>,
        /// The pass that saw them, if one is running.
        pass: Option<i64>,
    },
    /// The complete list that hangs on one parent: it replaces what is held and clears the parent's need for it.
    ///
    /// The parent is the first key column of a membership (`contact_tags`: the contact), the parent column of a nested
    /// stream (`notes`: the contact), and the segment for `contact_segments`.
    Children {
        /// The nested stream or membership.
        stream: &'static str,
        /// Whose list it is.
        parent_id: String,
        /// All of it.
        records: Vec<Bytes>,
    },
    /// One page of a complete list that is too long for one batch (a segment's contacts); the same as
    /// [`Change::Children`] once the page marked `last` is written. What no page named is removed then.
    ChildrenPage {
        /// The nested stream or membership.
        stream: &'static str,
        /// Whose list it is.
        parent_id: String,
        /// This page of it.
        records: Vec<Bytes>,
        /// The list starts here: forget what an interrupted reading saw.
        first: bool,
        /// The list ends here.
        last: bool,
    },
    /// The parts that reading a conversation gave. Older parts that the limit of 500 no longer shows stay.
    Parts {
        /// The conversation.
        conversation_id: String,
        /// Its parts.
        records: Vec<Bytes>,
        /// `conversation_parts.total_count` of the answer.
        total_count: Option<u64>,
        /// The count for which the conversation was read: [`PendingParts::stated`](super::PendingParts::stated).
        stated: Option<u64>,
    },
    /// Records that are gone for certain: marked deleted, with everything that hangs on them.
    Vanished {
        /// The stream.
        stream: &'static str,
        /// Their ids.
        ids: Vec<String>,
    },
    /// An id that now stands for another record (a merged contact); the old row is marked deleted.
    Alias {
        /// The stream.
        stream: &'static str,
        /// The id that no longer answers.
        old_id: String,
        /// The id that took its place.
        new_id: String,
    },
    /// A complete reading of a stream begins. Beginning the pass that is already open goes on with it.
    PassStarted {
        /// The stream.
        stream: &'static str,
        /// A number of the caller's; a new one forgets what an unfinished pass saw.
        pass: i64,
    },
    /// A complete reading ended: what it did not see is marked deleted. Ignored when another pass, or none, is open.
    PassComplete {
        /// The stream.
        stream: &'static str,
        /// The number that it began with.
        pass: i64,
    },
    /// A fact for the completeness report, such as `stated_total`, `empty_by_permission`, `not_in_version`. An empty
    /// value takes the fact back.
    Note {
        /// The stream.
        stream: &'static str,
        /// What kind of fact.
        kind: &'static str,
        /// The fact.
        value: String,
    },
    /// A record that could not be read at all; kept aside, so that it stops nothing.
    BadRecord {
        /// The stream.
        stream: &'static str,
        /// What is wrong with it.
        error: String,
        /// The record, or what came in its place.
        record: Bytes,
    },
}

/// What a batch did to the records of the streams that its changes name; `by_stream` also has the lists inside them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Written {
    /// Records that were not held before.
    pub inserted: u64,
    /// Records that were held otherwise, or as deleted.
    pub updated: u64,
    /// Records that were held like this already, or newer.
    pub unchanged: u64,
    /// Records that were marked deleted.
    pub deleted: u64,
    /// Records that went to `_trunkline_rejects`.
    pub rejected: u64,
    /// The same per table, memberships and nested streams included.
    pub by_stream: BTreeMap<&'static str, Tally>,
    /// Some of the records that were inserted, updated or marked deleted, per table.
    pub newest: BTreeMap<&'static str, Newest>,
}

/// How many records a [`Newest`] holds.
const KEPT: usize = 8;

/// Some records that changed, the newest changes among them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Newest {
    /// When each last changed, where its table says so, with its key.
    records: Vec<(String, String)>,
}

impl Newest {
    /// Takes note of a record.
    pub(super) fn note(&mut self, changed_at: &str, key: &str) {
        if self.records.len() >= KEPT {
            let oldest = (0..KEPT).min_by(|left, right| self.records[*left].cmp(&self.records[*right]));
            match oldest {
                Some(oldest) if self.records[oldest].0.as_str() < changed_at => {
                    self.records.swap_remove(oldest);
                }
                _ => return,
            }
        }
        if !self.records.iter().any(|(_, known)| known == key) {
            self.records.push((changed_at.to_owned(), key.to_owned()));
        }
    }

    /// Whether a bulk reading need not note any more.
    pub(super) fn is_full(&self) -> bool {
        self.records.len() >= KEPT
    }

    /// Takes in what another batch noted.
    pub fn add(&mut self, other: &Self) {
        for (changed_at, key) in &other.records {
            self.note(changed_at, key);
        }
    }

    /// The keys, the newest change first.
    #[must_use]
    pub fn keys(&self) -> Vec<String> {
        let mut records: Vec<&(String, String)> = self.records.iter().collect();
        records.sort_by(|left, right| right.cmp(left));
        records
            .into_iter()
            .map(|(_, key)| key.replace('\u{1f}', " "))
            .collect()
    }
}

/// What happened to the rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Rows that were not held before.
    pub inserted: u64,
    /// Rows that were held otherwise, or as deleted.
    pub updated: u64,
    /// Those of the updated rows of which no column says anything else: only the record's wording was new.
    pub restated: u64,
    /// Rows that were held like this already, or newer.
    pub unchanged: u64,
    /// Rows that were marked deleted.
    pub deleted: u64,
    /// Records that could not become a row.
    pub rejected: u64,
}

impl Written {
    /// Adds what another batch did.
    pub fn add(&mut self, other: &Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.rejected += other.rejected;
        for (stream, tally) in &other.by_stream {
            self.by_stream.entry(stream).or_default().add(tally);
        }
        for (stream, newest) in &other.newest {
            self.newest.entry(stream).or_default().add(newest);
        }
    }

    /// Counts `tally` for `stream`; only a stream that a change names (`own`) counts in the totals.
    pub(super) fn count(&mut self, stream: &'static str, tally: &Tally, own: bool) {
        if *tally == Tally::default() {
            return;
        }
        if own {
            self.inserted += tally.inserted;
            self.updated += tally.updated;
            self.unchanged += tally.unchanged;
            self.deleted += tally.deleted;
            self.rejected += tally.rejected;
        }
        self.by_stream.entry(stream).or_default().add(tally);
    }
}

impl Tally {
    /// Adds another tally.
    pub fn add(&mut self, other: &Self) {
        self.inserted += other.inserted;
        self.updated += other.updated;
        self.restated += other.restated;
        self.unchanged += other.unchanged;
        self.deleted += other.deleted;
        self.rejected += other.rejected;
    }

    /// Rows that are otherwise than before.
    #[must_use]
    pub fn changed(&self) -> u64 {
        (self.inserted + self.updated + self.deleted).saturating_sub(self.restated)
    }
}

impl Batch {
    /// Records and bytes that it carries.
    pub(super) fn size(&self) -> (usize, usize) {
        self.changes
            .iter()
            .fold((0, 0), |(records, bytes), change| match change {
                Change::Records { records: list, .. }
                | Change::Children { records: list, .. }
                | Change::ChildrenPage { records: list, .. }
                | Change::Parts { records: list, .. } => (
                    records + list.len(),
                    bytes + list.iter().map(Bytes::len).sum::<usize>(),
                ),
                Change::BadRecord { record, .. } => (records + 1, bytes + record.len()),
                Change::Vanished { ids, .. } => (records + ids.len(), bytes),
                _ => (records + 1, bytes),
            })
    }
}
