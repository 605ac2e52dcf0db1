//! What every handler and worker of the process shares.

use std::{
    collections::BTreeSet,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::sync::watch;
use trunkline_client::Clock;
use trunkline_store::Store;

use crate::{
    Channels, ServerOptions,
    api::data::look::Readers,
    api::permissions::Remembered,
    console::{Audience, Doorman},
    flows::ByHand,
    imports::Imports,
    metrics::Metrics,
    push::Doors,
    receiver::Secrets,
    wake::Wake,
    workspaces::Workspaces,
};

/// The process, as its handlers see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: ServerOptions,
    pub(crate) metrics: Metrics,
    pub(crate) secrets: Secrets,
    pub(crate) followed: Followed,
    /// Who may send records to flows.
    pub(crate) doors: Doors,
    /// Flows that somebody asked to run now.
    pub(crate) by_hand: ByHand,
    /// Who is told of alerts.
    pub(crate) channels: Channels,
    /// Where actions run.
    pub(crate) workspaces: Workspaces,
    /// The imports that this process is at.
    pub(crate) imports: Imports,
    /// What was found out about permissions.
    pub(crate) permissions: Remembered,
    /// Somebody brought work for the workers.
    pub(crate) wake: Wake,
    /// Who reads mirrors.
    pub(crate) readers: Readers,
    /// Who comes into the console.
    pub(crate) doorman: Doorman,
    /// Who looks at pages that move.
    pub(crate) audience: Audience,
    /// Turns true when the process is to end.
    pub(crate) stopping: watch::Receiver<bool>,
}

/// The workspaces whose notifications somebody waits for, as they were a moment ago.
///
/// A workspace that is not known yet counts as one of them: what waits for nobody is found out and settled later, and what
/// was not kept waiting could not be.
#[derive(Debug, Default)]
pub(crate) struct Followed(RwLock<Option<BTreeSet<String>>>);

impl Followed {
    pub(crate) fn includes(&self, workspace: &str) -> bool {
        let known = self.0.read().unwrap_or_else(PoisonError::into_inner);
        known.as_ref().is_none_or(|known| known.contains(workspace))
    }

    pub(crate) fn set(&self, workspaces: BTreeSet<String>) {
        *self.0.write().unwrap_or_else(PoisonError::into_inner) = Some(workspaces);
    }
}
