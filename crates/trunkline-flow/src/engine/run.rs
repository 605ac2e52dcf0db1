//! The loop of a run.
//!
//! The one rule: whatever ends it, what is under way at a destination is waited for, and only what is done with counts.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::Timestamp;
use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task::{JoinError, JoinSet},
    time::{Instant, sleep_until},
};

use super::{
    flow::Flow,
    following::Following,
    keeper::{Counts, Keeper},
    lanes::{Lanes, Pending},
    letter::GivenUp,
    stages::Staged,
    staging::Staging,
};
use crate::{
    Batch, ComponentError, Cursor, Delivered, Destination, Frontier, Item, Occasion, Read, Reader, Record,
    Verdict, document::OnFailure,
};

/// The most records that are on their way, and the most memory that they take as the source gave them; what is made of them takes about as
/// much again.
const MOST_OUTSTANDING: usize = 2_000;
const MOST_BYTES: usize = 6 << 20;
/// The least time between two times that a cursor is kept while a run goes on.
const KEEP_EVERY: Duration = Duration::from_secs(1);
/// How often it is told how it goes.
const TELL_EVERY: Duration = Duration::from_millis(250);

/// What a run needs from outside.
#[derive(Clone)]
pub struct Engine {
    /// The clock.
    pub now: Arc<dyn Fn() -> Timestamp + Send + Sync>,
    /// Chance, from 0 to 1, for the pauses between attempts.
    pub chance: Arc<Mutex<dyn FnMut() -> f64 + Send>>,
}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Engine")
    }
}

/// How a run ended, and what it did.
#[derive(Clone, Debug, PartialEq)]
pub struct Ran {
    /// What it did.
    pub counts: Counts,
    /// How it ended.
    pub ended: Ended,
}

/// How a run ended.
#[derive(Clone, Debug, PartialEq)]
pub enum Ended {
    /// All that there was has been delivered, let go or kept as a dead letter.
    Done,
    /// It was asked to stop; the next run goes on.
    Stopped,
    /// Nothing got around this; the next run goes on before it.
    Failed(ComponentError),
}

impl Engine {
    /// Runs a flow until its source ends, or until `stop` says so.
    pub async fn run(
        &self,
        flow: &Flow,
        occasion: &Occasion,
        keeper: &dyn Keeper,
        stop: watch::Receiver<bool>,
    ) -> Ran {
        let mut counts = Counts::default();
        let mut is_new = false;
        let opened = match keeper.cursor().await {
            Ok(cursor) => {
                is_new = cursor.is_none();
                flow.source.open(cursor, occasion).await
            }
            Err(error) => Err(error),
        };
        let reader = match opened {
            Ok(reader) => reader,
            Err(error) => {
                *counts.errors.entry(error.code.to_owned()).or_default() += 1;
                let ended = Ended::Failed(error);
                return Ran { counts, ended };
            }
        };
        let mut run = Run {
            engine: self,
            flow,
            keeper,
            frontier: Frontier::default(),
            is_new,
            counts,
            staging: Staging::of(flow),
            lanes: flow.ways.iter().map(|_| Lanes::new(flow.policy.order)).collect(),
            deliveries: JoinSet::new(),
            following: Following::new(flow.policy.history.records, (self.now)()),
            halt: None,
        };
        run.go(reader, stop).await;
        keeper.tell(&run.counts);
        Ran {
            ended: run.halt.take().unwrap_or(Ended::Done),
            counts: run.counts,
        }
    }
}

/// Records that were brought to a destination together, and what became of each.
struct Brought {
    way: usize,
    sent: Vec<Pending>,
    results: Vec<Delivered>,
}

struct Run<'r> {
    engine: &'r Engine,
    flow: &'r Flow,
    keeper: &'r dyn Keeper,
    frontier: Frontier,
    /// Whether no position was kept yet.
    is_new: bool,
    counts: Counts,
    staging: Staging,
    lanes: Vec<Lanes>,
    deliveries: JoinSet<Brought>,
    following: Following,
    halt: Option<Ended>,
}

impl Run<'_> {
    async fn go(&mut self, reader: Box<dyn Reader>, mut stop: watch::Receiver<bool>) {
        let (give, mut batches) = mpsc::channel(1);
        let reading = tokio::spawn(read_on(reader, give));
        let mut has_more = true;
        let mut may_be_asked = true;
        let mut kept_at = Instant::now();
        let mut told_at = Instant::now();
        loop {
            if self.halt.is_none() {
                self.dispatch();
            }
            let is_idle = self.deliveries.is_empty();
            if self.halt.is_some() && is_idle {
                break;
            }
            let waiting: usize = self.lanes.iter().map(Lanes::len).sum();
            let is_quiet = is_idle && waiting == 0 && !self.staging.is_busy();
            if !has_more && is_quiet {
                if !self.flush(true).await {
                    break;
                }
                continue;
            }
            // All that may be on its way is held by transforms: it is given out early, so that reading goes on.
            if self.halt.is_none() && is_quiet && self.is_full() && self.flush(true).await {
                continue;
            }
            if kept_at.elapsed() >= KEEP_EVERY {
                self.keep().await;
                kept_at = Instant::now();
            }
            if told_at.elapsed() >= TELL_EVERY {
                self.keeper.tell(&self.counts);
                told_at = Instant::now();
            }
            let wants_more = has_more && self.halt.is_none() && self.staging.has_room() && !self.is_full();
            let wake = self.wake_at();
            tokio::select! {
                biased;
                asked = async { stop.wait_for(|asked| *asked).await.is_ok() }, if may_be_asked => {
                    may_be_asked = false;
                    if asked {
                        self.halt.get_or_insert(Ended::Stopped);
                    }
                }
                Some(brought) = self.deliveries.join_next() => match brought {
                    Ok(brought) => self.brought(brought).await,
                    Err(error) => self.fail(broke_off(&error)),
                },
                Some(staged) = self.staging.next(), if self.halt.is_none() => {
                    self.staged(staged).await;
                }
                batch = batches.recv(), if wants_more => match batch {
                    Some(Ok(batch)) => self.take(batch).await,
                    Some(Err(error)) => self.fail(error),
                    None => has_more = false,
                },
                () = sleep_until(wake), if self.halt.is_none() => {
                    self.flush(false).await;
                }
            }
            if self.following.is_much(self.frontier.let_go()) {
                self.keep_fates().await;
            }
        }
        reading.abort();
        self.keep().await;
        // What is still held or waiting is read again by the next run.
        self.frontier.abandon();
    }

    /// Whether as much is on its way as may be.
    fn is_full(&self) -> bool {
        self.frontier.outstanding() >= MOST_OUTSTANDING || self.frontier.bytes() >= MOST_BYTES
    }

    /// When something happens by itself.
    fn wake_at(&self) -> Instant {
        let now = Instant::now();
        let retries = self.lanes.iter().filter_map(Lanes::next_at).min();
        let moment = (self.engine.now)();
        let due = self
            .staging
            .due()
            .map(|due| now + Duration::try_from(due.duration_since(moment)).unwrap_or_default());
        let keep = now + KEEP_EVERY;
        [retries, due]
            .into_iter()
            .flatten()
            .min()
            .unwrap_or(keep)
            .min(keep)
    }

    fn fail(&mut self, error: ComponentError) {
        *self.counts.errors.entry(error.code.to_owned()).or_default() += 1;
        if !matches!(self.halt, Some(Ended::Failed(_))) {
            self.halt = Some(Ended::Failed(error));
        }
    }

    /// Keeps how far all is done with, and before that what became of it.
    async fn keep(&mut self) {
        let reached = self.frontier.take_reached();
        if !self.keep_fates().await {
            return;
        }
        let Some(cursor) = reached else {
            return;
        };
        if let Err(error) = kept(self.flow, self.keeper, &cursor).await {
            self.fail(error);
        }
    }

    /// Keeps what became of records whose way is kept; whether it is.
    async fn keep_fates(&mut self) -> bool {
        let let_go = self.frontier.take_let_go();
        let fates = self.following.take(let_go, (self.engine.now)());
        if fates.is_empty() {
            return true;
        }
        let kept = self.keeper.note(fates).await;
        if let Err(error) = kept {
            // The next run brings them again.
            self.frontier.abandon();
            self.fail(error);
            return false;
        }
        true
    }

    /// Takes in what was read.
    async fn take(&mut self, batch: Batch) {
        let mut records = Vec::with_capacity(batch.items.len());
        let mut broken = Vec::new();
        self.counts.read += batch.items.len() as u64;
        for item in batch.items {
            match item {
                Item::Record(record) => records.push(record),
                Item::Broken { text, error } => {
                    // It has its place among the others, so that nothing behind it is kept before it is.
                    let at = records.len();
                    records.push(Record::new(Value::from(text)));
                    broken.push((at, error));
                }
            }
        }
        let is_begin = self.is_new && records.is_empty() && batch.behind.is_some();
        self.is_new = false;
        let now = (self.engine.now)();
        self.following.refill(now);
        let following = &mut self.following;
        let mut entered = self
            .frontier
            .enter_followed(records, batch.behind, |bytes| following.admits(bytes));
        self.counts.followed = self.following.count;
        if is_begin {
            // Where a source begins that says so first is kept before anything of it is brought anywhere.
            self.keep().await;
        }
        for (at, error) in broken.into_iter().rev() {
            let record = entered.remove(at);
            self.bury(GivenUp::new(None, record, error), Vec::new()).await;
        }
        if !entered.is_empty() {
            self.staging.begin(move |stages| stages.apply(entered, now));
        }
    }

    /// Gives out what transforms hold, when none of them is at work; whether there was anything.
    async fn flush(&mut self, is_end: bool) -> bool {
        if self.staging.is_busy() {
            return false;
        }
        let now = (self.engine.now)();
        self.staging.begin(move |stages| stages.flush(now, is_end));
        match self.staging.next().await {
            Some(staged) => self.staged(staged).await,
            None => false,
        }
    }

    /// Lets what came of records wait for the destinations; whether there was anything.
    async fn staged(&mut self, staged: Result<Staged, JoinError>) -> bool {
        let staged = match staged {
            Ok(staged) => staged,
            Err(error) => {
                self.frontier.abandon();
                self.fail(broke_off(&error));
                return false;
            }
        };
        let had_any = !staged.is_empty();
        self.counts.filtered += staged.filtered;
        for (way, record, error) in staged.refused {
            self.give_up(GivenUp::new(way, record, error)).await;
        }
        for (lanes, records) in self.lanes.iter_mut().zip(staged.by_way) {
            for (record, key) in records {
                lanes.enter(Pending {
                    record,
                    key,
                    attempts: 0,
                    not_before: None,
                });
            }
        }
        had_any
    }

    /// Begins deliveries that may go.
    fn dispatch(&mut self) {
        let now = Instant::now();
        for (at, (way, lanes)) in self.flow.ways.iter().zip(&mut self.lanes).enumerate() {
            let most = way.destination.most_at_once().max(1);
            let is_sequential = way.destination.is_sequential();
            let at_once = usize::from(self.flow.policy.concurrency).max(1);
            while lanes.running() == 0 || (!is_sequential && lanes.running() < at_once * most) {
                let sent = lanes.take(most, now);
                if sent.is_empty() {
                    break;
                }
                let destination = Arc::clone(&way.destination);
                self.deliveries.spawn(bring(at, destination, sent));
            }
        }
    }

    /// What became of a delivery.
    async fn brought(&mut self, brought: Brought) {
        let Brought { way, sent, results } = brought;
        let name = self.flow.ways[way].name.clone();
        let now = (self.engine.now)();
        let mut results = results.into_iter();
        // Those that are tried again come back in their order, in front of the others.
        let mut again = Vec::new();
        for mut pending in sent {
            let result = results.next().unwrap_or_else(|| Err(unanswered(&name)));
            pending.attempts += 1;
            let error = match result {
                Err(error) => error,
                Ok(answer) => {
                    self.lanes[way].leave(pending.key.as_ref());
                    if self.flow.fills_queue {
                        self.counts.queued += 1;
                        pending.record.origins.have_fates();
                    } else {
                        *self.counts.delivered.entry(name.clone()).or_default() += 1;
                        self.following.delivered(&name, pending, answer, now);
                    }
                    continue;
                }
            };
            let retry = self.flow.policy.retry;
            match error.verdict {
                Verdict::Retry(asked) if pending.attempts < u32::from(retry.attempts) => {
                    *self.counts.errors.entry(error.code.to_owned()).or_default() += 1;
                    self.counts.retried += 1;
                    let chance = (self.engine.chance.lock().unwrap_or_else(PoisonError::into_inner))();
                    pending.not_before = Some(Instant::now() + retry.pause(pending.attempts, asked, chance));
                    again.push(pending);
                }
                Verdict::Stop => {
                    self.lanes[way].leave(pending.key.as_ref());
                    self.fail(error);
                    // It is not done with: the next run brings it again.
                    self.frontier.abandon();
                }
                _ => {
                    self.lanes[way].leave(pending.key.as_ref());
                    let given_up = GivenUp {
                        key: pending.key,
                        attempts: pending.attempts,
                        ..GivenUp::new(Some(name.clone()), pending.record, error)
                    };
                    self.give_up(given_up).await;
                }
            }
        }
        for pending in again.into_iter().rev() {
            self.lanes[way].again(pending);
        }
    }

    /// Keeps a record that could not be brought to its place with what each transform made of it, or ends the run at it.
    async fn give_up(&mut self, given_up: GivenUp) {
        let steps = given_up.steps(self.flow, (self.engine.now)()).await;
        self.bury(given_up, steps).await;
    }

    async fn bury(&mut self, given_up: GivenUp, steps: Vec<Value>) {
        let error = &given_up.error;
        if self.flow.policy.failed == OnFailure::Stop || error.verdict == Verdict::Stop {
            self.frontier.abandon();
            self.fail(given_up.error);
            return;
        }
        *self.counts.errors.entry(error.code.to_owned()).or_default() += 1;
        // It is done with when it is kept, not before.
        let held = given_up.record.origins.clone();
        let letter = given_up.into_letter(steps, (self.engine.now)());
        match self.keeper.bury(letter).await {
            Ok(()) => {
                self.counts.dead += 1;
                held.have_fates();
            }
            Err(error) => {
                self.frontier.abandon();
                self.fail(error);
            }
        }
    }
}

/// Keeps a cursor when its destinations have made durable what they took.
async fn kept(flow: &Flow, keeper: &dyn Keeper, cursor: &Cursor) -> Result<(), ComponentError> {
    for way in &flow.ways {
        way.destination.settle().await?;
    }
    keeper.save(cursor).await?;
    flow.source.kept(cursor).await;
    Ok(())
}

/// Brings records to their destination.
async fn bring(way: usize, destination: Arc<dyn Destination>, sent: Vec<Pending>) -> Brought {
    let (records, rest): (Vec<Record>, Vec<_>) = sent
        .into_iter()
        .map(|pending| (pending.record, (pending.key, pending.attempts)))
        .unzip();
    let results = destination.deliver(&records).await;
    let sent = records
        .into_iter()
        .zip(rest)
        .map(|(record, (key, attempts))| Pending {
            record,
            key,
            attempts,
            not_before: None,
        })
        .collect();
    Brought { way, sent, results }
}

/// Reads until the source ends or nobody wants more.
async fn read_on(mut reader: Box<dyn Reader>, give: mpsc::Sender<Result<Batch, ComponentError>>) {
    loop {
        let next = match reader.read().await {
            Ok(Read::Batch(batch)) => Ok(batch),
            Ok(Read::Idle(pause)) => {
                tokio::select! {
                    () = tokio::time::sleep(pause) => continue,
                    () = reader.stirred() => continue,
                    () = give.closed() => return,
                }
            }
            Ok(Read::End) => return,
            Err(error) => Err(error),
        };
        let is_over = next.is_err();
        if give.send(next).await.is_err() || is_over {
            return;
        }
    }
}

pub(super) fn broke_off(error: &JoinError) -> ComponentError {
    ComponentError::stop(
        "TL0812",
        format!("the work on a record broke off: {error}"),
        "This is a fault of Trunkline; please report it.",
    )
}

pub(super) fn unanswered(name: &str) -> ComponentError {
    ComponentError::retry(
        "TL0812",
        format!("the destination {name} did not say what became of a record"),
        "This is a fault of Trunkline; please report it.",
    )
}

#[cfg(test)]
mod tests;
