//! `cargo xtask bench simulator`: how much load the simulator carries on one core, what a search costs that looks at every
//! contact, how soon it starts and how much a large workspace holds.

use std::{path::Path, thread};

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
    /// Leave out the million contacts.
    #[arg(long)]
    quick: bool,
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
    drop(simulator);
    start(&binary, &mut figures)?;
    hundred_thousand(&binary, &mut figures)?;
    if !arguments.quick {
        million(&binary, &mut figures)?;
    }
    figures.print(arguments.json)
}

/// From the start of the process to the first answer, with nobody in the workspace; the median of several.
fn start(binary: &Path, figures: &mut Figures) -> Result<()> {
    let mut times = Vec::new();
    for _ in 0..9 {
        let watch = Stopwatch::start();
        let simulator = Simulator::start(binary, of_contacts(0), false)?;
        let (status, _) = Connection::open(simulator.address)?.send("GET", "/me", TOKEN, None)?;
        times.push(watch.elapsed().as_secs_f64() * 1e3);
        if status != 200 {
            bail!("me answered {status}");
        }
    }
    times.sort_by(f64::total_cmp);
    figures.at_most(
        "empty workspace",
        "start to first answer, median",
        times[4],
        "ms",
        100.0,
    );
    Ok(())
}

/// A workspace of contacts and nothing else.
fn of_contacts(contacts: u64) -> Workspace {
    Workspace {
        contacts,
        companies: contacts / 100,
        conversations: 0,
        parts: 0,
        tickets: 0,
        latency_ms: 0,
        rate_limit: 0,
    }
}

/// What a search costs that no total is remembered for, by fields with an index and by fields without.
fn hundred_thousand(binary: &Path, figures: &mut Figures) -> Result<()> {
    const EACH: u32 = 10;
    let simulator = Simulator::start(binary, of_contacts(100_000), false)?;
    let mut connection = Connection::open(simulator.address)?;
    let (_, first) = connection.send("GET", "/contacts?per_page=1", TOKEN, None)?;
    let first: Value = serde_json::from_slice(&first)?;
    let someone = &first["data"][0];
    let since = simulator.control_json("/clock")?["now"]
        .as_i64()
        .unwrap_or_default();
    let since = since - 30 * 86_400;
    for (field, operator, value, limit) in [
        ("id", "=", someone["id"].clone(), 5.0),
        ("email", "=", someone["email"].clone(), 5.0),
        ("external_id", "IN", json!([someone["external_id"]]), 5.0),
        ("email", "~", json!("77@"), 150.0),
        ("name", "^", json!("A"), 150.0),
        ("created_at", ">", json!(since), 150.0),
        ("last_seen_at", "<", json!(since), 150.0),
        ("role", "=", json!("lead"), 150.0),
        ("tag_id", "!=", json!("1"), 150.0),
        ("segment_id", "=", json!("1"), 150.0),
        ("location.city", "=", json!("Paris"), 150.0),
        ("custom_attributes.plan", "=", json!("pro"), 150.0),
    ] {
        let before = simulator.cpu_seconds()?;
        for turn in 0..EACH {
            // Another query each time, so that what was counted for one is of no use to the next.
            let never = json!({ "field": "name", "operator": "!=", "value": format!("nobody {turn}") });
            let asked = json!({ "field": field, "operator": operator, "value": value });
            let query = json!({ "operator": "AND", "value": [asked, never] });
            let (status, answer) = connection.send(
                "POST",
                "/contacts/search",
                TOKEN,
                Some(&json!({ "query": query }).to_string()),
            )?;
            if status != 200 {
                bail!(
                    "a search by {field} answered {status}: {}",
                    String::from_utf8_lossy(&answer)
                );
            }
        }
        let each = (simulator.cpu_seconds()? - before) * 1e3 / f64::from(EACH);
        figures.at_most(
            "search over 100,000 contacts",
            &format!("{field} {operator}"),
            each,
            "ms",
            limit,
        );
    }
    Ok(())
}

/// What a million contacts hold in memory.
fn million(binary: &Path, figures: &mut Figures) -> Result<()> {
    let watch = Stopwatch::start();
    let simulator = Simulator::start(binary, of_contacts(1_000_000), false)?;
    figures.note("a million contacts", "start", watch.elapsed().as_secs_f64(), "s");
    let (status, _) = Connection::open(simulator.address)?.send("GET", "/contacts", TOKEN, None)?;
    if status != 200 {
        bail!("contacts.list answered {status}");
    }
    figures.at_most(
        "a million contacts",
        "peak memory",
        simulator.peak_megabytes()?,
        "MB",
        2_000.0,
    );
    Ok(())
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
        10_000.0,
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
