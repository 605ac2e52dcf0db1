//! One scheduled run of a mirror, begun once however many processes there are, and written down however it ends.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use trunkline_catalog::{Catalog, Topic};
use trunkline_mirror::{
    feed,
    notifications::{gaps, silent},
    sync,
};
use trunkline_store::{Lease, Mirror, NotificationFilter, RunState, StoreError};

use super::{
    RunFailure, RunReport,
    open::{Open, opened},
};
use crate::{Target, connect, shared::Shared};

/// A reader of a mirror's changes that says nothing for so long is forgotten: a copy that nobody brings up, a flow that was removed.
pub const IDLE_READER: SignedDuration = SignedDuration::from_hours(24 * 30);

/// Runs the mirror if it is still due; whether it was.
pub(super) async fn run(
    shared: &Shared,
    mirror: &Mirror,
    lease: &Lease,
    open: &mut BTreeMap<String, Open>,
) -> Result<bool, StoreError> {
    let before = shared.store.runs(&mirror.id, 1).await?.pop();
    let Some(run) = shared.store.begin_run(mirror, lease, shared.clock.now()).await? else {
        return Ok(false);
    };
    let since = before.and_then(|run| run.finished_at);
    let outcome = attempt(shared, mirror, since, open).await;
    let (state, report) = match outcome {
        Ok(report) => {
            let state = if report.sync.is_success() {
                RunState::Complete
            } else {
                RunState::Incomplete
            };
            if let Some(silence) = &report.silence {
                tracing::warn!(
                    mirror = mirror.name,
                    changes = silence.changes,
                    "the run found changes of which no notification told: look at the app's webhooks"
                );
            }
            (state, serde_json::to_string(&report))
        }
        Err(failure) => {
            tracing::error!(
                code = failure.code,
                error = failure.error,
                mirror = mirror.name,
                "a run failed"
            );
            if let Some(call) = &failure.call {
                connect::note_failure(&shared.store, &mirror.connection, call, shared.clock.now()).await?;
            }
            (RunState::Failed, serde_json::to_string(&failure))
        }
    };
    shared.metrics.ran(state.as_str());
    let report = report.unwrap_or_default();
    match shared
        .store
        .finish_run(&run, state, &report, shared.clock.now())
        .await
    {
        // Another process took it for dead and has begun the next.
        Err(StoreError::Unmet) | Ok(()) => Ok(true),
        Err(error) => Err(error),
    }
}

async fn attempt(
    shared: &Shared,
    mirror: &Mirror,
    since: Option<Timestamp>,
    open: &mut BTreeMap<String, Open>,
) -> Result<RunReport, RunFailure> {
    let open = opened(shared, mirror, open).await?;
    let report = sync::sync(
        open.client(),
        &open.storage,
        &open.options,
        Arc::clone(&shared.clock),
        &|_| {},
    )
    .await?;
    forget_idle(shared, mirror).await;
    // The first run finds everything, which nothing could have told.
    let gaps = if mirror.details.follows_webhooks && since.is_some() {
        gaps(&report)
    } else {
        Vec::new()
    };
    let told = NotificationFilter {
        workspace: Some(report.workspace.clone()),
        ..NotificationFilter::default()
    };
    let last_told = shared
        .store
        .notifications(&told, 1)
        .await
        .map_err(crate::ServerError::from)?
        .first()
        .map(|last| last.received_at);
    let topics: Vec<&Topic> = Catalog::embedded().topics().iter().collect();
    // A workspace that never told anything has no subscription to fall silent.
    let silence = since
        .filter(|_| last_told.is_some())
        .and_then(|since| silent(&topics, last_told, since, &gaps));
    Ok(RunReport {
        sync: report,
        gaps,
        silence,
    })
}

/// Lets go of changes that are kept for readers of whom nobody hears any more.
async fn forget_idle(shared: &Shared, mirror: &Mirror) {
    let Ok(target) = mirror.details.to.parse::<Target>() else {
        return;
    };
    let path = target.under(&shared.options.data);
    let before = shared.clock.now() - IDLE_READER;
    let forgotten = tokio::task::spawn_blocking(move || feed::forget_idle(&path, before)).await;
    if let Ok(Err(error)) = forgotten {
        tracing::warn!(code = error.code(), %error, mirror = mirror.name, "idle readers could not be forgotten");
    }
}
