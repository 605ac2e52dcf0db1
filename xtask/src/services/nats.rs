//! A NATS server of the tests' own, with JetStream, on loopback.
//!
//! The one rule: what it stores is in its own temporary folder. Tests share it, so each names its streams after itself.

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::process::{self, Plan, Process};
use crate::programs;

/// Starts one; the process and its `nats://…`.
pub(super) fn start() -> Result<(Process, String)> {
    let program = programs::find("nats-server").context("no nats-server is installed")?;
    let folder = tempfile::Builder::new().prefix("trunkline-nats-").tempdir()?;
    let stop = Signal::SIGTERM;
    let mut command = process::command(&program, stop);
    // It looks for a free port itself.
    command.args(["--jetstream", "--addr", "127.0.0.1", "--port", "-1"]);
    command.arg("--store_dir").arg(folder.path());
    command.current_dir(folder.path());
    let plan = Plan {
        name: "nats-server",
        command,
        stop,
        folder,
    };
    let (process, address) = Process::start(plan, address)?;
    Ok((process, format!("nats://{address}")))
}

/// The address in the line with which it says that it listens.
fn address(line: &str) -> Option<String> {
    let (_, address) = line.split_once("Listening for client connections on ")?;
    let address = address.trim();
    address.parse::<std::net::SocketAddr>().ok()?;
    Some(address.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_server_says_its_address() {
        let check =
            |line: &str, expected: Option<&str>| assert_eq!(address(line).as_deref(), expected, "{line}");
        check(
            "[7] 2026/11/22 02:00:00.000000 [INF] Listening for client connections on 127.0.0.1:43210",
            Some("127.0.0.1:43210"),
        );
        check("[7] 2026/11/22 02:00:00.000000 [INF] Server is ready", None);
        check("[7] [INF] Listening for client connections on everything", None);
    }
}
