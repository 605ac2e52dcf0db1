//! `trunkline`: the one binary. This file only starts the runtime and turns the outcome into an exit code.
//!
//! The one rule: results go to standard output, everything else (progress, logs, errors) to standard error, so that a
//! pipe never sees anything but what was asked for. Read `cli.rs` next, then `commands.rs`.

mod cli;
mod commands;
mod complete;
mod desk;
mod failure;
mod output;
mod settings;
mod stop;
mod store;
mod targets;

use std::process::ExitCode;

use clap::{CommandFactory as _, Parser as _};
use clap_complete::CompleteEnv;
use mimalloc::MiMalloc;

#[global_allocator]
static ALLOCATOR: MiMalloc = MiMalloc;

fn main() -> ExitCode {
    // Does something only when a shell asks what could be typed next.
    CompleteEnv::with_factory(cli::Cli::command).complete();
    let cli = cli::Cli::parse();
    output::logs::start(cli.log.clone(), cli.log_format);
    let outcome = commands::run(cli);
    match outcome {
        Ok(code) => code,
        Err(failure) => {
            output::errors::print(&failure);
            failure.exit_code()
        }
    }
}
