//! One file a command; this one only sends each to its file.

mod actions;
mod alerts;
mod apps;
mod backup;
mod batches;
mod call;
mod check;
mod connect;
mod connections;
mod flow;
mod follow;
mod grant;
mod keys;
mod lookup;
mod mirrors;
mod notifications;
mod operations;
mod people;
mod permissions;
mod publish;
mod quickstart;
mod recipes;
mod report;
mod request;
pub(crate) mod request_log;
mod requests;
mod runs;
pub(crate) mod scopes;
mod serve;
mod simulate;
mod streams;
mod sync;
mod topics;
mod verify;
mod watch;

use std::process::ExitCode;

use trunkline_actions::CallOptions;

use crate::{
    cli::{Cli, Command},
    failure::Failure,
};

/// Who a person at the command line is in the journal.
pub(crate) const BY_HAND: &str = "command line";

/// How a person at the command line calls an action.
pub(crate) fn by_hand() -> CallOptions {
    CallOptions {
        by_whom: BY_HAND.to_owned(),
        ..CallOptions::default()
    }
}

/// Runs the command to its end.
pub(crate) fn run(cli: Cli) -> Result<ExitCode, Failure> {
    match cli.command {
        Command::Quickstart(arguments) => block_on(quickstart::run(arguments)),
        Command::Sync(arguments) => block_on_this_thread(sync::run(arguments)),
        Command::Check(arguments) => block_on(check::run(arguments)),
        Command::Permissions(arguments) => block_on_this_thread(permissions::run(arguments)),
        Command::Scopes(arguments) => scopes::run(&arguments),
        Command::Verify(arguments) => block_on(verify::run(arguments)),
        Command::Report(arguments) => report::run(arguments),
        Command::Connect(arguments) => block_on_this_thread(connect::run(arguments)),
        Command::Connections(arguments) => block_on_this_thread(connections::run(arguments)),
        Command::Apps(arguments) => block_on_this_thread(apps::run(arguments)),
        Command::Keys(arguments) => block_on_this_thread(keys::run(arguments)),
        Command::People(arguments) => block_on_this_thread(people::run(arguments)),
        Command::Secrets(arguments) => block_on_this_thread(keys::secrets(arguments)),
        Command::Serve(arguments) => block_on(serve::run(arguments)),
        Command::Alerts(arguments) => block_on_this_thread(alerts::run(arguments)),
        Command::Backup(arguments) => block_on_this_thread(backup::backup(arguments)),
        Command::Restore(arguments) => block_on_this_thread(backup::restore(arguments)),
        Command::Watch(arguments) => block_on_this_thread(watch::run(arguments)),
        Command::Mirrors(arguments) => block_on_this_thread(mirrors::run(arguments)),
        Command::Notifications(arguments) => block_on_this_thread(notifications::run(arguments)),
        Command::Request(arguments) => block_on_this_thread(request::run(arguments)),
        Command::Requests(arguments) => block_on_this_thread(requests::run(arguments)),
        Command::Streams(arguments) => streams::run(&arguments),
        Command::Topics(arguments) => topics::run(&arguments),
        Command::Actions(arguments) => actions::list(&arguments),
        Command::Action(arguments) => actions::explain(&arguments),
        Command::Call(arguments) => block_on_this_thread(call::run(*arguments)),
        Command::Publish(arguments) => block_on_this_thread(publish::run(*arguments)),
        Command::Batches(arguments) => block_on_this_thread(batches::run(arguments)),
        Command::Runs(arguments) => block_on_this_thread(runs::run(arguments)),
        Command::Undo(arguments) => block_on_this_thread(runs::undo(arguments)),
        Command::Flow(arguments) => block_on(flow::run(*arguments)),
        Command::Recipes(arguments) => recipes::run(&arguments),
        Command::Operations(arguments) => operations::list(&arguments),
        Command::Operation(arguments) => operations::explain(&arguments),
        Command::Lookup(arguments) => block_on_this_thread(lookup::run(arguments)),
        Command::Simulate(arguments) => block_on(simulate::run(arguments)),
    }
}

/// For commands that simulate a workspace, alone or beside a mirror.
fn block_on<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_on(tokio::runtime::Builder::new_multi_thread(), command)
}

/// For commands that only talk to a workspace: one thread carries more calls than any rate limit allows, and what it
/// waits for, the mirror's writer, has a thread of its own.
fn block_on_this_thread<T>(command: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
    run_on(tokio::runtime::Builder::new_current_thread(), command)
}

fn run_on<T>(
    mut runtime: tokio::runtime::Builder,
    command: impl Future<Output = Result<T, Failure>>,
) -> Result<T, Failure> {
    runtime
        .enable_all()
        .build()
        .map_err(|error| {
            Failure::new(
                "TL0009",
                format!("the runtime did not start: {error}"),
                "Check the limits on threads and files.",
            )
        })?
        .block_on(command)
}
