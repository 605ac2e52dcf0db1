//! A simulator as a process of its own, for the chores that talk to one.
//!
//! The one rule: it ends when its [`Simulator`] is dropped, whatever happened to the chore.

use std::{
    io::{BufRead as _, BufReader},
    net::SocketAddr,
    process::{Child, ChildStdout, Command, Stdio},
};

use anyhow::{Context as _, Result, bail};

/// A running simulator.
#[derive(Debug)]
pub(crate) struct Simulator {
    child: Child,
    address: SocketAddr,
    /// Kept open, so that what the simulator prints later does not end it.
    _output: BufReader<ChildStdout>,
}

impl Simulator {
    /// Starts `trunkline simulate` by this command line and waits until it listens.
    pub(crate) fn start(command: &mut Command) -> Result<Self> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .context("starting the simulator")?;
        let mut output = BufReader::new(child.stdout.take().context("the simulator has no output")?);
        let mut line = String::new();
        output.read_line(&mut line)?;
        match address(&line) {
            Some(address) => Ok(Self {
                child,
                address,
                _output: output,
            }),
            None => {
                let _ = child.kill();
                let _ = child.wait();
                bail!("the simulator did not say where it listens, but {line:?}");
            }
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What a client takes for the address of Intercom.
    pub(crate) fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Its process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Simulator {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The address in the first line that the simulator prints.
fn address(line: &str) -> Option<SocketAddr> {
    line.trim().strip_prefix("listening on http://")?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_says_where_the_simulator_listens() {
        let check = |line: &str, expected: Option<&str>| {
            assert_eq!(
                address(line).map(|found| found.to_string()).as_deref(),
                expected,
                "{line:?}"
            );
        };
        check("listening on http://127.0.0.1:7071\n", Some("127.0.0.1:7071"));
        check("listening on http://somewhere\n", None);
        check("error: the port is taken\n", None);
        check("", None);
    }

    #[test]
    fn a_process_that_says_something_else_is_no_simulator() {
        let error = Simulator::start(Command::new("echo").arg("hello")).unwrap_err();
        assert!(error.to_string().contains("hello"), "{error}");
    }
}
