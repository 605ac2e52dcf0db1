//! Records whose whole way is kept: which they are, and what became of them until it is written.
//!
//! The one rule: whether a record is followed is decided once, when it is read, and all that comes of it goes by that; so what is kept
//! of a record is whole, and a flow that is too quick for its history pays for what is kept only.

use jiff::Timestamp;

use super::{keeper::Fate, lanes::Pending};
use crate::{Mark, Record, Shared, document::Followed};

/// Of `recent`: how many records are followed a second, and how many at once after a while of less.
const PER_SECOND: f64 = 20.0;
const BURST: f64 = 200.0;
/// A record takes one of these, and one more for each of so many bytes.
const PIECE: usize = 16 << 10;
/// What may wait to be written, in number and in memory, about.
const MOST_WAITING: usize = 250;
const MOST_BYTES: usize = 1 << 20;

/// What a run follows.
#[derive(Debug)]
pub(super) struct Following {
    records: Followed,
    left: f64,
    refilled_at: Timestamp,
    /// How many records are followed in all.
    pub(super) count: u64,
    fates: Vec<Fate>,
    bytes: usize,
}

impl Following {
    pub(super) const fn new(records: Followed, now: Timestamp) -> Self {
        Self {
            records,
            left: BURST,
            refilled_at: now,
            count: 0,
            fates: Vec::new(),
            bytes: 0,
        }
    }

    /// Is told how late it is.
    pub(super) fn refill(&mut self, now: Timestamp) {
        let seconds = now.duration_since(self.refilled_at).as_secs_f64().max(0.0);
        self.left = PER_SECOND.mul_add(seconds, self.left).min(BURST);
        self.refilled_at = now;
    }

    /// Whether a record that takes so much memory is followed.
    pub(super) fn admits(&mut self, bytes: usize) -> bool {
        let follows = match self.records {
            Followed::None => false,
            Followed::All => true,
            Followed::Recent => self.left >= 1.0,
        };
        if follows {
            self.count += 1;
            // One that is larger than what is left is followed too, and paid for by those behind it.
            self.left -= 1.0 + (bytes / PIECE) as f64;
        }
        follows
    }

    /// A record arrived.
    pub(super) fn delivered(
        &mut self,
        way: &str,
        pending: Pending,
        answer: Option<serde_json::Value>,
        now: Timestamp,
    ) {
        let record = &pending.record;
        let origins: Vec<(Mark, Option<Shared>)> = record
            .origins
            .followed()
            .map(|origin| (origin.mark(), Some(origin.record().value.clone())))
            .collect();
        if origins.is_empty() {
            return;
        }
        record.origins.have_fates();
        self.bytes += origins
            .iter()
            .filter_map(|(_, source)| Some(source.as_ref()?.weight()))
            .sum::<usize>();
        let joined = record.origins.count();
        let is_as_given = joined == 1
            && origins[0]
                .1
                .as_ref()
                .is_some_and(|source| *source == record.value);
        let differing = (!is_as_given).then(|| record.value.clone());
        self.bytes += differing.as_ref().map_or(0, Shared::weight);
        self.fates.push(Fate {
            origins,
            joined,
            destination: Some(way.to_owned()),
            record: differing,
            answer,
            attempts: pending.attempts,
            at: now,
            is_made_anew: false,
            key: pending.key,
            head: pending.record.head,
        });
    }

    /// Whether so much waits, with what was let go, that it is to be written.
    pub(super) const fn is_much(&self, (let_go, bytes): (usize, usize)) -> bool {
        self.fates.len() + let_go >= MOST_WAITING || self.bytes + bytes >= MOST_BYTES
    }

    /// What is to be written.
    pub(super) fn take(&mut self, let_go: Vec<(Mark, Record)>, now: Timestamp) -> Vec<Fate> {
        self.bytes = 0;
        let mut fates = std::mem::take(&mut self.fates);
        fates.extend(let_go.into_iter().map(|(mark, record)| {
            let Record { head, value, .. } = record;
            Fate {
                origins: vec![(mark, Some(value))],
                joined: 1,
                destination: None,
                key: None,
                head,
                record: None,
                answer: None,
                attempts: 0,
                at: now,
                is_made_anew: false,
            }
        }));
        fates
    }
}

#[cfg(test)]
mod tests;
