//! `trunkline keys` and `trunkline secrets`: what opens the API, and what the stored secrets are sealed with.

use std::process::ExitCode;

use secrecy::ExposeSecret as _;
use serde::Serialize;
use trunkline_store::{ApiKey, Role, Store};

use crate::{
    cli::{self, KeysCommand, SecretsCommand},
    failure::Failure,
    output::{json, tables},
    store,
};

/// A key that was just made; shown this once.
#[derive(Serialize)]
struct Made<'k> {
    name: &'k str,
    role: Role,
    key: &'k str,
}

/// Does what is asked of keys.
pub(crate) async fn run(arguments: cli::Keys) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = act(&store, arguments.command, arguments.json).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

/// Does what is asked of the sealed secrets.
pub(crate) async fn secrets(arguments: cli::Secrets) -> Result<ExitCode, Failure> {
    let SecretsCommand::Rotate = arguments.command;
    let store = store::open(&arguments.data).await?;
    let outcome = store.rotate_keys().await;
    store.close().await;
    let rotation = outcome?;
    json::line(&format!(
        "Sealed {} secrets under a new key; the old one opens nothing any more.",
        rotation.secrets
    ))?;
    Ok(ExitCode::SUCCESS)
}

async fn act(store: &Store, command: KeysCommand, as_json: bool) -> Result<(), Failure> {
    match command {
        KeysCommand::List => list(&store.keys().await?, as_json),
        KeysCommand::Remove { name } => {
            store.remove_key(&name).await?;
            json::line(&format!("Ended the key `{name}`."))
        }
        KeysCommand::Add { name, role } => {
            let role: Role = role.parse()?;
            let key = store.add_key(&name, role, store::now()).await?;
            let key = key.expose_secret();
            if as_json {
                return json::print(&Made {
                    name: &name,
                    role,
                    key,
                });
            }
            json::line(key)?;
            json::line("This is the key, shown this once; send it as `Authorization: Bearer ...`.")
        }
    }
}

fn list(keys: &[ApiKey], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(&keys);
    }
    if keys.is_empty() {
        return json::line("There are no keys yet. Make one with `trunkline keys add NAME --role read`.");
    }
    let mut table = tables::new(&["key", "role", "made", "last used"]);
    for key in keys {
        table.add_row([
            key.name.clone(),
            key.role.to_string(),
            super::connections::moment(key.created_at),
            key.used_at.map_or_else(String::new, super::connections::moment),
        ]);
    }
    json::line(&table.to_string())
}
