//! `cargo xtask bench console`: every page of the console over a large workspace.
//!
//! The one rule: the pages are found by following links from the first one, as a person would, so that a new page is measured without being named
//! here. `console/pages.rs` is what of a page's text leads on.

mod history;
mod pages;

use std::{
    collections::BTreeMap,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
    process::Command,
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{
    Figures,
    http::Connection,
    process::{Folder, Simulator, TOKEN, Workspace, peak_megabytes_of, resident_megabytes_of},
};
use crate::{clock::Stopwatch, simulator::Simulator as Listening};
use pages::Found;

/// How often each page is asked for.
const ROUNDS: usize = 15;
/// The slowest pages that are named.
const NAMED: usize = 8;
/// For how many seconds at most a process that is looked at gets warm.
const WARM: u64 = 60;
const FORM: (&str, &str) = ("content-type", "application/x-www-form-urlencoded");
/// How many deliveries really come to nothing; the others are copies of them.
const REALLY: u64 = 10_000;
/// What a kept folder has when everything was put into it.
const READY: &str = "ready";
/// A flow of which every record becomes a dead letter.
const FLOW: &str = "flow: broken
source: { file: { path: in.jsonl } }
transforms:
  - jq: '.name | ltrimstr(1) | error'
destinations:
  - file: { path: out.jsonl }
";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many contacts the workspace has.
    #[arg(long, default_value_t = 1_000_000)]
    contacts: u64,
    /// How many deliveries came to nothing.
    #[arg(long, default_value_t = 1_000_000)]
    deliveries: u64,
    /// How many notifications, requests, runs of flows and of actions, writes and deeds are remembered, of each.
    #[arg(long, default_value_t = 1_000_000)]
    history: u64,
    /// A folder that is kept, and used as it is where everything was made in it before; a new one for this time when it is left out.
    #[arg(long)]
    folder: Option<PathBuf>,
    /// An executable that is built already; this one's release when it is left out.
    #[arg(long)]
    binary: Option<PathBuf>,
    /// How many pages are looked at at a time, live, while memory is watched.
    #[arg(long, default_value_t = 20)]
    watchers: u32,
    /// For how many seconds.
    #[arg(long, default_value_t = 120)]
    seconds: u64,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = match &arguments.binary {
        Some(binary) => fs::canonicalize(binary)?,
        None => super::build()?,
    };
    let mut figures = Figures::default();
    let made;
    let folder = if let Some(kept) = &arguments.folder {
        fs::create_dir_all(kept)?;
        kept.as_path()
    } else {
        made = Folder::new("console")?;
        made.path()
    };
    let workspace = Workspace {
        contacts: arguments.contacts,
        companies: arguments.contacts / 100,
        conversations: arguments.contacts / 50,
        parts: 5,
        tickets: arguments.contacts / 500,
        latency_ms: 0,
        rate_limit: 0,
    };
    let simulator = Simulator::start(&binary, workspace, false)?;
    if folder.join(READY).exists() {
        moved(folder, &simulator)?;
    } else {
        filled(&binary, folder, &simulator, arguments)?;
        let process = serve(&binary, folder)?;
        settled(folder)?;
        drop(process);
        history::fill(folder, arguments.history)?;
        fs::write(folder.join(READY), "")?;
    }
    let process = serve(&binary, folder)?;
    let mut connection = Connection::open(process.address())?;
    sign_in(&binary, folder, &mut connection)?;
    every_page(&mut connection, &mut figures)?;
    first_view(&mut connection, &mut figures)?;
    watched(&process, &connection, arguments, &mut figures)?;
    figures.note("all", "peak memory", peak_megabytes_of(process.process())?, "MB");
    figures.print(arguments.json)
}

/// The workspace of a kept folder listens elsewhere than it did.
fn moved(folder: &Path, simulator: &Simulator) -> Result<()> {
    let database = rusqlite::Connection::open(folder.join("trunkline.db"))?;
    let sql = "UPDATE connections SET details = json_set(details, '$.base_url', ?1)";
    database.execute(sql, [simulator.base_url()])?;
    Ok(())
}

fn command(binary: &Path, folder: &Path, arguments: &[&str]) -> Result<String> {
    let output = Command::new(binary)
        .args(arguments)
        .args(["--data", "."])
        .env("TRUNKLINE_BENCH_TOKEN", TOKEN)
        .current_dir(folder)
        .output()?;
    if !output.status.success() {
        bail!(
            "trunkline {arguments:?}: {}",
            String::from_utf8_lossy(&output.stderr)
        );
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

fn serve(binary: &Path, folder: &Path) -> Result<Listening> {
    Listening::start(
        Command::new(binary)
            .args(["serve", "--listen", "127.0.0.1:0", "--data"])
            .arg(folder),
    )
}

/// A connection, a mirror to be filled, and a flow whose every delivery came to nothing.
fn filled(binary: &Path, folder: &Path, simulator: &Simulator, arguments: &Arguments) -> Result<()> {
    let base_url = simulator.base_url();
    let connect = [
        "connect",
        "bench",
        "--token-env",
        "TRUNKLINE_BENCH_TOKEN",
        "--base-url",
        &base_url,
    ];
    command(binary, folder, &connect)?;
    command(binary, folder, &["mirrors", "add", "bench", "--every", "1d"])?;
    fs::write(folder.join("broken.yaml"), FLOW)?;
    let mut file = std::io::BufWriter::new(fs::File::create(folder.join("in.jsonl"))?);
    let really = arguments.deliveries.min(REALLY);
    for number in 0..really {
        writeln!(file, "{{\"id\":\"{number}\",\"name\":\"Person {number}\"}}")?;
    }
    file.into_inner()?.sync_all()?;
    // It says by its exit code that not everything arrived.
    let run = Command::new(binary)
        .args(["flow", "run", "broken.yaml", "--data", "."])
        .current_dir(folder)
        .output()?;
    history::more_letters(folder, arguments.deliveries)?;
    let database = rusqlite::Connection::open(folder.join("trunkline.db"))?;
    let letters: i64 = database.query_row("SELECT count(*) FROM dead_letters", [], |row| row.get(0))?;
    if letters.unsigned_abs() != arguments.deliveries {
        bail!(
            "{letters} dead letters instead of {}: {}",
            arguments.deliveries,
            String::from_utf8_lossy(&run.stderr)
        );
    }
    Ok(())
}

/// Waits until the first run of the mirror is over.
fn settled(folder: &Path) -> Result<()> {
    let database = rusqlite::Connection::open(folder.join("trunkline.db"))?;
    database.busy_timeout(Duration::from_secs(30))?;
    let watch = Stopwatch::start();
    loop {
        let state: Option<String> = database.query_row(
            "SELECT max(state) FROM runs WHERE state <> 'running'",
            [],
            |row| row.get(0),
        )?;
        match state.as_deref() {
            Some("complete") => return Ok(()),
            Some(other) => bail!("the first run ended {other}"),
            None if watch.elapsed() > Duration::from_secs(1_200) => {
                bail!("the first run took longer than 20 minutes")
            }
            None => thread::park_timeout(Duration::from_millis(200)),
        }
    }
}

/// Signs in as the owner, by a link of the command line.
fn sign_in(binary: &Path, folder: &Path, connection: &mut Connection) -> Result<()> {
    let printed = command(binary, folder, &["people", "link", "admin"])?;
    let link = printed.lines().next().unwrap_or_default();
    let (_, path) = link
        .split_once("//")
        .and_then(|(_, rest)| rest.split_once('/'))
        .with_context(|| format!("no link: {printed}"))?;
    let path = format!("/{path}");
    let page = get(connection, &path)?;
    let token = pages::token(&page).context("the welcome has no form")?;
    let form = format!("_token={token}&name=admin&password=correct+horse+battery");
    let (status, _) = connection.send_with("POST", &path, &[FORM], Some(&form))?;
    if status != 303 {
        bail!("the sign-in was answered with {status}");
    }
    Ok(())
}

fn get(connection: &mut Connection, path: &str) -> Result<String> {
    let (status, page) = asked(connection, path)?;
    if status != 200 {
        bail!("GET {path} answered {status}");
    }
    Ok(page)
}

fn asked(connection: &mut Connection, path: &str) -> Result<(u16, String)> {
    let (status, body) = connection.send_with("GET", path, &[("accept", "text/html")], None)?;
    Ok((status, String::from_utf8_lossy(&body).into_owned()))
}

/// Follows every link and every choice of a filter, and asks for each page often.
fn every_page(connection: &mut Connection, figures: &mut Figures) -> Result<()> {
    let mut found = Found::default();
    let mut medians: BTreeMap<String, f64> = BTreeMap::new();
    while let Some(path) = found.next() {
        match asked(connection, &path)? {
            (200, page) => found.add(&page),
            // What a form's choice leads to alone may be no question yet.
            (400..500, _) if found.is_choice(&path) => continue,
            (status, _) => bail!("GET {path} answered {status}"),
        }
        let mut times = Vec::with_capacity(ROUNDS);
        for _ in 0..ROUNDS {
            let watch = Stopwatch::start();
            get(connection, &path)?;
            times.push(watch.elapsed().as_secs_f64() * 1e3);
        }
        times.sort_by(f64::total_cmp);
        medians.insert(path, times[ROUNDS / 2]);
    }
    let mut slowest: Vec<(String, f64)> = medians.into_iter().collect();
    slowest.sort_by(|one, other| other.1.total_cmp(&one.1));
    figures.note("pages", "pages that were looked at", slowest.len() as f64, "");
    let (questions, pages): (Vec<_>, Vec<_>) =
        slowest.into_iter().partition(|(path, _)| path.contains("?sql="));
    for (path, median) in pages.iter().take(NAMED) {
        figures.at_most("pages", path, *median, "ms", 50.0);
    }
    // What somebody asks in SQL takes as long as it takes the database.
    for (path, median) in questions.iter().take(NAMED) {
        figures.note("questions in SQL", path, *median, "ms");
    }
    Ok(())
}

/// What a browser that was never here fetches for the first page.
fn first_view(connection: &mut Connection, figures: &mut Figures) -> Result<()> {
    let page = get(connection, "/")?;
    let mut bytes = page.len();
    for path in pages::assets(&page) {
        bytes += get(connection, &path)?.len();
    }
    figures.at_most(
        "first view",
        "page with all that it needs, as it is",
        bytes as f64 / 1e3,
        "kB",
        150.0,
    );
    Ok(())
}

/// Memory while pages are looked at, live.
fn watched(
    process: &Listening,
    signed_in: &Connection,
    arguments: &Arguments,
    figures: &mut Figures,
) -> Result<()> {
    let streams: Vec<Connection> = (0..arguments.watchers)
        .map(|_| signed_in.listen("/live"))
        .collect::<Result<_>>()?;
    // Threads, connections of readers and their caches come one by one until each has been used.
    thread::park_timeout(Duration::from_secs(arguments.seconds.min(WARM)));
    let before = resident_megabytes_of(process.process())?;
    thread::park_timeout(Duration::from_secs(arguments.seconds));
    let after = resident_megabytes_of(process.process())?;
    drop(streams);
    let name = format!("{} look for {} s", arguments.watchers, arguments.seconds);
    figures.note(&name, "memory", after, "MB");
    figures.at_most(
        &name,
        "memory beyond that of the beginning",
        after - before,
        "MB",
        1.0,
    );
    Ok(())
}
