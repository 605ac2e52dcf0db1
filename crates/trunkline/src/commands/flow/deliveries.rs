//! `trunkline flow deliveries` and `flow delivery`: what became of a flow's records.
//!
//! The one rule: a list tells how many ways its last run kept, so that nobody takes what is not there for what did not happen.

use std::{process::ExitCode, sync::Arc};

use trunkline_client::{Clock, SystemClock};
use trunkline_store::{Fate, FateFilter, FateOutcome, FlowRunFilter, Store};

use super::store::existing_for;
use crate::{
    cli::{self, DeliveryOutcome},
    commands::{connections::moment, notifications},
    failure::Failure,
    output::{errors, json, tables},
};

/// Lists what became of records.
pub(super) async fn list(arguments: cli::FlowDeliveries) -> Result<ExitCode, Failure> {
    let moment_of = |given: &Option<String>| given.as_deref().map(notifications::moment).transpose();
    let filter = FateFilter {
        flow: Some(arguments.name.clone()),
        run: arguments.run.clone(),
        origin: None,
        destination: arguments.destination.clone(),
        outcome: arguments.outcome.map(|outcome| match outcome {
            DeliveryOutcome::Delivered => FateOutcome::Delivered,
            DeliveryOutcome::LetGo => FateOutcome::LetGo,
            DeliveryOutcome::Dead => FateOutcome::Dead,
        }),
        record: arguments.record.clone(),
        key: arguments.key.clone(),
        since: moment_of(&arguments.since)?,
        until: moment_of(&arguments.until)?,
        before: None,
    };
    let store = existing_for(&format!("flow {}", arguments.name), &arguments.data).await?;
    let done = listed(&arguments, &filter, &store).await;
    store.close().await;
    done
}

async fn listed(
    arguments: &cli::FlowDeliveries,
    filter: &FateFilter,
    store: &Store,
) -> Result<ExitCode, Failure> {
    store.flow(&arguments.name).await?;
    let found = store.fates(filter, arguments.limit).await?;
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    if found.is_empty() {
        errors::note("nothing fits");
    } else {
        json::line(&table(&found).to_string())?;
    }
    let of_flow = FlowRunFilter {
        flow: Some(arguments.name.clone()),
        ..FlowRunFilter::default()
    };
    if let Some(run) = store.flow_runs(&of_flow, 1).await?.first()
        && run.counts.followed < run.counts.read
    {
        errors::note(&format!(
            "the last run kept the way of {} of its {} records; `policy.history` of the flow says which",
            tables::grouped(run.counts.followed),
            tables::grouped(run.counts.read),
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn table(found: &[Fate]) -> impl std::fmt::Display {
    let mut table = tables::new(&[
        "id",
        "when",
        "record",
        "outcome",
        "destination",
        "attempts",
        "key",
    ]);
    for fate in found {
        table.add_row([
            fate.id.clone().into(),
            moment(fate.at).into(),
            fate.record_id.clone().unwrap_or_else(|| "·".to_owned()).into(),
            fate.outcome.as_str().replace('_', " ").into(),
            fate.destination.clone().into(),
            tables::right(fate.attempts.to_string()),
            fate.key.clone().unwrap_or_else(|| "·".to_owned()).into(),
        ]);
    }
    table
}

/// Shows a record's whole way.
pub(super) async fn show(arguments: cli::OneDelivery) -> Result<ExitCode, Failure> {
    let store = existing_for(&format!("delivery {}", arguments.id), &arguments.data).await?;
    let clock: Arc<dyn Clock> = Arc::new(SystemClock);
    let way = trunkline_server::record_way(&store, &clock, &arguments.data.data, &arguments.id).await;
    store.close().await;
    json::print(&way?)?;
    Ok(ExitCode::SUCCESS)
}
