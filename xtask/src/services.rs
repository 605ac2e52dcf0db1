//! What runs beside the tests: a PostgreSQL, a NATS server and a browser of their own.
//!
//! The one rule: everything that was started is stopped and its folder removed, however the run ends. [`process`] is how
//! one is started, waited for and stopped; [`postgres`], [`nats`] and [`browser`] are what. What the browser looks for in pages is not
//! started but installed: [`accessibility`].

use std::sync::{Mutex, MutexGuard, PoisonError};

use anyhow::{Result, bail};

use crate::{
    interrupt,
    needs::{self, Need},
    steps::Steps,
};

mod accessibility;
mod browser;
mod nats;
mod postgres;
mod process;

use postgres::Durability;
use process::Process;

/// Where tests find the PostgreSQL: `postgres://…`, whose role may make databases and schemas.
const POSTGRES: &str = "TRUNKLINE_TEST_POSTGRES";
/// Where tests find the NATS server: `nats://…`, with JetStream.
const NATS: &str = "TRUNKLINE_TEST_NATS";
/// Where tests find the browser: the `http://…` of a WebDriver.
const WEBDRIVER: &str = "TRUNKLINE_TEST_WEBDRIVER";
/// Where tests find the script that looks for what keeps people out of a page.
const AXE: &str = "TRUNKLINE_TEST_AXE";

/// What was started; a signal arrives anywhere, so it is known everywhere.
static RUNNING: Mutex<Vec<Process>> = Mutex::new(Vec::new());

/// What runs beside the tests until this is stopped or dropped.
#[derive(Debug)]
pub(crate) struct Services;

/// Starts everything that tests use, as steps of their own, and tells the later steps where it is.
pub(crate) fn for_tests(steps: &mut Steps) -> Services {
    let services = Services;
    for (name, variable, start) in [
        (
            "postgres",
            POSTGRES,
            (|| postgres::start(Durability::Forgets)) as fn() -> _,
        ),
        ("nats", NATS, nats::start),
        ("browser", WEBDRIVER, browser::start),
    ] {
        let mut url = None;
        steps.step(name, || {
            url = Some(started(start)?);
            Ok(())
        });
        if let Some(url) = url {
            println!("{variable}={url}");
            steps.set(variable, url);
        }
    }
    let mut script = None;
    steps.step("rules of accessibility", || {
        script = Some(accessibility::install()?);
        Ok(())
    });
    if let Some(script) = script {
        steps.set(AXE, script);
    }
    services
}

impl Services {
    /// Stops everything; an error when something had ended by itself.
    pub(crate) fn stop(self) -> Result<()> {
        let mut ended = Vec::new();
        for process in running().iter_mut() {
            ended.extend(process.how_it_ended());
        }
        if ended.is_empty() {
            Ok(())
        } else {
            bail!("{}", ended.join("\n"))
        }
    }
}

impl Drop for Services {
    fn drop(&mut self) {
        stop_all();
    }
}

/// Stops whatever was started.
pub(crate) fn stop_all() {
    running().clear();
}

/// `cargo xtask postgres`.
pub(crate) fn keep_postgres(durable: bool, install: bool) -> Result<()> {
    let durability = if durable {
        Durability::Keeps
    } else {
        Durability::Forgets
    };
    keep(
        needs::FOR_POSTGRES,
        install,
        POSTGRES,
        || postgres::start(durability),
        nothing,
    )
}

/// `cargo xtask nats`.
pub(crate) fn keep_nats(install: bool) -> Result<()> {
    keep(needs::FOR_NATS, install, NATS, nats::start, nothing)
}

/// `cargo xtask browser`.
pub(crate) fn keep_browser(install: bool) -> Result<()> {
    let rules = || Ok(Some((AXE, accessibility::install()?)));
    keep(needs::FOR_BROWSER, install, WEBDRIVER, browser::start, rules)
}

/// What tests need beside a service: a variable of theirs, and what it holds.
type Beside = Option<(&'static str, String)>;

fn nothing() -> Result<Beside> {
    Ok(None)
}

/// Starts one, says how to reach it, and returns only when it ended by itself: an interrupt ends the process.
fn keep(
    needs: &[Need],
    install: bool,
    variable: &str,
    start: impl FnOnce() -> Result<(Process, String)>,
    beside: impl FnOnce() -> Result<Beside>,
) -> Result<()> {
    interrupt::watch(stop_all)?;
    needs::ensure(&[needs], install)?;
    let services = Services;
    let url = started(start)?;
    println!("export {variable}='{url}'");
    if let Some((variable, value)) = beside()? {
        println!("export {variable}='{value}'");
    }
    println!("until Ctrl-C");
    let end = running().last().map(Process::end);
    if let Some(end) = end {
        end.wait();
    }
    // An interrupt that stopped it decides how the process ends.
    interrupt::uninterrupted(|| services.stop())
}

/// Starts one and keeps it in [`RUNNING`]; where it is.
fn started(start: impl FnOnce() -> Result<(Process, String)>) -> Result<String> {
    interrupt::uninterrupted(|| {
        let (process, url) = start()?;
        running().push(process);
        Ok(url)
    })
}

fn running() -> MutexGuard<'static, Vec<Process>> {
    RUNNING.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    #[test]
    fn later_steps_find_the_services_until_they_are_stopped() {
        let missing = needs::ensure(&[needs::FOR_POSTGRES, needs::FOR_NATS, needs::FOR_BROWSER], false);
        if let Err(missing) = missing {
            let required = std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_some();
            assert!(!required, "{missing}");
            println!("left out: later_steps_find_the_services_until_they_are_stopped ({missing})");
            return;
        }
        let mut steps = Steps::default();
        let services = for_tests(&mut steps);
        for (variable, begins) in [
            (POSTGRES, "postgres://trunkline@"),
            (NATS, "nats://127.0.0.1:"),
            (WEBDRIVER, "http://127.0.0.1:"),
            (AXE, "/"),
        ] {
            let script = format!("case \"${variable}\" in {begins}*) ;; *) exit 1 ;; esac");
            steps.command(variable, Command::new("sh").args(["-c", &script]));
        }
        assert_eq!(running().len(), 3);
        services.stop().unwrap();
        assert!(running().is_empty());
        steps.finish().unwrap();
    }
}
