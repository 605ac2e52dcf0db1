//! Who was written a moment ago: Intercom's search shows a new contact only after minutes.
//!
//! The one rule: it only says where to look. What is fetched by the id is held against the identity again, so an old or wrong
//! entry costs a call and nothing else. It is bounded in number and in time, by the clock that is handed in.

use std::{
    collections::HashMap,
    sync::{Mutex, MutexGuard, PoisonError},
};

use jiff::Timestamp;

use super::who::Key;
use crate::SEARCH_LAG;

/// How long an entry is good, in seconds.
const LIFE: i64 = SEARCH_LAG.as_secs();

/// The most identities in each of the two tables: what one takes before it doubles. Both are about four megabytes.
const MOST: usize = 28_672;

/// Which contact an identity led to.
#[derive(Debug, Default)]
pub(crate) struct Known(Mutex<Inner>);

/// Two tables, so that the older half is forgotten at once: a table from which one after the other is taken grows without end.
#[derive(Debug, Default)]
struct Inner {
    young: Table,
    old: Table,
}

/// An identity, the contact's id, and when it was written.
type Table = HashMap<Key, (Box<str>, i64)>;

impl Inner {
    fn get(&self, key: &Key) -> Option<&(Box<str>, i64)> {
        self.young.get(key).or_else(|| self.old.get(key))
    }
}

impl Known {
    /// Remembers that an identity leads to the contact with this id.
    pub(crate) fn remember(&self, key: Key, id: &str, now: Timestamp) {
        let mut inner = self.lock();
        let Inner { young, old } = &mut *inner;
        if young.len() >= MOST && !young.contains_key(&key) {
            std::mem::swap(young, old);
            young.clear();
        }
        young.insert(key, (id.into(), now.as_second()));
    }

    /// The contact that an identity led to a moment ago, unless that went away since.
    pub(crate) fn find(&self, key: Key, now: Timestamp) -> Option<String> {
        let now = now.as_second();
        let inner = self.lock();
        let (id, at) = inner.get(&key).filter(|(_, at)| is_alive(*at, now))?;
        let went = inner.get(&Key::gone(id)).map(|(_, at)| *at);
        if went.is_some_and(|went| went >= *at) {
            return None;
        }
        Some(id.to_string())
    }

    /// Remembers that the contact with this id went away, whatever the search still shows.
    pub(crate) fn went(&self, id: &str, now: Timestamp) {
        self.remember(Key::gone(id), "", now);
    }

    /// Forgets that the contact with this id went away.
    pub(crate) fn came_back(&self, id: &str) {
        self.forget(Key::gone(id));
    }

    /// Whether the contact with this id went away a moment ago.
    pub(crate) fn has_gone(&self, id: &str, now: Timestamp) -> bool {
        let inner = self.lock();
        let went = inner.get(&Key::gone(id));
        went.is_some_and(|(_, at)| is_alive(*at, now.as_second()))
    }

    /// Forgets an identity that led nowhere.
    pub(crate) fn forget(&self, key: Key) {
        let mut inner = self.lock();
        inner.young.remove(&key);
        inner.old.remove(&key);
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A clock that was set back makes an entry as old as one that was set forward.
const fn is_alive(at: i64, now: i64) -> bool {
    now.abs_diff(at) <= LIFE.unsigned_abs()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_800_000_000 + second).expect("a moment of this age")
    }

    #[test]
    fn an_identity_is_remembered_for_ten_minutes() {
        let known = Known::default();
        let ann = Key::holder("Ann@example.com", false);
        known.remember(ann, "c1", at(0));
        for (second, expected) in [(0, Some("c1")), (600, Some("c1")), (601, None), (-601, None)] {
            assert_eq!(known.find(ann, at(second)).as_deref(), expected, "{second}");
        }
        assert_eq!(
            known
                .find(Key::holder("ann@EXAMPLE.com", false), at(1))
                .as_deref(),
            Some("c1")
        );
        assert_eq!(known.find(Key::holder("Ann@example.com", true), at(1)), None);
        assert_eq!(known.find(Key::external_id("Ann@example.com"), at(1)), None);
        known.remember(ann, "c2", at(500));
        assert_eq!(known.find(ann, at(1_000)).as_deref(), Some("c2"));
        known.remember(Key::id("other"), "c3", at(1_050));
        assert_eq!(
            known.find(ann, at(1_050)).as_deref(),
            Some("c2"),
            "the older entry took the newer one along"
        );
    }

    #[test]
    fn a_contact_that_went_away_is_not_remembered_until_it_is_written_again() {
        let known = Known::default();
        let ann = Key::email("ann@example.com");
        known.remember(ann, "c1", at(0));
        known.went("c1", at(1));
        assert_eq!(known.find(ann, at(2)), None);
        assert!(known.has_gone("c1", at(2)));
        assert!(!known.has_gone("c1", at(700)));
        assert!(!known.has_gone("c2", at(2)));
        known.remember(ann, "c1", at(3));
        assert_eq!(known.find(ann, at(4)).as_deref(), Some("c1"));
        known.went("c1", at(5));
        known.came_back("c1");
        assert_eq!(known.find(ann, at(6)).as_deref(), Some("c1"));
    }

    #[test]
    fn what_is_remembered_is_bounded_in_number() {
        let known = Known::default();
        let key = |number: usize| Key::external_id(&number.to_string());
        for number in 0..2 * MOST + 10 {
            known.remember(key(number), "c", at(0));
        }
        assert_eq!(known.find(key(MOST - 1), at(1)), None);
        for number in [MOST, 2 * MOST - 1, 2 * MOST, 2 * MOST + 9] {
            assert_eq!(known.find(key(number), at(1)).as_deref(), Some("c"), "{number}");
        }
        let inner = known.lock();
        assert_eq!((inner.young.len(), inner.old.len()), (10, MOST));
        assert!(inner.young.capacity() <= MOST && inner.old.capacity() <= MOST);
    }
}
