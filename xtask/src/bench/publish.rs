//! `cargo xtask bench publish`: how well many upserts use a rate limit, and what they leave behind.
//!
//! A table of people, a tenth of whom the workspace has already, is published against a simulator with latency and a limit. What was
//! refused, written twice and used of the limit is what the simulator counted.

use std::{collections::BTreeMap, fmt::Write as _, fs, path::Path};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::{
    Figures,
    process::{Folder, Simulator, Workspace, measured},
};

/// The length of a window of the rate limit, in seconds.
const WINDOW: i64 = 10;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many rows.
    #[arg(long, default_value_t = 100_000)]
    rows: u64,
    /// Calls per 10 seconds.
    #[arg(long, default_value_t = 5_000)]
    limit: u64,
    /// How long an answer takes.
    #[arg(long, default_value_t = 150)]
    latency_ms: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let workspace = Workspace {
        contacts: arguments.rows / 10,
        companies: 10,
        conversations: 10,
        parts: 2,
        tickets: 10,
        latency_ms: arguments.latency_ms,
        rate_limit: arguments.limit,
    };
    let simulator = Simulator::start(&binary, workspace, false)?;
    let folder = Folder::new("publish")?;
    table(&simulator, folder.path(), arguments.rows)?;
    let command: Vec<String> = [
        &binary.display().to_string(),
        "publish",
        "contacts.upsert",
        "--from",
        "people.csv",
        "--results",
        "results.jsonl",
        "--token-env",
        "TRUNKLINE_BENCH_TOKEN",
        "--base-url",
        &simulator.base_url(),
        "--json",
    ]
    .map(str::to_owned)
    .into();
    let (output, usage) = measured(&command, folder.path())?;
    if usage.exit != 0 {
        bail!("trunkline publish ended with {}: {output}", usage.exit);
    }
    let summary: Value = serde_json::from_str(&output).context("the summary is not JSON")?;
    let calls = simulator.control_lines("/requests")?;
    let name = format!(
        "{} rows, {} per 10 s, {} ms",
        arguments.rows, arguments.limit, arguments.latency_ms
    );
    let mut figures = Figures::default();
    for outcome in ["created", "updated", "unchanged", "rejected"] {
        figures.note(&name, outcome, summary[outcome].as_f64().unwrap_or(0.0), "");
    }
    figures.note(&name, "wall time", usage.wall_seconds, "s");
    figures.note(&name, "calls", calls.len() as f64, "");
    figures.note(
        &name,
        "calls per row",
        calls.len() as f64 / arguments.rows as f64,
        "",
    );
    figures.note(
        &name,
        "CPU per call",
        usage.cpu_seconds * 1e6 / calls.len().max(1) as f64,
        "µs",
    );
    let windows = Windows::of(&calls);
    figures.at_least(
        &name,
        "share of the limit that was used, in whole windows",
        windows.used() / arguments.limit as f64,
        "",
        0.95,
    );
    figures.at_most(
        &name,
        "refused with 429 after the first window",
        windows.refused_later(),
        "",
        0.0,
    );
    figures.at_most(&name, "people who are there twice", twice(&simulator)?, "", 0.0);
    figures.at_most(&name, "peak memory", usage.peak_megabytes, "MB", 60.0);
    figures.print(arguments.json)
}

/// Writes the table: every tenth row names somebody whom the workspace has.
fn table(simulator: &Simulator, folder: &Path, rows: u64) -> Result<()> {
    let there = simulator.truth("contacts")?;
    let mut there = there.iter().filter_map(|contact| contact["external_id"].as_str());
    let mut text = "external_id,email,name\n".to_owned();
    for row in 0..rows {
        let known = (row % 10 == 0).then(|| there.next()).flatten();
        match known {
            Some(known) => writeln!(text, "{known},,Somebody Else {row}")?,
            None => writeln!(text, "bench-{row},person{row}@bench.example,Person {row}")?,
        }
    }
    fs::write(folder.join("people.csv"), text)?;
    Ok(())
}

/// External ids that more than one contact has.
fn twice(simulator: &Simulator) -> Result<f64> {
    let mut seen: BTreeMap<String, u64> = BTreeMap::new();
    for contact in simulator.truth("contacts")? {
        if let Some(own) = contact["external_id"].as_str() {
            *seen.entry(own.to_owned()).or_default() += 1;
        }
    }
    Ok(seen.values().filter(|count| **count > 1).count() as f64)
}

/// Calls by the windows of the rate limit that they were counted in.
#[derive(Debug, Default, PartialEq)]
struct Windows {
    /// Taken and refused.
    by_start: BTreeMap<i64, (u64, u64)>,
}

impl Windows {
    fn of(calls: &[Value]) -> Self {
        let mut windows = Self::default();
        for call in calls {
            let at = call["at"].as_i64().unwrap_or(0);
            let window = windows.by_start.entry(at - at.rem_euclid(WINDOW)).or_default();
            if call["status"] == 429 {
                window.1 += 1;
            } else {
                window.0 += 1;
            }
        }
        windows
    }

    /// Calls that were taken a window, the first and the last left out, which are not whole.
    fn used(&self) -> f64 {
        let whole: Vec<u64> = self.by_start.values().map(|(taken, _)| *taken).collect();
        match whole.as_slice() {
            [_, whole @ .., _] if !whole.is_empty() => whole.iter().sum::<u64>() as f64 / whole.len() as f64,
            all => all.iter().copied().max().unwrap_or(0) as f64,
        }
    }

    fn refused_later(&self) -> f64 {
        self.by_start
            .values()
            .skip(1)
            .map(|(_, refused)| *refused)
            .sum::<u64>() as f64
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn calls_are_counted_by_window() {
        let calls: Vec<Value> = [
            (9, 200),
            (9, 429),
            (10, 200),
            (19, 200),
            (20, 200),
            (25, 429),
            (30, 200),
        ]
        .into_iter()
        .map(|(at, status)| json!({"at": at, "status": status}))
        .collect();
        let windows = Windows::of(&calls);
        assert_eq!(
            windows.by_start,
            BTreeMap::from([(0, (1, 1)), (10, (2, 0)), (20, (1, 1)), (30, (1, 0))])
        );
        assert_eq!((windows.used(), windows.refused_later()), (1.5, 1.0));
    }
}
