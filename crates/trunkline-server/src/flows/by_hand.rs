//! Runs that somebody asked for.
//!
//! The one rule: a run is asked for of this process, which answers whoever asks; that only one process runs it, its lease says.

use std::{
    collections::BTreeSet,
    sync::{Mutex, PoisonError},
};

/// The names of flows that are to run once, whatever their schedules say.
#[derive(Debug, Default)]
pub(crate) struct ByHand(Mutex<BTreeSet<String>>);

impl ByHand {
    /// Asks for a run.
    pub(crate) fn ask(&self, flow: &str) {
        let mut asked = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        asked.insert(flow.to_owned());
    }

    /// What was asked for since the last time.
    pub(super) fn take(&self) -> BTreeSet<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
