//! Following: one incremental run after another, a line each, until the process is asked to stop.

use std::time::Duration;

use serde::Serialize;
use trunkline_client::{Client, Clock, SystemClock};
use trunkline_mirror::{report::SyncReport, storage::Storage, sync::SyncOptions, targets::TargetReport};

use crate::{
    failure::Failure,
    output::{errors, json, progress::Progress, tables},
    stop::Stop,
    targets::{self, Places},
};

/// What one round changed, as printed with `--json`.
#[derive(Debug, Serialize)]
struct Round {
    round: u64,
    at: String,
    requests: u64,
    seconds: f64,
    changes: Vec<Change>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    targets: Vec<TargetReport>,
}

/// When a round begins, and how it is told.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rounds {
    /// The time between two.
    pub(crate) interval: Duration,
    /// As a line of JSON each.
    pub(crate) as_json: bool,
}

/// What one round changed in one stream.
#[derive(Debug, Serialize)]
struct Change {
    stream: String,
    inserted: u64,
    updated: u64,
    deleted: u64,
}

/// Runs every `interval` until Ctrl-C or SIGTERM; a round under way is finished first.
pub(crate) async fn run(
    client: &Client,
    storage: &Storage,
    options: &SyncOptions,
    places: &mut Places,
    rounds: Rounds,
    mut stop: Stop,
) -> Result<(), Failure> {
    let Rounds { interval, as_json } = rounds;
    let quiet = Progress::start(false);
    for number in 1.. {
        tokio::select! {
            () = stop.asked() => return Ok(()),
            () = tokio::time::sleep(interval) => {}
        }
        let report = super::sync::mirror(client, storage, options, &quiet).await?;
        let (targets, failure) = targets::split(places.bring_up(false).await);
        let round = describe(number, &report, targets);
        if as_json {
            json::print_line(&round)?;
        } else {
            json::line(&sentence(&round))?;
        }
        // The next round tries again: what a target lacks is kept for it.
        if let Some(failure) = failure {
            errors::print(&failure);
        }
    }
    Ok(())
}

fn describe(round: u64, report: &SyncReport, targets: Vec<TargetReport>) -> Round {
    let changes = report
        .streams
        .iter()
        .filter(|stream| stream.inserted + stream.updated + stream.deleted > 0)
        .map(|stream| Change {
            stream: stream.stream.to_string(),
            inserted: stream.inserted,
            updated: stream.updated,
            deleted: stream.deleted,
        })
        .collect();
    Round {
        round,
        at: SystemClock.now().strftime("%H:%M:%S").to_string(),
        requests: report.requests,
        seconds: report.seconds,
        changes,
        targets,
    }
}

fn sentence(round: &Round) -> String {
    let mut parts: Vec<String> = round
        .changes
        .iter()
        .map(|change| {
            let mut counts = Vec::new();
            for (sign, count) in [
                ("+", change.inserted),
                ("~", change.updated),
                ("-", change.deleted),
            ] {
                if count > 0 {
                    counts.push(format!("{sign}{}", tables::grouped(count)));
                }
            }
            format!("{} {}", change.stream, counts.join(" "))
        })
        .collect();
    if parts.is_empty() {
        parts.push("nothing new".to_owned());
    }
    format!(
        "{}  {}  ({} requests, {})",
        round.at,
        parts.join(", "),
        tables::grouped(round.requests),
        tables::seconds(round.seconds)
    )
}
