//! Keeps mirrors: their scheduled runs, and what notifications tell in between.
//!
//! The one rule: everything of one workspace is done by one process at a time, which holds the workspace's lease, and one step
//! after another, so a run never takes for vanished what a notification has just brought. Read `keeper/workspace.rs` for the
//! steps, `keeper/apply.rs` for notifications and `keeper/run.rs` for runs.

mod apply;
mod lease;
mod open;
mod report;
mod run;
mod sweep;
mod workspace;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use futures::{StreamExt as _, stream::FuturesUnordered};
use jiff::Timestamp;
use tokio::{sync::watch, time::sleep};
use trunkline_store::{Mirror, StoreError};

use crate::{ServerError, shared::Shared};
pub(crate) use report::{RunFailure, RunReport};
pub use run::IDLE_READER;

/// How often work that nobody announced is looked for: what another process brought, and what has become due.
const LOOK: Duration = Duration::from_secs(1);

/// Begins to keep mirrors, on a thread of its own: a run's work never delays the answer to a notification.
pub(crate) fn start(shared: Arc<Shared>, stop: watch::Receiver<bool>) -> Result<JoinHandle<()>, ServerError> {
    let failed = |error: std::io::Error| ServerError::Thread {
        reason: error.to_string(),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(failed)?;
    std::thread::Builder::new()
        .name("keeper".to_owned())
        .spawn(move || runtime.block_on(supervise(&shared, stop)))
        .map_err(failed)
}

/// Sees to it that every workspace with mirrors is kept by somebody, until the process stops.
async fn supervise(shared: &Shared, mut stop: watch::Receiver<bool>) {
    let mut kept = BTreeSet::new();
    let mut work = FuturesUnordered::new();
    let mut swept_at = None;
    loop {
        if *stop.borrow() && work.is_empty() {
            return;
        }
        if !*stop.borrow() {
            match look(shared, &mut swept_at).await {
                Ok(workspaces) => {
                    for workspace in workspaces {
                        if kept.insert(workspace.clone()) {
                            work.push(workspace::keep(shared, workspace, stop.clone()));
                        }
                    }
                }
                Err(error) => tracing::error!(code = error.code(), %error, "the mirrors cannot be looked up"),
            }
        }
        tokio::select! {
            Some(workspace) = work.next() => {
                kept.remove(&workspace);
            }
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stops| *stops), if !*stop.borrow() => {}
        }
    }
}

/// The workspaces that have mirrors to keep. What waits for others is nobody's, and done.
async fn look(shared: &Shared, swept_at: &mut Option<Timestamp>) -> Result<BTreeSet<String>, StoreError> {
    let now = shared.clock.now();
    sweep::when_due(shared, swept_at, now).await?;
    let by_workspace = mirrors(shared).await?;
    let followed: BTreeSet<String> = by_workspace
        .iter()
        .filter(|(_, mirrors)| mirrors.iter().any(|kept| kept.mirror.details.follows_webhooks))
        .map(|(workspace, _)| workspace.clone())
        .collect();
    shared.followed.set(followed.clone());
    for workspace in shared.store.workspaces_waiting(now).await? {
        if !followed.contains(&workspace) {
            shared.store.settle_unclaimed(&workspace).await?;
        }
    }
    Ok(by_workspace
        .into_iter()
        .filter(|(_, mirrors)| mirrors.iter().any(|kept| kept.is_usable))
        .map(|(workspace, _)| workspace)
        .collect())
}

/// A mirror and whether its connection can be used.
#[derive(Clone, Debug)]
pub(crate) struct Candidate {
    pub(crate) mirror: Mirror,
    pub(crate) is_usable: bool,
}

/// The mirrors that are not paused, by the workspace that their connection opens.
async fn mirrors(shared: &Shared) -> Result<BTreeMap<String, Vec<Candidate>>, StoreError> {
    let connections: BTreeMap<String, _> = shared
        .store
        .connections()
        .await?
        .into_iter()
        .map(|connection| (connection.id.clone(), connection))
        .collect();
    let mut found: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
    for mirror in shared.store.mirrors().await? {
        let Some(connection) = connections.get(&mirror.connection) else {
            continue;
        };
        let Some(identity) = &connection.identity else {
            continue;
        };
        if !mirror.is_paused {
            found
                .entry(identity.id_code.clone())
                .or_default()
                .push(Candidate {
                    mirror,
                    is_usable: connection.state.is_usable(),
                });
        }
    }
    Ok(found)
}
