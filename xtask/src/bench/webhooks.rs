//! `cargo xtask bench webhooks`: what the receiver carries, whether anything is lost when it dies, how soon a change is in the
//! mirror, and what an idle process costs.
//!
//! The one rule: sender and receiver share the machine, and a notification counts when it was answered with 200. Read
//! `webhooks/sender.rs` for the load.

pub(super) mod sender;

use std::{
    collections::BTreeMap,
    net::SocketAddr,
    path::Path,
    process::Command,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;
use rusqlite::{Connection as Database, OpenFlags};
use serde_json::{Value, json};

use super::{
    Figures,
    http::Connection,
    process::{Folder, Simulator, TOKEN, Workspace, peak_megabytes_of, resident_megabytes_of},
};
use crate::{clock::Stopwatch, simulator::Simulator as Listening};
use sender::{SECRET, Sender};

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How long notifications are sent as fast as they are answered, in seconds.
    #[arg(long, default_value_t = 60)]
    seconds: u64,
    /// Connections at once.
    #[arg(long, default_value_t = 32)]
    connections: u32,
    /// How many changes are followed from the workspace into the mirror.
    #[arg(long, default_value_t = 300)]
    changes: u32,
    /// How often the process is killed.
    #[arg(long, default_value_t = 10)]
    kills: u32,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let mut figures = Figures::default();
    idle(&binary, &mut figures)?;
    sustained(&binary, arguments, &mut figures)?;
    killed(&binary, arguments, &mut figures)?;
    followed(&binary, arguments, &mut figures)?;
    figures.print(arguments.json)
}

/// A data folder with an app whose secret the sender knows.
fn prepared(binary: &Path, folder: &Folder) -> Result<()> {
    command(binary, folder.path(), &APP)
}

/// Makes an app whose secret the sender knows.
pub(super) const APP: [&str; 7] = [
    "apps",
    "add",
    "bench",
    "--client-id",
    "simulated-client-id",
    "--client-secret-env",
    "TRUNKLINE_BENCH_SECRET",
];

/// One command of the binary on the data folder.
pub(super) fn command(binary: &Path, folder: &Path, arguments: &[&str]) -> Result<()> {
    let output = Command::new(binary)
        .args(arguments)
        .arg("--data")
        .arg(folder)
        .env("TRUNKLINE_BENCH_TOKEN", TOKEN)
        .env("TRUNKLINE_BENCH_SECRET", SECRET)
        .output()?;
    if !output.status.success() {
        bail!(
            "trunkline {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(())
}

fn serve(binary: &Path, folder: &Path, listen: &str) -> Result<Listening> {
    Listening::start(
        Command::new(binary)
            .args(["serve", "--listen", listen, "--data"])
            .arg(folder),
    )
}

/// Start to ready, and memory at rest.
fn idle(binary: &Path, figures: &mut Figures) -> Result<()> {
    let mut times = Vec::new();
    let mut memory = 0.0;
    for round in 0..9 {
        let folder = Folder::new(&format!("idle-{round}"))?;
        let watch = Stopwatch::start();
        let process = serve(binary, folder.path(), "127.0.0.1:0")?;
        let (status, _) = Connection::open(process.address())?.send("GET", "/readyz", TOKEN, None)?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
        if status != 200 {
            bail!("readyz answered {status}");
        }
        memory = resident_megabytes_of(process.process())?;
    }
    times.sort_by(f64::total_cmp);
    figures.at_most(
        "idle",
        "start to ready on an empty folder, median",
        times[4],
        "ms",
        200.0,
    );
    figures.at_most("idle", "memory", memory, "MB", 40.0);
    Ok(())
}

/// As many notifications as are answered, for as long as asked.
fn sustained(binary: &Path, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let name = "sustained";
    let folder = Folder::new(name)?;
    prepared(binary, &folder)?;
    let process = serve(binary, folder.path(), "127.0.0.1:0")?;
    let stop = Arc::new(AtomicBool::new(false));
    let watch = Stopwatch::start();
    let senders: Vec<_> = (0..arguments.connections)
        .map(|number| Sender::start(process.address(), number, Arc::clone(&stop)))
        .collect();
    thread::park_timeout(Duration::from_secs(arguments.seconds));
    let mut sent = Vec::new();
    stop.store(true, Ordering::Relaxed);
    for sender in senders {
        sent.push(sender.finish()?);
    }
    let seconds = watch.elapsed().as_secs_f64();
    let mut latencies: Vec<u32> = sent
        .iter()
        .flat_map(|sent| sent.latencies_us.iter().copied())
        .collect();
    latencies.sort_unstable();
    let acknowledged = latencies.len();
    let at = |part: f64| {
        let index = ((acknowledged as f64 * part) as usize).min(acknowledged.saturating_sub(1));
        f64::from(latencies.get(index).copied().unwrap_or(u32::MAX)) / 1e3
    };
    figures.at_least(
        name,
        "durable notifications a second",
        acknowledged as f64 / seconds,
        "",
        8_000.0,
    );
    figures.note(name, "median", at(0.5), "ms");
    figures.at_most(name, "99th percentile", at(0.99), "ms", 50.0);
    figures.at_most(name, "99.9th percentile", at(0.999), "ms", 500.0);
    figures.note(name, "peak memory", peak_megabytes_of(process.process())?, "MB");
    drop(process);
    let kept = kept(folder.path())?;
    let lost = sent
        .iter()
        .flat_map(|sent| &sent.acknowledged)
        .filter(|id| !kept.contains_key(*id))
        .count();
    figures.at_most(name, "lost", lost as f64, "", 0.0);
    Ok(())
}

/// The process is killed and restarted under load; what was acknowledged is there, once.
fn killed(binary: &Path, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let name = "killed and restarted";
    let folder = Folder::new("killed")?;
    prepared(binary, &folder)?;
    let mut process = serve(binary, folder.path(), "127.0.0.1:0")?;
    let address = process.address();
    let stop = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..arguments.connections)
        .map(|number| Sender::start(address, number, Arc::clone(&stop)))
        .collect();
    for _ in 0..arguments.kills {
        thread::park_timeout(Duration::from_millis(1_500));
        // Dropping it kills it with SIGKILL.
        drop(process);
        process = serve(binary, folder.path(), &address.to_string())?;
    }
    thread::park_timeout(Duration::from_millis(500));
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.finish()?.acknowledged);
    }
    drop(process);
    let kept = kept(folder.path())?;
    let lost = acknowledged.iter().filter(|id| !kept.contains_key(*id)).count();
    let doubled = kept.values().filter(|count| **count > 1).count();
    figures.note(name, "kills", f64::from(arguments.kills), "");
    figures.note(name, "acknowledged", acknowledged.len() as f64, "");
    figures.at_most(name, "lost", lost as f64, "", 0.0);
    figures.at_most(name, "doubled", doubled as f64, "", 0.0);
    Ok(())
}

/// How often each notification is kept, by its id.
fn kept(folder: &Path) -> Result<BTreeMap<String, i64>> {
    let database = Database::open(folder.join("trunkline.db"))?;
    let mut statement = database.prepare("SELECT notification, count(*) FROM notifications GROUP BY 1")?;
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// From a change in the workspace to the row in the mirror, through a webhook.
fn followed(binary: &Path, arguments: &Arguments, figures: &mut Figures) -> Result<()> {
    let name = "change to mirror";
    let folder = Folder::new("followed")?;
    let workspace = Workspace {
        contacts: 2_000,
        companies: 200,
        conversations: 1_000,
        parts: 5,
        tickets: 100,
        latency_ms: 0,
        rate_limit: 0,
    };
    let simulator = Simulator::start(binary, workspace, false)?;
    prepared(binary, &folder)?;
    let base_url = simulator.base_url();
    let connect = [
        "connect",
        "bench",
        "--app",
        "bench",
        "--token-env",
        "TRUNKLINE_BENCH_TOKEN",
        "--base-url",
        &base_url,
    ];
    command(binary, folder.path(), &connect)?;
    command(
        binary,
        folder.path(),
        &["mirrors", "add", "bench", "--every", "1d"],
    )?;
    let process = serve(binary, folder.path(), "127.0.0.1:0")?;
    let mirror = folder.path().join("mirror.db");
    wait_for("the first run", || complete(folder.path()))?;
    let mut control = Connection::open(simulator.address)?;
    let webhook = json!({ "url": format!("http://{}/webhooks/intercom", process.address()) });
    let (status, _) = control.send("POST", "/_sim/webhooks", TOKEN, Some(&webhook.to_string()))?;
    if status >= 300 {
        bail!("the webhook was answered with {status}");
    }
    let reader = Database::open_with_flags(&mirror, OpenFlags::SQLITE_OPEN_READ_ONLY)?;
    let latencies = Arc::new(Mutex::new(Vec::new()));
    for number in 0..arguments.changes {
        latencies
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner)
            .push(change(&mut control, &reader, number)?);
    }
    let mut latencies = latencies
        .lock()
        .unwrap_or_else(std::sync::PoisonError::into_inner)
        .clone();
    latencies.sort_by(f64::total_cmp);
    let at = |part: f64| latencies[((latencies.len() as f64 * part) as usize).min(latencies.len() - 1)];
    figures.note(name, "median", at(0.5), "ms");
    figures.at_most(name, "99th percentile", at(0.99), "ms", 1_000.0);
    drop(process);
    Ok(())
}

/// Whether the first run is over.
fn complete(folder: &Path) -> Result<bool> {
    let database = Database::open(folder.join("trunkline.db"))?;
    let state: Option<String> = database.query_row(
        "SELECT max(state) FROM runs WHERE state <> 'running'",
        [],
        |row| row.get(0),
    )?;
    match state.as_deref() {
        None => Ok(false),
        Some("complete") => Ok(true),
        Some(other) => bail!("the first run ended {other}"),
    }
}

/// Makes a person and waits for its row; milliseconds from the answer of the API.
fn change(control: &mut Connection, reader: &Database, number: u32) -> Result<f64> {
    let person = json!({ "role": "user", "email": format!("bench-{number}@example.com") });
    let headers = [
        ("authorization", &*format!("Bearer {TOKEN}")),
        ("intercom-version", "2.16"),
    ];
    let watch = Stopwatch::start();
    let (status, body) = control.send_with("POST", "/contacts", &headers, Some(&person.to_string()))?;
    if status != 200 {
        bail!("the person was answered with {status}");
    }
    let person: Value = serde_json::from_slice(&body)?;
    let id = person["id"].as_str().context("the person has no id")?;
    let mut statement = reader.prepare_cached("SELECT 1 FROM contacts WHERE id = ?1")?;
    while !statement.exists([id])? {
        if watch.elapsed() > Duration::from_secs(30) {
            bail!("the person {id} did not reach the mirror within 30 seconds");
        }
        thread::park_timeout(Duration::from_millis(1));
    }
    Ok(watch.elapsed().as_secs_f64() * 1e3)
}

/// Asks until it is so.
pub(super) fn wait_for(what: &str, mut is_so: impl FnMut() -> Result<bool>) -> Result<()> {
    let watch = Stopwatch::start();
    while !is_so()? {
        if watch.elapsed() > Duration::from_secs(120) {
            bail!("{what} took longer than two minutes");
        }
        thread::park_timeout(Duration::from_millis(20));
    }
    Ok(())
}

/// Where the sender sends.
type Address = SocketAddr;
