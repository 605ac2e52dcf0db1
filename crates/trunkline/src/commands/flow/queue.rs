//! `trunkline flow redrive`, and runs of flows whose deliveries wait in the queue.
//!
//! The one rule: whoever asked waits until nothing waits any more, and hears what became of it.

use std::{
    path::Path,
    process::ExitCode,
    sync::{Arc, Mutex},
};

use serde_json::{Value, json};
use tokio::sync::watch;
use trunkline_flow::{
    document::Document,
    engine::{Counts, Ended},
};
use trunkline_server::{DrainOptions, FlowError, FlowRunner, Report, RunOptions};
use trunkline_store::{DeadLetterFilter, RecordForm, Store};

use super::{
    desks::Desks,
    run::{failed, runner, show, stopping, stored},
};
use crate::{
    cli,
    commands::notifications,
    failure::{Exit, Failure},
    output::{errors, json, running, tables},
    store,
};

/// Reads a flow's source into its queue, and brings what waits there.
pub(super) async fn run(
    runner: &FlowRunner,
    document: &Document,
    options: RunOptions,
    stop: watch::Receiver<bool>,
    (counts, brought): (Arc<Mutex<Counts>>, &Mutex<Counts>),
) -> Result<Report, FlowError> {
    let drain = DrainOptions {
        folder: options.folder.clone(),
        of_paused: true,
        version: options.version,
    };
    let (ends, may_end) = watch::channel(false);
    let filling = async {
        let done = runner.run(document, options, stop.clone(), counts).await;
        ends.send_replace(true);
        done
    };
    let draining = runner.drain(document, &drain, may_end, stop.clone(), brought);
    let (filled, drained) = tokio::join!(filling, draining);
    let (mut report, drained) = (filled?, drained?);
    report.counts.add(&drained.counts);
    if report.ended == Ended::Done {
        report.ended = drained.ended;
    }
    Ok(report)
}

/// Brings dead letters to their destinations again.
pub(super) async fn redrive(arguments: cli::RedriveFlow) -> Result<ExitCode, Failure> {
    let store = Arc::new(store::open(&arguments.workspace.data).await?);
    let desks = Arc::new(Desks::new(arguments.workspace.clone()));
    let done = redriven(&arguments, &store, &desks).await;
    desks.close().await;
    store.close().await;
    done
}

async fn redriven(
    arguments: &cli::RedriveFlow,
    store: &Arc<Store>,
    desks: &Arc<Desks>,
) -> Result<ExitCode, Failure> {
    let (version, document) = stored(store, &arguments.flow).await?;
    let slots = document.policy.concurrency.max(1);
    let forms = match arguments.form {
        Some(cli::RedriveForm::Source) => vec![RecordForm::Source],
        Some(cli::RedriveForm::Ready) => vec![RecordForm::Ready],
        None => vec![RecordForm::Source, RecordForm::Ready],
    };
    let queued = back(arguments, store, &forms, slots).await?;
    if queued == 0 || arguments.queue_only {
        return tell(arguments, queued, None);
    }
    let runner = runner(store, desks, &arguments.workspace.data.data);
    let (stop, asking) = stopping()?;
    let brought = Arc::default();
    let line = running::Line::start(!arguments.json);
    let showing = tokio::spawn(show(vec![Arc::clone(&brought)], line));
    let options = DrainOptions {
        folder: arguments.workspace.data.data.clone(),
        of_paused: true,
        version,
    };
    let may_end = watch::channel(true).1;
    let done = runner.drain(&document, &options, may_end, stop, &brought).await;
    showing.abort();
    asking.abort();
    let ran = done.map_err(|error| failed(error, Path::new(&arguments.flow)))?;
    if let Ended::Failed(error) = &ran.ended
        && !arguments.json
    {
        return Err(Failure::new(
            error.code,
            error.message.clone(),
            error.advice.clone(),
        ));
    }
    tell(arguments, queued, Some((&ran.counts, &ran.ended)))
}

/// Puts the letters back into the queue; says how many.
async fn back(
    arguments: &cli::RedriveFlow,
    store: &Store,
    forms: &[RecordForm],
    slots: u16,
) -> Result<u64, Failure> {
    let mut queued = 0;
    let moment = |given: &Option<String>| given.as_deref().map(notifications::moment).transpose();
    let filter = DeadLetterFilter {
        flow: Some(arguments.flow.clone()),
        destination: arguments.destination.clone(),
        code: arguments.code.clone(),
        text: arguments.text.clone(),
        since: moment(&arguments.since)?,
        until: moment(&arguments.until)?,
        ..DeadLetterFilter::default()
    };
    for id in &arguments.ids {
        let letter = store.dead_letter(id).await?;
        if letter.flow != arguments.flow {
            return Err(Failure::usage(
                "TL0814",
                format!(
                    "the dead letter {id} is of the flow {}, not of {}",
                    letter.flow, arguments.flow
                ),
                "`trunkline flow dead-letters --flow NAME` lists those of a flow.",
            ));
        }
    }
    for form in forms {
        if arguments.ids.is_empty() {
            queued += store.redrive(&filter, *form, slots, store::now()).await?.redriven;
        }
        for id in &arguments.ids {
            queued += u64::from(store.redrive_one(id, *form, slots, store::now()).await?);
        }
    }
    Ok(queued)
}

fn tell(
    arguments: &cli::RedriveFlow,
    queued: u64,
    brought: Option<(&Counts, &Ended)>,
) -> Result<ExitCode, Failure> {
    let counts = brought.map(|(counts, _)| counts.clone()).unwrap_or_default();
    let delivered: u64 = counts.delivered.values().sum();
    if arguments.json {
        let state = match brought {
            None => "queued",
            Some((_, Ended::Done)) => "done",
            Some((_, Ended::Stopped)) => "stopped",
            Some((_, Ended::Failed(_))) => "failed",
        };
        let error = match brought {
            Some((_, Ended::Failed(error))) => {
                json!({ "code": error.code, "message": error.message, "advice": error.advice })
            }
            _ => Value::Null,
        };
        json::print(&json!({
            "flow": arguments.flow, "state": state, "error": error, "redriven": queued, "delivered": counts.delivered,
            "retried": counts.retried, "dead_letters": counts.dead, "errors": counts.errors,
        }))?;
    } else if queued == 0 {
        errors::note("no dead letters that fit wait");
    } else if brought.is_none() {
        errors::note(&format!("{} in the queue again", tables::grouped(queued)));
    } else {
        errors::note(&format!(
            "{}: {} redriven, {} delivered, {} dead letters",
            arguments.flow,
            tables::grouped(queued),
            tables::grouped(delivered),
            tables::grouped(counts.dead),
        ));
    }
    Ok(match brought {
        Some((_, Ended::Failed(_))) => Exit::Failed.into(),
        _ if counts.dead > 0 => Exit::Incomplete.into(),
        _ => ExitCode::SUCCESS,
    })
}
