//! Commands run one after the other, each under a headline with its time.
//!
//! The one rule: a step that fails does not hide the ones after it; the summary names every failure.

use std::{process::Command, time::Duration};

use anyhow::{Result, bail};

use crate::{clock::Stopwatch, repo};

/// What was run, and how it went.
#[derive(Debug, Default)]
pub(crate) struct Steps {
    done: Vec<(String, Duration, Result<(), String>)>,
    /// What every later command finds in its environment.
    environment: Vec<(&'static str, String)>,
}

impl Steps {
    /// Adds a variable to the environment of the commands to come.
    pub(crate) fn set(&mut self, variable: &'static str, value: String) {
        self.environment.push((variable, value));
    }

    /// Runs a command line from the root of the checkout.
    pub(crate) fn command(&mut self, name: &str, command: &mut Command) {
        command
            .current_dir(repo::root())
            .envs(self.environment.iter().map(|(variable, value)| (variable, value)));
        self.step(name, || match command.status() {
            Ok(status) if status.success() => Ok(()),
            Ok(status) => bail!("{status}"),
            Err(error) => bail!("it could not be started: {error}"),
        });
    }

    /// Runs anything else.
    pub(crate) fn step(&mut self, name: &str, work: impl FnOnce() -> Result<()>) {
        println!("\n==> {name}");
        let watch = Stopwatch::start();
        let outcome = work().map_err(|error| format!("{error:#}"));
        if let Err(reason) = &outcome {
            println!("{reason}");
        }
        self.done.push((name.to_owned(), watch.elapsed(), outcome));
    }

    /// Prints a line a step; an error when one failed.
    pub(crate) fn finish(self) -> Result<()> {
        println!("\n==> summary");
        for (name, took, outcome) in &self.done {
            let verdict = if outcome.is_ok() { "ok" } else { "FAILED" };
            println!("{verdict:>6}  {:>7.1} s  {name}", took.as_secs_f64());
        }
        let failed: Vec<_> = self
            .done
            .iter()
            .filter(|(_, _, outcome)| outcome.is_err())
            .map(|(name, _, _)| name.as_str())
            .collect();
        if failed.is_empty() {
            Ok(())
        } else {
            bail!("failed: {}", failed.join(", "))
        }
    }
}

/// `cargo` with arguments; the toolchain that runs xtask runs it too.
pub(crate) fn cargo(arguments: &[&str]) -> Command {
    let mut command = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    command.args(arguments);
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_failed_step_is_named_and_later_steps_still_run() {
        let mut steps = Steps::default();
        let mut ran = false;
        steps.step("first", || bail!("no"));
        steps.step("second", || Ok(()));
        steps.step("third", || {
            ran = true;
            bail!("no")
        });
        assert!(ran);
        assert_eq!(steps.finish().unwrap_err().to_string(), "failed: first, third");
    }

    #[test]
    fn a_variable_reaches_the_commands_after_it() {
        let outcome = |set: bool| {
            let mut steps = Steps::default();
            if set {
                steps.set("TRUNKLINE_STEP", "here".to_owned());
            }
            steps.command(
                "look",
                Command::new("sh").args(["-c", "test \"$TRUNKLINE_STEP\" = here"]),
            );
            steps.finish()
        };
        assert!(outcome(true).is_ok());
        assert!(outcome(false).is_err());
    }
}
