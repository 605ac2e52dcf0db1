//! One run of a flow, from taking its lease to noting how it ended.

use std::{
    fmt,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError, atomic::Ordering},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use tokio::sync::watch;
use trunkline_client::{Clock, Meter};
use trunkline_components::{Environment, Mirrors, Notifications, Site, Workspaces};
use trunkline_flow::{
    ComponentError, Occasion, Trigger,
    document::{Document, Mistake},
    engine::{Counts, Ended, Engine, Ran, Ranged, queue::Queue},
};
use trunkline_store::{FlowRunCause, FlowRunFilter, FlowRunState, Lease, NewFlowRun, Store, StoreError};

use super::{
    forgetting::forget,
    keeper::{PART, StoredKeeper, of_counts},
    pushes::StoredPushes,
    queue::{StoredQueue, Wakes},
    workspaces::Metered,
};

/// How long whoever runs a flow is taken for alive, and how often it says so: work of a dead process is taken up within 15 seconds.
const LIFE: SignedDuration = SignedDuration::from_secs(12);
const RENEWED: Duration = Duration::from_secs(4);
/// How often the counts of a run are noted.
const NOTED: Duration = Duration::from_secs(2);

/// Runs flows with what they keep in a store.
#[derive(Clone)]
pub struct FlowRunner {
    /// Where everything is kept.
    pub store: Arc<Store>,
    /// The clock.
    pub clock: Arc<dyn Clock>,
    /// Workspaces by their connections.
    pub workspaces: Arc<dyn Workspaces>,
    /// What was received.
    pub notifications: Arc<dyn Notifications>,
    /// Mirrors by their connections.
    pub mirrors: Arc<dyn Mirrors>,
    /// Chance, from 0 to 1.
    pub chance: Arc<Mutex<dyn FnMut() -> f64 + Send>>,
    /// What tells this process from others.
    pub owner: String,
    /// Tells who empties queues that something was put into one.
    pub wakes: Wakes,
    /// Is told when something was received, where this process hears of it.
    pub stirred: Option<watch::Receiver<()>>,
}

impl fmt::Debug for FlowRunner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("FlowRunner")
            .field("owner", &self.owner)
            .finish_non_exhaustive()
    }
}

/// How a flow is run.
#[derive(Clone, Debug)]
pub struct RunOptions {
    /// The folder that relative paths of the file begin at.
    pub folder: PathBuf,
    /// Why it runs.
    pub trigger: Trigger,
    /// The version of the text.
    pub version: i64,
    /// Whether it begins at the beginning of its source.
    pub from_start: bool,
    /// What is read again, from the first moment to before the second, beside the flow's own position.
    pub range: Option<(Timestamp, Timestamp)>,
}

impl RunOptions {
    /// Which part of the source is read: a range has a position of its own, so that it is taken up after a death.
    fn part(&self) -> String {
        match self.range {
            None => PART.to_owned(),
            Some((since, until)) => Store::range_part(since, until),
        }
    }

    fn lease(&self, flow: &str) -> String {
        match self.range {
            None => Store::flow_lease(flow),
            Some(_) => Store::range_lease(flow),
        }
    }
}

/// How what waits in a queue is brought.
#[derive(Clone, Debug)]
pub struct DrainOptions {
    /// The folder that relative paths of the file begin at.
    pub folder: PathBuf,
    /// Whether it is brought though the flow is paused: somebody asked for it.
    pub of_paused: bool,
    /// The version of the text.
    pub version: i64,
}

/// What a run did.
#[derive(Clone, Debug)]
pub struct Report {
    /// Its id in the history.
    pub run: String,
    /// What it did.
    pub counts: Counts,
    /// How it ended.
    pub ended: Ended,
}

/// Why a flow could not be run.
#[derive(Clone, Debug)]
pub enum FlowError {
    /// Its settings are not right.
    Mistakes(Vec<Mistake>),
    /// Another process is at it, until then at the latest.
    Busy(Option<Timestamp>),
    /// The store.
    Store(StoreError),
}

impl From<StoreError> for FlowError {
    fn from(error: StoreError) -> Self {
        Self::Store(error)
    }
}

/// Looks secrets up in the environment of this process.
#[must_use]
pub fn environment() -> Environment {
    Arc::new(|name| std::env::var(name).ok().map(SecretString::from))
}

impl FlowRunner {
    /// The site of a flow's components.
    #[must_use]
    pub fn site(&self, flow: &str, folder: PathBuf) -> Site {
        let clock = Arc::clone(&self.clock);
        Site {
            flow: flow.to_owned(),
            folder,
            now: Arc::new(move || clock.now()),
            workspaces: Arc::clone(&self.workspaces),
            notifications: Arc::clone(&self.notifications),
            pushes: Arc::new(StoredPushes(Arc::clone(&self.store))),
            mirrors: Arc::clone(&self.mirrors),
            secrets: environment(),
            stirred: self.stirred.clone(),
            is_dry: false,
        }
    }

    /// Runs a flow until its source ends or `stop` says so.
    ///
    /// # Errors
    ///
    /// It could not be begun. What goes wrong later is in the report and in the history.
    pub async fn run(
        &self,
        document: &Document,
        options: RunOptions,
        stop: watch::Receiver<bool>,
        counts: Arc<Mutex<Counts>>,
    ) -> Result<Report, FlowError> {
        let name = &document.name;
        let meter = Meter::default();
        let site = Site {
            workspaces: Arc::new(Metered {
                of: Arc::clone(&self.workspaces),
                meter: Arc::clone(&meter),
            }),
            ..self.site(name, options.folder.clone())
        };
        let mut flow = trunkline_components::build(document, &site).map_err(FlowError::Mistakes)?;
        if let Some((since, until)) = options.range {
            flow.source = Arc::new(Ranged {
                source: flow.source,
                since,
                until,
            });
        }
        let lease_name = options.lease(name);
        let Some(lease) = self
            .store
            .take_lease(&lease_name, &self.owner, LIFE, self.clock.now())
            .await?
        else {
            return Err(FlowError::Busy(self.store.lease_ends(&lease_name).await?));
        };
        let held = Arc::new(Mutex::new(lease.clone()));
        let begun = self.begin(name, &options, &lease).await;
        let (run, occasion) = match begun {
            Ok(begun) => begun,
            Err(error) => {
                self.store.end_lease(&lease).await.ok();
                return Err(error.into());
            }
        };
        let keeper = StoredKeeper {
            store: Arc::clone(&self.store),
            clock: Arc::clone(&self.clock),
            flow: name.clone(),
            run: run.clone(),
            part: options.part(),
            lease: Arc::clone(&held),
            counts: Arc::clone(&counts),
        };
        let (halt, halted) = watch::channel(false);
        let noting = (Arc::clone(&counts), Arc::clone(&meter));
        let guard = self.guard(&run, Arc::clone(&held), noting, stop, halt);
        let engine = self.engine();
        if document.policy.queue {
            let queue: Arc<dyn Queue> = Arc::new(StoredQueue {
                run: Some(run.clone()),
                ..self.queue(name)
            });
            flow = flow.filling(&queue, &engine.now);
        }
        let ran = tokio::select! {
            ran = engine.run(&flow, &occasion, &keeper, halted) => ran,
            () = guard => unreachable!("it watches until it is dropped"),
        };
        let (state, note) = match &ran.ended {
            Ended::Done => (FlowRunState::Done, None),
            Ended::Stopped => (FlowRunState::Stopped, None),
            Ended::Failed(error) => (FlowRunState::Failed, Some(told(error))),
        };
        let kept = of_counts(&ran.counts, &meter, note);
        self.store
            .end_flow_run(&run, state, &kept, self.clock.now())
            .await?;
        if let Err(error) = forget(&self.store, name, document.policy.history, self.clock.now()).await {
            tracing::warn!(code = error.code(), %error, run, "what became of old records could not be forgotten");
        }
        let lease = held.lock().unwrap_or_else(PoisonError::into_inner).clone();
        if options.range.is_some() && ran.ended == Ended::Done {
            self.store
                .forget_checkpoints(name, Some(&options.part()), &lease)
                .await?;
        }
        self.store.end_lease(&lease).await?;
        Ok(Report {
            run,
            counts: ran.counts,
            ended: ran.ended,
        })
    }

    /// Brings what waits in a flow's queue to its destinations, until nothing waits and `may_end` holds, or `stop` says so. Any number
    /// of processes may do so at once.
    ///
    /// # Errors
    ///
    /// The flow's settings are not right.
    pub async fn drain(
        &self,
        document: &Document,
        options: &DrainOptions,
        may_end: watch::Receiver<bool>,
        stop: watch::Receiver<bool>,
        counts: &Mutex<Counts>,
    ) -> Result<Ran, FlowError> {
        let meter = Meter::default();
        let site = Site {
            workspaces: Arc::new(Metered {
                of: Arc::clone(&self.workspaces),
                meter: Arc::clone(&meter),
            }),
            ..self.site(&document.name, options.folder.clone())
        };
        let flow = trunkline_components::build(document, &site).map_err(FlowError::Mistakes)?;
        let queue: Arc<dyn Queue> = Arc::new(StoredQueue {
            of_paused: options.of_paused,
            version: Some(options.version),
            calls: meter,
            ..self.queue(&document.name)
        });
        let told = |now: &Counts| {
            counts
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .clone_from(now);
        };
        Ok(self.engine().drain(&flow, &queue, may_end, stop, told).await)
    }

    fn engine(&self) -> Engine {
        let clock = Arc::clone(&self.clock);
        Engine {
            now: Arc::new(move || clock.now()),
            chance: Arc::clone(&self.chance),
        }
    }

    fn queue(&self, flow: &str) -> StoredQueue {
        let (store, clock) = (Arc::clone(&self.store), Arc::clone(&self.clock));
        StoredQueue::new(store, clock, &self.wakes, (flow, &self.owner))
    }

    /// Ends what a dead process left, and begins a run.
    async fn begin(
        &self,
        flow: &str,
        options: &RunOptions,
        lease: &Lease,
    ) -> Result<(String, Occasion), StoreError> {
        let now = self.clock.now();
        let left = "the process that was at it ended without a word";
        self.store
            .end_left_flow_runs(flow, options.range.is_some(), left, now)
            .await?;
        if options.from_start {
            self.store.forget_checkpoints(flow, Some(PART), lease).await?;
        }
        let done = FlowRunFilter {
            flow: Some(flow.to_owned()),
            state: Some(FlowRunState::Done),
            ..FlowRunFilter::default()
        };
        let last = self.store.flow_runs(&done, 1).await?;
        let new = NewFlowRun {
            flow: flow.to_owned(),
            version: options.version,
            cause: cause(options.trigger),
        };
        let run = self.store.begin_flow_run(&new, now).await?;
        let occasion = Occasion {
            now,
            last_success: last.first().map(|run| run.started_at),
            trigger: options.trigger,
            range: options.range,
        };
        Ok((run, occasion))
    }

    /// Keeps the lease, notes how it goes, and passes on that the run is to stop.
    async fn guard(
        &self,
        run: &str,
        held: Arc<Mutex<Lease>>,
        (counts, meter): (Arc<Mutex<Counts>>, Meter),
        mut stop: watch::Receiver<bool>,
        halt: watch::Sender<bool>,
    ) {
        let mut renewal = tokio::time::interval(RENEWED);
        let mut noting = tokio::time::interval(NOTED);
        let mut may_be_asked = true;
        let mut noted = (Counts::default(), 0);
        loop {
            tokio::select! {
                asked = async { stop.wait_for(|asked| *asked).await.is_ok() }, if may_be_asked => {
                    may_be_asked = false;
                    if asked {
                        halt.send_replace(true);
                    }
                }
                _ = renewal.tick() => {
                    let mut lease = held.lock().unwrap_or_else(PoisonError::into_inner).clone();
                    match self.store.renew_lease(&mut lease, LIFE, self.clock.now()).await {
                        Ok(true) => *held.lock().unwrap_or_else(PoisonError::into_inner) = lease,
                        Ok(false) => {
                            tracing::warn!(run, "another process has taken this flow over; this run ends");
                            halt.send_replace(true);
                        }
                        Err(error) => tracing::warn!(code = error.code(), %error, run, "the flow's lease could not be renewed"),
                    }
                }
                _ = noting.tick() => {
                    let calls = meter.load(Ordering::Relaxed);
                    let now = (counts.lock().unwrap_or_else(PoisonError::into_inner).clone(), calls);
                    if now != noted {
                        let so_far = of_counts(&now.0, &meter, None);
                        if let Err(error) = self.store.note_flow_run(run, &so_far).await {
                            tracing::warn!(code = error.code(), %error, run, "how the run goes could not be noted");
                        }
                        noted = now;
                    }
                }
            }
        }
    }
}

fn told(error: &ComponentError) -> String {
    format!("{}: {}. {}", error.code, error.message, error.advice)
}

const fn cause(trigger: Trigger) -> FlowRunCause {
    match trigger {
        Trigger::Schedule => FlowRunCause::Schedule,
        Trigger::Manual => FlowRunCause::Manual,
        Trigger::Event => FlowRunCause::Event,
        Trigger::Backfill => FlowRunCause::Backfill,
        Trigger::Redrive => FlowRunCause::Redrive,
    }
}
