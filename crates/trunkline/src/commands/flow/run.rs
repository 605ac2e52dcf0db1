//! `trunkline flow run`: one run in the foreground.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{sync::watch, task::JoinHandle};
use trunkline_client::SystemClock;
use trunkline_components::Site;
use trunkline_flow::{
    ComponentError, Cursor, Delivered, Destination, Occasion, Reader, Record, Source, Trigger,
    document::{Document, Followed},
    engine::{Counts, DeadLetter, Ended, Engine, Fate, Keeper},
};
use trunkline_server::{
    FlowError, FlowRunner, Report, RunOptions, StoredMirrors, StoredNotifications, Wakes,
};
use trunkline_store::{FlowOrigin, FlowState, NewFlow, Put, Store};

use super::{check, desks::Desks, queue};
use crate::{
    cli,
    commands::notifications,
    failure::{Exit, Failure},
    output::{errors, json, running, tables},
    stop::Stop,
    store,
};

/// How often it is shown how it goes.
const BEAT: Duration = Duration::from_millis(200);

/// What is run.
struct Chosen {
    document: Document,
    version: i64,
    folder: PathBuf,
}

/// Runs a flow.
pub(super) async fn run(arguments: cli::RunFlow) -> Result<ExitCode, Failure> {
    let path = PathBuf::from(&arguments.flow);
    // What is wrong with a file is told before a store is made for it.
    let file = path.is_file().then(|| check::read(&path)).transpose()?;
    let store = Arc::new(store::open(&arguments.workspace.data).await?);
    let desks = Arc::new(Desks::new(arguments.workspace.clone()));
    let done = with(&arguments, file, &path, &store, &desks).await;
    desks.close().await;
    store.close().await;
    done
}

async fn with(
    arguments: &cli::RunFlow,
    file: Option<check::FlowFile>,
    path: &Path,
    store: &Arc<Store>,
    desks: &Arc<Desks>,
) -> Result<ExitCode, Failure> {
    let chosen = match file {
        Some(file) => of_file(store, file, arguments.dry_run).await?,
        None => of_store(arguments, store).await?,
    };
    let runner = runner(store, desks, &arguments.workspace.data.data);
    let (stop, asking) = stopping()?;
    let (counts, brought) = (Arc::default(), Arc::default());
    let showing = tokio::spawn(show(
        vec![Arc::clone(&counts), Arc::clone(&brought)],
        running::Line::start(!arguments.json && !arguments.dry_run),
    ));
    let done = if arguments.dry_run {
        dry(&runner, &chosen, path, stop).await
    } else {
        let options = RunOptions {
            folder: chosen.folder.clone(),
            trigger: if arguments.since.is_some() {
                Trigger::Backfill
            } else {
                Trigger::Manual
            },
            version: chosen.version,
            from_start: arguments.from_start,
            range: range(arguments)?,
        };
        let done = if chosen.document.policy.queue {
            queue::run(&runner, &chosen.document, options, stop, (counts, &brought)).await
        } else {
            runner.run(&chosen.document, options, stop, counts).await
        };
        done.map_err(|error| failed(error, path))
    };
    showing.abort();
    asking.abort();
    let report = done?;
    tell(&report, &chosen.document.name, arguments)
}

/// What runs flows of this process.
pub(super) fn runner(store: &Arc<Store>, desks: &Arc<Desks>, data: &Path) -> FlowRunner {
    let entropy = store.entropy().clone();
    let chance = move || (u64::from_le_bytes(entropy.bytes()) >> 11) as f64 / (1_u64 << 53) as f64;
    FlowRunner {
        store: Arc::clone(store),
        clock: Arc::new(SystemClock),
        workspaces: Arc::clone(desks) as _,
        notifications: Arc::new(StoredNotifications(Arc::clone(store))),
        mirrors: Arc::new(StoredMirrors {
            store: Arc::clone(store),
            data: data.to_owned(),
        }),
        chance: Arc::new(Mutex::new(chance)),
        owner: store.entropy().id(store::now()),
        wakes: Wakes::default(),
        stirred: None,
    }
}

/// Tells whether somebody asked for the end, for as long as the task runs.
pub(super) fn stopping() -> Result<(watch::Receiver<bool>, JoinHandle<()>), Failure> {
    let (ask, stop) = watch::channel(false);
    let mut signals = Stop::listen()?;
    let asking = tokio::spawn(async move {
        signals.asked().await;
        ask.send_replace(true);
        ask.closed().await;
    });
    Ok((stop, asking))
}

/// The range of time that is read again.
fn range(arguments: &cli::RunFlow) -> Result<Option<(Timestamp, Timestamp)>, Failure> {
    let Some(since) = &arguments.since else {
        return Ok(None);
    };
    let since = notifications::moment(since)?;
    let until = match &arguments.until {
        Some(until) => notifications::moment(until)?,
        None => store::now(),
    };
    if until <= since {
        return Err(Failure::usage(
            "TL0819",
            format!("a range from {since} to {until} has nothing in it"),
            "Name a --until that is later than --since.",
        ));
    }
    Ok(Some((since, until)))
}

/// A file is run as it stands; the store knows it from then on, so that its history has a place, and leaves it to whoever ran it.
async fn of_file(store: &Store, file: check::FlowFile, is_dry: bool) -> Result<Chosen, Failure> {
    let version = match store.find_flow(&file.document.name).await? {
        Some(known) => known.version,
        None if is_dry => 0,
        None => {
            let new = NewFlow {
                name: file.document.name.clone(),
                text: file.text,
                origin: FlowOrigin::File,
                by_whom: "command line".to_owned(),
            };
            let put = store.put_flow(&new, None, store::now()).await?;
            store.set_flow_state(&new.name, FlowState::Paused).await?;
            match put {
                Put::New(flow) | Put::Changed(flow) | Put::Same(flow) => flow.version,
                Put::Conflict { version, .. } => version,
            }
        }
    };
    Ok(Chosen {
        document: file.document,
        version,
        folder: file.folder,
    })
}

async fn of_store(arguments: &cli::RunFlow, store: &Store) -> Result<Chosen, Failure> {
    let (version, document) = stored(store, &arguments.flow).await?;
    Ok(Chosen {
        document,
        version,
        folder: arguments.workspace.data.data.clone(),
    })
}

/// A flow of the store: its version and its file.
pub(super) async fn stored(store: &Store, name: &str) -> Result<(i64, Document), Failure> {
    let Some(flow) = store.find_flow(name).await? else {
        return Err(Failure::usage(
            "TL0814",
            format!("there is neither a file nor a flow {name}"),
            "`trunkline flow list` lists the flows of the store.",
        ));
    };
    let document = Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at)
        .map_err(|mistakes| check::refused(Path::new(&flow.name), &mistakes))?;
    Ok((flow.version, document))
}

pub(super) fn failed(error: FlowError, path: &Path) -> Failure {
    match error {
        FlowError::Mistakes(mistakes) => check::refused(path, &mistakes),
        FlowError::Store(error) => error.into(),
        FlowError::Busy(until) => Failure::new(
            "TL0815",
            format!(
                "another process is at this flow{}",
                until.map_or_else(String::new, |until| format!(
                    ", until {until} at the latest if it has died"
                ))
            ),
            "Wait for it, or pause the flow where it runs.",
        ),
    }
}

fn tell(report: &Report, name: &str, arguments: &cli::RunFlow) -> Result<ExitCode, Failure> {
    let counts = &report.counts;
    if let Ended::Failed(error) = &report.ended {
        let failure = Failure::new(error.code, error.message.clone(), error.advice.clone());
        if !arguments.json {
            return Err(failure);
        }
    }
    if arguments.json && !arguments.dry_run {
        let (state, error) = match &report.ended {
            Ended::Done => ("done", Value::Null),
            Ended::Stopped => ("stopped", Value::Null),
            Ended::Failed(error) => (
                "failed",
                json!({ "code": error.code, "message": error.message, "advice": error.advice }),
            ),
        };
        json::print(&json!({
            "flow": name, "run": report.run, "state": state, "error": error, "read": counts.read,
            "filtered": counts.filtered, "queued": counts.queued, "delivered": counts.delivered, "retried": counts.retried,
            "dead_letters": counts.dead, "followed": counts.followed, "errors": counts.errors,
        }))?;
    } else if !arguments.dry_run {
        let delivered: u64 = counts.delivered.values().sum();
        let ended = if report.ended == Ended::Stopped {
            "stopped"
        } else {
            "done"
        };
        errors::note(&format!(
            "{name}: {ended}; {} read, {} delivered, {} filtered, {} retried, {} dead letters",
            tables::grouped(counts.read),
            tables::grouped(delivered),
            tables::grouped(counts.filtered),
            tables::grouped(counts.retried),
            tables::grouped(counts.dead),
        ));
        if counts.dead > 0 {
            errors::note(&format!("`trunkline flow dead-letters --flow {name}` shows why"));
        }
    }
    Ok(match report.ended {
        Ended::Failed(_) => Exit::Failed.into(),
        _ if counts.dead > 0 => Exit::Incomplete.into(),
        _ => ExitCode::SUCCESS,
    })
}

/// Shows how it goes.
pub(super) async fn show(counts: Vec<Arc<Mutex<Counts>>>, line: running::Line) {
    loop {
        let mut now = Counts::default();
        for counts in &counts {
            now.add(&counts.lock().unwrap_or_else(PoisonError::into_inner));
        }
        line.show(&now);
        tokio::time::sleep(BEAT).await;
    }
}

/// A run that brings nothing anywhere.
async fn dry(
    runner: &FlowRunner,
    chosen: &Chosen,
    path: &Path,
    stop: watch::Receiver<bool>,
) -> Result<Report, Failure> {
    let site = Site {
        is_dry: true,
        ..runner.site(&chosen.document.name, chosen.folder.clone())
    };
    let mut flow = trunkline_components::build(&chosen.document, &site)
        .map_err(|mistakes| check::refused(path, &mistakes))?;
    flow.policy.history.records = Followed::None;
    flow.source = Arc::new(Untold(flow.source));
    for way in &mut flow.ways {
        way.destination = Arc::new(Preview {
            name: way.name.clone(),
            of: Arc::clone(&way.destination),
        });
    }
    let engine = Engine {
        now: site.now,
        chance: Arc::clone(&runner.chance),
    };
    let occasion = Occasion {
        now: store::now(),
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    let ran = engine.run(&flow, &occasion, &Forgetful, stop).await;
    Ok(Report {
        run: String::new(),
        counts: ran.counts,
        ended: ran.ended,
    })
}

/// A source that hears of no position, since none is kept.
struct Untold(Arc<dyn Source>);

impl Source for Untold {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        self.0.open(cursor, occasion)
    }

    fn is_endless(&self) -> bool {
        self.0.is_endless()
    }
}

/// Prints what a destination would get.
struct Preview {
    name: String,
    of: Arc<dyn Destination>,
}

impl Destination for Preview {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        let one = |record: &Record| -> Delivered {
            let value = self.of.preview(record)?;
            json::print_line(&json!({ "destination": self.name, "record": value }))
                .map_err(|failure| ComponentError::stop(failure.code, failure.message, failure.advice))?;
            Ok(None)
        };
        let results = records.iter().map(one).collect();
        Box::pin(async { results })
    }

    fn most_at_once(&self) -> usize {
        100
    }

    fn is_sequential(&self) -> bool {
        true
    }
}

/// Keeps nothing, and says what becomes of what cannot be delivered.
struct Forgetful;

impl Keeper for Forgetful {
    fn cursor(&self) -> BoxFuture<'_, Result<Option<Cursor>, ComponentError>> {
        Box::pin(async { Ok(None) })
    }

    fn save<'a>(&'a self, _: &'a Cursor) -> BoxFuture<'a, Result<(), ComponentError>> {
        Box::pin(async { Ok(()) })
    }

    fn bury(&self, letter: DeadLetter) -> BoxFuture<'_, Result<(), ComponentError>> {
        let printed = json::print_line(&json!({ "dead_letter": letter }))
            .map_err(|failure| ComponentError::stop(failure.code, failure.message, failure.advice));
        Box::pin(async { printed })
    }

    fn note(&self, _: Vec<Fate>) -> BoxFuture<'_, Result<(), ComponentError>> {
        Box::pin(async { Ok(()) })
    }
}
