//! Flows of the store: applied, listed, exported, paused, and what became of their runs.

use std::{process::ExitCode, sync::Arc};

use serde_json::{Value, json};
use trunkline_client::{Clock, SystemClock};
use trunkline_store::{
    DeadLetterFilter, DeadLetterState, FlowOrigin, FlowRunFilter, FlowState, NewFlow, Put, Store, StoreError,
};

use super::check;
use crate::{
    cli,
    commands::{connections::moment, notifications},
    failure::{Exit, Failure},
    output::{errors, json, tables},
    settings::File,
    store,
};

/// Puts files into the store.
pub(super) async fn apply(arguments: cli::ApplyFlows) -> Result<ExitCode, Failure> {
    // All of them are in order before any is put.
    let files = arguments
        .files
        .iter()
        .map(|path| check::read(path))
        .collect::<Result<Vec<_>, _>>()?;
    let settings = File::read_in(arguments.config.as_deref(), &arguments.data.data)?;
    let store = store::open(&arguments.data).await?;
    let done = put_all(&arguments, files, &store).await;
    store.close().await;
    if let (Ok(_), Some(nats)) = (&done, &settings.nats) {
        let clock: Arc<dyn Clock> = Arc::new(SystemClock);
        if let Err(error) = trunkline_server::call_nodes(nats, &clock).await {
            // It is in the store, where every node looks by itself.
            errors::note(&format!(
                "note[{}]: {error}; they find it within a second",
                error.code()
            ));
        }
    }
    done
}

async fn put_all(
    arguments: &cli::ApplyFlows,
    files: Vec<check::FlowFile>,
    store: &Store,
) -> Result<ExitCode, Failure> {
    let mut reports = Vec::new();
    for file in files {
        let name = file.document.name;
        let known = store.find_flow(&name).await?;
        let expected = match (&known, arguments.replaces) {
            (_, Some(version)) => Some(version),
            (Some(flow), None) if flow.origin == FlowOrigin::File => Some(flow.version),
            _ => None,
        };
        let new = NewFlow {
            name: name.clone(),
            text: file.text,
            origin: FlowOrigin::File,
            by_whom: "command line".to_owned(),
        };
        let put = store.put_flow(&new, expected, store::now()).await?;
        let (word, version) = match put {
            Put::New(flow) => ("new", flow.version),
            Put::Changed(flow) => ("changed", flow.version),
            Put::Same(flow) => ("unchanged", flow.version),
            Put::Conflict { version, .. } => {
                return Err(Failure::new(
                    "TL0816",
                    format!(
                        "{name} has version {version} in the store, which was not put there from a file or changed meanwhile"
                    ),
                    format!(
                        "`trunkline flow export {name}` shows it; `--replaces {version}` puts this file in its place."
                    ),
                ));
            }
        };
        if known.is_none_or(|flow| flow.state == FlowState::Paused && flow.version != version) {
            store.set_flow_state(&name, FlowState::Active).await?;
        }
        if arguments.json {
            reports.push(json!({ "flow": name, "outcome": word, "version": version }));
        } else {
            json::line(&format!("{name}: {word}, version {version}"))?;
        }
    }
    if arguments.json {
        json::print(&reports)?;
    }
    Ok(ExitCode::SUCCESS)
}

/// Lists flows.
pub(super) async fn list(arguments: cli::ListFlows) -> Result<ExitCode, Failure> {
    let found = match store::open_if_there(&arguments.data).await? {
        Some(store) => {
            let found = listed(&store).await;
            store.close().await;
            found?
        }
        None => Vec::new(),
    };
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        errors::note("no flows yet; `trunkline flow apply FILE` puts one into the store");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["flow", "state", "version", "last run", "ended", "dead letters"]);
    let text = |value: &Value| value.as_str().unwrap_or("·").to_owned();
    for flow in &found {
        let dead = flow["dead_letters"].as_u64().unwrap_or(0);
        table.add_row([
            text(&flow["name"]).into(),
            text(&flow["state"]).into(),
            tables::right(flow["version"].to_string()),
            text(&flow["last_run"]["started_at"]).into(),
            text(&flow["last_run"]["state"]).into(),
            tables::count(dead),
        ]);
    }
    json::line(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}

async fn listed(store: &Store) -> Result<Vec<Value>, StoreError> {
    let dead = store.count_dead_letters().await?;
    let mut all = Vec::new();
    for flow in store.flows().await? {
        let filter = FlowRunFilter {
            flow: Some(flow.name.clone()),
            ..FlowRunFilter::default()
        };
        let last = store.flow_runs(&filter, 1).await?;
        let waiting: u64 = dead
            .iter()
            .filter(|count| count.flow == flow.name)
            .map(|count| count.count)
            .sum();
        all.push(json!({
            "name": flow.name,
            "state": flow.state,
            "origin": flow.origin,
            "version": flow.version,
            "applied_at": flow.applied_at,
            "last_run": last.first(),
            "dead_letters": waiting,
        }));
    }
    Ok(all)
}

/// Prints a flow as it was applied.
pub(super) async fn export(arguments: cli::OneFlow) -> Result<ExitCode, Failure> {
    let store = existing(&arguments).await?;
    let flow = store.flow(&arguments.name).await;
    store.close().await;
    json::line(flow?.text.trim_end())?;
    Ok(ExitCode::SUCCESS)
}

/// Pauses a flow, or lets it go on.
pub(super) async fn pause(arguments: cli::OneFlow, pauses: bool) -> Result<ExitCode, Failure> {
    let store = existing(&arguments).await?;
    let state = if pauses {
        FlowState::Paused
    } else {
        FlowState::Active
    };
    let changed = store.set_flow_state(&arguments.name, state).await;
    store.close().await;
    let (word, already) = if pauses {
        ("paused", "was paused already")
    } else {
        ("goes on", "was not paused")
    };
    let told = if changed? { word } else { already };
    json::line(&format!("{} {told}", arguments.name))?;
    Ok(ExitCode::SUCCESS)
}

/// Takes a flow out of the store.
pub(super) async fn remove(arguments: cli::RemoveFlow) -> Result<ExitCode, Failure> {
    let one = cli::OneFlow {
        name: arguments.name,
        data: arguments.data,
    };
    let store = Arc::new(existing(&one).await?);
    let removed = remove_from(&store, &one, arguments.with_state).await;
    store.close().await;
    removed?;
    json::line(&format!("{} removed", one.name))?;
    Ok(ExitCode::SUCCESS)
}

async fn remove_from(store: &Arc<Store>, one: &cli::OneFlow, with_state: bool) -> Result<(), StoreError> {
    let flow = store.flow(&one.name).await?;
    store.remove_flow(&one.name, with_state).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    trunkline_server::let_go(store, &clock, &one.data.data, &flow).await;
    Ok(())
}

async fn existing(arguments: &cli::OneFlow) -> Result<Store, Failure> {
    existing_for(&format!("flow {}", arguments.name), &arguments.data).await
}

/// The store that has what is asked for, if there is any.
pub(super) async fn existing_for(what: &str, data: &cli::Data) -> Result<Store, Failure> {
    store::open_if_there(data).await?.ok_or_else(|| {
        Failure::usage(
            "TL0814",
            format!("there is no {what}: there is no store yet"),
            "Name the data folder with --data, or the store with --store.",
        )
    })
}

/// Lists runs.
pub(super) async fn runs(arguments: cli::FlowRuns) -> Result<ExitCode, Failure> {
    let filter = FlowRunFilter {
        flow: arguments.name,
        since: arguments
            .since
            .as_deref()
            .map(notifications::moment)
            .transpose()?,
        ..FlowRunFilter::default()
    };
    let found = match store::open_if_there(&arguments.data).await? {
        Some(store) => {
            let found = store.flow_runs(&filter, arguments.limit).await;
            store.close().await;
            found?
        }
        None => Vec::new(),
    };
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        errors::note("no runs");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&[
        "run",
        "flow",
        "began",
        "state",
        "read",
        "delivered",
        "filtered",
        "dead",
        "why",
    ]);
    for run in &found {
        table.add_row([
            run.id.clone().into(),
            run.flow.clone().into(),
            moment(run.started_at).into(),
            run.state.as_str().into(),
            tables::number(run.counts.read),
            tables::number(run.counts.delivered),
            tables::count(run.counts.filtered),
            tables::count(run.counts.dead),
            run.counts.note.clone().unwrap_or_default().into(),
        ]);
    }
    json::line(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}

/// Lists, shows and drops dead letters.
pub(super) async fn dead_letters(arguments: cli::DeadLetters) -> Result<ExitCode, Failure> {
    let Some(store) = store::open_if_there(&arguments.data).await? else {
        errors::note("no dead letters");
        return Ok(ExitCode::SUCCESS);
    };
    let done = letters(&arguments, &store).await;
    store.close().await;
    done
}

async fn letters(arguments: &cli::DeadLetters, store: &Store) -> Result<ExitCode, Failure> {
    if let Some(id) = &arguments.id {
        let letter = store.dead_letter(id).await?;
        let mut shown = json!(letter);
        // The same word as in the API: what `flow delivery` shows the whole way of.
        shown["delivery"] = json!(store.way_of_letter(&letter).await?);
        for name in ["source_record", "record", "steps", "request", "answer"] {
            // Documents are kept as text; people want to read them.
            if let Some(text) = shown[name].as_str()
                && let Ok(value) = serde_json::from_str::<Value>(text)
            {
                shown[name] = value;
            }
        }
        json::print(&shown)?;
        return Ok(ExitCode::SUCCESS);
    }
    let filter = DeadLetterFilter {
        flow: arguments.flow.clone(),
        destination: arguments.destination.clone(),
        code: arguments.code.clone(),
        state: Some(DeadLetterState::Waiting),
        ..DeadLetterFilter::default()
    };
    if arguments.drop {
        let dropped = store.drop_dead_letters(&filter, store::now()).await?;
        json::line(&format!("{} dropped", tables::grouped(dropped)))?;
        return Ok(ExitCode::SUCCESS);
    }
    let found = store.dead_letters(&filter, arguments.limit).await?;
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        errors::note("no dead letters");
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["id", "flow", "destination", "given up", "attempts", "code", "why"]);
    for letter in &found {
        table.add_row([
            letter.id.clone().into(),
            letter.flow.clone().into(),
            letter.destination.clone().into(),
            moment(letter.last_at).into(),
            tables::right(letter.attempts.to_string()),
            letter.failure.code.clone().into(),
            letter.failure.message.clone().into(),
        ]);
    }
    json::line(&table.to_string())?;
    Ok(if found.is_empty() {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}
