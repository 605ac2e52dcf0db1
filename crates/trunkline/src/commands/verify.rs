//! `trunkline verify`: is the mirror complete?

use std::{path::Path, process::ExitCode};

use trunkline_client::Client;
use trunkline_mirror::{
    report::CompletenessReport,
    storage::{Storage, StorageOptions},
    verify,
};

use crate::{
    cli,
    failure::{Exit, Failure},
    output::{json, report},
    settings, targets,
};

/// Compares the mirror with the totals that the API states; 1 when something is missing.
pub(crate) async fn run(arguments: cli::Verify) -> Result<ExitCode, Failure> {
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let named: Vec<String> = arguments.to.iter().cloned().collect();
    let path = targets::Places::of(&named, &file, &arguments.workspace.data.data)?.mirror;
    super::sync::must_exist(&path)?;
    let session = settings::client(&arguments.workspace, &file).await?;
    let outcome = completeness(session.client(), &path).await;
    session.close().await;
    let completeness = outcome?;
    if arguments.json {
        json::print(&completeness)?;
    } else {
        report::print_completeness(&completeness)?;
    }
    Ok(if completeness.is_complete() {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}

async fn completeness(client: &Client, path: &Path) -> Result<CompletenessReport, Failure> {
    let storage = Storage::open(path, StorageOptions::default())?;
    let outcome = verify::verify(client, &storage).await;
    storage.close().await?;
    Ok(outcome?)
}
