//! Where records came from, and how far a source's records are done with.
//!
//! The one rule: an item that was read is done with when the last record that came of it is dropped, and the position behind it
//! may be kept only when every item before it is done with too. Whoever gives up on a run calls [`Frontier::abandon`] first, so
//! that dropping what was on its way says nothing.

use std::{
    collections::VecDeque,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
};

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::{Cursor, Record};

/// Which record of its run's source something came of.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Mark {
    /// The number of the item, in the order in which the run read them.
    pub number: u64,
    /// The record's own id, where it says one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
}

/// What something came of, where the way of any of that is kept.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Marks {
    /// Those records of the source whose way is kept.
    pub followed: Vec<Mark>,
    /// How many records of the source it came of in all.
    pub of: usize,
}

/// What a record came of.
#[derive(Clone, Debug, Default)]
pub struct Origins(Vec<Arc<Origin>>);

impl Origins {
    pub(crate) fn each(&self) -> impl Iterator<Item = Arc<Origin>> + '_ {
        self.0.iter().cloned()
    }

    /// The records as the source gave them.
    pub fn records(&self) -> impl Iterator<Item = &Record> {
        self.0.iter().map(|origin| &origin.record)
    }

    /// Those of them whose way is kept.
    pub(crate) fn followed(&self) -> impl Iterator<Item = &Origin> {
        self.0.iter().map(Arc::as_ref).filter(|origin| origin.is_followed)
    }

    /// Which those are, and of how many.
    pub(crate) fn marks(&self) -> Marks {
        Marks {
            followed: self.followed().map(Origin::mark).collect(),
            of: self.0.len(),
        }
    }

    /// How many there are.
    pub(crate) const fn count(&self) -> usize {
        self.0.len()
    }

    /// Something became of them that is told: they are not let go.
    pub(crate) fn have_fates(&self) {
        for origin in self.followed() {
            origin.has_fate.store(true, Ordering::Relaxed);
        }
    }
}

impl FromIterator<Arc<Origin>> for Origins {
    fn from_iter<I: IntoIterator<Item = Arc<Origin>>>(origins: I) -> Self {
        let mut all: Vec<Arc<Origin>> = Vec::new();
        for origin in origins {
            if !all.iter().any(|known| Arc::ptr_eq(known, &origin)) {
                all.push(origin);
            }
        }
        Self(all)
    }
}

/// One item that was read.
#[derive(Debug)]
pub(crate) struct Origin {
    /// As the source gave it; its own origins are none.
    record: Record,
    number: u64,
    bytes: usize,
    /// Whether its way is kept, and whether something became of it.
    is_followed: bool,
    has_fate: AtomicBool,
    places: Arc<Mutex<Places>>,
}

impl Origin {
    pub(crate) fn mark(&self) -> Mark {
        mark(&self.record, self.number)
    }

    pub(crate) const fn record(&self) -> &Record {
        &self.record
    }
}

fn mark(record: &Record, number: u64) -> Mark {
    let id = record.head.id.clone().or_else(|| match record.value.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    Mark { number, id }
}

impl Drop for Origin {
    fn drop(&mut self) {
        let mut places = lock(&self.places);
        // What is dropped because the work on it broke off is not done with.
        places.is_abandoned |= std::thread::panicking();
        if self.is_followed && !places.is_abandoned && !*self.has_fate.get_mut() {
            places.let_go_bytes += self.bytes;
            places.let_go.push((self.mark(), self.record.clone()));
        }
        places.done(self.number, self.bytes);
    }
}

/// How far a source's records are done with.
#[derive(Clone, Debug, Default)]
pub struct Frontier(Arc<Mutex<Places>>);

#[derive(Debug, Default)]
struct Places {
    /// The number of the first entry of `entries`.
    first: u64,
    entries: VecDeque<Entry>,
    /// The position behind all that is done with without a gap.
    reached: Option<Cursor>,
    /// What the records of all that is not done with take of memory, about.
    bytes: usize,
    /// Followed records of which nothing came, and their memory.
    let_go: Vec<(Mark, Record)>,
    let_go_bytes: usize,
    is_abandoned: bool,
}

#[derive(Debug, Default)]
struct Entry {
    is_done: bool,
    /// The position behind this item, when the source can begin again there.
    behind: Option<Cursor>,
}

impl Frontier {
    /// Takes in what was read, with the position behind the last of it; gives records that tell when they are done with.
    pub fn enter(&self, records: Vec<Record>, behind: Option<Cursor>) -> Vec<Record> {
        self.enter_followed(records, behind, |_| false)
    }

    /// The same; `follows` is told how much memory a record takes, and says whether its way is kept.
    pub(crate) fn enter_followed(
        &self,
        records: Vec<Record>,
        behind: Option<Cursor>,
        mut follows: impl FnMut(usize) -> bool,
    ) -> Vec<Record> {
        let mut entered = Vec::with_capacity(records.len());
        let mut places = lock(&self.0);
        for record in records {
            let number = places.first + places.entries.len() as u64;
            places.entries.push_back(Entry::default());
            let bytes = record.value.weight();
            places.bytes += bytes;
            let origin = Origin {
                record: record.clone(),
                number,
                bytes,
                is_followed: follows(bytes),
                has_fate: AtomicBool::new(false),
                places: Arc::clone(&self.0),
            };
            entered.push(Record {
                origins: Origins(vec![Arc::new(origin)]),
                ..record
            });
        }
        if let Some(behind) = behind {
            match places.entries.back_mut() {
                Some(last) => last.behind = Some(behind),
                None => places.reached = Some(behind),
            }
        }
        entered
    }

    /// The position that may be kept now, once.
    pub fn take_reached(&self) -> Option<Cursor> {
        lock(&self.0).reached.take()
    }

    /// How many items are on their way.
    pub fn outstanding(&self) -> usize {
        lock(&self.0).entries.len()
    }

    /// How much memory they take as the source gave them, about.
    pub fn bytes(&self) -> usize {
        lock(&self.0).bytes
    }

    /// The followed records of which nothing came, since this was asked last.
    pub(crate) fn take_let_go(&self) -> Vec<(Mark, Record)> {
        let mut places = lock(&self.0);
        places.let_go_bytes = 0;
        std::mem::take(&mut places.let_go)
    }

    /// How many those are, and how much memory they take, about.
    pub(crate) fn let_go(&self) -> (usize, usize) {
        let places = lock(&self.0);
        (places.let_go.len(), places.let_go_bytes)
    }

    /// From now on nothing counts as done with.
    pub fn abandon(&self) {
        lock(&self.0).is_abandoned = true;
    }
}

impl Places {
    fn done(&mut self, number: u64, bytes: usize) {
        self.bytes = self.bytes.saturating_sub(bytes);
        if self.is_abandoned {
            return;
        }
        let at = usize::try_from(number.saturating_sub(self.first)).unwrap_or(usize::MAX);
        if let Some(entry) = self.entries.get_mut(at) {
            entry.is_done = true;
        }
        while self.entries.front().is_some_and(|entry| entry.is_done) {
            self.first += 1;
            if let Some(behind) = self.entries.pop_front().and_then(|entry| entry.behind) {
                self.reached = Some(behind);
            }
        }
    }
}

fn lock(places: &Mutex<Places>) -> MutexGuard<'_, Places> {
    places.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn records(count: u64) -> Vec<Record> {
        (0..count).map(|number| Record::new(json!(number))).collect()
    }

    #[test]
    fn a_position_is_reached_when_all_before_it_is_done_with() {
        let frontier = Frontier::default();
        let mut first = frontier.enter(records(2), Some(Cursor(json!(2))));
        let second = frontier.enter(records(1), Some(Cursor(json!(3))));
        drop(second);
        assert_eq!(frontier.take_reached(), None, "what came before is on its way");
        let one = first.pop();
        drop(first);
        assert_eq!(frontier.take_reached(), None);
        drop(one);
        assert_eq!(frontier.take_reached(), Some(Cursor(json!(3))));
        assert_eq!(frontier.take_reached(), None, "it is told once");
        assert_eq!(frontier.outstanding(), 0);
    }

    #[test]
    fn a_copy_or_a_join_holds_its_origins() {
        let frontier = Frontier::default();
        let entered = frontier.enter(records(3), Some(Cursor(json!("end"))));
        let joined = Record::join(&entered, json!([0, 1, 2]));
        let copy = joined.derive(json!("copy"));
        let from: Vec<_> = copy
            .origins
            .records()
            .map(|record| record.value.clone())
            .collect();
        assert_eq!(from, [json!(0), json!(1), json!(2)]);
        drop((entered, joined));
        assert_eq!(frontier.outstanding(), 3);
        drop(copy);
        assert_eq!(frontier.take_reached(), Some(Cursor(json!("end"))));
    }

    #[test]
    fn nothing_is_reached_by_giving_up() {
        let frontier = Frontier::default();
        let entered = frontier.enter(records(3), Some(Cursor(json!("end"))));
        frontier.abandon();
        drop(entered);
        assert_eq!(frontier.take_reached(), None);
    }

    #[test]
    fn a_followed_record_of_which_nothing_came_is_let_go() {
        let frontier = Frontier::default();
        let record = |id: Value| Record::new(json!({ "id": id }));
        let records = vec![record(json!("a")), record(json!(7)), record(json!([]))];
        let mut entered = frontier.enter_followed(records, None, |_| true);
        entered[0].origins.have_fates();
        let held = entered[2].derive(json!("held"));
        entered.truncate(2);
        drop(entered);
        let let_go = frontier.take_let_go();
        let marks: Vec<_> = let_go.iter().map(|(mark, _)| mark.clone()).collect();
        let expected = Mark {
            number: 1,
            id: Some("7".to_owned()),
        };
        assert_eq!(marks, [expected], "one was delivered, one is held");
        assert_eq!(frontier.let_go(), (0, 0));
        drop(held);
        assert_eq!(frontier.take_let_go()[0].0, Mark { number: 2, id: None });
        let entered = frontier.enter_followed(vec![record(json!(8))], None, |_| true);
        frontier.abandon();
        drop(entered);
        assert_eq!(frontier.let_go().0, 0, "what is brought again is not let go");
    }

    #[test]
    fn an_empty_batch_moves_on_only_when_nothing_is_before_it() {
        let frontier = Frontier::default();
        frontier.enter(Vec::new(), Some(Cursor(json!(1))));
        assert_eq!(frontier.take_reached(), Some(Cursor(json!(1))));
        let before = frontier.enter(records(1), None);
        frontier.enter(Vec::new(), Some(Cursor(json!(2))));
        assert_eq!(frontier.take_reached(), None);
        drop(before);
        assert_eq!(frontier.take_reached(), Some(Cursor(json!(2))));
    }
}
