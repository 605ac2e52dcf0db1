//! Logs go to standard error, quiet by default: lines for people, or JSON for whatever collects them.

use std::io::IsTerminal as _;

use tracing_subscriber::{
    Layer as _,
    filter::{LevelFilter, Targets},
    layer::SubscriberExt as _,
};

use crate::cli::LogFormat;

/// Starts logging what `filter` lets through, or warnings alone.
pub(crate) fn start(filter: Option<Targets>, format: LogFormat) {
    let filter = filter.unwrap_or_else(|| Targets::new().with_default(LevelFilter::WARN));
    let layer = tracing_subscriber::fmt::layer().with_writer(std::io::stderr);
    let layer = match format {
        LogFormat::Text => layer.with_ansi(std::io::stderr().is_terminal()).boxed(),
        LogFormat::Json => layer.json().flatten_event(true).boxed(),
    };
    // Fails only when a subscriber is already set, which one process start cannot do twice.
    tracing::subscriber::set_global_default(tracing_subscriber::registry().with(layer).with(filter)).ok();
}
