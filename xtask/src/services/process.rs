//! One program that runs beside the tests: started, waited for, heard only when it fails, stopped.
//!
//! The one rule: waiting is for what the program says or for its end, with a limit, never for time to pass. A program
//! has a process group and a folder of its own, and both are gone when its [`Process`] is dropped.

use std::{
    collections::VecDeque,
    io::{BufRead as _, BufReader, PipeReader},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use nix::{
    sys::signal::{Signal, kill, killpg},
    unistd::Pid,
};
use tempfile::TempDir;

use crate::programs;

/// How long a program may take until it is ready.
const PATIENCE: Duration = Duration::from_secs(60);
/// How long it may take to stop before it is killed.
const GRACE: Duration = Duration::from_secs(10);
/// How much of what it says is kept for the day it fails.
const LAST_WORDS: usize = 60;

/// What to start.
#[derive(Debug)]
pub(super) struct Plan {
    pub(super) name: &'static str,
    pub(super) command: Command,
    /// The signal on which it ends in order, and which it also gets when xtask is killed.
    pub(super) stop: Signal,
    /// Its folder, removed after its end.
    pub(super) folder: TempDir,
}

/// A running program.
#[derive(Debug)]
pub(super) struct Process {
    name: &'static str,
    id: Pid,
    stop: Signal,
    told: Arc<Told>,
    /// Removed after the program's end, which [`Drop`] waits for.
    _folder: TempDir,
}

/// The end of a program, to wait for.
#[derive(Debug)]
pub(super) struct End(Arc<Told>);

/// What is known of a program.
#[derive(Debug, Default)]
struct Told {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    ready: Option<String>,
    lines: VecDeque<String>,
    /// Whether there will be no more lines.
    silent: bool,
    status: Option<ExitStatus>,
}

/// A command that gets the signal `stop` when xtask is killed, where the machine can do that.
pub(super) fn command(program: &Path, stop: Signal) -> Command {
    match programs::find("setpriv").filter(|_| cfg!(target_os = "linux")) {
        Some(setpriv) => {
            let mut command = Command::new(setpriv);
            let name = stop.as_str().trim_start_matches("SIG");
            command.args(["--pdeathsig", name, "--"]).arg(program);
            command
        }
        None => Command::new(program),
    }
}

impl Process {
    /// Starts it and waits for the line of its output in which `ready` finds something; that is returned too.
    pub(super) fn start(
        plan: Plan,
        ready: impl Fn(&str) -> Option<String> + Send + 'static,
    ) -> Result<(Self, String)> {
        let Plan {
            name,
            mut command,
            stop,
            folder,
        } = plan;
        let (output, input) = std::io::pipe()?;
        let child = command
            .stdin(Stdio::null())
            .stdout(input.try_clone()?)
            .stderr(input)
            // Ctrl-C is for xtask, which then stops it in order.
            .process_group(0)
            .spawn()
            .with_context(|| format!("{name} could not be started"))?;
        // The command holds the writing ends, and the output ends only when nobody holds one.
        drop(command);
        let process = Self {
            name,
            id: Pid::from_raw(child.id().try_into()?),
            stop,
            told: Arc::default(),
            _folder: folder,
        };
        let told = Arc::clone(&process.told);
        thread::spawn(move || told.listen(output, ready));
        let told = Arc::clone(&process.told);
        thread::spawn(move || told.attend(child));
        let state = process
            .told
            .wait(PATIENCE, |state| state.ready.is_some() || state.status.is_some());
        let found = (state.ready.clone(), state.status);
        drop(state);
        match found {
            (Some(found), None) => Ok((process, found)),
            (_, Some(status)) => bail!(
                "{name} ended ({status}) before it was ready{}",
                process.last_words()
            ),
            (None, None) => bail!(
                "{name} was not ready after {} s{}",
                PATIENCE.as_secs(),
                process.last_words()
            ),
        }
    }

    /// How it ended, with its last words, if it has ended.
    pub(super) fn how_it_ended(&self) -> Option<String> {
        let status = self.told.state().status?;
        Some(format!(
            "{} ended by itself ({status}){}",
            self.name,
            self.last_words()
        ))
    }

    /// Its end, to wait for without holding the process.
    pub(super) fn end(&self) -> End {
        End(Arc::clone(&self.told))
    }

    /// What it said last, each line indented.
    fn last_words(&self) -> String {
        let ended = self.told.state().status.is_some();
        // The last lines may be on their way; whoever inherited the output may also hold it for ever.
        let limit = if ended {
            Duration::from_secs(1)
        } else {
            Duration::ZERO
        };
        let state = self.told.wait(limit, |state| state.silent);
        state.lines.iter().map(|line| format!("\n    {line}")).collect()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        if self.told.state().status.is_none() {
            let _ = kill(self.id, self.stop);
            drop(self.told.wait(GRACE, |state| state.status.is_some()));
        }
        // What it left behind, or itself.
        let _ = killpg(self.id, Signal::SIGKILL);
        drop(self.told.wait(GRACE, |state| state.status.is_some()));
    }
}

impl End {
    pub(super) fn wait(&self) {
        let state = self.0.state();
        drop(
            self.0
                .changed
                .wait_while(state, |state| state.status.is_none())
                .unwrap_or_else(PoisonError::into_inner),
        );
    }
}

impl Told {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut self.state());
        self.changed.notify_all();
    }

    /// Waits until something holds, at most so long.
    fn wait(&self, limit: Duration, holds: impl Fn(&State) -> bool) -> MutexGuard<'_, State> {
        self.changed
            .wait_timeout_while(self.state(), limit, |state| !holds(state))
            .unwrap_or_else(PoisonError::into_inner)
            .0
    }

    /// Takes in what the program says, to the end.
    fn listen(&self, output: PipeReader, ready: impl Fn(&str) -> Option<String>) {
        for line in BufReader::new(output).split(b'\n') {
            let Ok(line) = line else { break };
            let line = String::from_utf8_lossy(&line).into_owned();
            self.change(|state| {
                if state.ready.is_none() {
                    state.ready = ready(&line);
                }
                if state.lines.len() == LAST_WORDS {
                    state.lines.pop_front();
                }
                state.lines.push_back(line);
            });
        }
        self.change(|state| state.silent = true);
    }

    fn attend(&self, mut child: Child) {
        if let Ok(status) = child.wait() {
            self.change(|state| state.status = Some(status));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn start(script: &str) -> Result<(Process, String)> {
        let mut command = command(Path::new("/bin/sh"), Signal::SIGTERM);
        command.args(["-c", script]);
        let folder = tempfile::tempdir().unwrap();
        let plan = Plan {
            name: "script",
            command,
            stop: Signal::SIGTERM,
            folder,
        };
        Process::start(plan, |line| line.strip_prefix("ready at ").map(str::to_owned))
    }

    /// Whether a process is there, and not just waiting to be collected.
    fn lives(id: Pid) -> bool {
        std::fs::read_to_string(format!("/proc/{id}/stat")).is_ok_and(|stat| !stat.contains(") Z "))
    }

    #[test]
    fn a_program_is_ready_when_it_says_so_and_leaves_nothing_behind() {
        for script in [
            "echo warming up; echo ready at 7; exec sleep 600",
            "echo ready at 7 >&2; sleep 600",
            // One that hears no wish to stop would be killed after its grace; what it started ends too.
            "sleep 600 & echo ready at 7; wait",
        ] {
            let (process, place) = start(script).unwrap();
            assert_eq!(place, "7", "{script}");
            assert_eq!(process.how_it_ended(), None, "{script}");
            let (id, told, folder) = (
                process.id,
                Arc::clone(&process.told),
                process._folder.path().to_owned(),
            );
            assert!(lives(id) && folder.exists(), "{script}");
            drop(process);
            assert!(!lives(id) && !folder.exists(), "{script}");
            // Nobody holds the output any more: what it started has ended.
            assert!(told.wait(GRACE, |state| state.silent).silent, "{script}");
        }
    }

    #[test]
    fn a_program_that_ends_is_reported_with_its_last_words() {
        let check = |script: &str, parts: &[&str]| {
            let error = start(script).unwrap_err().to_string();
            for part in parts {
                assert!(error.contains(part), "{part} is not in {error}");
            }
        };
        check(
            "echo first; echo no room >&2; exit 3",
            &["exit status: 3", "\n    first", "\n    no room"],
        );
        check("exit 0", &["before it was ready"]);
        check("for n in $(seq 100); do echo line $n; done", &["line 100"]);
    }

    #[test]
    fn a_program_that_ends_later_is_reported_too() {
        let (process, _) = start("echo farewell; echo ready at 7; exec sleep 600").unwrap();
        kill(process.id, Signal::SIGKILL).unwrap();
        process.end().wait();
        let report = process.how_it_ended().unwrap();
        assert!(report.contains("signal: 9"), "{report}");
        assert!(report.contains("farewell"), "{report}");
    }
}
