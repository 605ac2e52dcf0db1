//! `cargo xtask bench simulator`: how much load the simulator carries on one core.

use std::thread;

use anyhow::{Context as _, Result, bail};
use clap::Args;
use serde_json::{Value, json};

use super::{
    Figures,
    http::Connection,
    process::{Simulator, TOKEN, Workspace},
};
use crate::clock::Stopwatch;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many contacts the workspace has.
    #[arg(long, default_value_t = 20_000)]
    contacts: u64,
    /// How many contacts to get.
    #[arg(long, default_value_t = 50_000)]
    requests: u64,
    /// Connections at once.
    #[arg(long, default_value_t = 4)]
    connections: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let workspace = Workspace {
        contacts: arguments.contacts,
        companies: arguments.contacts / 10,
        conversations: arguments.contacts / 10,
        parts: 5,
        tickets: 100,
        latency_ms: 0,
        rate_limit: 0,
    };
    let simulator = Simulator::start(&binary, workspace, true)?;
    let mut figures = Figures::default();
    let pages = search(&simulator, &mut figures)?;
    get(&simulator, arguments, &pages, &mut figures)?;
    figures.print(arguments.json)
}

/// Pages through every contact; the ids that were seen.
fn search(simulator: &Simulator, figures: &mut Figures) -> Result<Vec<String>> {
    let mut connection = Connection::open(simulator.address)?;
    let mut ids = Vec::new();
    let mut pages = 0_u32;
    let mut after = Value::Null;
    let before = simulator.cpu_seconds()?;
    loop {
        let mut pagination = json!({ "per_page": 150 });
        if !after.is_null() {
            pagination["starting_after"] = after;
        }
        let query = json!({ "field": "updated_at", "operator": ">", "value": 0 });
        let body = json!({ "query": query, "pagination": pagination }).to_string();
        let (status, answer) = connection.send("POST", "/contacts/search", TOKEN, Some(&body))?;
        if status != 200 {
            bail!(
                "contacts.search answered {status}: {}",
                String::from_utf8_lossy(&answer)
            );
        }
        let answer: Value = serde_json::from_slice(&answer)?;
        let rows = answer["data"].as_array().context("a page without rows")?;
        ids.extend(
            rows.iter()
                .filter_map(|row| row["id"].as_str())
                .map(str::to_owned),
        );
        pages += 1;
        after = answer["pages"]["next"]["starting_after"].clone();
        if after.is_null() {
            break;
        }
    }
    let used = simulator.cpu_seconds()? - before;
    figures.note("search", "pages of 150", f64::from(pages), "");
    figures.at_most("search", "CPU per page", used * 1e3 / f64::from(pages), "ms", 3.0);
    if ids.is_empty() {
        bail!("the workspace has no contacts");
    }
    Ok(ids)
}

/// Gets single contacts over several kept connections.
fn get(simulator: &Simulator, arguments: &Arguments, ids: &[String], figures: &mut Figures) -> Result<()> {
    let connections = arguments.connections.max(1);
    let each = arguments.requests.div_ceil(connections);
    let before = simulator.cpu_seconds()?;
    let watch = Stopwatch::start();
    thread::scope(|scope| {
        let workers: Vec<_> = (0..connections)
            .map(|worker| scope.spawn(move || load(simulator, ids, worker * each, each)))
            .collect();
        workers
            .into_iter()
            .try_for_each(|worker| worker.join().expect("a worker reports errors, it does not panic"))
    })?;
    let wall = watch.elapsed().as_secs_f64();
    let used = simulator.cpu_seconds()? - before;
    let sent = (each * connections) as f64;
    figures.at_least(
        "GET /contacts/{id}",
        "requests a second on one core",
        sent / wall,
        "/s",
        5_000.0,
    );
    figures.note("GET /contacts/{id}", "CPU per request", used * 1e6 / sent, "µs");
    Ok(())
}

fn load(simulator: &Simulator, ids: &[String], from: u64, count: u64) -> Result<()> {
    let mut connection = Connection::open(simulator.address)?;
    for number in from..from + count {
        let id = &ids[number as usize % ids.len()];
        let (status, _) = connection.send("GET", &format!("/contacts/{id}"), TOKEN, None)?;
        if status != 200 {
            bail!("contacts.get {id} answered {status}");
        }
    }
    Ok(())
}
