//! Logs go to standard error, quiet by default.

use tracing_subscriber::{
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
};

/// Starts logging what `filter` lets through, or warnings alone.
pub(crate) fn start(filter: Option<Targets>) {
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let subscriber = tracing_subscriber::registry()
        .with(tracing_subscriber::fmt::layer().with_writer(std::io::stderr))
        .with(filter);
    // Fails only when a subscriber is already set, which one process start cannot do twice.
    tracing::subscriber::set_global_default(subscriber).ok();
}
