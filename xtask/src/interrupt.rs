//! What happens on Ctrl-C: what the tests started is stopped and removed before xtask ends.
//!
//! The one rule: work inside [`uninterrupted`] is finished first. There is one such lock, since a signal comes to the
//! whole process.

use std::{
    sync::{Mutex, PoisonError},
    thread,
};

use anyhow::{Context as _, Result};
use tokio::{
    runtime,
    signal::unix::{SignalKind, signal},
};

static GATE: Mutex<()> = Mutex::new(());

/// As a shell reports a command that Ctrl-C ended.
const INTERRUPTED: i32 = 130;

/// Runs what an interrupt must not leave half-done.
pub(crate) fn uninterrupted<T>(work: impl FnOnce() -> T) -> T {
    let _gate = GATE.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// From now on an interrupt, a termination or a closed terminal first runs `clean`, then ends the process.
pub(crate) fn watch(clean: impl FnOnce() + Send + 'static) -> Result<()> {
    let runtime = runtime::Builder::new_current_thread()
        .enable_io()
        .build()
        .context("signals cannot be received")?;
    let (mut interrupt, mut terminate, mut hangup) = {
        let _inside = runtime.enter();
        let listen = |kind| signal(kind).context("signals cannot be received");
        (
            listen(SignalKind::interrupt())?,
            listen(SignalKind::terminate())?,
            listen(SignalKind::hangup())?,
        )
    };
    thread::spawn(move || {
        runtime.block_on(async {
            tokio::select! {
                _ = interrupt.recv() => (),
                _ = terminate.recv() => (),
                _ = hangup.recv() => (),
            }
        });
        uninterrupted(|| {
            clean();
            end();
        });
    });
    Ok(())
}

#[expect(
    clippy::disallowed_methods,
    reason = "the main thread may be inside of a step for minutes, and nothing is left to clean"
)]
fn end() -> ! {
    std::process::exit(INTERRUPTED)
}
