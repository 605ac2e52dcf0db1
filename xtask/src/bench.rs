//! `cargo xtask bench`: the figures that the project promises, measured.
//!
//! The one rule: what is measured is a process of its own, the release build that people run, on real sockets. Each
//! scenario is one function; [`process`] starts and accounts for processes, [`http`] is the load for the simulator.

use std::process::Command;

use anyhow::Result;
use clap::{Args, Subcommand};

use crate::binary;

mod actions;
mod client;
mod console;
mod delivery;
mod figures;
mod flow;
pub(crate) mod http;
mod mirror;
mod process;
mod publish;
mod queue;
mod simulator;
mod webhooks;

use figures::Figures;

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    what: What,
}

#[derive(Debug, Subcommand)]
enum What {
    /// The actions: CPU of this machine per upsert, how soon help and completion are there.
    Actions(actions::Arguments),
    /// The mirror: CPU per record, memory, requests, wall time at a rate limit.
    Mirror(mirror::Arguments),
    /// The client: how fast and how evenly it uses a rate limit.
    Client(client::Arguments),
    /// The console: how long each page takes on the server with much to show, what a first view weighs, memory while somebody looks.
    Console(console::Arguments),
    /// From a webhook through a flow to an HTTP destination: how soon, and how much one, two and three processes carry.
    Delivery(delivery::Arguments),
    /// Flows: records a second from file to file, CPU per record, memory.
    Flow(flow::Arguments),
    /// Publishing: the share of a rate limit that many upserts use, memory, what is written twice.
    Publish(publish::Arguments),
    /// The delivery queue: deliveries a second in and out, and the same with a million waiting.
    Queue(queue::Arguments),
    /// The simulator: requests a second, CPU for a search page.
    Simulator(simulator::Arguments),
    /// The long-running process: durable notifications a second, kills, from a change to the mirror, at rest.
    Webhooks(webhooks::Arguments),
    /// Runs a command and writes what it used to a file; the bench calls this itself.
    #[command(hide = true)]
    Measure(process::MeasureArguments),
}

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    match &arguments.what {
        What::Actions(arguments) => actions::run(arguments),
        What::Mirror(arguments) => mirror::run(arguments),
        What::Client(arguments) => client::run(arguments),
        What::Console(arguments) => console::run(arguments),
        What::Delivery(arguments) => delivery::run(arguments),
        What::Flow(arguments) => flow::run(arguments),
        What::Publish(arguments) => publish::run(arguments),
        What::Queue(arguments) => queue::run(arguments),
        What::Simulator(arguments) => simulator::run(arguments),
        What::Webhooks(arguments) => webhooks::run(arguments),
        What::Measure(arguments) => process::measure(arguments),
    }
}

/// Builds the release once; the path of the binary.
fn build() -> Result<std::path::PathBuf> {
    binary::build(binary::Profile::Release)
}

/// Whether a program can be started at all.
fn has(program: &str) -> bool {
    Command::new(program)
        .arg("--version")
        .output()
        .is_ok_and(|output| output.status.success())
}
