//! `cargo xtask bench mirror`: what a mirror costs.
//!
//! Five scenarios: CPU and memory; the same at ten times the size; a rate limit with latency; requests of a full run
//! against the least possible; requests of a run that finds nothing new.

use std::{collections::BTreeMap, path::Path};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::Value;

use super::{
    Figures,
    process::{Folder, Simulator, Usage, Workspace, measured},
};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Contacts and conversations; companies and tickets are a tenth of it.
    #[arg(long, default_value_t = 20_000)]
    size: u64,
    /// Leave out the run at ten times the size, which takes minutes and some gigabytes of disk.
    #[arg(long)]
    quick: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let mut figures = Figures::default();
    plain(&binary, "plain", arguments.size, true, &mut figures)?;
    if !arguments.quick {
        plain(
            &binary,
            "ten times the size",
            arguments.size * 10,
            false,
            &mut figures,
        )?;
    }
    limited(&binary, arguments.size, &mut figures)?;
    figures.print(arguments.json)
}

fn workspace(size: u64) -> Workspace {
    Workspace {
        contacts: size,
        companies: size / 10,
        conversations: size,
        parts: 10,
        tickets: size / 10,
        latency_ms: 0,
        rate_limit: 0,
    }
}

/// CPU, memory and requests, with no latency and no limit.
fn plain(binary: &Path, name: &str, size: u64, again: bool, figures: &mut Figures) -> Result<()> {
    let simulator = Simulator::start(binary, workspace(size), false)?;
    let folder = Folder::new("plain")?;
    let (report, usage) = sync(binary, &simulator, folder.path())?;
    let records = sum(&report, "records").context("the report counts no records")?;
    let requests = sum(&report, "requests").context("the report counts no requests")?;
    if records == 0 {
        bail!("the run read no records");
    }
    figures.note(name, "records", records as f64, "");
    figures.note(name, "wall time", usage.wall_seconds, "s");
    let each = usage.cpu_seconds * 1e6 / records as f64;
    if again {
        figures.at_most(name, "CPU per record", each, "µs", 15.0);
    } else {
        figures.note(name, "CPU per record", each, "µs");
    }
    figures.at_most(name, "peak memory", usage.peak_megabytes, "MB", 64.0);
    if again {
        let truth = Truth::read(&simulator)?;
        let of = |stream: &str| requests_of(&report, stream).context("the report lacks a stream");
        let (notes, segments) = (of("notes")?, of("contact_segments")?);
        figures.note(name, "requests of a full mirror", requests as f64, "");
        figures.at_most(
            name,
            "requests but for notes and the segments of contacts",
            (requests - notes - segments) as f64,
            "",
            truth.floor() as f64,
        );
        figures.at_most(name, "requests for notes", notes as f64, "", truth.noted as f64);
        figures.at_most(
            name,
            "requests for the segments of contacts",
            segments as f64,
            "",
            pages(&truth.contact_segments, 150) as f64,
        );
        let (report, usage) = sync(binary, &simulator, folder.path())?;
        let requests = sum(&report, "requests").context("the report counts no requests")?;
        figures.at_most(
            "second run",
            "requests with nothing changed",
            requests as f64,
            "",
            40.0,
        );
        figures.note("second run", "wall time", usage.wall_seconds, "s");
    }
    Ok(())
}

/// Wall time against the least that a rate limit allows.
fn limited(binary: &Path, size: u64, figures: &mut Figures) -> Result<()> {
    const LATENCY_MS: u64 = 150;
    const LIMIT: u64 = 5_000;
    let workspace = Workspace {
        latency_ms: LATENCY_MS,
        rate_limit: LIMIT,
        ..workspace(size)
    };
    let simulator = Simulator::start(binary, workspace, false)?;
    let folder = Folder::new("limited")?;
    let (report, usage) = sync(binary, &simulator, folder.path())?;
    let requests = sum(&report, "requests").context("the report counts no requests")? as f64;
    let least = requests / (LIMIT as f64 / 10.0);
    let name = "150 ms, 5,000 per 10 s";
    figures.note(name, "wall time", usage.wall_seconds, "s");
    figures.at_most(
        name,
        "wall time / (requests / limit)",
        usage.wall_seconds / least,
        "",
        1.2,
    );
    // By Little's law: arrivals a second times the time that each stays.
    let in_flight = requests / usage.wall_seconds * (LATENCY_MS as f64 / 1_000.0);
    figures.note(name, "calls in flight, mean", in_flight, "");
    Ok(())
}

/// One `trunkline sync` as a process of its own.
fn sync(binary: &Path, simulator: &Simulator, folder: &Path) -> Result<(Value, Usage)> {
    let mirror = format!("sqlite:{}", folder.join("mirror.db").display());
    let command: Vec<String> = [
        &binary.display().to_string(),
        "sync",
        "--token-env",
        "TRUNKLINE_BENCH_TOKEN",
        "--base-url",
        &simulator.base_url(),
        "--to",
        &mirror,
        "--json",
    ]
    .map(str::to_owned)
    .into();
    let (output, usage) = measured(&command, folder)?;
    if usage.exit != 0 {
        bail!("trunkline sync ended with {}: {output}", usage.exit);
    }
    Ok((
        serde_json::from_str(&output).context("the report is not JSON")?,
        usage,
    ))
}

/// A total of the report: the report's own, or the sum over its streams.
fn sum(report: &Value, field: &str) -> Option<u64> {
    if let Some(total) = report.get(field).and_then(Value::as_u64) {
        return Some(total);
    }
    let streams = report.get("streams")?.as_array()?;
    streams.iter().map(|stream| stream.get(field)?.as_u64()).sum()
}

/// The counts that decide how many requests a full mirror needs.
#[derive(Debug, Default)]
struct Truth {
    contacts: u64,
    companies: u64,
    conversations: u64,
    /// Conversations that have more than their first message.
    threads: u64,
    tickets: u64,
    /// Phone calls, each with its transcript.
    calls: u64,
    /// Contacts with a list of tags, or of companies, that their record cuts at ten.
    cut_lists: u64,
    /// Contacts with notes, whose text no list gives.
    noted: u64,
    /// How many companies each segment has.
    company_segments: Vec<u64>,
    /// How many contacts each segment has.
    contact_segments: Vec<u64>,
}

impl Truth {
    fn read(simulator: &Simulator) -> Result<Self> {
        let counts = simulator.control_json("/truth")?;
        let count = |stream: &str| counts.get(stream).and_then(Value::as_u64).unwrap_or(0);
        let conversations = simulator.truth("conversations")?;
        let parts = |row: &&Value| row["statistics"]["count_conversation_parts"].as_u64() > Some(1);
        let cut = |stream: &str, of: &str| -> Result<u64> {
            Ok(sizes(&simulator.truth(stream)?, of)
                .into_iter()
                .filter(|size| *size > 10)
                .count() as u64)
        };
        Ok(Self {
            contacts: count("contacts"),
            companies: count("companies"),
            conversations: conversations.len() as u64,
            threads: conversations.iter().filter(parts).count() as u64,
            tickets: count("tickets"),
            calls: count("calls"),
            cut_lists: cut("contact_tags", "contact_id")? + cut("contact_companies", "contact_id")?,
            noted: sizes(&simulator.truth("notes")?, "contact_id").len() as u64,
            company_segments: sizes(&simulator.truth("company_segments")?, "segment_id"),
            contact_segments: sizes(&simulator.truth("contact_segments")?, "segment_id"),
        })
    }

    /// The least requests: pages of the big streams, the parts of every thread, every list that is cut, the companies of
    /// every segment, the calls and their transcripts, and a page or two for each small stream.
    fn floor(&self) -> u64 {
        const SMALL_STREAMS: u64 = 40;
        self.contacts.div_ceil(150)
            + self.companies.div_ceil(100)
            + 1
            + self.conversations.div_ceil(150)
            + self.tickets.div_ceil(150)
            + self.threads
            + self.calls.div_ceil(25)
            + self.calls.div_ceil(20)
            + self.cut_lists
            + pages(&self.company_segments, 60)
            + SMALL_STREAMS
    }
}

/// The requests of one stream.
fn requests_of(report: &Value, stream: &str) -> Option<u64> {
    let streams = report.get("streams")?.as_array()?;
    let line = streams.iter().find(|line| line["stream"] == stream)?;
    line.get("requests")?.as_u64()
}

/// How many pages lists of these sizes have.
fn pages(sizes: &[u64], per_page: u64) -> u64 {
    sizes.iter().map(|size| size.div_ceil(per_page)).sum()
}

/// How many rows share each value of a field.
fn sizes(rows: &[Value], field: &str) -> Vec<u64> {
    let mut sizes = BTreeMap::<&str, u64>::new();
    for row in rows {
        *sizes.entry(row[field].as_str().unwrap_or_default()).or_default() += 1;
    }
    sizes.into_values().collect()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn totals_come_from_the_report_or_from_its_streams() {
        assert_eq!(
            sum(
                &json!({ "requests": 7, "streams": [{ "requests": 1 }] }),
                "requests"
            ),
            Some(7)
        );
        assert_eq!(
            sum(
                &json!({ "streams": [{ "records": 1 }, { "records": 2 }] }),
                "records"
            ),
            Some(3)
        );
        assert_eq!(
            sum(&json!({ "streams": [{ "name": "contacts" }] }), "records"),
            None
        );
        assert_eq!(sum(&json!({}), "records"), None);
    }

    #[test]
    fn the_requests_of_a_stream_come_from_its_line() {
        let report = json!({ "streams": [{ "stream": "notes", "requests": 5 }, { "stream": "tags" }] });
        assert_eq!(requests_of(&report, "notes"), Some(5));
        assert_eq!(requests_of(&report, "tags"), None);
        assert_eq!(requests_of(&report, "contacts"), None);
    }

    #[test]
    fn the_floor_counts_pages_threads_and_cut_lists() {
        let truth = Truth {
            contacts: 301,
            companies: 200,
            conversations: 150,
            threads: 120,
            tickets: 1,
            calls: 41,
            cut_lists: 5,
            noted: 7,
            company_segments: vec![60, 61],
            contact_segments: vec![1],
        };
        assert_eq!(truth.floor(), 3 + 2 + 1 + 1 + 1 + 120 + 2 + 3 + 5 + 3 + 40);
        assert_eq!(Truth::default().floor(), 41);
    }

    #[test]
    fn rows_are_counted_by_a_field() {
        let rows = [json!({ "a": "x" }), json!({ "a": "y" }), json!({ "a": "x" })];
        assert_eq!(sizes(&rows, "a"), [2, 1]);
    }
}
