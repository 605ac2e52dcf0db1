//! Runs the flows of the store when their time comes.
//!
//! The one rule: the next time follows from the last run that the history has, so that a process that was away makes up for it once
//! or not at all, as the flow's schedule says, and never many times.

use std::{
    collections::BTreeMap,
    path::PathBuf,
    sync::{Arc, Mutex},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use trunkline_flow::{
    Trigger,
    document::{Document, Missed},
    engine::Ended,
};
use trunkline_store::{Flow, FlowRunFilter, FlowState, Store, StoreError};

use super::{
    DrainOptions, FlowError, FlowRunner, RunOptions, StoredMirrors, StoredNotifications, Wakes,
    workspaces::Connections,
};
use crate::shared::Shared;

/// How often flows are looked at: what somebody applied, paused, or made due.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after a run that ended by itself though its source has no end, or that failed.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(15);
/// A run that is later than this was missed.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// Work of this process on a flow.
struct Running {
    version: i64,
    /// Somebody asked for it of a paused flow, so it goes on.
    is_of_paused: bool,
    stop: watch::Sender<bool>,
}

/// What a process does with flows.
struct Supervisor {
    shared: Arc<Shared>,
    runner: FlowRunner,
    /// Their files, by version; none for one that is not understood.
    documents: BTreeMap<String, (i64, Option<Arc<Document>>)>,
    running: BTreeMap<Work, Running>,
    /// What ended, and whether it is to be tried again after a pause only.
    work: JoinSet<(Work, bool)>,
    /// When each was looked at first: a flow that never ran counts from there.
    since: BTreeMap<String, Timestamp>,
    not_before: BTreeMap<Work, Timestamp>,
}

/// What is done with a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Work {
    /// Its source is read.
    Run(String),
    /// Its queue is emptied.
    Drain(String),
}

impl Work {
    fn flow(&self) -> &str {
        match self {
            Self::Run(flow) | Self::Drain(flow) => flow,
        }
    }
}

/// What runs flows of this process.
pub(crate) fn runner(shared: &Arc<Shared>) -> FlowRunner {
    FlowRunner {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        workspaces: Arc::new(Connections(Arc::clone(shared))),
        notifications: Arc::new(StoredNotifications(Arc::clone(&shared.store))),
        mirrors: Arc::new(StoredMirrors {
            store: Arc::clone(&shared.store),
            data: shared.options.data.clone(),
        }),
        chance: chance(&shared.store),
        owner: shared.store.entropy().id(shared.clock.now()),
        wakes: Wakes::default(),
        stirred: Some(shared.wake.stirred()),
    }
}

/// Runs flows until the process stops.
pub(crate) async fn supervise(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let runner = runner(&shared);
    let mut ear = shared.wake.ear();
    let mut supervisor = Supervisor {
        shared,
        runner,
        documents: BTreeMap::new(),
        running: BTreeMap::new(),
        work: JoinSet::new(),
        since: BTreeMap::new(),
        not_before: BTreeMap::new(),
    };
    loop {
        let stops = *stop.borrow();
        if stops {
            for running in supervisor.running.values() {
                running.stop.send_replace(true);
            }
            if supervisor.work.is_empty() {
                return;
            }
        } else if let Err(error) = supervisor.look().await {
            tracing::error!(code = error.code(), %error, "the flows cannot be looked up");
        }
        tokio::select! {
            Some(done) = supervisor.work.join_next() => {
                if let Ok((work, failed)) = done {
                    supervisor.running.remove(&work);
                    if failed {
                        let later = supervisor.shared.clock.now() + AFTER_FAILURE;
                        supervisor.not_before.insert(work, later);
                    }
                }
            }
            () = ear.called() => {}
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stops| *stops), if !stops => {}
        }
    }
}

impl Supervisor {
    /// Begins what is due, and stops what is to stop.
    async fn look(&mut self) -> Result<(), StoreError> {
        let flows = self.shared.store.flows().await?;
        self.end_changed(&flows);
        let now = self.shared.clock.now();
        let depths = self.shared.store.queue_depths(now).await?;
        for name in self.shared.by_hand.take() {
            let asked = flows.iter().find(|flow| flow.name == name);
            if let Some((flow, document)) = asked.and_then(|flow| Some((flow, self.document(flow)?))) {
                let run = Work::Run(name);
                // One that is under way already is what was asked for.
                if !self.running.contains_key(&run) {
                    self.begin(run, flow, &document, true);
                }
            }
        }
        for flow in flows {
            if flow.state != FlowState::Active {
                continue;
            }
            let Some(document) = self.document(&flow) else {
                continue;
            };
            let waits = depths.iter().any(|depth| depth.flow == flow.name);
            let drain = Work::Drain(flow.name.clone());
            if (waits || document.policy.queue) && self.may_begin(&drain, now) {
                self.begin(drain, &flow, &document, false);
            }
            let run = Work::Run(flow.name.clone());
            let first = *self.since.entry(flow.name.clone()).or_insert(now);
            if self.may_begin(&run, now) && due(&self.shared, &flow, &document, first, now).await? {
                self.begin(run, &flow, &document, false);
            }
        }
        Ok(())
    }

    fn may_begin(&self, work: &Work, now: Timestamp) -> bool {
        !self.running.contains_key(work) && self.not_before.get(work).is_none_or(|at| *at <= now)
    }

    /// The flow's file; one that is not understood is told once.
    fn document(&mut self, flow: &Flow) -> Option<Arc<Document>> {
        if let Some((version, known)) = self.documents.get(&flow.name)
            && *version == flow.version
        {
            return known.clone();
        }
        let document = match Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at) {
            Ok(document) => Some(Arc::new(document)),
            Err(mistakes) => {
                if let Some(mistake) = mistakes.first() {
                    tracing::error!(flow = flow.name, %mistake, "this version does not understand the flow");
                }
                None
            }
        };
        self.documents
            .insert(flow.name.clone(), (flow.version, document.clone()));
        document
    }

    fn begin(&mut self, work: Work, flow: &Flow, document: &Arc<Document>, is_by_hand: bool) {
        let (halt, stop) = watch::channel(false);
        let running = Running {
            version: flow.version,
            is_of_paused: is_by_hand && flow.state == FlowState::Paused,
            stop: halt,
        };
        self.running.insert(work.clone(), running);
        let (runner, folder) = (self.runner.clone(), self.shared.options.data.clone());
        let (version, document) = (flow.version, Arc::clone(document));
        self.work.spawn(async move {
            let failed = match &work {
                Work::Run(_) => run_once(&runner, version, &document, stop, (folder, is_by_hand)).await,
                Work::Drain(_) => drain(&runner, version, &document, stop, folder).await,
            };
            (work, failed)
        });
    }

    /// Stops work on flows that were changed, paused or removed.
    fn end_changed(&self, flows: &[Flow]) {
        for (work, running) in &self.running {
            let is_same = flows.iter().any(|flow| {
                flow.name == work.flow()
                    && flow.version == running.version
                    && (running.is_of_paused || flow.state == FlowState::Active)
            });
            if !is_same {
                running.stop.send_replace(true);
            }
        }
    }
}

/// Chance from what the store draws its keys from.
fn chance(store: &Store) -> Arc<Mutex<dyn FnMut() -> f64 + Send>> {
    let entropy = store.entropy().clone();
    Arc::new(Mutex::new(move || {
        (u64::from_le_bytes(entropy.bytes()) >> 11) as f64 / (1_u64 << 53) as f64
    }))
}

/// Whether a run of a flow is due.
async fn due(
    shared: &Shared,
    flow: &Flow,
    document: &Document,
    first: Timestamp,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let Some(schedule) = &document.schedule else {
        // Without a schedule it runs all the time if its source has no end, and when it is asked to otherwise.
        return Ok(trunkline_components::is_endless(document));
    };
    let filter = FlowRunFilter {
        flow: Some(flow.name.clone()),
        ..FlowRunFilter::default()
    };
    let last = shared.store.flow_runs(&filter, 1).await?;
    let last = last
        .first()
        .map_or(flow.applied_at.min(first), |run| run.started_at);
    let Some(mut next) = schedule.next(last) else {
        return Ok(false);
    };
    if schedule.missed == Missed::Skip && now > next + LATE {
        // The first time that is still to come, or is a moment ago.
        next = schedule.next(now - LATE).unwrap_or(Timestamp::MAX);
    }
    if let Some(jitter) = schedule.jitter {
        // The same for each time of each flow, so that looking again does not roll the dice again.
        let seed = u64::from_str_radix(flow.digest.get(..8).unwrap_or("0"), 16).unwrap_or(0)
            ^ next.as_second().unsigned_abs();
        let chance = (seed.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 11) as f64 / (1_u64 << 53) as f64;
        let wait = jitter.0.mul_f64(chance);
        next = next
            .checked_add(SignedDuration::try_from(wait).unwrap_or_default())
            .unwrap_or(next);
    }
    Ok(next <= now)
}

/// One run, whose end is logged; whether there is to be a pause before the next.
async fn run_once(
    runner: &FlowRunner,
    version: i64,
    document: &Document,
    stop: watch::Receiver<bool>,
    (folder, is_by_hand): (PathBuf, bool),
) -> bool {
    let options = RunOptions {
        folder,
        trigger: if is_by_hand {
            Trigger::Manual
        } else if document.schedule.is_some() {
            Trigger::Schedule
        } else {
            Trigger::Event
        },
        version,
        from_start: false,
        range: None,
    };
    let name = document.name.as_str();
    match runner.run(document, options, stop, Arc::default()).await {
        Ok(report) => match report.ended {
            Ended::Failed(error) => {
                tracing::error!(flow = name, run = report.run, code = error.code, %error, "a flow's run failed");
                true
            }
            ended => {
                tracing::info!(flow = name, run = report.run, ?ended, "a flow's run ended");
                // A source without an end that ends is not asked again at once.
                trunkline_components::is_endless(document)
            }
        },
        Err(error) => not_begun(name, &error),
    }
}

/// Brings what waits in a flow's queue, until nothing waits if only dead letters come into it, and all the time otherwise.
async fn drain(
    runner: &FlowRunner,
    version: i64,
    document: &Document,
    stop: watch::Receiver<bool>,
    folder: PathBuf,
) -> bool {
    let options = DrainOptions {
        folder,
        of_paused: false,
        version,
    };
    let (_hold, may_end) = watch::channel(!document.policy.queue);
    let name = document.name.as_str();
    match runner
        .drain(document, &options, may_end, stop, &Mutex::default())
        .await
    {
        Ok(ran) => match ran.ended {
            Ended::Failed(error) => {
                tracing::error!(flow = name, code = error.code, %error, "a flow's queue could not be emptied");
                true
            }
            Ended::Done | Ended::Stopped => {
                let (delivered, dead) = (ran.counts.delivered.values().sum::<u64>(), ran.counts.dead);
                tracing::info!(
                    flow = name,
                    delivered,
                    dead,
                    "what waited in a flow's queue was brought"
                );
                false
            }
        },
        Err(error) => not_begun(name, &error),
    }
}

fn not_begun(flow: &str, error: &FlowError) -> bool {
    match error {
        // Another process is at it; it is looked at again.
        FlowError::Busy(_) => return false,
        FlowError::Store(error) => {
            tracing::error!(flow, code = error.code(), %error, "a flow could not be run");
        }
        FlowError::Mistakes(mistakes) => {
            if let Some(mistake) = mistakes.first() {
                tracing::error!(flow, %mistake, "a flow could not be built");
            }
        }
    }
    true
}
