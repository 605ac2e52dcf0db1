//! `trunkline runs` and `trunkline undo`: what actions wrote, and putting it back.

use std::process::ExitCode;

use serde_json::{Value, json};
use trunkline_store::{ActionRecord, ActionRun, ActionRunFilter, ActionRunState, ActionWrite, StoreError};

use super::connections::moment;
use crate::{
    cli::{self, RunsCommand},
    desk::Desk,
    failure::{Exit, Failure},
    output::{json, tables},
    store,
};

/// Lists runs, or shows one.
pub(crate) async fn run(arguments: cli::Runs) -> Result<ExitCode, Failure> {
    match arguments.command {
        RunsCommand::List(arguments) => list(arguments).await,
        RunsCommand::Show(arguments) => show(arguments).await,
    }
}

async fn list(arguments: cli::ListRuns) -> Result<ExitCode, Failure> {
    let state = arguments
        .state
        .as_deref()
        .map(|word| {
            ActionRunState::of(word).ok_or_else(|| {
                Failure::usage(
                    "TL0007",
                    format!("`{word}` is not a state of a run"),
                    "Write running, interrupted, done, failed or unknown.",
                )
            })
        })
        .transpose()?;
    let filter = ActionRunFilter {
        action: arguments.action,
        state,
        subject: arguments.subject,
        since: arguments
            .since
            .as_deref()
            .map(super::notifications::moment)
            .transpose()?,
        ..ActionRunFilter::default()
    };
    let found = match store::open_if_there(&arguments.data).await? {
        Some(store) => {
            let found = store.action_runs(&filter, arguments.limit, store::now()).await;
            store.close().await;
            found?
        }
        None => Vec::new(),
    };
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["run", "began", "action", "writes", "state", "undone by"]);
    for run in &found {
        table.add_row([
            run.id.clone(),
            moment(run.started_at),
            run.action.clone(),
            run.writes.to_string(),
            run.state.as_str().to_owned(),
            run.undone_by.clone().unwrap_or_default(),
        ]);
    }
    json::line(&table.trim_fmt())?;
    Ok(ExitCode::SUCCESS)
}

async fn show(arguments: cli::ShowRun) -> Result<ExitCode, Failure> {
    let missing = || StoreError::NotFound {
        kind: "run",
        name: arguments.id.clone(),
    };
    let store = store::open_if_there(&arguments.data).await?.ok_or_else(missing)?;
    let found = store.action_record(&arguments.id, store::now()).await;
    store.close().await;
    let record = found?;
    if arguments.json {
        json::print(&record)?;
    } else {
        print(&record)?;
    }
    Ok(ExitCode::SUCCESS)
}

fn print(record: &ActionRecord) -> Result<(), Failure> {
    let ActionRun {
        id,
        action,
        state,
        started_at,
        key,
        by_whom,
        ..
    } = &record.run;
    json::line(&format!("{id}: {action}, {}", state.as_str()))?;
    json::line(&format!("  began     {} by {by_whom}", moment(*started_at)))?;
    if let Some(key) = key {
        json::line(&format!("  key       {key}"))?;
    }
    if let Some(input) = &record.input {
        json::line(&format!("  input     {input}"))?;
    }
    if let Some(error) = &record.run.error {
        json::line(&format!("  error     {error}"))?;
    }
    let mut table = tables::new(&["#", "call", "on", "state", "status", "body", "put back by"]);
    for write in &record.writes {
        table.add_row([
            write.seq.to_string(),
            write.operation.clone(),
            write.subject.clone().unwrap_or_default(),
            write.state.as_str().to_owned(),
            write.status.map(|status| status.to_string()).unwrap_or_default(),
            write
                .payload
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            put_back(write),
        ]);
    }
    json::line(&table.trim_fmt())
}

/// What puts a write back, in a word.
fn put_back(write: &ActionWrite) -> String {
    match &write.inverse {
        Some(Value::String(_)) => "nothing to do".to_owned(),
        Some(inverse) => inverse["call"]["operation"]
            .as_str()
            .map_or_else(|| "not possible".to_owned(), str::to_owned),
        None => String::new(),
    }
}

/// Puts back what a run wrote.
pub(crate) async fn undo(arguments: cli::Undo) -> Result<ExitCode, Failure> {
    let desk = Desk::open(&arguments.workspace, true).await?;
    let outcome = undo_at(&arguments, &desk).await;
    desk.close().await;
    outcome
}

async fn undo_at(arguments: &cli::Undo, desk: &Desk) -> Result<ExitCode, Failure> {
    let input = json!({ "run": arguments.run });
    let options = super::by_hand();
    if arguments.dry_run {
        let plan = desk.workspace.plan("runs.undo", input, options).await?;
        super::call::show_plan(&plan, &arguments.shape)?;
        return Ok(ExitCode::SUCCESS);
    }
    let outcome = desk.workspace.call("runs.undo", input, options).await?;
    let rows = outcome.output.as_array().cloned().unwrap_or_default();
    if arguments.shape.is_any() {
        arguments.shape.open()?.all(rows.iter().cloned())?;
    } else {
        let mut table = tables::new(&["#", "call", "on", "outcome", "why"]);
        for row in &rows {
            table.add_row(["seq", "operation", "subject", "outcome", "reason"].map(|name| {
                match &row[name] {
                    Value::String(text) => text.clone(),
                    Value::Null => String::new(),
                    other => other.to_string(),
                }
            }));
        }
        json::line(&table.trim_fmt())?;
    }
    let is_whole = rows.iter().all(|row| row["outcome"] != "left");
    Ok(if is_whole {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}
