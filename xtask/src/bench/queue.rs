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
    /// How many wait when it is compared with a thousand.
    #[arg(long, default_value_t = 1_000_000)]
    waiting: u64,
    /// Measure PostgreSQL instead of a file: the addresses of two empty databases.
    #[arg(long, num_args = 2)]
    postgres: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    // A database that holds a queue already is no empty one, so there one kind of keys is measured.
    let (place, kinds) = if arguments.postgres.is_empty() {
        ("SQLite, every commit on disk", "both")
    } else {
        ("PostgreSQL", "rising")
    };
    let output = Command::new(env!("CARGO"))
        .args(["bench", "--package", "trunkline-store", "--bench", "queue", "--"])
        .args([
            &arguments.rounds.to_string(),
            kinds,
            &arguments.waiting.to_string(),
        ])
        .args(&arguments.postgres)
        .stderr(Stdio::inherit())
        .output()
        .context("cargo does not start")?;
    if !output.status.success() {
        bail!("the bench of the queue ended with {}", output.status);
    }
    let measured = Measured::read(&String::from_utf8_lossy(&output.stdout))?;
    measured.figures(place, arguments.waiting)?.print(arguments.json)
}

/// Figures by how the dedupe keys follow each other, by how many wait, and by what was done: how many a second, and the processor time.
#[derive(Debug, Default)]
struct Measured(Vec<(String, u64, String, [f64; 2])>);

impl Measured {
    fn read(text: &str) -> Result<Self> {
        let mut all = Vec::new();
        for line in text.lines().filter(|line| !line.trim().is_empty()) {
            let words: Vec<&str> = line.split_whitespace().collect();
            let [keys, waiting, what, speed, cost] = words.as_slice() else {
                bail!("a figure that cannot be read: {line}");
            };
            let number = |word: &str| word.parse::<f64>().with_context(|| line.to_owned());
            all.push((
                (*keys).to_owned(),
                waiting.parse().with_context(|| line.to_owned())?,
                (*what).to_owned(),
                [number(speed)?, number(cost)?],
            ));
        }
        Ok(Self(all))
    }

    fn of(&self, keys: &str, waiting: u64, what: &str) -> Result<[f64; 2]> {
        self.0
            .iter()
            .find(|(k, w, a, _)| k == keys && *w == waiting && a == what)
            .map(|(.., value)| *value)
            .with_context(|| format!("no figure for {keys} keys, {waiting} waiting, {what}"))
    }

    fn figures(&self, place: &str, waiting: u64) -> Result<Figures> {
        let mut figures = Figures::default();
        for keys in ["rising", "scattered"] {
            if self.0.iter().all(|(k, ..)| k != keys) {
                continue;
            }
            let name = format!("{place}, {keys} dedupe keys");
            for (what, done) in [("add", "added"), ("deliver", "delivered")] {
                let few = self.of(keys, 1_000, what)?;
                let many = self.of(keys, waiting, what)?;
                for (waiting, [speed, cost]) in [(1_000, few), (waiting, many)] {
                    figures.note(&name, &format!("{done}, {waiting} waiting"), speed, "/s");
                    figures.note(
                        &name,
                        &format!("CPU for each {done}, {waiting} waiting"),
                        cost,
                        "µs",
                    );
                }
                let ratio = format!("{done}: a thousand waiting to {waiting}");
                if keys == "rising" {
                    figures.at_most(&name, &ratio, few[0] / many[0], "", SLOWER);
                } else {
                    figures.note(&name, &ratio, few[0] / many[0], "");
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
        let text = "rising 1000 add 30000 40.5\n\nrising 1000000 add 28000 41\n";
        let measured = Measured::read(text).unwrap();
        assert_eq!(measured.of("rising", 1_000, "add").unwrap(), [30_000.0, 40.5]);
        assert!(measured.figures("a place", 1_000_000).is_err());
        for bad in [
            "rising add 3 4",
            "rising x add 3 4",
            "rising 1 add much 4",
            "rising 1 add 3",
        ] {
            assert!(Measured::read(bad).is_err(), "{bad}");
        }
    }
}
