//! `cargo xtask bench flow`: what a record costs on its way from a file through two expressions to a file; with `--queue` through the
//! durable queue.
//!
//! The one rule: the same run is measured with few records and with many; what it costs at all is taken off, and memory must not grow
//! with their number.

use std::{fs, io::Write as _, path::Path};

use anyhow::{Result, bail};
use clap::Args;

use super::{
    Figures,
    process::{Folder, Usage, measured},
};

/// What a run costs is measured with so many records.
const FEW: u64 = 1_000;

const FLOW: &str = r#"flow: bench
source: { file: { path: in.jsonl } }
transforms:
  - jq: 'if .plan == "closed" then empty else . + {full: (.first + " " + .last), tag_count: (.tags | length)} end'
  - jq: '{id, email, full, tag_count, at: .updated_at, custom_attributes, parts: [.parts[] | {id, body}]}'
destinations:
  - file: { path: out.jsonl }
"#;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many records of 2 kB.
    #[arg(long, default_value_t = 200_000)]
    records: u64,
    /// Through the durable queue, on SQLite.
    #[arg(long)]
    queue: bool,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let mut figures = Figures::default();
    let few = once(&binary, FEW, arguments.queue)?;
    let many = once(&binary, arguments.records, arguments.queue)?;
    let records = arguments.records.saturating_sub(FEW).max(1) as f64;
    let wall = (many.wall_seconds - few.wall_seconds).max(f64::EPSILON);
    let (way, aim) = if arguments.queue {
        ("file, 2 jq, durable queue, file", 8_000.0)
    } else {
        ("file, 2 jq, file", 15_000.0)
    };
    let name = format!("{way}: {} records of 2 kB", arguments.records);
    figures.at_least(&name, "records a second", records / wall, "", aim);
    let cpu = (many.cpu_seconds - few.cpu_seconds) * 1e6 / records;
    // Two cores at that speed.
    figures.at_most(&name, "CPU per record", cpu, "µs", 2e6 / aim);
    figures.note(
        &name,
        "cores used",
        (many.cpu_seconds - few.cpu_seconds) / wall,
        "",
    );
    figures.at_most(&name, "peak memory", many.peak_megabytes, "MB", 100.0);
    figures.note(
        &name,
        "peak memory beyond that of few",
        many.peak_megabytes - few.peak_megabytes,
        "MB",
    );
    figures.print(arguments.json)
}

fn once(binary: &Path, records: u64, queue: bool) -> Result<Usage> {
    let folder = Folder::new("flow")?;
    let policy = if queue { "policy: { queue: true }\n" } else { "" };
    fs::write(folder.path().join("flow.yaml"), format!("{FLOW}{policy}"))?;
    let mut file = std::io::BufWriter::new(fs::File::create(folder.path().join("in.jsonl"))?);
    for number in 0..records {
        writeln!(file, "{}", record(number))?;
    }
    file.into_inner()?.sync_all()?;
    let command = [
        &binary.display().to_string(),
        "flow",
        "run",
        "flow.yaml",
        "--data",
        "data",
        "--json",
    ]
    .map(str::to_owned);
    let (output, usage) = measured(&command, folder.path())?;
    if usage.exit != 0 {
        bail!("trunkline flow run ended with {}: {output}", usage.exit);
    }
    let written = fs::read(folder.path().join("out.jsonl"))?;
    let lines = written.split(|byte| *byte == b'\n').count() as u64 - 1;
    if lines != records {
        bail!("{records} records went in and {lines} came out");
    }
    Ok(usage)
}

/// A contact with what was written to it: about 2 kB.
fn record(number: u64) -> serde_json::Value {
    let part = |at: u64| {
        serde_json::json!({
            "id": format!("{number}-{at}"),
            "author": { "type": "admin", "id": (at * 7).to_string(), "name": "Somebody Somewhere" },
            "body": "Thank you for writing to us; what you ask for is on its way, and we will tell you when it is there. ".repeat(3),
            "created_at": 1_790_000_000 + number,
        })
    };
    serde_json::json!({
        "type": "contact",
        "id": number.to_string(),
        "email": format!("person{number}@bench.example"),
        "first": "Person",
        "last": format!("Number {number}"),
        "plan": "open",
        "updated_at": 1_790_000_000 + number,
        "tags": [{ "id": "1", "name": "vip" }, { "id": "2", "name": "beta" }],
        "custom_attributes": { "seats": number % 50, "trial": false, "region": "eu", "score": 0.5 },
        "parts": [part(1), part(2), part(3), part(4)],
    })
}
