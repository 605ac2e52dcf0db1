//! `trunkline backup` and `trunkline restore`: the state in a file.

use std::process::ExitCode;

use trunkline_store::Store;

use crate::{cli, failure::Failure, output::json, store};

/// Writes a backup.
pub(crate) async fn backup(arguments: cli::Backup) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = store.backup(&arguments.to).await;
    store.close().await;
    outcome?;
    json::line(&format!(
        "Wrote {}. The key is not in it: keep {} too, apart from it.",
        arguments.to.display(),
        Store::key_in(&arguments.data.data).display()
    ))?;
    Ok(ExitCode::SUCCESS)
}

/// Puts a backup into a new folder, or a new database.
pub(crate) async fn restore(arguments: cli::Restore) -> Result<ExitCode, Failure> {
    let place = match arguments.store {
        Some(url) => {
            Store::restore_into(&arguments.from, &arguments.data, &url.into()).await?;
            "the database".to_owned()
        }
        None => {
            Store::restore(&arguments.from, &arguments.data)?;
            arguments.data.display().to_string()
        }
    };
    json::line(&format!(
        "Restored into {place}. Put the key into {} as `secret.key` (mode 600), or set TRUNKLINE_SECRET_KEY.",
        arguments.data.display()
    ))?;
    Ok(ExitCode::SUCCESS)
}
