//! `trunkline batches`: what was published in many rows, and how far it came.

use std::{process::ExitCode, sync::Arc};

use trunkline_client::SystemClock;
use trunkline_server::{RunHolder, StoredBatch};
use trunkline_store::{Batch, BatchBegun, BatchFilter, BatchState, Store, StoreError};

use super::connections::moment;
use crate::{
    cli::{self, BatchesCommand},
    failure::Failure,
    output::{json, tables},
    store,
};

/// Lists batches, shows or abandons one.
pub(crate) async fn run(arguments: cli::Batches) -> Result<ExitCode, Failure> {
    match arguments.command {
        BatchesCommand::List(arguments) => list(arguments).await,
        BatchesCommand::Show(arguments) => {
            let found = with_store(&arguments, async |store| {
                Ok(store.batch(&arguments.id, store::now()).await?)
            });
            let batch = found.await?;
            if arguments.json {
                json::print(&batch)?;
            } else {
                show(&batch)?;
            }
            Ok(ExitCode::SUCCESS)
        }
        BatchesCommand::Abandon(arguments) => {
            let batch = with_store(&arguments, async |store| abandon(store, &arguments.id).await).await?;
            if arguments.json {
                json::print(&batch)?;
            } else {
                json::line(&format!(
                    "{}: abandoned after {}",
                    batch.id,
                    tables::counted(
                        usize::try_from(batch.progress.rows_done).unwrap_or(usize::MAX),
                        "row"
                    )
                ))?;
            }
            Ok(ExitCode::SUCCESS)
        }
    }
}

async fn list(arguments: cli::ListBatches) -> Result<ExitCode, Failure> {
    let state = arguments
        .state
        .as_deref()
        .map(|word| {
            BatchState::of(word).ok_or_else(|| {
                Failure::usage(
                    "TL0007",
                    format!("`{word}` is not a state of a batch"),
                    "Write running, interrupted, stopped, done or abandoned.",
                )
            })
        })
        .transpose()?;
    let filter = BatchFilter {
        action: arguments.action,
        state,
        ..BatchFilter::default()
    };
    let found = match store::open_if_there(&arguments.data).await? {
        Some(store) => {
            let found = store.batches(&filter, arguments.limit, store::now()).await;
            store.close().await;
            found?
        }
        None => Vec::new(),
    };
    if arguments.json {
        json::print(&found)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&[
        "batch",
        "began",
        "action",
        "from",
        "state",
        "rows",
        "created",
        "updated",
        "unchanged",
        "rejected",
    ]);
    for batch in &found {
        let progress = &batch.progress;
        table.add_row([
            batch.id.clone().into(),
            moment(batch.started_at).into(),
            batch.action.clone().into(),
            batch.input_name.clone().into(),
            batch.state.as_str().into(),
            tables::count(progress.rows_done),
            tables::count(progress.created),
            tables::count(progress.changed),
            tables::count(progress.unchanged),
            tables::count(progress.rejected),
        ]);
    }
    json::line(&table.trim_fmt())?;
    Ok(ExitCode::SUCCESS)
}

fn show(batch: &Batch) -> Result<(), Failure> {
    let progress = &batch.progress;
    json::line(&format!(
        "{}: {} from {}, {}",
        batch.id,
        batch.action,
        batch.input_name,
        batch.state.as_str()
    ))?;
    json::line(&format!("  began     {}", moment(batch.started_at)))?;
    json::line(&format!("  last      {}", moment(batch.updated_at)))?;
    json::line(&format!(
        "  rows      {}: {} created, {} updated, {} unchanged, {} rejected",
        tables::grouped(progress.rows_done),
        tables::grouped(progress.created),
        tables::grouped(progress.changed),
        tables::grouped(progress.unchanged),
        tables::grouped(progress.rejected),
    ))?;
    for file in ["results", "rejects"] {
        if let Some(path) = batch.options[file].as_str() {
            json::line(&format!("  {file:<9} {path}"))?;
        }
    }
    if matches!(batch.state, BatchState::Interrupted | BatchState::Stopped) {
        json::line(&format!("  go on     trunkline publish --resume {}", batch.id))?;
    }
    Ok(())
}

async fn with_store<T>(
    arguments: &cli::OneBatch,
    work: impl AsyncFnOnce(&Arc<Store>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let store = store::open_if_there(&arguments.data)
        .await?
        .ok_or(StoreError::NotFound {
            kind: "batch",
            name: arguments.id.clone(),
        })?;
    let store = Arc::new(store);
    let done = work(&store).await;
    store.close().await;
    done
}

async fn abandon(store: &Arc<Store>, id: &str) -> Result<Batch, Failure> {
    let holder = RunHolder::new(Arc::clone(store), Arc::new(SystemClock));
    let begun = holder.resume_batch(id).await;
    let abandoned = match begun {
        Ok(BatchBegun::Held(held, batch)) => {
            let progress = StoredBatch::progress(&batch.progress);
            holder
                .batch(held)
                .finish(BatchState::Abandoned, &progress, batch.progress.position.clone())
                .await
                .map_err(Failure::from)
        }
        Ok(BatchBegun::Busy(_) | BatchBegun::Unfinished(_)) => Err(super::publish::busy(id)),
        Ok(BatchBegun::Ended(batch)) => Err(super::publish::over(&batch)),
        Err(error) => Err(error.into()),
    };
    holder.close().await;
    abandoned?;
    Ok(store.batch(id, store::now()).await?)
}
