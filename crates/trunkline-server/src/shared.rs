//! What every handler and worker of the process shares.

use std::sync::Arc;

use trunkline_client::Clock;
use trunkline_store::Store;

use crate::{ServerOptions, metrics::Metrics, receiver::Secrets, wake::Wake};

/// The process, as its handlers see it.
#[derive(Debug)]
pub(crate) struct Shared {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) options: ServerOptions,
    pub(crate) metrics: Metrics,
    pub(crate) secrets: Secrets,
    /// Somebody brought work for the workers.
    pub(crate) wake: Wake,
}
