use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use jiff::SignedDuration;
use serde_json::{Value, json};

use super::*;
use crate::{
    ComponentError, Cursor, Delivered, Destination,
    document::Jq,
    engine::{
        Ended, Engine, Flow, Steps,
        testing::{Each, Kept, Noted, Sum, engine, flow, occasion, run, way},
    },
};

fn admitted(following: &mut Following, records: usize, bytes: usize) -> usize {
    (0..records).filter(|_| following.admits(bytes)).count()
}

#[test]
fn recent_follows_a_burst_and_then_so_many_a_second() {
    let begin = Timestamp::UNIX_EPOCH;
    let after = |seconds| begin + SignedDuration::from_secs(seconds);
    let mut following = Following::new(Followed::Recent, begin);
    assert_eq!(admitted(&mut following, 20_000, 100), 200);
    for (seconds, expected) in [(0, 0), (1, 20), (3, 40), (2, 0), (3, 20), (1_000, 200)] {
        following.refill(after(seconds));
        assert_eq!(
            admitted(&mut following, 20_000, 100),
            expected,
            "after {seconds} seconds"
        );
    }
    assert_eq!(following.count, 480);
}

#[test]
fn large_records_are_paid_for_by_those_behind_them() {
    let begin = Timestamp::UNIX_EPOCH;
    let mut following = Following::new(Followed::Recent, begin);
    assert_eq!(admitted(&mut following, 100, 400 * PIECE), 1);
    following.refill(begin + SignedDuration::from_secs(10));
    assert_eq!(admitted(&mut following, 100, 0), 0, "200 of them are owed");
    following.refill(begin + SignedDuration::from_secs(11));
    assert_eq!(admitted(&mut following, 100, 0), 19);
}

#[test]
fn all_is_every_one_and_none_is_none() {
    for (records, expected) in [(Followed::All, 1_000), (Followed::None, 0)] {
        let mut following = Following::new(records, Timestamp::UNIX_EPOCH);
        assert_eq!(admitted(&mut following, 1_000, 1 << 20), expected);
    }
}

/// What became of each record of a flow: its number, destination, and how often it was tried.
fn told(kept: &Kept) -> Vec<(u64, Option<String>, u32)> {
    let mut told: Vec<_> = kept
        .fates
        .lock()
        .unwrap()
        .iter()
        .flat_map(|fate| {
            let one = |(mark, _): &(Mark, _)| (mark.number, fate.destination.clone(), fate.attempts);
            fate.origins.iter().map(one).collect::<Vec<_>>()
        })
        .collect();
    told.sort();
    told
}

fn delivered(number: u64, destination: &str, attempts: u32) -> (u64, Option<String>, u32) {
    (number, Some(destination.to_owned()), attempts)
}

const fn let_go(number: u64) -> (u64, Option<String>, u32) {
    (number, None, 0)
}

/// Says of each record what it got.
struct Answers;

impl Destination for Answers {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> futures::future::BoxFuture<'a, Vec<Delivered>> {
        let answers = records
            .iter()
            .map(|record| Ok(Some(json!({ "got": *record.value }))));
        let answers = answers.collect();
        Box::pin(async { answers })
    }
}

#[tokio::test(start_paused = true)]
async fn of_every_record_it_is_kept_where_it_came_and_which_were_let_go() {
    fn steps() -> Steps {
        let even = Each(|number| Ok(if number % 2 == 0 { vec![number] } else { Vec::new() }));
        vec![("even".to_owned(), Box::new(even))]
    }
    let (small, all) = (Arc::new(Noted::default()), Arc::new(Noted::default()));
    *small.failing.lock().unwrap() = BTreeMap::from([(2, 2)]);
    let mut flow = flow(9, 4, steps, &all);
    flow.ways[0].when = Some(Jq::compile(".id != 8").unwrap());
    flow.ways.push(way("small", &small));
    flow.ways[1].when = Some(Jq::compile(".id < 4").unwrap());
    let kept = Kept::default();
    let ran = run(&flow, &kept).await;
    assert_eq!((ran.counts.followed, ran.counts.filtered), (9, 5));
    let expected = [
        delivered(0, "noted", 1),
        delivered(0, "small", 1),
        let_go(1),
        delivered(2, "noted", 1),
        delivered(2, "small", 3),
        let_go(3),
        delivered(4, "noted", 1),
        let_go(5),
        delivered(6, "noted", 1),
        let_go(7),
        let_go(8),
    ];
    assert_eq!(told(&kept), expected);
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_has_the_record_before_and_after_and_the_answer() {
    fn steps() -> Steps {
        let more = Each(|number| Ok(if number == 0 { vec![0] } else { vec![number + 10] }));
        vec![("more".to_owned(), Box::new(more))]
    }
    let mut flow = flow(2, 5, steps, &Arc::default());
    flow.ways[0].destination = Arc::new(Answers);
    let kept = Kept::default();
    run(&flow, &kept).await;
    let mut fates = kept.fates.lock().unwrap().clone();
    fates.sort_by_key(|fate| fate.origins[0].0.number);
    for (fate, number, record) in [
        (&fates[0], 0, None),
        (&fates[1], 1, Some(json!({ "id": 11, "key": 1 }))),
    ] {
        let (mark, source) = &fate.origins[0];
        let expected = json!({ "id": number, "key": number });
        assert_eq!(mark.id, Some(number.to_string()));
        assert_eq!(source.as_ref().map(Shared::to_value), Some(expected.clone()));
        assert_eq!(fate.record.as_ref().map(Shared::to_value), record, "{number}");
        let got = record.unwrap_or(expected);
        assert_eq!(fate.answer, Some(json!({ "got": got })));
    }
}

#[tokio::test(start_paused = true)]
async fn a_joined_record_belongs_to_each_that_it_came_of() {
    fn steps() -> Steps {
        vec![("sum".to_owned(), Box::<Sum>::default())]
    }
    let noted = Arc::new(Noted::default());
    let kept = Kept::default();
    let ran = run(&flow(6, 6, steps, &noted), &kept).await;
    assert_eq!(ran.ended, Ended::Done);
    let expected: Vec<_> = (0..6).map(|number| delivered(number, "noted", 1)).collect();
    assert_eq!(told(&kept), expected);
    let fates = kept.fates.lock().unwrap();
    let mut joined: Vec<_> = fates.iter().map(|fate| fate.joined).collect();
    joined.sort_unstable();
    assert_eq!(joined, [2, 4]);
    let four = fates.iter().find(|fate| fate.joined == 4).unwrap();
    assert_eq!(
        four.record.as_ref().map(|record| record["id"].clone()),
        Some(json!(6))
    );
    let sources = four.origins.iter().filter_map(|(_, source)| source.clone());
    let numbers: Vec<Value> = sources.map(|source| source["id"].clone()).collect();
    assert_eq!(numbers, [0, 1, 2, 3].map(Value::from));
}

#[tokio::test(start_paused = true)]
async fn a_dead_letter_knows_which_record_it_was_and_is_not_let_go() {
    let noted = Arc::new(Noted {
        rejected: vec![1],
        ..Noted::default()
    });
    let kept = Kept::default();
    run(&flow(3, 5, Vec::new, &noted), &kept).await;
    assert_eq!(told(&kept), [delivered(0, "noted", 1), delivered(2, "noted", 1)]);
    let letters = kept.letters.lock().unwrap();
    let numbers: Vec<_> = letters[0]
        .origins
        .followed
        .iter()
        .map(|mark| mark.number)
        .collect();
    assert_eq!((numbers, letters[0].origins.of), (vec![1], 1));
}

#[tokio::test(start_paused = true)]
async fn each_policy_follows_as_many_as_it_says() {
    for (records, count, followed) in [
        (Followed::None, 500, 0),
        (Followed::Recent, 500, 200),
        (Followed::All, 5_000, 5_000),
    ] {
        let noted = Arc::new(Noted {
            most: 1_000,
            ..Noted::default()
        });
        let mut flow = flow(count, 100, Vec::new, &noted);
        flow.policy.history.records = records;
        let kept = Kept::default();
        let ran = run(&flow, &kept).await;
        // One of them is broken: it is a dead letter.
        let is_dead = u64::from(followed > 0);
        assert_eq!(ran.counts.followed, followed, "{records:?}");
        assert_eq!(
            kept.fates.lock().unwrap().len() as u64,
            followed - is_dead,
            "{records:?}"
        );
        assert_eq!(
            kept.letters.lock().unwrap()[0].origins.followed.len() as u64,
            is_dead
        );
    }
}

/// A keeper that notes in which order it is told.
#[derive(Default)]
struct Ordered {
    kept: Kept,
    noted: Mutex<u64>,
    too_early: Mutex<Vec<(u64, u64)>>,
}

impl crate::engine::Keeper for Ordered {
    fn cursor(&self) -> futures::future::BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        self.kept.cursor()
    }

    fn save<'a>(&'a self, cursor: &'a Cursor) -> futures::future::BoxFuture<'a, Result<(), ComponentError>> {
        let (behind, noted) = (cursor.0.as_u64().unwrap(), *self.noted.lock().unwrap());
        if noted < behind {
            self.too_early.lock().unwrap().push((behind, noted));
        }
        self.kept.save(cursor)
    }

    fn bury(
        &self,
        letter: crate::engine::DeadLetter,
    ) -> futures::future::BoxFuture<'_, Result<(), ComponentError>> {
        *self.noted.lock().unwrap() += letter.origins.followed.len() as u64;
        self.kept.bury(letter)
    }

    fn note(&self, fates: Vec<Fate>) -> futures::future::BoxFuture<'_, Result<(), ComponentError>> {
        assert!(fates.len() <= MOST_WAITING + 100, "{} at once", fates.len());
        *self.noted.lock().unwrap() += fates.len() as u64;
        self.kept.note(fates)
    }
}

async fn run_with(engine: &Engine, flow: &Flow, keeper: &Ordered) -> crate::engine::Ran {
    let (_hold, stop) = tokio::sync::watch::channel(false);
    engine.run(flow, &occasion(), keeper, stop).await
}

#[tokio::test(start_paused = true)]
async fn no_position_is_kept_before_what_became_of_the_records_before_it() {
    fn steps() -> Steps {
        let third = Each(|number| Ok(if number % 3 == 0 { Vec::new() } else { vec![number] }));
        vec![("third".to_owned(), Box::new(third))]
    }
    let noted = Arc::new(Noted {
        most: 50,
        ..Noted::default()
    });
    let mut flow = flow(5_000, 100, steps, &noted);
    flow.policy.history.records = Followed::All;
    let ordered = Ordered::default();
    let ran = run_with(&engine(), &flow, &ordered).await;
    assert_eq!(ran.ended, Ended::Done);
    assert_eq!(*ordered.noted.lock().unwrap(), 5_000);
    assert_eq!(*ordered.too_early.lock().unwrap(), []);
    assert_eq!(*ordered.kept.cursor.lock().unwrap(), Some(Cursor(json!(5_000))));
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_written_ends_the_run_before_its_position_is_kept() {
    let kept = Kept {
        cannot_note: true,
        ..Kept::default()
    };
    let ran = run(&flow(5, 5, Vec::new, &Arc::default()), &kept).await;
    assert!(
        matches!(&ran.ended, Ended::Failed(error) if error.code == "TL0004"),
        "{:?}",
        ran.ended
    );
    assert_eq!(*kept.cursor.lock().unwrap(), None);
}
