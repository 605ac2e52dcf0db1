//! `cargo xtask clients`: the official Intercom clients, unchanged, against the simulator.
//!
//! The one rule: nothing of a client is ours. Each is installed from its lock file in `tests/clients/`, by [`Locked`],
//! and each suite of [`suite`] has a simulator of its own. A suite that ran no test has failed.

use std::{path::PathBuf, process::Command};

use anyhow::{Result, bail};
use clap::{Args, ValueEnum};

use crate::{
    binary, interrupt,
    locked::{Locked, Registry},
    needs, repo, services,
    simulator::Simulator,
};

mod counts;
mod suite;

use counts::Counts;

/// The token that the simulator accepts.
const TOKEN: &str = "clients";

#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Only this client.
    #[arg(value_enum)]
    only: Option<Client>,
    /// Only the test files whose names contain this.
    #[arg(long, value_name = "TEXT")]
    file: Option<String>,
}

/// An official client.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Client {
    Node,
    Python,
}

impl Client {
    const ALL: [Self; 2] = [Self::Node, Self::Python];

    /// As its registry calls it.
    fn package(self) -> &'static str {
        match self {
            Self::Node => "intercom-client",
            Self::Python => "python-intercom",
        }
    }

    fn folder(self) -> &'static str {
        match self {
            Self::Node => "node",
            Self::Python => "python",
        }
    }

    /// Where its lock file and its tests are.
    fn sources(self) -> PathBuf {
        repo::root().join("tests/clients").join(self.folder())
    }

    /// Where it is installed.
    fn installed(self) -> PathBuf {
        repo::root().join("target/clients").join(self.folder())
    }

    fn locked(self) -> Locked {
        Locked {
            package: self.package(),
            registry: match self {
                Self::Node => Registry::Npm,
                Self::Python => Registry::PyPi,
            },
            sources: self.sources(),
            installed: self.installed(),
        }
    }
}

/// `cargo xtask clients`.
pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    interrupt::watch(services::stop_all)?;
    needs::ensure(&[needs::FOR_CLIENTS], true)?;
    match arguments.only {
        Some(client) => test(&[client], arguments.file.as_deref()),
        None => test(&Client::ALL, arguments.file.as_deref()),
    }
}

/// The step of `cargo xtask test`.
pub(crate) fn test_all() -> Result<()> {
    test(&Client::ALL, None)
}

/// Tests each of them; an error when one failed.
fn test(clients: &[Client], file: Option<&str>) -> Result<()> {
    let binary = binary::build(binary::Profile::Dev)?;
    let mut failed = Vec::new();
    for client in clients {
        let outcome = client.locked().install().and_then(|()| {
            let simulator = Simulator::start(&mut simulate(&binary))?;
            suite::run(*client, &simulator, file)
        });
        match outcome {
            Ok(counts) => {
                println!("{}: {counts}", client.package());
                if !counts.all_passed() {
                    failed.push(client.package());
                }
            }
            Err(error) => {
                println!("{}: {error:#}", client.package());
                failed.push(client.package());
            }
        }
    }
    if failed.is_empty() {
        Ok(())
    } else {
        bail!("failed: {}", failed.join(", "))
    }
}

/// The command line of a small workspace that answers at once and without chance.
fn simulate(binary: &std::path::Path) -> Command {
    let mut command = Command::new(binary);
    command.args(["simulate", "--listen", "127.0.0.1:0", "--seed", "7", "--control"]);
    command.args(["--contacts", "40", "--companies", "8", "--conversations", "40"]);
    command.args(["--parts", "3", "--tickets", "8", "--rate-limit", "0"]);
    // A suite looks for what it has just written, and cannot wait for the minute that the real search needs.
    command.args(["--habits-off", "search_lag,empty_200", "--token", TOKEN]);
    command
}
