//! `cargo xtask bench queue`: how many deliveries a second the queue takes and hands out, and whether a million that wait make it slower.
//!
//! The load is a program beside the store (`crates/trunkline-store/benches/queue.rs`), since nobody but the store speaks to its tables;
//! this runs it and sets its figures beside what was promised.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::Figures;

/// How much slower it may be with a million waiting.
const SLOWER: f64 = 1.2;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How often 20,000 deliveries are added and delivered at each level; the median counts.
    #[arg(long, default_value_t = 5)]
    rounds: u64,
    /// Measure a PostgreSQL database instead of a file: its address.
    #[arg(long)]
    postgres: Option<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let rounds = arguments.rounds.to_string();
    let mut command = Command::new(env!("CARGO"));
    command
        .args([
            "bench",
            "--package",
            "trunkline-store",
            "--bench",
            "queue",
            "--",
            &rounds,
        ])
        .args(&arguments.postgres)
        .stderr(Stdio::inherit());
    let output = command.output().context("cargo does not start")?;
    if !output.status.success() {
        bail!("the bench of the queue ended with {}", output.status);
    }
    let measured = Measured::read(&String::from_utf8_lossy(&output.stdout))?;
    let place = if arguments.postgres.is_some() {
        "PostgreSQL"
    } else {
        "SQLite, every commit on disk"
    };
    measured.figures(place)?.print(arguments.json)
}

/// Figures by how the dedupe keys follow each other, by how many wait, and by what was done.
#[derive(Debug, Default)]
struct Measured(Vec<(String, u64, String, f64)>);

impl Measured {
    fn read(text: &str) -> Result<Self> {
        let mut all = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [keys, waiting, what, value] = words.as_slice() else {
                bail!("a figure that cannot be read: {line}");
            };
            all.push((
                (*keys).to_owned(),
                waiting.parse().with_context(|| line.to_owned())?,
                (*what).to_owned(),
                value.parse().with_context(|| line.to_owned())?,
            ));
        }
        Ok(Self(all))
    }

    fn of(&self, keys: &str, waiting: u64, what: &str) -> Result<f64> {
        self.0
            .iter()
            .find(|(k, w, a, _)| k == keys && *w == waiting && a == what)
            .map(|(.., value)| *value)
            .with_context(|| format!("no figure for {keys} keys, {waiting} waiting, {what}"))
    }

    fn figures(&self, place: &str) -> Result<Figures> {
        let mut figures = Figures::default();
        for keys in ["rising", "scattered"] {
            let name = format!("{place}, {keys} dedupe keys");
            for (what, done) in [("add", "added"), ("deliver", "delivered")] {
                let few = self.of(keys, 1_000, what)?;
                let many = self.of(keys, 1_000_000, what)?;
                figures.note(&name, &format!("{done}, 1,000 waiting"), few, "/s");
                figures.note(&name, &format!("{done}, 1,000,000 waiting"), many, "/s");
                let ratio = format!("{done}: a thousand waiting to a million");
                if keys == "rising" {
                    figures.at_most(&name, &ratio, few / many, "", SLOWER);
                } else {
                    figures.note(&name, &ratio, few / many, "");
                }
            }
        }
        Ok(figures)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_read_and_none_may_be_missing() {
        let text = "rising 1000 add 30000.5\n\nrising 1000000 add 28000\n";
        let measured = Measured::read(text).unwrap();
        assert_eq!(measured.of("rising", 1_000, "add").unwrap(), 30_000.5);
        assert!(measured.figures("a place").is_err());
        for bad in ["rising add 3", "rising x add 3", "rising 1 add much"] {
            assert!(Measured::read(bad).is_err(), "{bad}");
        }
    }
}
