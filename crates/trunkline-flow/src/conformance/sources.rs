//! What a source that can be read again must keep.
//!
//! The one rule: a position is given only where the source can begin again, and what stands behind it is all that was not
//! acknowledged; so a run that dies at any moment loses nothing.

use std::{collections::BTreeSet, sync::Arc};

use futures::future::BoxFuture;
use jiff::Timestamp;

use super::Dice;
use crate::{Batch, Cursor, Frontier, Item, Occasion, Read, Reader, Record, Source, Trigger};

/// More batches than any subject gives.
const ENDLESS: usize = 10_000;
/// How often a run is killed.
const KILLS: u64 = 12;
/// How many looks at what is left are taken while acknowledgements come in.
const LOOKS: usize = 10;

/// A source under test, with what it reads. Its records are numbered from 0 in the order in which they are added.
pub trait SourceSubject: Sync {
    /// The source as a new process makes it.
    fn source(&self) -> Arc<dyn Source>;

    /// Adds records to what it reads.
    fn add(&self, from: u64, count: u64) -> BoxFuture<'_, ()>;

    /// A record of this number as it must be read, with fields that no program knows.
    fn expected(&self, number: u64) -> serde_json::Value;

    /// The number of a record that was read.
    fn number(&self, record: &Record) -> u64;

    /// Whether records come in the order of their numbers.
    fn is_ordered(&self) -> bool {
        true
    }

    /// Whether what stands at a position may be given again behind it, where the source cannot tell more exactly.
    fn may_repeat(&self) -> bool {
        false
    }
}

/// Holds a source to all that sources must keep; `count` is how many records it is given at first.
///
/// # Panics
///
/// It does not keep something; the message says what.
pub async fn source(subject: &dyn SourceSubject, count: u64) {
    nothing_is_read_of_nothing(subject).await;
    subject.add(0, count).await;
    let read = all_is_read_as_it_is(subject, count).await;
    every_position_is_one_to_begin_at(subject, count, &read).await;
    an_idle_look_gives_nothing(subject, &read).await;
    acknowledgements_come_in_any_order(subject, count).await;
    what_is_given_back_is_read_again(subject, count).await;
    kills_lose_nothing(subject, count).await;
    a_position_of_another_source_harms_nobody(subject).await;
    what_is_new_is_read_alone(subject, count, &read).await;
}

fn occasion() -> Occasion {
    Occasion {
        now: Timestamp::UNIX_EPOCH,
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    }
}

async fn open(subject: &dyn SourceSubject, cursor: Option<Cursor>) -> Box<dyn Reader> {
    // What is kept is JSON text.
    let cursor = cursor.map(|cursor| {
        let text = serde_json::to_string(&cursor).expect("a cursor is JSON");
        serde_json::from_str(&text).expect("a cursor is JSON")
    });
    let source = subject.source();
    let opened = source.open(cursor, &occasion()).await;
    opened.unwrap_or_else(|error| panic!("the source does not open: {error}"))
}

/// The next batch; none when there is nothing more for now.
async fn next(reader: &mut dyn Reader) -> Option<Batch> {
    match reader.read().await {
        Ok(Read::Batch(batch)) => Some(batch),
        Ok(Read::Idle(_) | Read::End) => None,
        Err(error) => panic!("the source cannot be read: {error}"),
    }
}

fn records(batch: &Batch) -> Vec<Record> {
    let record = |item: &Item| match item {
        Item::Record(record) => record.clone(),
        Item::Broken { text, error } => panic!("{text} is said to be broken: {error}"),
    };
    batch.items.iter().map(record).collect()
}

/// Batches, each with the numbers of its records and the position behind it.
type Batches = Vec<(Vec<u64>, Option<Cursor>)>;

async fn read_from(subject: &dyn SourceSubject, cursor: Option<Cursor>) -> Batches {
    let mut reader = open(subject, cursor).await;
    let mut batches = Vec::new();
    while let Some(batch) = next(&mut *reader).await {
        assert!(batches.len() < ENDLESS, "the source never ends");
        let numbers = records(&batch)
            .iter()
            .map(|record| subject.number(record))
            .collect();
        batches.push((numbers, batch.behind));
    }
    batches
}

fn numbers(batches: &Batches) -> Vec<u64> {
    batches
        .iter()
        .flat_map(|(numbers, _)| numbers.iter().copied())
        .collect()
}

fn set(numbers: &[u64]) -> BTreeSet<u64> {
    numbers.iter().copied().collect()
}

async fn nothing_is_read_of_nothing(subject: &dyn SourceSubject) {
    let read = numbers(&read_from(subject, None).await);
    assert_eq!(read, [0; 0], "something was read of nothing");
}

async fn all_is_read_as_it_is(subject: &dyn SourceSubject, count: u64) -> Batches {
    let mut reader = open(subject, None).await;
    let mut batches: Batches = Vec::new();
    while let Some(batch) = next(&mut *reader).await {
        assert!(batches.len() < ENDLESS, "the source never ends");
        let records = records(&batch);
        for record in &records {
            let number = subject.number(record);
            assert_eq!(
                record.value,
                subject.expected(number),
                "record {number} was changed"
            );
        }
        let numbers = records.iter().map(|record| subject.number(record)).collect();
        batches.push((numbers, batch.behind));
    }
    let mut read = numbers(&batches);
    if !subject.is_ordered() {
        read.sort_unstable();
    }
    let expected: Vec<u64> = (0..count).collect();
    assert_eq!(read, expected, "each record is read once, in its order");
    let last = batches.last().and_then(|(_, behind)| behind.clone());
    assert!(last.is_some(), "no position stands behind the last record");
    batches
}

async fn every_position_is_one_to_begin_at(subject: &dyn SourceSubject, count: u64, batches: &Batches) {
    let mut before = Vec::new();
    for (numbers_of, behind) in batches {
        before.extend_from_slice(numbers_of);
        let Some(behind) = behind else { continue };
        let again = numbers(&read_from(subject, Some(behind.clone())).await);
        let rest: BTreeSet<u64> = (0..count).filter(|number| !before.contains(number)).collect();
        let again = set(&again);
        assert!(again.is_superset(&rest), "behind {behind:?} something is missing");
        if !subject.may_repeat() {
            assert_eq!(again, rest, "behind {behind:?} something is given again");
        }
    }
}

async fn an_idle_look_gives_nothing(subject: &dyn SourceSubject, batches: &Batches) {
    let last = batches.last().and_then(|(_, behind)| behind.clone());
    let again = numbers(&read_from(subject, last).await);
    if !subject.may_repeat() {
        assert_eq!(again, [0; 0], "there was nothing new, and something was given");
    }
}

async fn acknowledgements_come_in_any_order(subject: &dyn SourceSubject, count: u64) {
    let mut dice = Dice(7);
    let frontier = Frontier::default();
    let mut under_way = Vec::new();
    let mut kept = None;
    let mut reader = open(subject, None).await;
    while let Some(batch) = next(&mut *reader).await {
        let entered = frontier.enter(records(&batch), batch.behind.clone());
        under_way.extend(entered);
        let reached = frontier.take_reached();
        if under_way.is_empty() {
            // A source may say first where it begins.
            kept = reached.or(kept);
        } else {
            assert_eq!(reached, None, "nothing was acknowledged");
        }
    }
    let mut done = BTreeSet::new();
    let every = under_way.len() / LOOKS + 1;
    while !under_way.is_empty() {
        let record = under_way.swap_remove(dice.below(under_way.len()));
        done.insert(subject.number(&record));
        drop(record);
        kept = frontier.take_reached().or(kept);
        // It dies here; only a few are tried, since each reads all.
        if under_way.len().is_multiple_of(every) {
            let again = set(&numbers(&read_from(subject, kept.clone()).await));
            let missing: Vec<u64> = (0..count)
                .filter(|number| !done.contains(number) && !again.contains(number))
                .collect();
            assert_eq!(
                missing, [0; 0],
                "not acknowledged and not read again behind {kept:?}"
            );
        }
    }
    assert!(kept.is_some(), "all was acknowledged, and no position is kept");
}

async fn what_is_given_back_is_read_again(subject: &dyn SourceSubject, count: u64) {
    let frontier = Frontier::default();
    let mut reader = open(subject, None).await;
    let mut begin = None;
    let first = loop {
        let batch = next(&mut *reader).await.expect("there is something");
        if !batch.items.is_empty() {
            break batch;
        }
        frontier.enter(Vec::new(), batch.behind.clone());
        begin = frontier.take_reached();
    };
    let numbers_of: Vec<u64> = records(&first)
        .iter()
        .map(|record| subject.number(record))
        .collect();
    let entered = frontier.enter(records(&first), first.behind.clone());
    // The run gives up before anything was brought anywhere.
    frontier.abandon();
    drop(entered);
    let kept = frontier.take_reached();
    assert_eq!(
        kept, None,
        "a position was kept although nothing was acknowledged"
    );
    let again = set(&numbers(&read_from(subject, begin).await));
    assert!(
        again.is_superset(&set(&numbers_of)),
        "what was given back is gone"
    );
    assert_eq!(again.len() as u64, count, "a second reading gives other records");
}

async fn kills_lose_nothing(subject: &dyn SourceSubject, count: u64) {
    for seed in 1..=KILLS {
        let mut dice = Dice(seed);
        let mut done = BTreeSet::new();
        let mut kept: Option<Cursor> = None;
        let mut lives = 0;
        while (done.len() as u64) < count {
            lives += 1;
            assert!(lives < ENDLESS, "killed again and again, it comes to no end");
            let frontier = Frontier::default();
            let mut reader = open(subject, kept.clone()).await;
            let mut under_way = Vec::new();
            // The later the life, the longer, so that even pages that are never interrupted come to their end.
            for _ in 0..=dice.below(2 + lives) {
                let Some(batch) = next(&mut *reader).await else {
                    break;
                };
                under_way.extend(frontier.enter(records(&batch), batch.behind));
                // All, none, or some of what is under way is done with.
                let until = match dice.below(3) {
                    0 => 0,
                    1 => under_way.len(),
                    _ => dice.below(under_way.len() + 1),
                };
                while under_way.len() > until {
                    let record = under_way.swap_remove(dice.below(under_way.len()));
                    done.insert(subject.number(&record));
                }
                kept = frontier.take_reached().or(kept);
            }
            frontier.abandon();
            if lives % 5 == 1 {
                let rest = numbers(&read_from(subject, kept.clone()).await);
                let lost = (0..count).find(|number| !done.contains(number) && !rest.contains(number));
                assert_eq!(lost, None, "seed {seed}: lost behind {kept:?}");
            }
        }
    }
}

async fn a_position_of_another_source_harms_nobody(subject: &dyn SourceSubject) {
    use serde_json::json;
    for foreign in [
        json!(null),
        json!(7),
        json!("x"),
        json!([1]),
        json!({ "at": "x", "row": -1, "checkpoint": [] }),
    ] {
        // It is refused, or read as none; it does not panic and does not hang.
        if let Ok(mut reader) = subject.source().open(Some(Cursor(foreign)), &occasion()).await {
            reader.read().await.ok();
        }
    }
}

async fn what_is_new_is_read_alone(subject: &dyn SourceSubject, count: u64, batches: &Batches) {
    let last = batches.last().and_then(|(_, behind)| behind.clone());
    subject.add(count, 3).await;
    let again = set(&numbers(&read_from(subject, last).await));
    let new: BTreeSet<u64> = (count..count + 3).collect();
    assert!(again.is_superset(&new), "what was added is not read: {again:?}");
    if !subject.may_repeat() {
        assert_eq!(again, new, "what was read before is read again");
    }
}
