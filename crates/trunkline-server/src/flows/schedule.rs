//! Runs the flows of the store when their time comes.
//!
//! The one rule: the next time follows from the last run that the history has, so that a process that was away makes up for it once
//! or not at all, as the flow's schedule says, and never many times.

use std::{
    collections::{BTreeMap, BTreeSet},
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

use super::{FlowError, FlowRunner, RunOptions, StoredNotifications, workspaces::Connections};
use crate::shared::Shared;

/// How often flows are looked at: what somebody applied, paused, or made due.
const LOOK: Duration = Duration::from_secs(1);
/// The pause after a run that ended by itself though its source has no end, or that failed.
const AFTER_FAILURE: SignedDuration = SignedDuration::from_secs(15);
/// A run that is later than this was missed.
const LATE: SignedDuration = SignedDuration::from_secs(60);

/// A flow that this process is at.
struct Running {
    version: i64,
    stop: watch::Sender<bool>,
}

/// Runs flows until the process stops.
pub(crate) async fn supervise(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let runner = FlowRunner {
        store: Arc::clone(&shared.store),
        clock: Arc::clone(&shared.clock),
        workspaces: Arc::new(Connections(Arc::clone(&shared))),
        notifications: Arc::new(StoredNotifications(Arc::clone(&shared.store))),
        chance: chance(&shared.store),
        owner: shared.store.entropy().id(shared.clock.now()),
    };
    let mut ear = shared.wake.ear();
    let mut running: BTreeMap<String, Running> = BTreeMap::new();
    let mut work: JoinSet<String> = JoinSet::new();
    let mut broken: BTreeSet<(String, i64)> = BTreeSet::new();
    // When each was looked at first: a flow that never ran counts from there.
    let mut since: BTreeMap<String, Timestamp> = BTreeMap::new();
    let mut not_before: BTreeMap<String, Timestamp> = BTreeMap::new();
    loop {
        let stops = *stop.borrow();
        if stops {
            for flow in running.values() {
                flow.stop.send_replace(true);
            }
            if work.is_empty() {
                return;
            }
        } else {
            match shared.store.flows().await {
                Err(error) => tracing::error!(code = error.code(), %error, "the flows cannot be looked up"),
                Ok(flows) => {
                    end_changed(&running, &flows);
                    for flow in flows {
                        if flow.state != FlowState::Active || running.contains_key(&flow.name) {
                            continue;
                        }
                        let now = shared.clock.now();
                        let first = *since.entry(flow.name.clone()).or_insert(now);
                        if not_before.get(&flow.name).is_some_and(|at| *at > now) {
                            continue;
                        }
                        let due = due(&shared, &flow, first, now, &mut broken).await;
                        let document = match due {
                            Ok(Some(document)) => document,
                            Ok(None) => continue,
                            Err(error) => {
                                tracing::error!(code = error.code(), %error, flow = flow.name, "when a flow is due cannot be looked up");
                                continue;
                            }
                        };
                        let (halt, halted) = watch::channel(false);
                        running.insert(
                            flow.name.clone(),
                            Running {
                                version: flow.version,
                                stop: halt,
                            },
                        );
                        not_before.insert(flow.name.clone(), now + AFTER_FAILURE);
                        work.spawn(one(
                            runner.clone(),
                            flow,
                            document,
                            halted,
                            shared.options.data.clone(),
                        ));
                    }
                }
            }
        }
        tokio::select! {
            Some(done) = work.join_next() => {
                if let Ok(name) = done {
                    running.remove(&name);
                }
            }
            () = ear.called() => {}
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stops| *stops), if !stops => {}
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

/// Stops runs of flows that were changed, paused or removed.
fn end_changed(running: &BTreeMap<String, Running>, flows: &[Flow]) {
    for (name, run) in running {
        let is_same = flows
            .iter()
            .any(|flow| flow.name == *name && flow.version == run.version && flow.state == FlowState::Active);
        if !is_same {
            run.stop.send_replace(true);
        }
    }
}

/// The flow's file, when a run of it is due.
async fn due(
    shared: &Shared,
    flow: &Flow,
    first: Timestamp,
    now: Timestamp,
    broken: &mut BTreeSet<(String, i64)>,
) -> Result<Option<Document>, StoreError> {
    let document = match Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at) {
        Ok(document) => document,
        Err(mistakes) => {
            if broken.insert((flow.name.clone(), flow.version))
                && let Some(mistake) = mistakes.first()
            {
                tracing::error!(flow = flow.name, %mistake, "this version does not understand the flow");
            }
            return Ok(None);
        }
    };
    let Some(schedule) = &document.schedule else {
        // Without a schedule it runs all the time if its source has no end, and when it is asked to otherwise.
        return Ok(trunkline_components::is_endless(&document).then_some(document));
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
        return Ok(None);
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
    Ok((next <= now).then_some(document))
}

/// One run, whose end is logged; its name comes back.
async fn one(
    runner: FlowRunner,
    flow: Flow,
    document: Document,
    stop: watch::Receiver<bool>,
    folder: std::path::PathBuf,
) -> String {
    let options = RunOptions {
        folder,
        trigger: if document.schedule.is_some() {
            Trigger::Schedule
        } else {
            Trigger::Event
        },
        version: flow.version,
        from_start: false,
    };
    let counts = Arc::new(Mutex::default());
    match runner.run(&document, options, stop, counts).await {
        Ok(report) => match report.ended {
            Ended::Failed(error) => {
                tracing::error!(flow = flow.name, run = report.run, code = error.code, %error, "a flow's run failed");
            }
            ended => tracing::info!(flow = flow.name, run = report.run, ?ended, "a flow's run ended"),
        },
        // Another process is at it; it is looked at again.
        Err(FlowError::Busy(_)) => {}
        Err(FlowError::Store(error)) => {
            tracing::error!(flow = flow.name, code = error.code(), %error, "a flow could not be run");
        }
        Err(FlowError::Mistakes(mistakes)) => {
            if let Some(mistake) = mistakes.first() {
                tracing::error!(flow = flow.name, %mistake, "a flow could not be built");
            }
        }
    }
    flow.name
}
