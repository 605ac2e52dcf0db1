//! The project's own chores: `cargo xtask <command>`.
//!
//! The one rule: nothing here ships, and nothing that ships depends on it. Start at [`mod@test`] for what "the tests"
//! are, at [`tidy`] for the rules of the house.

#![expect(clippy::print_stdout, reason = "a program for people at a terminal")]

use std::{path::PathBuf, process::ExitCode};

use clap::{Parser, Subcommand};

mod bench;
mod binary;
mod campaign;
mod catalog;
mod clients;
mod clock;
mod contract;
mod deploy;
mod docs;
mod interrupt;
mod locked;
mod needs;
mod programs;
mod repo;
mod secrets;
mod services;
mod simulator;
mod steps;
mod test;
mod tidy;

/// Trunkline's chores.
#[derive(Debug, Parser)]
#[command(name = "cargo xtask")]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Install what the tests need where it is missing, then run every check and test.
    Test {
        /// Only report what is missing; install nothing.
        #[arg(long)]
        no_install: bool,
        /// The folder with the published API descriptions; `../shared/openapi` when left out, if it is there.
        #[arg(long, value_name = "DIR")]
        openapi: Option<PathBuf>,
    },
    /// Check the rules of the house (docs/architecture.md).
    Tidy,
    /// Check the licences, sources and banned crates of every dependency.
    Deny,
    /// Write the generated documents again.
    Docs {
        /// Write nothing; fail when a document is stale.
        #[arg(long, conflicts_with_all = ["api", "components"])]
        check: bool,
        /// Write the description of the JSON API again too, for which the server is built.
        #[arg(long)]
        api: bool,
        /// Write the description of the components of flows again too.
        #[arg(long)]
        components: bool,
    },
    /// Check the files in `deploy/` and the command lines of the documents against the built binary.
    Deploy,
    /// Write the catalog's tables again from the published API descriptions.
    Catalog {
        /// The folder with the descriptions.
        #[arg(long, value_name = "DIR")]
        from: PathBuf,
        /// Write nothing; fail when a table is stale.
        #[arg(long)]
        check: bool,
    },
    /// Run the official Intercom clients, unchanged, against the simulator.
    Clients(clients::Arguments),
    /// Start the PostgreSQL of the tests, say how to reach it, and keep it until Ctrl-C.
    Postgres {
        /// Keep what is committed on the disk, as a real server does: for measuring.
        #[arg(long)]
        durable: bool,
        /// Only report what is missing; install nothing.
        #[arg(long)]
        no_install: bool,
    },
    /// Start the NATS server of the tests, say how to reach it, and keep it until Ctrl-C.
    Nats {
        /// Only report what is missing; install nothing.
        #[arg(long)]
        no_install: bool,
    },
    /// Start the browser of the tests, say how to reach it, and keep it until Ctrl-C.
    Browser {
        /// Only report what is missing; install nothing.
        #[arg(long)]
        no_install: bool,
    },
    /// Call every operation of the simulator and compare the answers with the published API descriptions.
    Contract(contract::Arguments),
    /// Kill the mirror at thousands of random points and compare it with the truth each time.
    Campaign(campaign::Arguments),
    /// Measure; the simulator and the mirror run as processes of their own.
    Bench(bench::Arguments),
}

fn main() -> ExitCode {
    let outcome = match Cli::parse().command {
        Command::Test { no_install, openapi } => test::run(!no_install, openapi),
        Command::Tidy => tidy::run(),
        Command::Deny => test::deny(),
        Command::Docs {
            check,
            api,
            components,
        } => docs::run(check, api, components),
        Command::Deploy => deploy::run(),
        Command::Catalog { from, check } => catalog::run(&from, check),
        Command::Clients(arguments) => clients::run(&arguments),
        Command::Postgres { durable, no_install } => services::keep_postgres(durable, !no_install),
        Command::Nats { no_install } => services::keep_nats(!no_install),
        Command::Browser { no_install } => services::keep_browser(!no_install),
        Command::Contract(arguments) => contract::run(&arguments),
        Command::Campaign(arguments) => campaign::run(&arguments),
        Command::Bench(arguments) => bench::run(&arguments),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            println!("\nerror: {error:#}");
            ExitCode::FAILURE
        }
    }
}
