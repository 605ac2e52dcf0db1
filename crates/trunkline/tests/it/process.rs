//! `trunkline serve` as a process of its own, and waiting for what it does.

use std::{
    fs::File,
    io::{BufRead as _, BufReader},
    path::PathBuf,
    process::{Child, ChildStdout},
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::harness::{Desk, Outcome, holds_no_secret};

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(120);

/// A running process that logs everything; killed when it is dropped.
pub(crate) struct Process {
    child: Child,
    output: BufReader<ChildStdout>,
    log: PathBuf,
    url: String,
}

impl Process {
    /// Starts it on a free port, with the desk's data folder.
    pub(crate) fn start(desk: &Desk, more: &[&str]) -> Self {
        Self::start_with(desk, more, &[])
    }

    /// The same, with variables of the environment.
    pub(crate) fn start_with(desk: &Desk, more: &[&str], variables: &[(&str, &str)]) -> Self {
        let mut arguments = vec!["serve", "--listen", "127.0.0.1:0", "--log", "trace"];
        arguments.extend_from_slice(more);
        let log = desk.path().join("serve.log");
        let mut command = desk.trunkline(&arguments);
        command
            .stderr(File::create(&log).unwrap())
            .envs(variables.iter().copied());
        let mut child = command.spawn().unwrap();
        let mut output = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        output.read_line(&mut line).unwrap();
        let url = line
            .trim()
            .strip_prefix("listening on ")
            .unwrap_or_else(|| panic!("it did not start: {line:?} {:?}", child.try_wait()))
            .to_owned();
        Self {
            child,
            output,
            log,
            url,
        }
    }

    /// Where it listens.
    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    /// The link for the first sign-in, which it prints after its address while nobody has a password.
    pub(crate) fn first_sign_in(&mut self) -> String {
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let (_, link) = line
            .trim()
            .split_once(" with ")
            .unwrap_or_else(|| panic!("{line:?}"));
        link.to_owned()
    }

    /// Asks it to stop; how it ended.
    pub(crate) fn stop(mut self) -> i32 {
        let process = nix::unistd::Pid::from_raw(i32::try_from(self.child.id()).unwrap());
        nix::sys::signal::kill(process, nix::sys::signal::Signal::SIGTERM).unwrap();
        let status = self.child.wait().unwrap();
        let mut rest = String::new();
        std::io::Read::read_to_string(&mut self.output, &mut rest).unwrap();
        holds_no_secret(&rest);
        let log = std::fs::read_to_string(&self.log).unwrap();
        assert!(!log.is_empty(), "nothing was logged");
        holds_no_secret(&log);
        status.code().unwrap_or(-1)
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // Whether it has ended already does not matter.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Asks again and again until it is so.
pub(crate) fn until(what: &str, mut is_so: impl FnMut() -> bool) {
    #[expect(clippy::disallowed_methods, reason = "a test that waits for a real process")]
    let began = Instant::now();
    while !is_so() {
        assert!(began.elapsed() < PATIENCE, "{what} did not come about");
    }
}

/// Runs a command that prints JSON, and expects success.
pub(crate) fn json(desk: &Desk, arguments: &[&str]) -> Value {
    let outcome = Outcome::of(desk.trunkline(arguments).arg("--json").output().unwrap());
    assert_eq!(
        outcome.code, 0,
        "{arguments:?}: {}{}",
        outcome.stdout, outcome.stderr
    );
    outcome.json()
}
