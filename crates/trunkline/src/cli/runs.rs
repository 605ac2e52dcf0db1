//! Flags of the commands that look at runs of actions and undo them.

use clap::{Args, Subcommand};

use super::{Data, Shape, Workspace};

#[derive(Debug, Args)]
pub(crate) struct Runs {
    #[command(subcommand)]
    pub(crate) command: RunsCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RunsCommand {
    /// List runs of actions that wrote something, newest first.
    List(ListRuns),
    /// Show one run: what was given, every write with what was there before and after, what came of it.
    Show(ShowRun),
}

#[derive(Debug, Args)]
pub(crate) struct ListRuns {
    /// Those of an action, such as `contacts.upsert`.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Those in a state: running, interrupted, done, failed or unknown.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Those that changed an object, such as `contacts/6723ab`.
    #[arg(long, value_name = "FAMILY/ID")]
    pub(crate) subject: Option<String>,
    /// Those that began since then: a time, or a span such as `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ShowRun {
    /// The run's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Undo {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The run's id, as the call gave it or as `trunkline runs list` shows it.
    pub(crate) run: String,
    /// Show what would be put back; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    #[command(flatten)]
    pub(crate) shape: Shape,
}
