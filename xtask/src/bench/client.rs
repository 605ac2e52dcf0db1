//! `cargo xtask bench client`: how well the client uses a rate limit that it was not told of.
//!
//! It syncs contacts and conversations alone against limits of several sizes and counts what the workspace refused.

use anyhow::Result;
use clap::Args;

use super::{
    Figures,
    process::{Folder, Simulator, Workspace, measured},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Conversations, each of which costs one call.
    #[arg(long, default_value_t = 5_000)]
    conversations: u64,
    /// Calls per 10 seconds, several with commas.
    #[arg(long, value_delimiter = ',', default_values_t = [1_667, 5_000])]
    limits: Vec<u64>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let mut figures = Figures::default();
    for &rate_limit in &arguments.limits {
        let workspace = Workspace {
            contacts: 1_000,
            companies: 10,
            conversations: arguments.conversations,
            parts: 5,
            tickets: 10,
            latency_ms: 50,
            rate_limit,
        };
        let simulator = Simulator::start(&binary, workspace, false)?;
        let folder = Folder::new("client")?;
        let command: Vec<String> = [
            &binary.display().to_string(),
            "sync",
            "--token-env",
            "TRUNKLINE_BENCH_TOKEN",
            "--base-url",
            &simulator.base_url(),
            "--to",
            "sqlite:mirror.db",
            "--streams",
            "conversations,conversation_parts",
            "--json",
        ]
        .map(str::to_owned)
        .into();
        let (_, usage) = measured(&command, folder.path())?;
        let entries = simulator.control_lines("/requests")?;
        let refused = entries.iter().filter(|entry| entry["status"] == 429).count();
        let name = format!("{rate_limit} per 10 s");
        let least = entries.len() as f64 / (rate_limit as f64 / 10.0);
        figures.note(&name, "requests", entries.len() as f64, "");
        figures.note(&name, "refused with 429", refused as f64, "");
        figures.note(
            &name,
            "wall time / (requests / limit)",
            usage.wall_seconds / least,
            "",
        );
        figures.note(
            &name,
            "CPU per request",
            usage.cpu_seconds * 1e6 / entries.len().max(1) as f64,
            "µs",
        );
    }
    figures.print(arguments.json)
}
