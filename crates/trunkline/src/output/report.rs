//! Reports as people read them: what a run did, what the mirror holds, what a mirror would cost.

use comfy_table::Cell;
use trunkline_mirror::{
    report::{CheckReport, CompletenessReport, Lacking, StreamState, SyncReport},
    targets::{Counts, TargetReport},
};

use super::{json, tables};
use crate::failure::Failure;

/// What a run did, stream by stream, and what is known to be lacking.
pub(crate) fn print(report: &SyncReport) -> Result<(), Failure> {
    json::line(&format!(
        "{} ({}), version {}, {}",
        report.workspace_name, report.workspace, report.version, report.time_zone
    ))?;
    let mut table = tables::new(&[
        "stream", "state", "records", "new", "changed", "gone", "held", "stated", "requests", "time",
    ]);
    for stream in &report.streams {
        table.add_row([
            Cell::new(stream.stream),
            Cell::new(stream.state.as_str()),
            tables::count(stream.records),
            tables::count(stream.inserted),
            tables::count(stream.updated),
            tables::count(stream.deleted),
            tables::number(stream.held),
            stream.stated.map_or_else(|| Cell::new(""), tables::number),
            tables::count(stream.requests),
            tables::right(if stream.requests == 0 {
                String::new()
            } else {
                tables::seconds(stream.seconds)
            }),
        ]);
    }
    json::line(&table.trim_fmt())?;
    for stream in report.streams.iter().filter(|stream| stream.why.is_some()) {
        let code = stream.code.map(|code| format!(" [{code}]")).unwrap_or_default();
        let advice = stream
            .advice
            .as_deref()
            .map(|advice| format!(" {advice}"))
            .unwrap_or_default();
        json::line(&format!(
            "{}{code}: {}{advice}",
            stream.stream,
            stream.why.as_deref().unwrap_or_default()
        ))?;
    }
    json::line(&format!(
        "{} records in {} with {} requests",
        tables::grouped(report.streams.iter().map(|stream| stream.records).sum()),
        tables::seconds(report.seconds),
        tables::grouped(report.requests)
    ))?;
    json::line("")?;
    json::line(&completeness(report))?;
    lacking(&report.lacking)
}

/// What was brought to each target.
pub(crate) fn print_targets(targets: &[TargetReport]) -> Result<(), Failure> {
    for target in targets {
        let sum = |of: fn(&Counts) -> u64| {
            tables::grouped(target.tables.iter().map(|table| of(&table.counts)).sum())
        };
        let rewritten = sum(|counts| counts.rewritten);
        let rows = if rewritten == "0" {
            format!(
                "{} rows new, {} changed, {} gone",
                sum(|counts| counts.inserted),
                sum(|counts| counts.updated),
                sum(|counts| counts.deleted)
            )
        } else {
            format!("{rewritten} rows written")
        };
        json::line(&format!(
            "{}: {rows} in {} tables ({}{})",
            target.to,
            target.tables.len(),
            if target.snapshot {
                "everything compared, "
            } else {
                ""
            },
            tables::seconds(target.seconds)
        ))?;
    }
    Ok(())
}

fn completeness(report: &SyncReport) -> String {
    let count = |state: StreamState| {
        report
            .streams
            .iter()
            .filter(|stream| stream.state == state)
            .count()
    };
    let missing: Vec<String> = report
        .streams
        .iter()
        .filter(|stream| stream.missing() > 0 && !beyond_reach(stream.stream, &report.lacking))
        .map(|stream| format!("{} lacks {}", stream.stream, tables::grouped(stream.missing())))
        .collect();
    let mut text = format!(
        "Completeness: {} streams complete, {} without permission, {} not in this version, {} partial, {} failed",
        count(StreamState::Complete),
        count(StreamState::EmptyByPermission),
        count(StreamState::NotInVersion),
        count(StreamState::Partial),
        count(StreamState::Failed),
    );
    let not_asked = count(StreamState::NotAskedFor);
    if not_asked > 0 {
        text.push_str(&format!(", {not_asked} not asked for"));
    }
    if !missing.is_empty() {
        text.push_str("; ");
        text.push_str(&missing.join(", "));
    }
    for stream in &report.streams {
        if stream.missing() > 0 && beyond_reach(stream.stream, &report.lacking) {
            text.push_str(&format!(
                "; {}: {} more than the API gives",
                stream.stream,
                tables::grouped(stream.missing())
            ));
        }
    }
    text
}

/// Whether all that a stream lacks are parts that the API no longer hands out.
fn beyond_reach(stream: &str, lacking: &Lacking) -> bool {
    stream == "conversation_parts"
        && lacking.conversations_lacking_parts == 0
        && lacking.conversations_truncated > 0
}

fn lacking(lacking: &Lacking) -> Result<(), Failure> {
    json::line(&format!(
        "  conversations lacking parts {}, truncated at the API's 500 parts {}, contacts with unread lists {}",
        tables::grouped(lacking.conversations_lacking_parts),
        tables::grouped(lacking.conversations_truncated),
        tables::grouped(lacking.contacts_lacking_lists)
    ))?;
    for rejected in &lacking.rejected {
        json::line(&format!(
            "  {}: {} records were kept aside in _trunkline_rejects, the latest because {}",
            rejected.stream,
            tables::grouped(rejected.records),
            rejected.latest
        ))?;
    }
    Ok(())
}

/// The mirror against what the API states.
pub(crate) fn print_completeness(report: &CompletenessReport) -> Result<(), Failure> {
    let mut table = tables::new(&[
        "stream", "held", "stated", "missing", "surplus", "deleted", "note",
    ]);
    for stream in &report.streams {
        table.add_row([
            Cell::new(stream.stream),
            tables::number(stream.held),
            stream.stated.map_or_else(|| Cell::new(""), tables::number),
            tables::count(stream.missing),
            tables::count(stream.surplus),
            tables::count(stream.deleted),
            Cell::new(stream.why.as_deref().unwrap_or_default()),
        ]);
    }
    json::line(&table.trim_fmt())?;
    lacking(&report.lacking)?;
    json::line(if report.is_complete() {
        "The mirror is complete."
    } else {
        "The mirror is not complete."
    })
}

/// What a mirror would hold and cost.
pub(crate) fn print_check(report: &CheckReport) -> Result<(), Failure> {
    json::line(&format!(
        "{} ({}), region {}, version {}, time zone {}",
        report.workspace_name, report.workspace, report.region, report.version, report.time_zone
    ))?;
    if let Some(called) = &report.wrong_region {
        json::line(&format!(
            "The workspace is in {}, and the address of `{called}` was called: say `--region {}`.",
            report.region,
            report.region.to_lowercase()
        ))?;
    }
    json::line(&match report.rate_limit {
        Some(limit) => format!(
            "rate limit: {} calls in 10 seconds",
            tables::grouped(u64::from(limit))
        ),
        None => "rate limit: none stated".to_owned(),
    })?;
    let mut table = tables::new(&["stream", "state", "expected", "note"]);
    for stream in &report.streams {
        let note = match stream.permission {
            Some(permission) => format!("tick \"{permission}\" in the Developer Hub"),
            None => stream.why.clone().unwrap_or_default(),
        };
        table.add_row([
            Cell::new(stream.stream),
            Cell::new(match stream.state {
                StreamState::Complete => "readable",
                other => other.as_str(),
            }),
            stream.expected.map_or_else(|| Cell::new(""), tables::number),
            Cell::new(note),
        ]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!(
        "A full mirror takes about {} requests and {:.1} minutes; one request more for each contact with notes, \
         or with more than ten tags or companies.",
        tables::grouped(report.expected_requests),
        report.expected_minutes
    ))
}
