//! `trunkline mirrors`: what the long-running process keeps.

use std::{process::ExitCode, str::FromStr as _};

use serde::Serialize;
use serde_json::{Value, value::RawValue};
use trunkline_mirror::storage::ColumnRef;
use trunkline_server::{ServerError, Target};
use trunkline_store::{Mirror, MirrorDetails, MirrorRun, NewMirror, Store};

use super::connections::moment;
use crate::{
    cli::{self, MirrorsCommand as Command},
    failure::Failure,
    output::{json, tables},
    store,
};

/// A run for machines.
#[derive(Serialize)]
struct Shown<'r> {
    #[serde(flatten)]
    run: &'r MirrorRun,
    report: Option<&'r RawValue>,
}

/// Does what is asked.
pub(crate) async fn run(arguments: cli::Mirrors) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = act(&store, arguments.command, arguments.json).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn act(store: &Store, command: Command, as_json: bool) -> Result<(), Failure> {
    let now = store::now();
    match command {
        Command::Add(flags) => {
            let added = store.add_mirror(&new(store, flags).await?, now).await?;
            if as_json {
                return json::print(&added);
            }
            json::line(&format!(
                "Added the mirror `{}`; a running `trunkline serve` begins its first run at once.",
                added.name
            ))
        }
        Command::List => list(store, as_json).await,
        Command::Show { name } => show(store, &name, as_json).await,
        Command::Runs { name, limit } => {
            let mirror = store.mirror(&name).await?;
            runs(&store.runs(&mirror.id, limit).await?, as_json)
        }
        Command::Run { name } => {
            store.run_mirror_now(&name, now).await?;
            show(store, &name, as_json).await
        }
        Command::Pause { name } => {
            store.pause_mirror(&name, true, now).await?;
            show(store, &name, as_json).await
        }
        Command::Resume { name } => {
            store.pause_mirror(&name, false, now).await?;
            show(store, &name, as_json).await
        }
        Command::Remove { name } => {
            store.remove_mirror(&name).await?;
            json::line(&format!(
                "Forgot the mirror `{name}`; what it wrote is still there."
            ))
        }
    }
}

/// The mirror that the flags describe, checked.
async fn new(store: &Store, flags: cli::AddMirror) -> Result<NewMirror, Failure> {
    let cli::AddMirror {
        name,
        connection,
        to,
        streams,
        custom_objects,
        every,
        history,
        exclude,
        hash,
        no_webhooks,
    } = flags;
    let connection = match connection {
        Some(name) => store.connection(&name).await?,
        None => store
            .default_connection()
            .await?
            .ok_or(ServerError::NoConnection)?,
    };
    to.parse::<Target>()?;
    trunkline_mirror::sync::check_streams(streams.as_deref())?;
    for column in exclude.iter().chain(&hash) {
        ColumnRef::from_str(column)?;
    }
    let interval = super::sync::span(&every)?;
    if interval.as_secs() < 10 {
        return Err(Failure::usage(
            "TL0007",
            format!("`{every}` is too short a time between runs"),
            "Choose ten seconds or more; notifications are applied at once all the same.",
        ));
    }
    Ok(NewMirror {
        name,
        connection: connection.id,
        details: MirrorDetails {
            streams,
            custom_objects,
            to,
            interval_seconds: interval.as_secs(),
            keeps_history: history,
            exclude,
            hash,
            follows_webhooks: !no_webhooks,
        },
    })
}

async fn list(store: &Store, as_json: bool) -> Result<(), Failure> {
    let mirrors = store.mirrors().await?;
    if as_json {
        return json::print(&mirrors);
    }
    if mirrors.is_empty() {
        return json::line("There are no mirrors yet. Add one with `trunkline mirrors add NAME`.");
    }
    let mut table = tables::new(&["mirror", "connection", "to", "every", "last run", "next run"]);
    for mirror in &mirrors {
        let last = store.runs(&mirror.id, 1).await?.pop();
        table.add_row([
            mirror.name.clone(),
            store.connection(&mirror.connection).await?.name,
            mirror.details.to.clone(),
            every(mirror),
            last.as_ref().map_or_else(String::new, ended),
            next(mirror),
        ]);
    }
    json::line(&table.to_string())
}

async fn show(store: &Store, name: &str, as_json: bool) -> Result<(), Failure> {
    let mirror = store.mirror(name).await?;
    if as_json {
        return json::print(&mirror);
    }
    let details = &mirror.details;
    let last = store.runs(&mirror.id, 1).await?.pop();
    let report: Option<Value> = last
        .as_ref()
        .and_then(|run| serde_json::from_str(run.report.as_deref()?).ok());
    let lines = [
        ("mirror", mirror.name.clone()),
        ("connection", store.connection(&mirror.connection).await?.name),
        ("to", details.to.clone()),
        (
            "streams",
            details
                .streams
                .as_ref()
                .map_or_else(|| "all".to_owned(), |streams| streams.join(", ")),
        ),
        ("every", every(&mirror)),
        (
            "webhooks",
            if details.follows_webhooks {
                "applied as they come"
            } else {
                "not applied"
            }
            .to_owned(),
        ),
        ("next run", next(&mirror)),
        ("last run", last.as_ref().map_or_else(String::new, ended)),
        (
            "error",
            report
                .as_ref()
                .map_or_else(String::new, |report| text(&report["error"])),
        ),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        json::line(&format!("{name:<12}{value}"))?;
    }
    let Some(report) = report else { return Ok(()) };
    let gaps = report["gaps"].as_array().map_or(&[][..], Vec::as_slice);
    for gap in gaps.iter().filter(|gap| gap["told"] == true) {
        let example = text(&gap["newest"][0]);
        let such_as = if example.is_empty() {
            String::new()
        } else {
            format!(", such as {example}")
        };
        json::line(&format!(
            "missed      {} changes in {} that no notification told{such_as}",
            gap["found"],
            text(&gap["stream"])
        ))?;
    }
    if !report["silence"].is_null() {
        json::line(
            "silent      the app's webhooks told nothing since the run before: look at the subscription in the Developer Hub",
        )?;
    }
    Ok(())
}

fn runs(runs: &[MirrorRun], as_json: bool) -> Result<(), Failure> {
    if as_json {
        let shown: Vec<Shown<'_>> = runs
            .iter()
            .map(|run| Shown {
                run,
                report: run
                    .report
                    .as_deref()
                    .and_then(|text| serde_json::from_str(text).ok()),
            })
            .collect();
        return json::print(&shown);
    }
    let mut table = tables::new(&["began", "ended", "state", "requests"]);
    for run in runs {
        let report: Option<Value> = run
            .report
            .as_deref()
            .and_then(|text| serde_json::from_str(text).ok());
        table.add_row([
            moment(run.started_at),
            run.finished_at.map_or_else(String::new, moment),
            run.state.as_str().to_owned(),
            report.map_or_else(String::new, |report| text(&report["requests"])),
        ]);
    }
    json::line(&table.to_string())
}

/// A value as people read it: text without quotes, nothing for none.
fn text(value: &Value) -> String {
    match value {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

fn ended(run: &MirrorRun) -> String {
    let at = run.finished_at.unwrap_or(run.started_at);
    format!("{} {}", run.state.as_str(), moment(at))
}

fn every(mirror: &Mirror) -> String {
    let seconds = mirror.details.interval_seconds;
    for (unit, length) in [("d", 86_400), ("h", 3_600), ("m", 60)] {
        if seconds >= length && seconds.is_multiple_of(length) {
            return format!("{}{unit}", seconds / length);
        }
    }
    format!("{seconds}s")
}

fn next(mirror: &Mirror) -> String {
    if mirror.is_paused {
        "paused".to_owned()
    } else {
        moment(mirror.next_run_at)
    }
}
