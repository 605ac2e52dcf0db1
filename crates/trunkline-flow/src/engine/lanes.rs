//! What waits for a destination, and what may go next.
//!
//! The one rule: records with the same key never change places, and one that is tried again keeps its key's place until it is done
//! with.

use std::collections::{HashSet, VecDeque};

use tokio::time::Instant;

use crate::{Record, document::Order};

/// A record on its way to a destination.
#[derive(Debug)]
pub(super) struct Pending {
    pub(super) record: Record,
    pub(super) key: Option<String>,
    /// How often it was tried.
    pub(super) attempts: u32,
    /// Not before this.
    pub(super) not_before: Option<Instant>,
}

/// What waits for one destination.
#[derive(Debug)]
pub(super) struct Lanes {
    order: Order,
    waiting: VecDeque<Pending>,
    /// Keys of which a record is under way.
    busy: HashSet<String>,
    running: usize,
}

impl Lanes {
    pub(super) fn new(order: Order) -> Self {
        Self {
            order,
            waiting: VecDeque::new(),
            busy: HashSet::new(),
            running: 0,
        }
    }

    pub(super) fn enter(&mut self, pending: Pending) {
        self.waiting.push_back(pending);
    }

    /// Records that wait or are under way.
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + self.running
    }

    pub(super) const fn running(&self) -> usize {
        self.running
    }

    /// When the first of those that wait for a time may go.
    pub(super) fn next_at(&self) -> Option<Instant> {
        self.waiting.iter().filter_map(|pending| pending.not_before).min()
    }

    /// Up to `most` records that may go together now.
    pub(super) fn take(&mut self, most: usize, now: Instant) -> Vec<Pending> {
        let most = match self.order {
            Order::All if self.running > 0 => return Vec::new(),
            Order::All => 1,
            Order::None | Order::PerKey => most,
        };
        let mut taken = Vec::new();
        let mut passed: HashSet<String> = HashSet::new();
        let mut at = 0;
        while taken.len() < most && at < self.waiting.len() {
            let pending = &self.waiting[at];
            let key = pending.key.as_ref().filter(|_| self.order == Order::PerKey);
            let is_free = key.is_none_or(|key| !self.busy.contains(key) && !passed.contains(key));
            let is_due = pending.not_before.is_none_or(|at| at <= now);
            if is_free && is_due {
                if let Some(key) = key {
                    self.busy.insert(key.clone());
                }
                taken.extend(self.waiting.remove(at));
                continue;
            }
            if self.order == Order::All {
                break;
            }
            if let Some(key) = key {
                passed.insert(key.clone());
            }
            at += 1;
        }
        self.running += taken.len();
        taken
    }

    /// One that was taken is done with.
    pub(super) fn leave(&mut self, key: Option<&String>) {
        self.running -= 1;
        if let Some(key) = key {
            self.busy.remove(key);
        }
    }

    /// One that was taken is tried again; it comes before all that have its key.
    pub(super) fn again(&mut self, pending: Pending) {
        self.leave(pending.key.as_ref());
        self.waiting.push_front(pending);
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use serde_json::json;

    use super::*;

    fn pending(number: u64, key: &str) -> Pending {
        Pending {
            record: Record::new(json!(number)),
            key: Some(key.to_owned()),
            attempts: 0,
            not_before: None,
        }
    }

    fn numbers(taken: &[Pending]) -> Vec<u64> {
        taken
            .iter()
            .filter_map(|pending| pending.record.value.as_u64())
            .collect()
    }

    #[tokio::test(start_paused = true)]
    async fn records_with_one_key_go_one_after_the_other() {
        let now = Instant::now();
        let mut lanes = Lanes::new(Order::PerKey);
        for (number, key) in [(1, "a"), (2, "a"), (3, "b"), (4, "a"), (5, "b")] {
            lanes.enter(pending(number, key));
        }
        let mut first = lanes.take(10, now);
        assert_eq!(numbers(&first), [1, 3]);
        assert_eq!(numbers(&lanes.take(10, now)), [0_u64; 0]);
        // The first of `a` is tried again in a second; nothing of `a` overtakes it.
        let mut again = first.remove(0);
        again.not_before = Some(now + Duration::from_secs(1));
        lanes.again(again);
        lanes.leave(first[0].key.as_ref());
        let second = lanes.take(10, now);
        assert_eq!(numbers(&second), [5]);
        assert_eq!(lanes.next_at(), Some(now + Duration::from_secs(1)));
        assert_eq!(numbers(&lanes.take(10, now + Duration::from_secs(1))), [1]);
    }

    #[tokio::test(start_paused = true)]
    async fn without_an_order_what_waits_holds_nobody_up() {
        let now = Instant::now();
        let mut lanes = Lanes::new(Order::None);
        for number in 1..=4 {
            lanes.enter(pending(number, "same"));
        }
        let mut taken = lanes.take(2, now);
        assert_eq!(numbers(&taken), [1, 2]);
        let mut again = taken.remove(0);
        again.not_before = Some(now + Duration::from_secs(1));
        lanes.again(again);
        assert_eq!(numbers(&lanes.take(10, now)), [3, 4]);
        assert_eq!(lanes.len(), 4);
    }

    #[tokio::test(start_paused = true)]
    async fn in_order_of_all_each_waits_for_the_one_before() {
        let now = Instant::now();
        let mut lanes = Lanes::new(Order::All);
        for number in 1..=3 {
            lanes.enter(pending(number, "any"));
        }
        let mut taken = lanes.take(10, now);
        assert_eq!(numbers(&taken), [1]);
        assert!(lanes.take(10, now).is_empty());
        let mut again = taken.remove(0);
        again.not_before = Some(now + Duration::from_secs(1));
        lanes.again(again);
        assert!(lanes.take(10, now).is_empty(), "the first is not due");
        assert_eq!(numbers(&lanes.take(10, now + Duration::from_secs(1))), [1]);
    }
}
