//! `cargo xtask test`: everything that has to hold before a change is good.
//!
//! The one rule: it never leaves anything out. `TRUNKLINE_REQUIRE_ALL=1` turns what a plain `cargo test` would name as
//! left out into a failure, and the tests find a PostgreSQL, a NATS server and a browser of their own ([`services`]). Without the
//! published descriptions, which are not the project's to hand out, the step `contract` holds the simulator against the
//! catalog's tables.

use std::{path::PathBuf, process::Command};

use anyhow::Result;

use crate::{
    clients, contract, deploy, interrupt, needs, secrets, services,
    steps::{Steps, cargo},
    tidy,
};

/// Installs what is missing (when `install`), then runs all checks and tests; `openapi` holds the published descriptions.
pub(crate) fn run(install: bool, openapi: Option<PathBuf>) -> Result<()> {
    interrupt::watch(services::stop_all)?;
    let mut steps = Steps::default();
    steps.step("what the tests need", || needs::ensure(needs::NEEDS, install));
    steps.command("fmt", &mut cargo(&["fmt", "--all", "--check"]));
    steps.command(
        "clippy",
        &mut cargo(&[
            "clippy",
            "--workspace",
            "--all-targets",
            "--locked",
            "--",
            "-D",
            "warnings",
        ]),
    );
    steps.command(
        "doc",
        cargo(&["doc", "--workspace", "--no-deps", "--locked"]).env("RUSTDOCFLAGS", "-D warnings"),
    );
    steps.step("tidy", tidy::run);
    steps.command("deny", &mut deny_command());
    let services = services::for_tests(&mut steps);
    steps.command(
        "tests",
        cargo(&["nextest", "run", "--workspace", "--locked"]).env("TRUNKLINE_REQUIRE_ALL", "1"),
    );
    steps.step("no secret in any output", secrets::none_printed);
    steps.command(
        "doc tests",
        &mut cargo(&["test", "--doc", "--workspace", "--locked"]),
    );
    steps.step("services of the tests", || services.stop());
    steps.step("deploy files and shown command lines", deploy::run);
    steps.step("official clients", clients::test_all);
    steps.step("contract", || {
        contract::run(&contract::Arguments::everything(
            openapi.or_else(contract::usual_folder),
        ))
    });
    steps.finish()
}

/// `cargo xtask deny`: only the dependencies.
pub(crate) fn deny() -> Result<()> {
    let mut steps = Steps::default();
    steps.command("deny", &mut deny_command());
    steps.finish()
}

fn deny_command() -> Command {
    cargo(&["deny", "--workspace", "check", "bans", "licenses", "sources"])
}
