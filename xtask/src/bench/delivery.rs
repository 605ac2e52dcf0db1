//! `cargo xtask bench delivery`: from a webhook through a flow to an HTTP destination. How soon a notification arrives at a steady rate; and
//! with `--postgres`, how many arrive when one, two and three processes share the flow on one PostgreSQL.
//!
//! The one rule: a notification is sent as Intercom sends it, signed, and has arrived when the destination has read it; sender, processes,
//! destination and database share the machine. Read `delivery/sink.rs` for the destination.

mod sink;

use std::{
    collections::BTreeMap,
    fs,
    path::Path,
    process::Command,
    sync::{Arc, atomic::AtomicBool, atomic::Ordering},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use clap::Args;

use super::{
    Figures,
    process::{Folder, peak_megabytes_of},
    webhooks::{
        APP, command,
        sender::{Notifications, Sender, exchange},
        wait_for,
    },
};
use crate::{clock::Stopwatch, simulator::Simulator as Listening};
use sink::Sink;

/// The flow whose deliveries are followed.
const NAME: &str = "bench-delivery";
/// Connections of the senders, shared out among the processes.
const CONNECTIONS: u32 = 12;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// How many notifications a second are sent at the steady rate.
    #[arg(long, default_value_t = 100)]
    rate: u32,
    /// For how long, in seconds.
    #[arg(long, default_value_t = 30)]
    seconds: u32,
    /// Measure what several processes carry instead: the addresses of empty databases, one for each number of processes from one on.
    #[arg(long, num_args = 1..)]
    postgres: Vec<String>,
    /// Print JSON.
    #[arg(long)]
    json: bool,
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let binary = super::build()?;
    let mut figures = Figures::default();
    if arguments.postgres.is_empty() {
        steady(&binary, arguments, &mut figures, false)?;
        steady(&binary, arguments, &mut figures, true)?;
    }
    for (nodes, store) in (1..).zip(&arguments.postgres) {
        shared(&binary, arguments, &mut figures, nodes, store)?;
    }
    figures.print(arguments.json)
}

/// A data folder, and a database where one is named, with an app and the flow; and what runs on them.
struct Bench {
    folder: Folder,
    store: Vec<String>,
    sink: Sink,
    watch: Stopwatch,
}

impl Bench {
    fn new(binary: &Path, queue: bool, store: Option<&str>) -> Result<Self> {
        let watch = Stopwatch::start();
        let bench = Self {
            folder: Folder::new("delivery")?,
            store: store
                .map(|store| vec!["--store".to_owned(), store.to_owned()])
                .unwrap_or_default(),
            sink: Sink::start(watch)?,
            watch,
        };
        let file = bench.folder.path().join("flow.yaml");
        fs::write(&file, flow(&bench.sink, queue))?;
        bench.command(binary, &APP)?;
        bench.command(binary, &["flow", "apply", &file.display().to_string()])?;
        Ok(bench)
    }

    fn command(&self, binary: &Path, arguments: &[&str]) -> Result<()> {
        let mut all = arguments.to_vec();
        all.extend(self.store.iter().map(String::as_str));
        command(binary, self.folder.path(), &all)
    }

    fn serve(&self, binary: &Path) -> Result<Listening> {
        Listening::start(
            Command::new(binary)
                .args(["serve", "--listen", "127.0.0.1:0", "--data"])
                .arg(self.folder.path())
                .args(&self.store),
        )
    }
}

fn flow(sink: &Sink, queue: bool) -> String {
    format!(
        "flow: {NAME}\n\
         source: {{ webhook: {{ topics: [conversation.user.replied], record: notification, from_start: true }} }}\n\
         transforms:\n  - filter: '.data.item.id != \"none\"'\n\
         destinations:\n  - http: {{ url: '\"http://{}/\"', body: '{{id, conversation: .data.item.id, text: .data.item.body}}' }}\n\
         policy: {{ queue: {queue}, concurrency: 16 }}\n",
        sink.address
    )
}

/// Notifications at a steady rate, each sent when its moment has come, whatever became of those before.
fn steady(binary: &Path, arguments: &Arguments, figures: &mut Figures, queue: bool) -> Result<()> {
    let bench = Bench::new(binary, queue, None)?;
    let process = bench.serve(binary)?;
    let notifications = Notifications::new()?;
    let mut stream = None;
    // The first one tells that the flow runs.
    exchange(&mut stream, process.address(), &notifications.request("first", 0))?;
    wait_for("the first delivery", || Ok(bench.sink.count() == 1))?;
    let begin = bench.watch.elapsed();
    let count = u64::from(arguments.rate) * u64::from(arguments.seconds);
    let mut sent = BTreeMap::new();
    for number in 0..count {
        let due = begin + Duration::from_secs_f64(number as f64 / f64::from(arguments.rate));
        while let Some(early) = due
            .checked_sub(bench.watch.elapsed())
            .filter(|early| !early.is_zero())
        {
            thread::park_timeout(early);
        }
        let id = format!("steady_{number}");
        let request = notifications.request(&id, number);
        let at = bench.watch.elapsed();
        let status = exchange(&mut stream, process.address(), &request)?;
        if status != 200 {
            bail!("a notification was answered with {status}");
        }
        sent.insert(id, at);
    }
    wait_for("the last delivery", || Ok(bench.sink.count() as u64 > count))?;
    let came = bench.sink.came();
    let mut late: Vec<f64> = sent
        .iter()
        .filter_map(|(id, sent)| Some((*came.get(id)?.first()? - *sent).as_secs_f64() * 1e3))
        .collect();
    late.sort_by(f64::total_cmp);
    let at = |part: f64| late[((late.len() as f64 * part) as usize).min(late.len() - 1)];
    let way = if queue { "queue, HTTP" } else { "HTTP" };
    let name = format!("webhook, {way}: {} a second", arguments.rate);
    figures.note(&name, "deliveries", late.len() as f64, "");
    figures.note(&name, "median", at(0.5), "ms");
    figures.at_most(&name, "99th percentile", at(0.99), "ms", 100.0);
    figures.note(&name, "slowest", at(1.0), "ms");
    let twice = came.values().filter(|times| times.len() > 1).count();
    figures.at_most(&name, "brought twice", twice as f64, "", 0.0);
    figures.note(&name, "peak memory", peak_megabytes_of(process.process())?, "MB");
    Ok(())
}

/// As many notifications as are answered, to several processes that share the flow; until all of them arrived.
fn shared(
    binary: &Path,
    arguments: &Arguments,
    figures: &mut Figures,
    nodes: usize,
    store: &str,
) -> Result<()> {
    let bench = Bench::new(binary, true, Some(store))?;
    let processes: Vec<Listening> = (0..nodes).map(|_| bench.serve(binary)).collect::<Result<_>>()?;
    let mut stream = None;
    let first = Notifications::new()?.request("first", 0);
    exchange(&mut stream, processes[0].address(), &first)?;
    wait_for("the first delivery", || Ok(bench.sink.count() == 1))?;
    let stop = Arc::new(AtomicBool::new(false));
    let begin = bench.watch.elapsed();
    let senders: Vec<Sender> = processes
        .iter()
        .cycle()
        .zip(0..CONNECTIONS)
        .map(|(process, number)| Sender::start(process.address(), number, Arc::clone(&stop)))
        .collect();
    thread::park_timeout(Duration::from_secs(u64::from(arguments.seconds)));
    stop.store(true, Ordering::Relaxed);
    let mut acknowledged = Vec::new();
    for sender in senders {
        acknowledged.extend(sender.finish()?.acknowledged);
    }
    let received = (bench.watch.elapsed() - begin).as_secs_f64();
    let wanted = acknowledged.len() + 1;
    wait_for("the last delivery", || Ok(bench.sink.count() >= wanted))?;
    let came = bench.sink.came();
    let last = came.values().flatten().max().context("nothing came")?;
    let took = (*last - begin).as_secs_f64();
    let name = format!("PostgreSQL, processes: {nodes}");
    figures.note(
        &name,
        "notifications answered a second",
        acknowledged.len() as f64 / received,
        "",
    );
    figures.note(&name, "deliveries a second", acknowledged.len() as f64 / took, "");
    let lost = acknowledged.iter().filter(|id| !came.contains_key(*id)).count();
    figures.at_most(&name, "lost", lost as f64, "", 0.0);
    let twice = came.values().filter(|times| times.len() > 1).count();
    figures.note(&name, "brought twice", twice as f64, "");
    let mut memory = Vec::new();
    for process in &processes {
        memory.push(peak_megabytes_of(process.process())?);
    }
    let most = memory.into_iter().fold(0.0, f64::max);
    figures.note(&name, "peak memory of the largest", most, "MB");
    Ok(())
}
