//! Brings what waits in a flow's queue to its destinations.
//!
//! The one rule: what became of deliveries is noted after their destination has made it durable, under the lane's fence; so what was
//! under way when a process died is brought again by whoever takes the lane over, and what another has taken over is left to him.

use std::{
    collections::{HashSet, VecDeque},
    sync::{Arc, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;
use tokio::{
    sync::{Mutex, watch},
    task::JoinSet,
};

use super::{
    filling::at_once,
    flow::{Flow, Way},
    keeper::{Counts, Fate},
    letter::GivenUp,
    queue::{Again, Claimed, EVERY_WAY, Form, Lane, Outcome, Queue, Waiting},
    run::{Ended, Engine, Ran, broke_off, unanswered},
};
use crate::{
    ComponentError, Record, Shared, Verdict,
    document::{Followed, OnFailure},
};

/// How many deliveries a lane is asked for, at least and at most: all of them are in memory.
const FEWEST: usize = 50;
const MOST: usize = 250;
/// How often it is said that we are still at a lane.
const RENEWED: Duration = Duration::from_secs(4);
/// How often it is looked whether there is something to do, at least.
const LOOK: Duration = Duration::from_secs(1);
/// So often a lane may be taken without anything coming of it before its deliveries go one by one, and before the first is given up:
/// it may be what ends the process.
const SUSPICIOUS: u32 = 3;
const HOPELESS: u32 = 200;

impl Engine {
    /// Brings what waits in a flow's queue to its destinations, until nothing waits any more, retries included, and `may_end` holds.
    pub async fn drain(
        &self,
        flow: &Flow,
        queue: &Arc<dyn Queue>,
        mut may_end: watch::Receiver<bool>,
        mut stop: watch::Receiver<bool>,
        told: impl Fn(&Counts) + Send + Sync,
    ) -> Ran {
        let drain = Arc::new(Drain {
            engine: self.clone(),
            flow: flow.clone(),
            queue: Arc::clone(queue),
            turns: flow.ways.iter().map(|_| Mutex::new(())).collect(),
        });
        let mut counts = Counts::default();
        let mut working: JoinSet<Result<Counts, ComponentError>> = JoinSet::new();
        let mut halt = None;
        let lanes = drain.lanes_at_once();
        loop {
            if *stop.borrow() {
                halt.get_or_insert(Ended::Stopped);
            }
            let mut is_idle = false;
            if halt.is_none() && working.len() < lanes {
                let free = u32::try_from(lanes - working.len()).unwrap_or(1);
                match queue.claim(free, drain.deliveries_at_once()).await {
                    Ok(claimed) => {
                        is_idle = claimed.is_empty();
                        for lane in claimed {
                            working.spawn(Arc::clone(&drain).work(lane));
                        }
                    }
                    Err(error) => halt = Some(Ended::Failed(error)),
                }
            }
            if working.is_empty() {
                if halt.is_some() {
                    break;
                }
                if is_idle {
                    let ends = *may_end.borrow_and_update();
                    match drain.pause().await {
                        Ok(None) if ends => break,
                        Ok(pause) => {
                            tokio::select! {
                                () = tokio::time::sleep(pause.unwrap_or(LOOK)) => {}
                                () = queue.woken() => {}
                                _ = may_end.changed(), if !ends => {}
                                _ = stop.wait_for(|stops| *stops) => {}
                            }
                        }
                        Err(error) => halt = Some(Ended::Failed(error)),
                    }
                }
                continue;
            }
            // With hands free it is looked soon for lanes that others gave back or filled.
            let looks = halt.is_none() && working.len() < lanes;
            tokio::select! {
                Some(done) = working.join_next() => match done {
                    Ok(Ok(done)) => {
                        counts.add(&done);
                        told(&counts);
                    }
                    Ok(Err(error)) => {
                        *counts.errors.entry(error.code.to_owned()).or_default() += 1;
                        halt = Some(Ended::Failed(error));
                    }
                    Err(error) => halt = Some(Ended::Failed(broke_off(&error))),
                },
                () = tokio::time::sleep(LOOK), if looks => {}
                () = queue.woken(), if looks => {}
                _ = stop.wait_for(|stops| *stops), if halt.is_none() => {}
            }
        }
        told(&counts);
        Ran {
            counts,
            ended: halt.unwrap_or(Ended::Done),
        }
    }
}

struct Drain {
    engine: Engine,
    flow: Flow,
    queue: Arc<dyn Queue>,
    /// Destinations that take records one after the other take them from one lane at a time.
    turns: Vec<Mutex<()>>,
}

/// What became of a delivery: what was answered to each of its records.
type Brought = Result<Vec<Option<Value>>, ComponentError>;

/// A delivery in our hands, and the records that are brought for it: to which destination each, in the order of those.
struct InHand {
    waiting: Waiting,
    records: Vec<(usize, Record)>,
}

impl Drain {
    fn lanes_at_once(&self) -> usize {
        let ways = self.flow.ways.iter();
        let lanes: usize = ways
            .map(|way| usize::from(at_once(&self.flow.policy, way.destination.as_ref())))
            .sum();
        lanes.max(1)
    }

    fn deliveries_at_once(&self) -> u32 {
        let most = self.flow.ways.iter().map(|way| way.destination.most_at_once());
        u32::try_from(most.max().unwrap_or(1).clamp(FEWEST, MOST)).unwrap_or(u32::MAX)
    }

    /// How long there is nothing to do; none when there is nothing more.
    async fn pause(&self) -> Result<Option<Duration>, ComponentError> {
        let Some(next) = self.queue.next_at().await? else {
            return Ok(None);
        };
        let pause = next.duration_since((self.engine.now)());
        Ok(Some(Duration::try_from(pause).unwrap_or_default().min(LOOK)))
    }

    /// Works on a lane until what was handed out is done with, or another has taken it over.
    async fn work(self: Arc<Self>, claimed: Claimed) -> Result<Counts, ComponentError> {
        let Claimed {
            lane,
            way,
            keeps_order,
            fruitless,
            deliveries,
        } = claimed;
        let mut counts = Counts::default();
        let way = (way != EVERY_WAY).then_some(way);
        let most = if fruitless >= SUSPICIOUS {
            1
        } else {
            self.together(way.as_deref())
        };
        let mut left = VecDeque::from(deliveries);
        let mut outcome = Outcome::default();
        if fruitless >= HOPELESS
            && let Some(first) = left.pop_front()
        {
            let error = ComponentError::reject(
                "TL0817",
                format!(
                    "{fruitless} times nothing came of bringing this record: the process ended each time"
                ),
                "Look at the record and at its destination; `trunkline flow redrive` tries it again.",
            );
            self.bury(way.clone(), first, error, &mut outcome, &mut counts)
                .await;
        }
        // Keys of which a delivery is tried again: those behind it wait for it.
        let mut held_up: HashSet<String> = HashSet::new();
        let mut batch = next_batch(&mut left, most, keeps_order, &held_up);
        loop {
            let halted = self
                .bring(
                    &lane,
                    way.as_deref(),
                    batch,
                    &mut outcome,
                    &mut held_up,
                    &mut counts,
                )
                .await?;
            batch = match halted {
                None => next_batch(&mut left, most, keeps_order, &held_up),
                Some(_) => Vec::new(),
            };
            outcome.is_free = batch.is_empty();
            let is_held = self.queue.settle(&lane, std::mem::take(&mut outcome)).await?;
            if let Some(error) = halted {
                return Err(error);
            }
            if batch.is_empty() || !is_held {
                return Ok(counts);
            }
        }
    }

    /// How many records the destination takes at once.
    fn together(&self, way: Option<&str>) -> usize {
        let of = |own: &&Way| way.is_none_or(|way| way == own.name);
        let most = self.flow.ways.iter().filter(of);
        most.map(|way| way.destination.most_at_once())
            .min()
            .unwrap_or(1)
            .max(1)
    }

    /// Brings a batch; what became of it is in the outcome. An error in what is returned ends it all.
    async fn bring(
        &self,
        lane: &Lane,
        way: Option<&str>,
        batch: Vec<Waiting>,
        outcome: &mut Outcome,
        held_up: &mut HashSet<String>,
        counts: &mut Counts,
    ) -> Result<Option<ComponentError>, ComponentError> {
        let mut in_hand = Vec::with_capacity(batch.len());
        for waiting in batch {
            match self.records_of(&waiting, way).await {
                Ok(records) => in_hand.push(InHand { waiting, records }),
                Err(error) => {
                    self.bury(way.map(str::to_owned), waiting, error, outcome, counts)
                        .await;
                }
            }
        }
        let results = {
            let bringing = self.deliver(&in_hand);
            tokio::pin!(bringing);
            loop {
                tokio::select! {
                    results = &mut bringing => break results?,
                    () = tokio::time::sleep(RENEWED) => {
                        // Whoever took it over brings it again; what is under way is waited for all the same.
                        self.queue.renew(lane).await?;
                    }
                }
            }
        };
        let mut halted = None;
        for (one, result) in in_hand.into_iter().zip(results) {
            let error = match result {
                Err(error) => error,
                Ok(answers) => {
                    let name = way.unwrap_or(EVERY_WAY).to_owned();
                    *counts.delivered.entry(name).or_default() += 1;
                    outcome.done.push((one.waiting.number, one.waiting.run.clone()));
                    outcome.fates.extend(self.fates(one, answers));
                    continue;
                }
            };
            let waiting = one.waiting;
            match error.verdict {
                Verdict::Retry(asked)
                    if waiting.attempts + 1 < u32::from(self.flow.policy.retry.attempts) =>
                {
                    *counts.errors.entry(error.code.to_owned()).or_default() += 1;
                    counts.retried += 1;
                    held_up.extend(waiting.key);
                    outcome.again.push(Again {
                        number: waiting.number,
                        run: waiting.run,
                        at: self.later(waiting.attempts + 1, asked),
                        code: error.code,
                        error: format!("{}: {}", error.code, error.message),
                    });
                }
                _ if error.verdict == Verdict::Stop || self.flow.policy.failed == OnFailure::Stop => {
                    held_up.extend(waiting.key);
                    halted = Some(error);
                }
                _ => {
                    self.bury(way.map(str::to_owned), waiting, error, outcome, counts)
                        .await;
                }
            }
        }
        Ok(halted)
    }

    fn later(&self, attempts: u32, asked: Option<Duration>) -> Timestamp {
        let chance = (self.engine.chance.lock().unwrap_or_else(PoisonError::into_inner))();
        let pause = self.flow.policy.retry.pause(attempts, asked, chance);
        (self.engine.now)() + SignedDuration::try_from(pause).unwrap_or(SignedDuration::MAX)
    }

    /// The records that are brought for a delivery.
    async fn records_of(
        &self,
        waiting: &Waiting,
        way: Option<&str>,
    ) -> Result<Vec<(usize, Record)>, ComponentError> {
        let place = |name: &str| self.flow.ways.iter().position(|own| own.name == name);
        if let Some(name) = way
            && place(name).is_none()
        {
            return Err(ComponentError::reject(
                "TL0818",
                format!("the flow has no destination {name} any more"),
                "Bring the destination back, or drop the dead letter.",
            ));
        }
        match (waiting.form, way.and_then(place)) {
            (Form::Ready, Some(at)) => Ok(vec![(at, waiting.record.clone())]),
            (Form::Ready, None) | (Form::Source, _) => {
                let (flow, record) = (self.flow.clone(), waiting.record.clone());
                let (way, now) = (way.map(str::to_owned), (self.engine.now)());
                tokio::task::spawn_blocking(move || flow.stage_one(record, way.as_deref(), now))
                    .await
                    .map_err(|error| broke_off(&error))?
            }
        }
    }

    /// What is kept of the way of a delivery that went well: for each of its records the destination's answer is there.
    fn fates(&self, one: InHand, answers: Vec<Option<Value>>) -> Vec<(String, Fate)> {
        let InHand { waiting, records } = one;
        let Some(run) = waiting.run.filter(|_| {
            !waiting.origins.followed.is_empty() && self.flow.policy.history.records != Followed::None
        }) else {
            return Vec::new();
        };
        let is_made_anew = waiting.form == Form::Source;
        let source = match waiting.form {
            Form::Source => Some(waiting.record.value.clone()),
            Form::Ready => match waiting.source {
                Some(source) => serde_json::from_str::<Value>(&source).ok().map(Shared::from),
                // What several were joined into is none of them.
                None => Some(waiting.record.value.clone()).filter(|_| waiting.origins.of == 1),
            },
        };
        let origins: Vec<_> = waiting
            .origins
            .followed
            .into_iter()
            .map(|mark| (mark, source.clone()))
            .collect();
        let now = (self.engine.now)();
        let base = Fate {
            origins,
            joined: waiting.origins.of,
            destination: None,
            key: waiting.key,
            head: waiting.record.head,
            record: None,
            answer: None,
            attempts: waiting.attempts + 1,
            at: now,
            is_made_anew,
        };
        if records.is_empty() {
            return vec![(run, base)];
        }
        let arrived = records.into_iter().zip(answers);
        arrived
            .map(|((at, record), answer)| {
                let fate = Fate {
                    destination: Some(self.flow.ways[at].name.clone()),
                    record: Some(record.value).filter(|value| Some(value) != source.as_ref()),
                    answer,
                    ..base.clone()
                };
                (run.clone(), fate)
            })
            .collect()
    }

    /// Brings all records, and makes what was brought durable; says what became of each delivery, with an answer for each of its records.
    async fn deliver(&self, in_hand: &[InHand]) -> Result<Vec<Brought>, ComponentError> {
        let mut results: Vec<Brought> = in_hand.iter().map(|_| Ok(Vec::new())).collect();
        for (at, way) in self.flow.ways.iter().enumerate() {
            let mut owners = Vec::new();
            let mut records = Vec::new();
            for (owner, one) in in_hand.iter().enumerate() {
                for (_, record) in one.records.iter().filter(|(to, _)| *to == at) {
                    owners.push(owner);
                    records.push(record.clone());
                }
            }
            if records.is_empty() {
                continue;
            }
            let _turn = match way.destination.is_sequential() {
                true => Some(self.turns[at].lock().await),
                false => None,
            };
            let most = way.destination.most_at_once().max(1);
            for (owners, records) in owners.chunks(most).zip(records.chunks(most)) {
                let mut delivered = way.destination.deliver(records).await.into_iter();
                for owner in owners {
                    let one = delivered.next().unwrap_or_else(|| Err(unanswered(&way.name)));
                    match (&mut results[*owner], one) {
                        (Ok(answers), Ok(answer)) => answers.push(answer),
                        (result @ Ok(_), Err(error)) => *result = Err(error),
                        (Err(_), _) => {}
                    }
                }
            }
            way.destination.settle().await?;
        }
        Ok(results)
    }

    /// Makes a delivery a dead letter.
    async fn bury(
        &self,
        way: Option<String>,
        waiting: Waiting,
        error: ComponentError,
        outcome: &mut Outcome,
        counts: &mut Counts,
    ) {
        *counts.errors.entry(error.code.to_owned()).or_default() += 1;
        counts.dead += 1;
        let source = match waiting.form {
            Form::Source => Some(waiting.record.value.to_value()),
            Form::Ready => waiting
                .source
                .and_then(|source| serde_json::from_str(&source).ok()),
        };
        let given_up = GivenUp {
            key: waiting.key,
            source,
            origins: waiting.origins,
            attempts: waiting.attempts + 1,
            ..GivenUp::new(way, waiting.record, error)
        };
        let now = (self.engine.now)();
        let steps = given_up.steps(&self.flow, now).await;
        let letter = given_up.into_letter(steps, now);
        outcome.dead.push((waiting.number, waiting.run, letter));
    }
}

/// The next deliveries that may go together: of a lane that keeps its order one of each key, and none whose key is held up.
fn next_batch(
    left: &mut VecDeque<Waiting>,
    most: usize,
    keeps_order: bool,
    held_up: &HashSet<String>,
) -> Vec<Waiting> {
    let mut batch: Vec<Waiting> = Vec::new();
    if !keeps_order {
        let count = most.min(left.len());
        batch.extend(left.drain(..count));
        return batch;
    }
    let mut passed: HashSet<String> = held_up.clone();
    let mut at = 0;
    while batch.len() < most && at < left.len() {
        let key = left[at].key.clone().unwrap_or_default();
        if passed.insert(key) {
            batch.extend(left.remove(at));
        } else {
            at += 1;
        }
    }
    batch
}

#[cfg(test)]
mod tests;
