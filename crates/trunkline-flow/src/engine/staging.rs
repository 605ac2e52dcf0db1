//! The stages of a flow beside the loop of its run: several batches at once where no transform remembers what it had.
//!
//! The one rule: what comes of batches comes out in the order in which they went in, whichever was done first.

use std::thread::available_parallelism;

use futures::{StreamExt as _, stream::FuturesOrdered};
use jiff::Timestamp;
use tokio::task::{JoinError, JoinHandle, spawn_blocking};

use super::{
    flow::Flow,
    stages::{Staged, Stages},
};

/// How many batches are worked on at once, at least and at most: what each of them holds is in memory, and on one core too one may wait.
const LEAST_AT_ONCE: usize = 2;
const MOST_AT_ONCE: usize = 4;

/// The stages of a flow, as many as may work at once.
pub(super) struct Staging {
    idle: Vec<Stages>,
    working: FuturesOrdered<JoinHandle<(Stages, Staged)>>,
}

impl Staging {
    pub(super) fn of(flow: &Flow) -> Self {
        let first = Stages::of(flow);
        let at_once = if first.remembers() {
            1
        } else {
            available_parallelism().map_or(LEAST_AT_ONCE, |cores| {
                cores.get().clamp(LEAST_AT_ONCE, MOST_AT_ONCE)
            })
        };
        let more = (1..at_once).map(|_| Stages::of(flow));
        Self {
            idle: more.chain([first]).collect(),
            working: FuturesOrdered::new(),
        }
    }

    /// Whether more can be begun.
    pub(super) fn has_room(&self) -> bool {
        !self.idle.is_empty()
    }

    /// Whether something is worked on.
    pub(super) fn is_busy(&self) -> bool {
        !self.working.is_empty()
    }

    /// When something that a transform holds is to be given out, as far as it can be told now.
    pub(super) fn due(&self) -> Option<Timestamp> {
        self.idle.iter().filter_map(Stages::due).min()
    }

    /// Begins a piece of work, where there is room for it; whether there was.
    pub(super) fn begin(&mut self, work: impl FnOnce(&mut Stages) -> Staged + Send + 'static) -> bool {
        let Some(mut stages) = self.idle.pop() else {
            return false;
        };
        // Expressions take their time, and the threads of the runtime are for what waits.
        self.working.push_back(spawn_blocking(move || {
            let staged = work(&mut stages);
            (stages, staged)
        }));
        true
    }

    /// What came of the piece of work that was begun first; none when none was begun.
    pub(super) async fn next(&mut self) -> Option<Result<Staged, JoinError>> {
        let done = self.working.next().await?;
        Some(done.map(|(stages, staged)| {
            self.idle.push(stages);
            staged
        }))
    }
}

#[cfg(test)]
mod tests;
