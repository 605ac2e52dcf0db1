//! What became of claimed deliveries: delivered, to be tried again, or dead.
//!
//! The one rule: one transaction settles all of it under the lane's fence, or nothing of it; an old fence settles nothing.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::{HeldLane, rows::among};
use crate::{
    NewFate, Store, StoreError,
    database::{Statement, Value},
    dead_letters::Failure,
    fates::adding,
};

/// A delivery to be tried again.
#[derive(Clone, Debug)]
pub struct Again {
    /// Its number in the lane.
    pub seq: i64,
    /// When. In a lane that keeps its order everything behind it waits for it.
    pub due_at: Timestamp,
    /// Why it failed.
    pub error: String,
}

/// A delivery that is given up.
#[derive(Clone, Debug)]
pub struct Dead {
    /// Its number in the lane.
    pub seq: i64,
    /// That its records became a dead letter, where their way is kept.
    pub fate: Option<NewFate>,
    /// Why, and what is kept of it. Where it names no record, the delivery's own is kept.
    pub failure: Failure,
}

/// What became of some of a lane's deliveries.
#[derive(Clone, Debug, Default)]
pub struct Settled {
    /// Those that were delivered, by their numbers.
    pub done: Vec<i64>,
    /// Those to be tried again.
    pub again: Vec<Again>,
    /// Those that become dead letters.
    pub dead: Vec<Dead>,
    /// What is kept of the way of those that were delivered, or let go.
    pub fates: Vec<NewFate>,
    /// What that is for the runs that made them.
    pub tallies: Vec<Tally>,
    /// Whether the lane is given back.
    pub is_free: bool,
}

/// What became of deliveries that one run made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// The run.
    pub run: String,
    /// How many were delivered.
    pub delivered: u64,
    /// How many became dead letters.
    pub dead: u64,
    /// How many are tried again.
    pub retried: u64,
    /// Calls that were spent on them.
    pub calls: u64,
    /// Errors by their codes.
    pub errors: BTreeMap<String, u64>,
}

impl Settled {
    fn has_fates(&self) -> bool {
        !self.fates.is_empty() || self.dead.iter().any(|dead| dead.fate.is_some())
    }
}

impl Store {
    /// Settles what was claimed, all of it or any part; returns the ids of the dead letters, in order.
    ///
    /// # Errors
    /// TL0518 when the lane was claimed by somebody else since; TL0881 when one of the deliveries does not wait in it (any more);
    /// TL0510 for a failure that cannot be kept. Nothing is settled then.
    pub async fn settle_lane(
        &self,
        held: &HeldLane,
        settled: &Settled,
        now: Timestamp,
    ) -> Result<Vec<String>, StoreError> {
        for dead in &settled.dead {
            dead.failure.check()?;
        }
        let mut statements = delivered(held, &settled.done, now);
        statements.extend(settled.again.iter().map(|again| {
            Statement::new(
                "UPDATE deliveries SET due_at = $1, attempts = attempts + 1, error = $2, first_at = coalesce(first_at, $3) \
                 WHERE lane = $4 AND seq = $5",
            )
            .bind(again.due_at)
            .bind(&again.error)
            .bind(now)
            .bind(held.lane)
            .bind(again.seq)
            .exactly(1)
        }));
        let flow = match settled.has_fates() {
            true => self.flow_of_lane(held.lane).await?,
            false => String::new(),
        };
        let mut fates = Vec::new();
        for fate in &settled.fates {
            fate.check()?;
            fates.extend(fate.rows(&self.entropy, None));
        }
        let mut ids = Vec::with_capacity(settled.dead.len());
        for dead in &settled.dead {
            let id = self.entropy.id(now);
            statements.push(dead.failure.buried(&id, held.lane, dead.seq, now));
            statements.push(
                Statement::new("DELETE FROM deliveries WHERE lane = $1 AND seq = $2")
                    .bind(held.lane)
                    .bind(dead.seq)
                    .exactly(1),
            );
            if let Some(fate) = &dead.fate {
                fate.check()?;
                fates.extend(fate.rows(&self.entropy, Some(&id)));
            }
            ids.push(id);
        }
        statements.extend(adding(&flow, fates));
        let gone = settled.done.len() + settled.dead.len();
        let is_fruitful = gone > 0 || !settled.again.is_empty();
        statements.push(held.moved(gone as u64, is_fruitful, settled.is_free));
        statements.extend(settled.tallies.iter().flat_map(Tally::added));
        match self.write(statements).await {
            Ok(_) => Ok(ids),
            Err(StoreError::Unmet) => Err(self.why_not(held).await?),
            Err(error) => Err(error),
        }
    }

    /// Notes that deliveries arrived.
    ///
    /// # Errors
    /// As [`settle_lane`](Self::settle_lane).
    pub async fn ack(&self, held: &HeldLane, done: &[i64], now: Timestamp) -> Result<(), StoreError> {
        let settled = Settled {
            done: done.to_vec(),
            ..Settled::default()
        };
        self.settle_lane(held, &settled, now).await.map(drop)
    }

    /// Lets a delivery be tried again later.
    ///
    /// # Errors
    /// As [`settle_lane`](Self::settle_lane).
    pub async fn retry(&self, held: &HeldLane, again: Again, now: Timestamp) -> Result<(), StoreError> {
        let settled = Settled {
            again: vec![again],
            ..Settled::default()
        };
        self.settle_lane(held, &settled, now).await.map(drop)
    }

    /// Makes a delivery a dead letter, so that its lane goes on without it; returns the letter's id.
    ///
    /// # Errors
    /// As [`settle_lane`](Self::settle_lane).
    pub async fn bury(&self, held: &HeldLane, dead: Dead, now: Timestamp) -> Result<String, StoreError> {
        let settled = Settled {
            dead: vec![dead],
            ..Settled::default()
        };
        let mut ids = self.settle_lane(held, &settled, now).await?;
        Ok(ids.pop().unwrap_or_default())
    }

    async fn flow_of_lane(&self, lane: i64) -> Result<String, StoreError> {
        let question = Statement::new("SELECT flow FROM flow_lanes WHERE id = $1").bind(lane);
        match self.read_one(question).await? {
            Some(mut row) => row.text(),
            // It went with its flow; the fence says so.
            None => Ok("-".to_owned()),
        }
    }

    /// Whether the lane is lost, or one of the deliveries not there.
    async fn why_not(&self, held: &HeldLane) -> Result<StoreError, StoreError> {
        let question =
            Statement::new("SELECT 1 FROM flow_lanes WHERE id = $1 AND fence = $2 AND owner IS NOT NULL")
                .bind(held.lane)
                .bind(held.fence);
        Ok(match self.read_one(question).await? {
            Some(_) => StoreError::NotWaiting { lane: held.lane },
            None => held.lost(),
        })
    }
}

impl Tally {
    fn added(&self) -> Vec<Statement> {
        let count = |number: u64| i64::try_from(number).unwrap_or(i64::MAX);
        let counted = Statement::new(
            "UPDATE flow_runs SET queue_delivered = queue_delivered + $1, queue_dead = queue_dead + $2, \
             queue_retried = queue_retried + $3, queue_calls = queue_calls + $4 WHERE id = $5",
        )
        .bind(count(self.delivered))
        .bind(count(self.dead))
        .bind(count(self.retried))
        .bind(count(self.calls))
        .bind(&self.run);
        let erred = self.errors.iter().map(|(code, number)| {
            // A run that was forgotten has no errors either.
            Statement::new(
                "INSERT INTO queue_errors (run, code, count) SELECT id, CAST($2 AS TEXT), CAST($3 AS BIGINT) FROM flow_runs WHERE id = $1 \
                 ON CONFLICT (run, code) DO UPDATE SET count = queue_errors.count + excluded.count",
            )
            .bind(&self.run)
            .bind(code)
            .bind(count(*number))
        });
        std::iter::once(counted).chain(erred).collect()
    }
}

/// Takes deliveries out of their lane. Their dedupe keys are kept from now on for their time.
fn delivered(held: &HeldLane, done: &[i64], now: Timestamp) -> Vec<Statement> {
    let (Some(first), Some(last)) = (done.iter().min(), done.iter().max()) else {
        return Vec::new();
    };
    // Numbers without a gap, which they mostly are, need no list.
    let (which, values) = if last - first == done.len() as i64 - 1 {
        (
            "BETWEEN $2 AND $3".to_owned(),
            vec![Value::Int(*first), Value::Int(*last)],
        )
    } else {
        among(done, 2)
    };
    let now_at = values.len() + 2;
    let mut keys = Statement::new(format!(
        "UPDATE delivery_keys SET done_at = ${now_at} WHERE lane = $1 AND seq {which}"
    ))
    .bind(held.lane);
    keys.values.extend(values.iter().cloned());
    let mut gone = Statement::new(format!("DELETE FROM deliveries WHERE lane = $1 AND seq {which}"))
        .bind(held.lane)
        .exactly(done.len() as u64);
    gone.values.extend(values);
    vec![keys.bind(now), gone]
}
