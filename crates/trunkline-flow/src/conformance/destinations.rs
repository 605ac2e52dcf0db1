//! What a destination must keep.
//!
//! The one rule: what it says of a record is true for this record alone, and stays true when the process dies after it was settled.

use std::sync::Arc;

use futures::future::BoxFuture;
use serde_json::Value;

use super::Dice;
use crate::{Delivered, Destination, Head, Record, Verdict};

/// What a destination promises beyond the rest.
#[derive(Clone, Copy, Debug, Default)]
pub struct Keeps {
    /// A record that it gets twice is there once.
    pub is_idempotent: bool,
    /// It keeps the order in which records came.
    pub order: bool,
}

/// A destination under test, with the place that it fills.
pub trait DestinationSubject: Sync {
    /// The destination as a new process makes it, over the same place.
    fn destination(&self) -> Arc<dyn Destination>;

    /// What it promises.
    fn keeps(&self) -> Keeps;

    /// A record of this number, with fields that no program knows.
    fn record(&self, number: u64) -> Value;

    /// A record that it refuses for its own fault; none when there is no such record.
    fn refused(&self, number: u64) -> Option<Value>;

    /// What is in the place now, as records were given, in its order where it keeps one; none where nothing can be looked at.
    fn held(&self) -> BoxFuture<'_, Option<Vec<Value>>>;
}

/// Holds a destination to all that destinations must keep. The place is empty at the beginning.
///
/// # Panics
///
/// It does not keep something; the message says what.
pub async fn destination(subject: &dyn DestinationSubject) {
    nothing_is_brought_of_nothing(subject).await;
    a_preview_brings_nothing(subject).await;
    what_was_delivered_is_there(subject).await;
    a_failing_record_takes_no_other_with_it(subject).await;
    a_batch_that_is_tried_again(subject).await;
}

fn record(number: u64, value: Value) -> Record {
    Record::new(value).with_head(Head {
        stream: Some("things".to_owned()),
        id: Some(number.to_string()),
        ..Head::default()
    })
}

fn batch(subject: &dyn DestinationSubject, numbers: impl IntoIterator<Item = u64>) -> Vec<Record> {
    let one = |number| record(number, subject.record(number));
    numbers.into_iter().map(one).collect()
}

async fn bring(destination: &dyn Destination, records: &[Record]) -> Vec<Delivered> {
    let most = destination.most_at_once();
    assert!(most > 0, "it takes no record at once");
    let mut results = Vec::new();
    for some in records.chunks(most) {
        let answers = destination.deliver(some).await;
        assert_eq!(answers.len(), some.len(), "each record has an answer");
        results.extend(answers);
    }
    results
}

async fn settle(destination: &dyn Destination) {
    let settled = destination.settle().await;
    settled.unwrap_or_else(|error| panic!("it does not settle: {error}"));
}

fn went_well(results: &[Delivered]) {
    for (at, result) in results.iter().enumerate() {
        if let Err(error) = result {
            panic!("record {at} was not delivered: {error} [{}]", error.code);
        }
    }
}

fn text(values: &[Value]) -> Vec<String> {
    values.iter().map(Value::to_string).collect()
}

/// Holds what is there against what was delivered.
async fn holds(subject: &dyn DestinationSubject, expected: &[Value], when: &str) {
    let Some(held) = subject.held().await else { return };
    let (mut held, mut expected) = (text(&held), text(expected));
    if !subject.keeps().order {
        held.sort();
        expected.sort();
    }
    assert_eq!(held, expected, "{when}");
}

async fn nothing_is_brought_of_nothing(subject: &dyn DestinationSubject) {
    let destination = subject.destination();
    assert!(
        destination.deliver(&[]).await.is_empty(),
        "no record, and an answer"
    );
    settle(&*destination).await;
    holds(subject, &[], "nothing was delivered").await;
}

async fn a_preview_brings_nothing(subject: &dyn DestinationSubject) {
    let destination = subject.destination();
    for record in batch(subject, 0..3) {
        let shown = destination.preview(&record);
        shown.unwrap_or_else(|error| panic!("nothing can be made of a good record: {error}"));
    }
    settle(&*destination).await;
    holds(subject, &[], "a preview brought something").await;
}

/// Delivered in several lives, in batches of several sizes, each life ending behind a settlement.
async fn what_was_delivered_is_there(subject: &dyn DestinationSubject) {
    let mut dice = Dice(3);
    let mut expected = Vec::new();
    let mut number = 0;
    for life in 0..5 {
        let destination = subject.destination();
        for _ in 0..3 {
            let until = number + 1 + dice.below(20) as u64;
            let records = batch(subject, number..until);
            went_well(&bring(&*destination, &records).await);
            expected.extend(records.into_iter().map(|record| record.value.into_value()));
            number = until;
        }
        settle(&*destination).await;
        drop(destination);
        holds(subject, &expected, &format!("after life {life}")).await;
    }
}

async fn a_failing_record_takes_no_other_with_it(subject: &dyn DestinationSubject) {
    let before = subject.held().await;
    let destination = subject.destination();
    let mut records = batch(subject, 1_000..1_010);
    let refused = subject.refused(1_004);
    if let Some(refused) = &refused {
        records[4].value = refused.clone().into();
    }
    let results = bring(&*destination, &records).await;
    settle(&*destination).await;
    let mut expected = before.unwrap_or_default();
    for (at, (record, result)) in records.iter().zip(&results).enumerate() {
        match result {
            Err(error) if refused.is_some() && at == 4 => {
                assert_eq!(
                    error.verdict,
                    Verdict::Reject,
                    "{error} is the record's own fault"
                );
                assert!(!error.advice.is_empty(), "{error} comes without advice");
            }
            Err(error) => panic!("record {at} failed with another: {error}"),
            Ok(_) if refused.is_some() && at == 4 => panic!("the record was not refused"),
            Ok(_) => expected.push(record.value.to_value()),
        }
    }
    holds(subject, &expected, "one of ten was refused").await;
}

/// As when a process dies between a delivery and the checkpoint: the same records come once more.
async fn a_batch_that_is_tried_again(subject: &dyn DestinationSubject) {
    let mut expected = subject.held().await.unwrap_or_default();
    let records = batch(subject, 2_000..2_012);
    let first = subject.destination();
    went_well(&bring(&*first, &records).await);
    settle(&*first).await;
    drop(first);
    let second = subject.destination();
    went_well(&bring(&*second, &records).await);
    settle(&*second).await;
    let times = if subject.keeps().is_idempotent { 1 } else { 2 };
    for _ in 0..times {
        expected.extend(records.iter().map(|record| record.value.to_value()));
    }
    holds(subject, &expected, "a batch was delivered twice").await;
}
