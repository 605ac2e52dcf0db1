//! `trunkline simulate --record` and `--diff`: what a real workspace answers, and how the simulator's answers differ from it.

use std::{path::Path, process::ExitCode};

use trunkline_simulator::{Kind, Options, RecordOptions, Report};

use crate::{
    cli,
    failure::{Exit, Failure},
    output::{json, tables},
    stop::Stop,
};

/// Passes calls on and keeps them until it is interrupted.
pub(super) async fn record(arguments: cli::Simulate) -> Result<ExitCode, Failure> {
    let token = arguments.record_token_env.as_deref().map(token).transpose()?;
    let recording = trunkline_simulator::record(RecordOptions {
        listen: arguments.listen,
        upstream: arguments.record.unwrap_or_default(),
        exchanges: arguments.exchanges.clone(),
        token,
        redact: !arguments.keep_values,
    })
    .await?;
    let mut stop = Stop::listen()?;
    // The first line is for programs too: they read the port from it.
    json::line(&format!("listening on http://{}", recording.address()))?;
    json::line(&format!(
        "keeping exchanges in {}, {}",
        arguments.exchanges.display(),
        if arguments.keep_values {
            "values as they are"
        } else {
            "values made unreadable"
        }
    ))?;
    stop.asked().await;
    json::line(&format!("kept {} exchanges", recording.kept()))?;
    recording.stop().await;
    Ok(ExitCode::SUCCESS)
}

fn token(name: &str) -> Result<String, Failure> {
    std::env::var(name)
        .ok()
        .filter(|token| !token.is_empty())
        .ok_or_else(|| {
            Failure::usage(
                "TL0343",
                format!("the environment has no token under {name}"),
                format!("Set it first, such as `read -rs {name} && export {name}`."),
            )
        })
}

/// Replays exchanges and prints what differs.
pub(super) fn diff(exchanges: &Path, options: &Options, is_json: bool) -> Result<ExitCode, Failure> {
    let report = trunkline_simulator::diff(exchanges, options)?;
    if is_json {
        json::print(&report)?;
    } else {
        print(&report)?;
    }
    Ok(if report.differences.is_empty() {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}

fn print(report: &Report) -> Result<(), Failure> {
    if !report.differences.is_empty() {
        let mut table = tables::new(&[
            "Operation",
            "What",
            "Where",
            "Recorded",
            "Simulated",
            "Times",
            "Lines",
        ]);
        for found in &report.differences {
            let place = match found.kind {
                Kind::Status | Kind::Body => "(the answer)",
                _ if found.path.is_empty() => "(the answer)",
                _ => &found.path,
            };
            let lines: Vec<String> = found.lines.iter().map(ToString::to_string).collect();
            table.add_row(vec![
                found.operation.clone().into(),
                found.kind.word().into(),
                place.into(),
                found.recorded.clone().into(),
                found.simulated.clone().into(),
                tables::number(found.count as u64),
                lines.join(", ").into(),
            ]);
        }
        json::line(&table.to_string())?;
        json::line("")?;
    }
    json::line(&format!(
        "{} of {} exchanges replayed over {} operations, {} differences",
        report.replayed,
        report.exchanges,
        report.operations.len(),
        report.differences.len()
    ))?;
    if report.skipped > 0 {
        json::line(&format!(
            "{} were skipped, because their bodies are no JSON",
            report.skipped
        ))?;
    }
    Ok(())
}
