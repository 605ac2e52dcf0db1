//! `trunkline flow`: flows' files checked, tried, run and kept.
//!
//! The one rule: whatever can be told from a file alone is told before anything is opened. Read `flow/check.rs` for files,
//! `flow/run.rs` for a run, `flow/store.rs` for what the store holds.

pub(super) mod check;
mod deliveries;
mod desks;
mod queue;
mod run;
mod samples;
mod store;

use std::process::ExitCode;

use crate::{
    cli::{self, FlowCommand},
    failure::Failure,
    output::{json, tables},
};

/// Does what is asked with flows.
pub(crate) async fn run(arguments: cli::Flow) -> Result<ExitCode, Failure> {
    match arguments.command {
        FlowCommand::Check(arguments) => check::check(&arguments),
        FlowCommand::Test(arguments) => samples::test(&arguments),
        FlowCommand::Run(arguments) => run::run(arguments).await,
        FlowCommand::Apply(arguments) => store::apply(arguments).await,
        FlowCommand::List(arguments) => store::list(arguments).await,
        FlowCommand::Export(arguments) => store::export(arguments).await,
        FlowCommand::Pause(arguments) => store::pause(arguments, true).await,
        FlowCommand::Resume(arguments) => store::pause(arguments, false).await,
        FlowCommand::Remove(arguments) => store::remove(arguments).await,
        FlowCommand::Runs(arguments) => store::runs(arguments).await,
        FlowCommand::Deliveries(arguments) => deliveries::list(arguments).await,
        FlowCommand::Delivery(arguments) => deliveries::show(arguments).await,
        FlowCommand::DeadLetters(arguments) => store::dead_letters(arguments).await,
        FlowCommand::Redrive(arguments) => queue::redrive(arguments).await,
        FlowCommand::Components(arguments) => components(&arguments),
        FlowCommand::Schema => {
            json::print(&trunkline_components::schema())?;
            Ok(ExitCode::SUCCESS)
        }
    }
}

fn components(arguments: &cli::Components) -> Result<ExitCode, Failure> {
    let all = trunkline_components::described();
    if arguments.json {
        json::print(&all)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["kind", "name", "what it does"]);
    for one in all {
        table.add_row([one.kind, one.name, one.summary]);
    }
    json::line(&table.to_string())?;
    Ok(ExitCode::SUCCESS)
}
