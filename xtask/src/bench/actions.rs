//! `cargo xtask bench actions`: what an upsert costs of this machine's own time, and how soon help and completion are there.
//!
//! For upserts it runs the bench of trunkline-actions, whose transport answers from memory, as a process of its own: once with no
//! upsert at all, then with many; the difference is theirs. Help and completion are commands of the release, started again and again.

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{
    Figures,
    process::{Folder, measured},
};
use crate::{repo, steps::cargo};

/// How often a command is started; the median counts.
const STARTS: usize = 21;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many upserts.
    #[arg(long, default_value_t = 50_000)]
    upserts: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let program = build()?;
    let folder = Folder::new("actions")?;
    let mut figures = Figures::default();
    for kind in ["new", "known"] {
        let cost = |upserts: u32| {
            let command = [
                program.display().to_string(),
                upserts.to_string(),
                kind.to_owned(),
            ];
            let (_, usage) = measured(&command, folder.path())?;
            if usage.exit != 0 {
                bail!("the bench of upserts ended with {}", usage.exit);
            }
            Ok(usage)
        };
        let idle = cost(0)?;
        let busy = cost(arguments.upserts)?;
        let each = (busy.cpu_seconds - idle.cpu_seconds) * 1e6 / f64::from(arguments.upserts.max(1));
        let name = format!("upsert of somebody {kind}");
        figures.note(&name, "CPU per upsert", each, "µs");
        // A search and a write.
        figures.at_most(&name, "CPU per call", each / 2.0, "µs", 100.0);
        figures.note(&name, "peak memory", busy.peak_megabytes, "MB");
    }
    starts(&super::build()?, folder.path(), &mut figures)?;
    figures.print(arguments.json)
}

/// How long somebody waits for help, and for what the tab key gives.
fn starts(binary: &Path, folder: &Path, figures: &mut Figures) -> Result<()> {
    for (name, typed) in [
        ("help of all commands", &["--help"][..]),
        ("help of one command", &["call", "--help"]),
        ("completion of a command", &["--", "trunkline", "pub"]),
        (
            "completion of an action's id",
            &["--", "trunkline", "call", "contacts."],
        ),
        (
            "completion of an action's field",
            &["--", "trunkline", "call", "contacts.upsert", "em"],
        ),
    ] {
        let mut command = Vec::new();
        if typed[0] == "--" {
            command.extend(["env", "COMPLETE=bash", "_CLAP_IFS=,"].map(str::to_owned));
            command.push(format!("_CLAP_COMPLETE_INDEX={}", typed.len() - 2));
        }
        command.push(binary.display().to_string());
        command.extend(typed.iter().copied().map(str::to_owned));
        let mut times = Vec::new();
        for _ in 0..STARTS {
            let (output, usage) = measured(&command, folder)?;
            if usage.exit != 0 || output.trim().is_empty() {
                bail!("{name} ended with {} and {output:?}", usage.exit);
            }
            times.push(usage.wall_seconds * 1e3);
        }
        times.sort_by(f64::total_cmp);
        figures.at_most(name, "wall time, median", times[STARTS / 2], "ms", 50.0);
    }
    Ok(())
}

/// Builds the bench with the optimizations of a release; its path.
fn build() -> Result<PathBuf> {
    let output = cargo(&[
        "build",
        "--release",
        "--locked",
        "--package",
        "trunkline-actions",
        "--bench",
        "upserts",
        "--message-format",
        "json-render-diagnostics",
    ])
    .current_dir(repo::root())
    .stderr(std::process::Stdio::inherit())
    .output()?;
    if !output.status.success() {
        bail!("the bench of upserts does not build");
    }
    String::from_utf8_lossy(&output.stdout)
        .lines()
        .filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok())
        .filter(|message| message["target"]["name"] == "upserts")
        .find_map(|message| Some(PathBuf::from(message["executable"].as_str()?)))
        .context("cargo names no executable of the bench")
}
