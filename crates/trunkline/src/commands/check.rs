//! `trunkline check`: what a mirror of this workspace would hold and cost, before anyone waits for it.

use std::process::ExitCode;

use trunkline_mirror::check;

use crate::{
    cli,
    failure::{Exit, Failure},
    output::{json, report},
    settings,
};

/// Probes and prints; 1 when a stream would stay empty for want of a permission.
pub(crate) async fn run(arguments: cli::Check) -> Result<ExitCode, Failure> {
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let session = settings::client(&arguments.workspace, &file).await?;
    let streams = arguments.streams.clone().or_else(|| file.streams.clone());
    let found = check::check(session.client(), streams.as_deref()).await;
    session.close().await;
    let found = found?;
    if arguments.json {
        json::print(&found)?;
    } else {
        report::print_check(&found)?;
    }
    Ok(if found.is_success() {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}
