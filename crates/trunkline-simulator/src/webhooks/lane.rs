//! What waits for one subscriber, and what its answers did to the subscription (facts 7.5).
//!
//! The one rule: time is an argument and nothing here does IO; every notification that was offered is in exactly one place:
//! waiting, on its way, delivered, lost or dropped. What sends is `sender.rs`.

use std::{
    collections::{BTreeMap, VecDeque},
    sync::Arc,
};

use rand::{RngExt as _, SeedableRng as _};
use rand_chacha::ChaCha8Rng;
use serde::Serialize;

use super::outbox::Notification;

/// The most notifications that wait for one subscriber.
pub(super) const MOST_WAITING: usize = 10_000;
/// After how long a failed attempt is repeated, in seconds.
const RETRY_AFTER: i64 = 60;
/// How often a failed notification is sent in all.
const MOST_FAILURES: u32 = 2;
/// How long a throttle lasts at first and at most, in seconds; also how old a throttled notification may get.
const FIRST_THROTTLE: i64 = 60;
const LONGEST_THROTTLE: i64 = 7_200;
/// So many errors in a row within this span pause a subscription for the same span, in seconds.
const MANY_ERRORS: usize = 1_000;
const PAUSE: i64 = 15 * 60;
/// How long a subscription may fail before it is suspended, in seconds.
const SUSPENDED_AFTER: i64 = 7 * 86_400;

/// How badly the way to a subscriber behaves.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Terms {
    pub(super) duplicates: f64,
    pub(super) duplicate_every: u32,
    pub(super) reorder: u32,
    pub(super) lost: f64,
}

/// Whether a subscription is served.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub(super) enum Standing {
    /// It is.
    Live,
    /// Not until then: it failed too often.
    Paused { until: i64 },
    /// Not until it is enabled again: it said that it is gone.
    Disabled,
    /// Not until it is enabled again: it failed for a week.
    Suspended,
}

/// What became of the notifications of a subscription.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct Counts {
    pub(super) offered: u64,
    pub(super) duplicated: u64,
    pub(super) lost: u64,
    pub(super) delivered: u64,
    pub(super) retried: u64,
    pub(super) dropped: u64,
}

/// A notification on its way.
#[derive(Clone, Debug)]
pub(super) struct Due {
    pub(super) notification: Arc<Notification>,
    /// How often it was sent, this time included.
    pub(super) attempt: u32,
    pub(super) first_sent_at: i64,
    failures: u32,
    offered_at: i64,
}

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Outcome {
    /// An answer with this status.
    Status(u16),
    /// No answer in time, or no connection.
    NoAnswer,
}

/// One subscriber's notifications.
#[derive(Debug)]
pub(super) struct Lane {
    terms: Terms,
    rng: ChaCha8Rng,
    standing: Standing,
    /// What is held back to come later, by the turn at which it comes.
    held: BTreeMap<(u64, u64), Due>,
    waiting: VecDeque<Due>,
    /// What failed, by the moment at which it is sent again.
    retries: BTreeMap<(i64, u64), Due>,
    in_flight: bool,
    /// Until when nothing is sent, and for how long that was.
    throttle: Option<(i64, i64)>,
    /// After an outage, what waited is sent newest first.
    newest_first: bool,
    /// When the latest of an unbroken row of errors happened.
    errors: VecDeque<i64>,
    failing_since: Option<i64>,
    /// How many were put into `held` or `retries`, which orders them.
    turn: u64,
    counts: Counts,
}

impl Lane {
    pub(super) fn new(terms: Terms, seed: u64) -> Self {
        Self {
            terms,
            rng: ChaCha8Rng::seed_from_u64(seed),
            standing: Standing::Live,
            held: BTreeMap::new(),
            waiting: VecDeque::new(),
            retries: BTreeMap::new(),
            in_flight: false,
            throttle: None,
            newest_first: false,
            errors: VecDeque::new(),
            failing_since: None,
            turn: 0,
            counts: Counts::default(),
        }
    }

    /// Whether it is served at `now`.
    pub(super) fn standing(&self, now: i64) -> Standing {
        match self.standing {
            Standing::Paused { until } if until <= now => Standing::Live,
            other => other,
        }
    }

    pub(super) fn counts(&self) -> Counts {
        self.counts
    }

    /// How many wait, held back and failed ones included.
    pub(super) fn len(&self) -> usize {
        self.held.len() + self.waiting.len() + self.retries.len()
    }

    /// Until when nothing is sent because the subscriber asked for less.
    pub(super) fn throttled_until(&self) -> Option<i64> {
        self.throttle.map(|(until, _)| until)
    }

    /// Takes a notification, or loses or doubles it as the terms have it.
    pub(super) fn offer(&mut self, now: i64, notification: Notification) {
        self.counts.offered += 1;
        if self.standing(now) != Standing::Live {
            self.counts.dropped += 1;
            return;
        }
        if self.terms.lost > 0.0 && self.rng.random_bool(self.terms.lost) {
            self.counts.lost += 1;
            return;
        }
        let every = u64::from(self.terms.duplicate_every);
        let is_doubled = (every > 0 && self.counts.offered.is_multiple_of(every))
            || (self.terms.duplicates > 0.0 && self.rng.random_bool(self.terms.duplicates));
        let notification = Arc::new(notification);
        if is_doubled {
            self.counts.duplicated += 1;
            self.put(now, Arc::clone(&notification));
        }
        self.put(now, notification);
    }

    /// Takes a notification as it is, whatever the terms.
    pub(super) fn offer_surely(&mut self, now: i64, notification: Notification) {
        self.counts.offered += 1;
        let due = fresh(now, Arc::new(notification));
        self.waiting.push_back(due);
        self.trim();
    }

    fn put(&mut self, now: i64, notification: Arc<Notification>) {
        let due = fresh(now, notification);
        if self.terms.reorder == 0 {
            self.waiting.push_back(due);
        } else {
            self.turn += 1;
            let later = u64::from(self.rng.random_range(0..=self.terms.reorder));
            self.held.insert((self.turn + later, self.turn), due);
            while let Some(entry) = self.held.first_entry()
                && entry.key().0 <= self.turn
            {
                self.waiting.push_back(entry.remove());
            }
        }
        self.trim();
    }

    /// Lets everything go that was held back: nothing newer is coming that could overtake it.
    pub(super) fn release(&mut self) {
        self.waiting.extend(std::mem::take(&mut self.held).into_values());
    }

    /// Drops the oldest of too many.
    fn trim(&mut self) {
        while self.len() > MOST_WAITING {
            let oldest = self
                .waiting
                .pop_front()
                .or_else(|| self.retries.pop_first().map(|(_, due)| due))
                .or_else(|| self.held.pop_first().map(|(_, due)| due));
            if oldest.is_none() {
                return;
            }
            self.counts.dropped += 1;
        }
    }

    fn drop_all(&mut self) {
        self.counts.dropped += self.len() as u64;
        self.held.clear();
        self.waiting.clear();
        self.retries.clear();
    }

    /// The next notification to send, if one is due; it must be settled before there is another.
    pub(super) fn next(&mut self, now: i64) -> Option<Due> {
        if self.in_flight || self.standing(now) != Standing::Live {
            return None;
        }
        self.standing = Standing::Live;
        if let Some((until, _)) = self.throttle
            && now < until
        {
            return None;
        }
        let mut due = loop {
            let due = self.pop(now)?;
            // Only what a throttle kept waiting can be too old.
            if self.throttle.is_some() && now - due.offered_at > LONGEST_THROTTLE {
                self.counts.dropped += 1;
                continue;
            }
            break due;
        };
        self.in_flight = true;
        due.attempt += 1;
        if due.attempt == 1 {
            due.first_sent_at = now;
        }
        Some(due)
    }

    fn pop(&mut self, now: i64) -> Option<Due> {
        if let Some(entry) = self.retries.first_entry()
            && entry.key().0 <= now
        {
            return Some(entry.remove());
        }
        let due = if self.newest_first {
            self.waiting.pop_back()
        } else {
            self.waiting.pop_front()
        };
        if self.waiting.is_empty() {
            self.newest_first = false;
        }
        due
    }

    /// Says what came of the notification that `next` gave out.
    pub(super) fn settle(&mut self, now: i64, due: Due, outcome: Outcome) {
        self.in_flight = false;
        match outcome {
            Outcome::Status(200..=299) => {
                self.counts.delivered += 1;
                self.errors.clear();
                self.failing_since = None;
                self.throttle = None;
            }
            Outcome::Status(410) => {
                self.counts.dropped += 1;
                self.drop_all();
                self.standing = Standing::Disabled;
            }
            Outcome::Status(429) => {
                let lasts = self
                    .throttle
                    .map_or(FIRST_THROTTLE, |(_, lasted)| (lasted * 2).min(LONGEST_THROTTLE));
                self.throttle = Some((now + lasts, lasts));
                self.newest_first = true;
                self.waiting.push_front(due);
                self.trim();
            }
            Outcome::Status(_) | Outcome::NoAnswer => self.fail(now, due),
        }
    }

    fn fail(&mut self, now: i64, mut due: Due) {
        due.failures += 1;
        if due.failures < MOST_FAILURES {
            self.counts.retried += 1;
            self.turn += 1;
            self.retries.insert((now + RETRY_AFTER, self.turn), due);
            self.trim();
        } else {
            self.counts.dropped += 1;
        }
        let since = *self.failing_since.get_or_insert(now);
        self.errors.push_back(now);
        if self.errors.len() > MANY_ERRORS {
            let first = self.errors.front().copied().unwrap_or(now);
            if now - first <= PAUSE {
                self.standing = Standing::Paused { until: now + PAUSE };
                self.errors.clear();
                self.drop_all();
            } else {
                self.errors.pop_front();
            }
        }
        if now - since >= SUSPENDED_AFTER {
            self.standing = Standing::Suspended;
            self.drop_all();
        }
    }

    /// Serves it again, whatever happened before.
    pub(super) fn enable(&mut self) {
        self.standing = Standing::Live;
        self.throttle = None;
        self.errors.clear();
        self.failing_since = None;
    }
}

fn fresh(now: i64, notification: Arc<Notification>) -> Due {
    Due {
        notification,
        attempt: 0,
        first_sent_at: now,
        failures: 0,
        offered_at: now,
    }
}

#[cfg(test)]
mod tests;
