//! `cargo xtask campaign`: the kill test of the binary, with thousands of kills instead of a hundred.

use std::time::Duration;

use anyhow::Result;
use clap::Args;

use crate::{
    needs,
    steps::{Steps, cargo},
};

/// The test that a campaign repeats (`crates/trunkline/tests/it/kill.rs`).
const TEST: &str = "package(trunkline) & test(/^kill::/)";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often to kill the mirror.
    #[arg(long, default_value_t = 10_000)]
    kills: u64,
    /// The number that decides when; a failed campaign prints the one it used.
    #[arg(long)]
    seed: Option<u64>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // A new seed each day covers new ground; a given one repeats what failed.
    let seed = arguments.seed.unwrap_or_else(today);
    println!(
        "{} kills, seed {seed} (repeat with --seed {seed})",
        arguments.kills
    );
    let mut steps = Steps::default();
    steps.step("what the tests need", || needs::ensure(&needs::NEEDS[..5], true));
    steps.command(
        "campaign",
        cargo(&[
            "nextest",
            "run",
            "--package",
            "trunkline",
            "--profile",
            "campaign",
            "--no-capture",
            "-E",
            TEST,
        ])
        .env("TRUNKLINE_KILLS", arguments.kills.to_string())
        .env("TRUNKLINE_SEED", seed.to_string()),
    );
    steps.finish()
}

fn today() -> u64 {
    std::time::SystemTime::UNIX_EPOCH
        .elapsed()
        .unwrap_or(Duration::ZERO)
        .as_secs()
        / 86_400
}
