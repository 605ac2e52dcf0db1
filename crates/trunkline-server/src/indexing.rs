//! Keeps the search indexes of mirrors: those that were switched on, whose files are there.
//!
//! The one rule: an index is never in a mirror's way: it is read beside it, a chunk at a time, and what goes wrong with it is told in our
//! own log and tried again.

use std::{path::PathBuf, sync::Arc, time::Duration};

use tokio::{sync::watch, time::sleep};
use trunkline_mirror::{
    search::{self, Keeper, KeeperOptions, Progress},
    storage::StorageError,
};

use crate::{Target, shared::Shared};

/// How often mirrors are looked at for what changed.
const LOOK: Duration = Duration::from_secs(5);
/// Records in one step: few enough that a question to the index does not wait for it.
const CHUNK: u32 = 500;

/// Follows mirrors until the process stops.
pub(crate) async fn supervise(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut ear = shared.wake.ear();
    while !*stop.borrow() {
        round(&shared, &stop).await;
        tokio::select! {
            () = ear.called() => {}
            () = sleep(LOOK) => {}
            _ = stop.wait_for(|stops| *stops) => break,
        }
    }
}

async fn round(shared: &Shared, stop: &watch::Receiver<bool>) {
    let mirrors = match shared.store.mirrors().await {
        Ok(mirrors) => mirrors,
        Err(error) => {
            tracing::error!(code = error.code(), %error, "mirrors cannot be looked at for their search");
            return;
        }
    };
    for mirror in mirrors {
        let Ok(target) = mirror.details.to.parse::<Target>() else {
            continue;
        };
        let path = target.under(&shared.options.data);
        if !search::exists(&path) || !path.is_file() {
            continue;
        }
        let options = options(shared);
        let stop = stop.clone();
        let kept = tokio::task::spawn_blocking(move || keep(&path, options, &stop)).await;
        if let Ok(Err(error)) = kept {
            tracing::error!(code = error.code(), %error, mirror = mirror.name, "a search index cannot be kept");
        }
    }
}

/// How an index is kept from now on.
fn options(shared: &Shared) -> KeeperOptions {
    let now = shared.clock.now();
    KeeperOptions {
        feed: shared.store.entropy().id(now),
        chunk: CHUNK,
        now,
    }
}

/// Takes everything that there is to take.
fn keep(
    path: &std::path::Path,
    options: KeeperOptions,
    stop: &watch::Receiver<bool>,
) -> Result<(), StorageError> {
    let keeper = Keeper::open(path, options)?;
    while !*stop.borrow() && keeper.step()? == Progress::More {}
    Ok(())
}

/// Switches the search of a mirror on: its index is begun, and followed from then on.
pub(crate) async fn switch_on(shared: &Shared, path: PathBuf) -> Result<(), StorageError> {
    let options = options(shared);
    let opened = tokio::task::spawn_blocking(move || Keeper::open(&path, options).map(drop)).await;
    shared.wake.call();
    opened.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}

/// Switches it off: the index is taken away.
pub(crate) async fn switch_off(shared: &Shared, path: PathBuf) -> Result<(), StorageError> {
    let now = shared.clock.now();
    let forgotten = tokio::task::spawn_blocking(move || search::forget(&path, now)).await;
    forgotten.unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
}
