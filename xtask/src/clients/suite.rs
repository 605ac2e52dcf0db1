//! The tests of a client, run by the test runner of its own language.
//!
//! The one rule: what a suite has printed is shown when it did not pass, and its report alone says how many tests ran.

use std::{
    ffi::OsStr,
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use anyhow::{Context as _, Result, bail};

use super::{Client, Counts, TOKEN};
use crate::simulator::Simulator;

/// How long the tests of a client may take; they need a tenth of it.
const MOST_SECONDS: u32 = 600;

/// The exit code of `timeout` when time was up.
const OUT_OF_TIME: i32 = 124;

/// Runs the tests of a client against a simulator; only files whose names contain `file`, when it is given.
pub(super) fn run(client: Client, simulator: &Simulator, file: Option<&str>) -> Result<Counts> {
    let sources = client.sources();
    let installed = client.installed();
    let files = files_of(&sources, client, file)?;
    if files.is_empty() {
        bail!("no test file in {}", sources.display());
    }
    let report = installed.join("report.tap");
    if report.exists() {
        fs::remove_file(&report)?;
    }
    // A pager that never comes to its last page would run for ever.
    let mut command = Command::new("timeout");
    command.args(["--foreground", &MOST_SECONDS.to_string()]);
    match client {
        Client::Node => {
            command.arg("node");
            // One file after the other: they share a simulated workspace, and some of them count what is in it.
            command.args(["--test", "--test-concurrency=1"]);
            command.args(["--test-reporter=spec", "--test-reporter-destination=stdout"]);
            command.arg("--test-reporter=tap").arg(destination(&report));
            command.args(files);
        }
        Client::Python => {
            command.arg(installed.join("bin/python")).arg("-B");
            command.arg(sources.join("run.py")).arg(&report).args(files);
        }
    }
    let output = command
        .current_dir(&sources)
        .env("TRUNKLINE_SIMULATOR_URL", simulator.base_url())
        .env("TRUNKLINE_SIMULATOR_TOKEN", TOKEN)
        .env("TRUNKLINE_CLIENT_MODULES", installed.join("package.json"))
        .env("NO_PROXY", "127.0.0.1")
        .env("no_proxy", "127.0.0.1")
        .output()
        .context("the tests could not be started")?;
    let counts = Counts::read(&fs::read_to_string(&report).unwrap_or_default());
    if !output.status.success() || !counts.all_passed() {
        print!("{}", String::from_utf8_lossy(&output.stdout));
        print!("{}", String::from_utf8_lossy(&output.stderr));
    }
    if output.status.code() == Some(OUT_OF_TIME) {
        bail!("the tests did not end within {MOST_SECONDS} seconds");
    }
    if !output.status.success() && counts.all_passed() {
        bail!("the tests passed and their runner ended with {}", output.status);
    }
    Ok(counts)
}

fn destination(report: &Path) -> std::ffi::OsString {
    let mut argument = std::ffi::OsString::from("--test-reporter-destination=");
    argument.push(report);
    argument
}

/// The test files of a client, in order of their names.
fn files_of(sources: &Path, client: Client, part: Option<&str>) -> Result<Vec<PathBuf>> {
    let mut files = Vec::new();
    for entry in fs::read_dir(sources).with_context(|| format!("listing {}", sources.display()))? {
        let path = entry?.path();
        let name = path.file_name().map(OsStr::to_string_lossy).unwrap_or_default();
        let is_test = match client {
            Client::Node => name.ends_with(".test.mjs"),
            Client::Python => name.ends_with("_test.py"),
        };
        if is_test && part.is_none_or(|part| name.contains(part)) {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_clients_have_tests_for_the_same_resources() {
        let names = |client: Client| -> Vec<String> {
            let files = files_of(&client.sources(), client, None).unwrap();
            let name = |file: &PathBuf| file.file_name().unwrap().to_string_lossy().into_owned();
            files
                .iter()
                .map(|file| name(file).replace(".test.mjs", "").replace("_test.py", ""))
                .collect()
        };
        assert!(!names(Client::Node).is_empty());
        assert_eq!(names(Client::Node), names(Client::Python));
    }

    #[test]
    fn a_part_of_a_name_chooses_files_of() {
        let count = |part| {
            files_of(&Client::Node.sources(), Client::Node, Some(part))
                .unwrap()
                .len()
        };
        assert_eq!(count("ticket_types"), 1);
        assert!(count("ticket") > 1);
        assert_eq!(count("no such file"), 0);
    }
}
