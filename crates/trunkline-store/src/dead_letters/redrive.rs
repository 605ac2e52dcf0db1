//! The way back: dead letters become deliveries again, each once, or are dropped.
//!
//! The one rule: a letter's state and its delivery change in one transaction, which is undone when somebody else was faster; so a letter
//! that two people redrive at once goes back once.

use std::collections::{BTreeMap, HashSet};

use jiff::Timestamp;

use super::{DeadLetter, DeadLetterFilter, DeadLetterState};
use crate::{
    NewDelivery, RecordForm, Store, StoreError,
    database::{Statement, Value},
    queue::{Repeats, Type, entering, in_lots},
};

/// Letters that go back in one transaction.
const TOGETHER: u32 = 200;
/// How often somebody else may be faster before we say so.
const ATTEMPTS: usize = 16;

/// What became of letters that were to go back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Redriven {
    /// Those that are deliveries again.
    pub redriven: u64,
    /// Those that stay, since they hold no record of the form that was asked for.
    pub without_record: u64,
}

impl Store {
    /// Brings the dead letters that fit and wait back into the queue, oldest first, with the record as the source gave it or as the
    /// destination was to take it. `slots` is what [`enqueue`](Self::enqueue) says of it.
    ///
    /// # Errors
    /// TL0507 when a letter's flow is gone. What went back before that stays there.
    pub async fn redrive(
        &self,
        filter: &DeadLetterFilter,
        form: RecordForm,
        slots: u16,
        now: Timestamp,
    ) -> Result<Redriven, StoreError> {
        let mut redriven = Redriven::default();
        if !filter.may_be()
            || filter
                .state
                .is_some_and(|state| state != DeadLetterState::Waiting)
        {
            return Ok(redriven);
        }
        let mut behind = String::new();
        let mut lost = 0;
        loop {
            let letters = self.oldest_waiting(filter, &behind).await?;
            let Some(last) = letters.last() else {
                return Ok(redriven);
            };
            let last = last.id.clone();
            let (going, without): (Vec<_>, Vec<_>) =
                letters.into_iter().partition(|letter| has(letter, form));
            match self.send_back(&going, form, slots, now).await {
                Ok(sent) => {
                    redriven.redriven += sent;
                    redriven.without_record += without.len() as u64;
                    behind = last;
                }
                // Somebody redrives or drops some of the same: the rest is looked at anew.
                Err(StoreError::Unmet) if lost < ATTEMPTS => lost += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Brings one dead letter back into the queue; whether it still waited and had a record of this form.
    ///
    /// # Errors
    /// TL0507 when there is no such letter, or its flow is gone.
    pub async fn redrive_one(
        &self,
        id: &str,
        form: RecordForm,
        slots: u16,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        for _ in 0..ATTEMPTS {
            let letter = self.dead_letter(id).await?;
            if letter.state != DeadLetterState::Waiting || !has(&letter, form) {
                return Ok(false);
            }
            match self.send_back(&[letter], form, slots, now).await {
                Err(StoreError::Unmet) => {}
                other => return Ok(other? == 1),
            }
        }
        Err(StoreError::Unmet)
    }

    /// Drops the dead letters that fit and wait; returns how many. They are kept for their time, and their dedupe keys from now on for
    /// theirs.
    pub async fn drop_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        if !filter.may_be()
            || filter
                .state
                .is_some_and(|state| state != DeadLetterState::Waiting)
        {
            return Ok(0);
        }
        let mut dropped = 0;
        let mut lost = 0;
        loop {
            let letters = self.oldest_waiting(filter, "").await?;
            if letters.is_empty() {
                return Ok(dropped);
            }
            let statements = dropped_at(&letters, now);
            match self.write(statements).await {
                Ok(_) => dropped += letters.len() as u64,
                Err(StoreError::Unmet) if lost < ATTEMPTS => lost += 1,
                Err(error) => return Err(error),
            }
        }
    }

    /// Drops one dead letter; whether it still waited.
    ///
    /// # Errors
    /// TL0507 when there is no such letter.
    pub async fn drop_dead_letter(&self, id: &str, now: Timestamp) -> Result<bool, StoreError> {
        let letter = self.dead_letter(id).await?;
        match self.write(dropped_at(&[letter], now)).await {
            Ok(_) => Ok(true),
            Err(StoreError::Unmet) => Ok(false),
            Err(error) => Err(error),
        }
    }

    async fn oldest_waiting(
        &self,
        filter: &DeadLetterFilter,
        behind: &str,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        let waiting = DeadLetterFilter {
            state: Some(DeadLetterState::Waiting),
            ..filter.clone()
        };
        let (condition, values) = waiting.narrow(3);
        let mut question = Statement::new(format!(
            "{} WHERE {condition} AND id > $1 ORDER BY id LIMIT $2",
            super::COLUMNS
        ))
        .bind(behind)
        .bind(i64::from(TOGETHER));
        question.values.extend(values);
        self.read(question)
            .await?
            .into_iter()
            .map(super::letter)
            .collect()
    }

    /// Sends letters back in one transaction, or none of them.
    async fn send_back(
        &self,
        letters: &[DeadLetter],
        form: RecordForm,
        slots: u16,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        let mut queues: BTreeMap<(&str, &str), Vec<NewDelivery>> = BTreeMap::new();
        let mut statements = moved(letters, DeadLetterState::Redriven);
        let mut keys = HashSet::new();
        let mut sent = 0;
        for letter in letters {
            let queue = (letter.flow.as_str(), letter.destination.as_str());
            // Two letters of one dedupe key are one delivery.
            if let Some(key) = &letter.dedupe_key
                && !keys.insert((queue, key))
            {
                continue;
            }
            sent += 1;
            queues.entry(queue).or_default().push(delivery(letter, form, now));
        }
        for (queue, deliveries) in &queues {
            let slots = self.slots_in_use(*queue).await?.unwrap_or(slots);
            let deliveries: Vec<_> = deliveries.iter().collect();
            statements.extend(
                entering(*queue, slots, &deliveries, Repeats::Taken, (now, self.spread())).statements,
            );
        }
        self.write(statements).await?;
        Ok(sent)
    }
}

/// Letters that wait, in another state. Undone when one of them no longer waits.
fn moved(letters: &[DeadLetter], state: DeadLetterState) -> Vec<Statement> {
    let ids = letters
        .iter()
        .map(|letter| vec![Value::from(&letter.id)])
        .collect();
    let around = (
        "UPDATE dead_letters SET state = $1 FROM (VALUES ",
        ") AS v WHERE dead_letters.id = v.column1 AND dead_letters.state = 'waiting'",
    );
    in_lots(around, &[Type::Text], &[state.as_str().into()], ids)
        .into_iter()
        .map(|statement| {
            let letters = statement.values.len() as u64 - 1;
            statement.exactly(letters)
        })
        .collect()
}

/// Letters that wait are dropped, and their dedupe keys are kept from now on for their time, unless another delivery has them.
fn dropped_at(letters: &[DeadLetter], now: Timestamp) -> Vec<Statement> {
    let mut statements = moved(letters, DeadLetterState::Dropped);
    let keys = letters
        .iter()
        .filter_map(|letter| {
            let key = letter.dedupe_key.as_ref()?;
            Some([&letter.flow, &letter.destination, key].map(Value::from).into())
        })
        .collect();
    let around = (
        "UPDATE delivery_keys SET done_at = $1 FROM (VALUES ",
        ") AS v WHERE delivery_keys.flow = v.column1 AND delivery_keys.destination = v.column2 \
         AND delivery_keys.dedupe_key = v.column3 AND delivery_keys.done_at IS NULL \
         AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.lane = delivery_keys.lane AND d.seq = delivery_keys.seq)",
    );
    statements.extend(in_lots(around, &[Type::Text; 3], &[now.into()], keys));
    statements
}

fn record(letter: &DeadLetter, form: RecordForm) -> Option<&String> {
    match form {
        RecordForm::Source => letter.failure.source_record.as_ref(),
        RecordForm::Ready => letter.failure.record.as_ref(),
    }
}

fn has(letter: &DeadLetter, form: RecordForm) -> bool {
    record(letter, form).is_some()
}

fn delivery(letter: &DeadLetter, form: RecordForm, now: Timestamp) -> NewDelivery {
    NewDelivery {
        flow: letter.flow.clone(),
        destination: letter.destination.clone(),
        key: letter.key.clone(),
        dedupe_key: letter.dedupe_key.clone(),
        record: record(letter, form).cloned().unwrap_or_default(),
        head: letter.failure.head.clone(),
        source_record: letter
            .failure
            .source_record
            .clone()
            .filter(|_| form == RecordForm::Ready),
        form,
        run: letter.run.clone(),
        origins: letter.origins.clone(),
        due_at: now,
    }
}
