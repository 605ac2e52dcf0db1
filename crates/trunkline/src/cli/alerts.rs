//! The flags of alerts.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use super::Data;

#[derive(Debug, Args)]
pub(crate) struct Alerts {
    #[command(subcommand)]
    pub(crate) command: AlertsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// A settings file; `trunkline.toml` in the data folder is read when it exists.
    #[arg(long, global = true, value_name = "FILE", env = "TRUNKLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// What to do about alerts.
#[derive(Debug, Subcommand)]
pub(crate) enum AlertsCommand {
    /// List the conditions that stand, and who was told.
    List {
        /// Those that ended in the last 90 days instead.
        #[arg(long)]
        ended: bool,
        /// How many at most.
        #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
        limit: u32,
    },
    /// List the channels of the settings file, and how they do.
    Channels,
    /// Send a message by a channel, or by all, to see whether it arrives.
    Test {
        /// The channel; all of them when none is named.
        name: Option<String>,
    },
}
