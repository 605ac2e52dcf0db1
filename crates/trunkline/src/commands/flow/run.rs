//! `trunkline flow run`: one run in the foreground.

use std::{
    path::{Path, PathBuf},
    process::ExitCode,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use serde_json::{Value, json};
use tokio::sync::watch;
use trunkline_client::SystemClock;
use trunkline_flow::{
    ComponentError, Cursor, Delivered, Destination, Occasion, Reader, Record, Source, Trigger,
    document::Document,
    engine::{Counts, DeadLetter, Ended, Engine, Keeper},
};
use trunkline_server::{FlowError, FlowRunner, Report, RunOptions, StoredMirrors, StoredNotifications};
use trunkline_store::{FlowOrigin, FlowState, NewFlow, Put, Store};

use super::{check, desks::Desks};
use crate::{
    cli,
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
    let entropy = store.entropy().clone();
    let chance = move || (u64::from_le_bytes(entropy.bytes()) >> 11) as f64 / (1_u64 << 53) as f64;
    let runner = FlowRunner {
        store: Arc::clone(store),
        clock: Arc::new(SystemClock),
        workspaces: Arc::clone(desks) as _,
        notifications: Arc::new(StoredNotifications(Arc::clone(store))),
        mirrors: Arc::new(StoredMirrors {
            store: Arc::clone(store),
            data: arguments.workspace.data.data.clone(),
        }),
        chance: Arc::new(Mutex::new(chance)),
        owner: store.entropy().id(store::now()),
    };
    let (ask, stop) = watch::channel(false);
    let mut signals = Stop::listen()?;
    let asking = tokio::spawn(async move {
        signals.asked().await;
        ask.send_replace(true);
        ask.closed().await;
    });
    let counts = Arc::new(Mutex::new(Counts::default()));
    let showing = tokio::spawn(show(
        Arc::clone(&counts),
        running::Line::start(!arguments.json && !arguments.dry_run),
    ));
    let done = if arguments.dry_run {
        dry(&runner, &chosen, path, stop).await
    } else {
        let options = RunOptions {
            folder: chosen.folder.clone(),
            trigger: Trigger::Manual,
            version: chosen.version,
            from_start: arguments.from_start,
        };
        runner
            .run(&chosen.document, options, stop, counts)
            .await
            .map_err(|error| failed(error, path))
    };
    showing.abort();
    asking.abort();
    let report = done?;
    tell(&report, &chosen.document.name, arguments)
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
    let Some(flow) = store.find_flow(&arguments.flow).await? else {
        return Err(Failure::usage(
            "TL0814",
            format!("there is neither a file nor a flow {}", arguments.flow),
            "`trunkline flow list` lists the flows of the store.",
        ));
    };
    let document = Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at)
        .map_err(|mistakes| check::refused(Path::new(&flow.name), &mistakes))?;
    Ok(Chosen {
        document,
        version: flow.version,
        folder: arguments.workspace.data.data.clone(),
    })
}

fn failed(error: FlowError, path: &Path) -> Failure {
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
            "filtered": counts.filtered, "delivered": counts.delivered, "retried": counts.retried,
            "dead_letters": counts.dead, "errors": counts.errors,
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
async fn show(counts: Arc<Mutex<Counts>>, line: running::Line) {
    loop {
        let now = counts.lock().unwrap_or_else(PoisonError::into_inner).clone();
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
    let site = runner.site(&chosen.document.name, chosen.folder.clone());
    let mut flow = trunkline_components::build(&chosen.document, &site)
        .map_err(|mistakes| check::refused(path, &mistakes))?;
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
}
