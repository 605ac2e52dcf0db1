//! One workspace's mirrors, kept one step after another: runs that are due, then what notifications told, then rest.

use std::collections::BTreeMap;

use tokio::{sync::watch, time::sleep};
use trunkline_store::{Lease, StoreError};

use super::{LOOK, apply, lease, mirrors, open::Open, run};
use crate::shared::Shared;

/// Keeps a workspace while its lease is held and the process runs; returns the workspace.
pub(super) async fn keep(shared: &Shared, workspace: String, mut stop: watch::Receiver<bool>) -> String {
    match lease::take(shared, &workspace).await {
        Ok(Some(lease)) => {
            tokio::select! {
                () = steps(shared, &workspace, &lease, &mut stop) => {}
                () = lease::hold(shared, &lease) => {}
            }
            if let Err(error) = shared.store.end_lease(&lease).await {
                tracing::warn!(code = error.code(), %error, "a lease was not given back; it ends by itself");
            }
        }
        // Somebody else keeps it; its turn may end.
        Ok(None) => {
            tokio::select! {
                () = sleep(LOOK) => {}
                _ = stop.wait_for(|stops| *stops) => {}
            }
        }
        Err(error) => {
            tracing::error!(code = error.code(), %error, workspace, "the workspace's lease cannot be taken");
            sleep(LOOK).await;
        }
    }
    workspace
}

/// Step after step, until there is nothing to keep any more or the process stops.
async fn steps(shared: &Shared, workspace: &str, lease: &Lease, stop: &mut watch::Receiver<bool>) {
    let mut ear = shared.wake.ear();
    let mut open = BTreeMap::new();
    loop {
        let stepped = tokio::select! {
            stepped = step(shared, workspace, lease, &mut open) => stepped,
            // What is under way is given back: a run resumes where it was, and notifications wait in the store.
            _ = stop.wait_for(|stops| *stops) => break,
        };
        match stepped {
            Ok(Step::Nothing) => break,
            Ok(Step::Worked) => continue,
            Ok(Step::Rest) => {}
            Err(error) => {
                tracing::error!(code = error.code(), %error, workspace, "a step of a workspace failed");
            }
        }
        tokio::select! {
            () = ear.called() => {}
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stops| *stops) => break,
        }
    }
    for (_, open) in open {
        open.close().await;
    }
}

/// How a step went.
enum Step {
    /// The workspace has no mirror to keep.
    Nothing,
    /// There may be more to do.
    Worked,
    /// Everything is done.
    Rest,
}

async fn step(
    shared: &Shared,
    workspace: &str,
    lease: &Lease,
    open: &mut BTreeMap<String, Open>,
) -> Result<Step, StoreError> {
    let candidates = mirrors(shared).await?.remove(workspace).unwrap_or_default();
    let usable: Vec<_> = candidates
        .into_iter()
        .filter(|candidate| candidate.is_usable)
        .map(|candidate| candidate.mirror)
        .collect();
    if usable.is_empty() {
        return Ok(Step::Nothing);
    }
    let gone: Vec<String> = open
        .iter()
        .filter(|(id, open)| {
            !usable
                .iter()
                .any(|mirror| mirror.id == **id && open.is_of(mirror, &*shared.clock))
        })
        .map(|(id, _)| id.clone())
        .collect();
    for id in gone {
        if let Some(open) = open.remove(&id) {
            open.close().await;
        }
    }
    let mut has_worked = false;
    for mirror in &usable {
        if mirror.next_run_at <= shared.clock.now() {
            has_worked |= run::run(shared, mirror, lease, open).await?;
        }
    }
    has_worked |= apply::apply(shared, workspace, &usable, lease, open).await?;
    Ok(if has_worked { Step::Worked } else { Step::Rest })
}
