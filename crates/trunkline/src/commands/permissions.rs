//! `trunkline permissions`: which permissions the token has, and what each missing one costs.

use std::process::ExitCode;

use trunkline_client::permissions;

use crate::{
    cli,
    failure::Failure,
    output::{self, json},
    settings,
};

/// Asks and prints. A missing permission is an answer, not a failure: tokens are meant to have few.
pub(crate) async fn run(arguments: cli::Permissions) -> Result<ExitCode, Failure> {
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let session = settings::client(&arguments.workspace, &file).await?;
    let report = permissions::probe(session.client(), arguments.writes).await;
    session.close().await;
    let report = report?;
    if arguments.json {
        json::print(&report)?;
    } else {
        output::permissions::print(&report)?;
    }
    Ok(ExitCode::SUCCESS)
}
