//! A headless browser for the tests: a `chromedriver` that starts a Chromium for each session.
//!
//! The one rule: everything that the browser writes, profiles included, is in its own temporary folder.

use anyhow::{Context as _, Result};
use nix::sys::signal::Signal;

use super::process::{self, Plan, Process};
use crate::programs;

/// Starts one; the process and the `http://…` of its WebDriver.
pub(super) fn start() -> Result<(Process, String)> {
    let program = programs::find("chromedriver").context("no chromedriver is installed")?;
    let folder = tempfile::Builder::new().prefix("trunkline-browser-").tempdir()?;
    let stop = Signal::SIGTERM;
    let mut command = process::command(&program, stop);
    // The driver looks for a free port itself, and listens on loopback only.
    command.arg("--port=0");
    command.env("TMPDIR", folder.path()).env("HOME", folder.path());
    command.current_dir(folder.path());
    let plan = Plan {
        name: "chromedriver",
        command,
        stop,
        folder,
    };
    let (process, port) = Process::start(plan, port)?;
    Ok((process, format!("http://127.0.0.1:{port}")))
}

/// The port in the line with which chromedriver says that it listens.
fn port(line: &str) -> Option<String> {
    let port = line.strip_prefix("ChromeDriver was started successfully on port ")?;
    let port: u16 = port.trim().trim_end_matches('.').parse().ok()?;
    Some(port.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_driver_says_its_port() {
        let check =
            |line: &str, expected: Option<&str>| assert_eq!(port(line).as_deref(), expected, "{line}");
        check(
            "ChromeDriver was started successfully on port 41235.",
            Some("41235"),
        );
        check(
            "ChromeDriver was started successfully on port 9515.\r",
            Some("9515"),
        );
        check("ChromeDriver was started successfully.", None);
        check("ChromeDriver was started successfully on port 99999.", None);
        check("Starting ChromeDriver 148.0.7778.167 (x) on port 0", None);
    }
}
