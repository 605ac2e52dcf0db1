//! Logs go to standard error, quiet by default.

use tracing_subscriber::EnvFilter;

/// Starts logging with the filter, or with warnings alone; a filter that cannot be read falls back to warnings.
pub(crate) fn start(filter: Option<&str>) {
    let filter = filter
        .and_then(|text| EnvFilter::try_new(text).ok())
        .unwrap_or_else(|| EnvFilter::new("warn"));
    let subscriber = tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(std::io::stderr)
        .with_target(true)
        .finish();
    // Fails only when a subscriber is already set, which one process start cannot do twice.
    tracing::subscriber::set_global_default(subscriber).ok();
}
