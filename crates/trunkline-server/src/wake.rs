//! Tells the workers that there may be something to do.
//!
//! The one rule: a call that comes while a worker is busy is not lost; it looks again before it rests. A call of this process is
//! passed on to other nodes, one of theirs is not (`calls.rs`).

use tokio::sync::watch;

/// Calls every worker.
#[derive(Debug)]
pub(crate) struct Wake {
    workers: watch::Sender<()>,
    sources: watch::Sender<()>,
    nodes: watch::Sender<()>,
}

impl Wake {
    pub(crate) fn new() -> Self {
        Self {
            workers: watch::Sender::new(()),
            sources: watch::Sender::new(()),
            nodes: watch::Sender::new(()),
        }
    }

    /// There may be something to do, for any node.
    pub(crate) fn call(&self) {
        self.hear();
        self.nodes.send_replace(());
    }

    /// Something was received that only flows look for: no worker of this process is called, however much it is.
    pub(crate) fn stir(&self) {
        self.sources.send_replace(());
        self.nodes.send_replace(());
    }

    /// Another node says that there may be something to do.
    pub(crate) fn hear(&self) {
        self.workers.send_replace(());
        self.sources.send_replace(());
    }

    /// For a worker, which hears every call from now on.
    pub(crate) fn ear(&self) -> Ear {
        Ear(self.workers.subscribe())
    }

    /// For sources of flows, which look for what was received.
    pub(crate) fn stirred(&self) -> watch::Receiver<()> {
        self.sources.subscribe()
    }

    /// For whoever passes calls of this process on.
    pub(crate) fn told(&self) -> Ear {
        Ear(self.nodes.subscribe())
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
