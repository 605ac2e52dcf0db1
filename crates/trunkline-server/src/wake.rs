//! Tells the workers that there may be something to do.
//!
//! The one rule: a call that comes while a worker is busy is not lost; it looks again before it rests.

use tokio::sync::watch;

/// Calls every worker.
#[derive(Debug)]
pub(crate) struct Wake(watch::Sender<()>);

impl Wake {
    pub(crate) fn new() -> Self {
        Self(watch::Sender::new(()))
    }

    /// There may be something to do.
    pub(crate) fn call(&self) {
        self.0.send_replace(());
    }

    /// For a worker, which hears every call from now on.
    pub(crate) fn ear(&self) -> Ear {
        Ear(self.0.subscribe())
    }
}

/// A worker's ear.
#[derive(Debug)]
pub(crate) struct Ear(watch::Receiver<()>);

impl Ear {
    /// Waits for a call, which may have come since the last time.
    pub(crate) async fn called(&mut self) {
        if self.0.changed().await.is_err() {
            // Nobody is left who could call.
            std::future::pending::<()>().await;
        }
    }
}
