//! `trunkline connections`: how the stored connections are doing, and changes to them.

use std::{process::ExitCode, sync::Arc};

use jiff::Timestamp;
use trunkline_client::{Region, Settings, SystemClock};
use trunkline_server::identify;
use trunkline_store::{Connection, ConnectionSecrets, ConnectionState, Store};

use super::connect;
use crate::{
    cli::{self, ConnectionsCommand as Command},
    failure::{Exit, Failure},
    output::{json, tables},
    store,
};

/// Does what is asked.
pub(crate) async fn run(arguments: cli::Connections) -> Result<ExitCode, Failure> {
    let store = Arc::new(store::open(&arguments.data).await?);
    let outcome = act(&store, arguments.command, arguments.json).await;
    store.close().await;
    outcome
}

async fn act(store: &Arc<Store>, command: Command, as_json: bool) -> Result<ExitCode, Failure> {
    match command {
        Command::List => list(&store.connections().await?, as_json)?,
        Command::Show { name } => show(store, &name, as_json).await?,
        Command::Test { name } => return test(store, name.as_deref(), as_json).await,
        Command::Set { name, details } => {
            let mut connection = store.connection(&name).await?;
            connect::change(&mut connection.details, &details)?;
            let secrets = ConnectionSecrets {
                webhook_secret: connect::webhook_secret(&details)?,
                ..ConnectionSecrets::default()
            };
            store
                .update_connection(&connection, &secrets, store::now())
                .await?;
            show(store, &connection.id, as_json).await?;
        }
        Command::Rename { name, new_name } => {
            store.rename_connection(&name, &new_name, store::now()).await?;
            show(store, &new_name, as_json).await?;
        }
        Command::Default { name } => {
            store.make_default(&name).await?;
            show(store, &name, as_json).await?;
        }
        Command::Pause { name } => {
            set(store, &name, ConnectionState::Paused).await?;
            show(store, &name, as_json).await?;
        }
        Command::Resume { name } => {
            set(store, &name, ConnectionState::New).await?;
            return test(store, Some(&name), as_json).await;
        }
        Command::Remove { name } => {
            let removed = store.remove_connection(&name).await?;
            if as_json {
                json::print(&removed)?;
            } else {
                json::line(&format!(
                    "Forgot the connection `{}` and its secrets.",
                    removed.name
                ))?;
            }
        }
    }
    Ok(ExitCode::SUCCESS)
}

async fn set(store: &Store, name: &str, state: ConnectionState) -> Result<(), Failure> {
    let connection = store.connection(name).await?;
    Ok(store
        .set_connection_state(&connection.id, state, None, store::now())
        .await?)
}

fn list(connections: &[Connection], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(&connections);
    }
    if connections.is_empty() {
        return json::line(
            "There are no connections yet. Make one with `trunkline connect NAME --token-env VARIABLE`.",
        );
    }
    let mut table = tables::new(&[
        "connection",
        "state",
        "workspace",
        "address",
        "version",
        "last tested",
    ]);
    for connection in connections {
        let workspace = connection.identity.as_ref().map_or_else(String::new, |identity| {
            format!("{} ({})", identity.name, identity.id_code)
        });
        let mark = if connection.is_default { " *" } else { "" };
        table.add_row([
            format!("{}{mark}", connection.name),
            state(connection),
            workspace,
            address(connection),
            connection.details.api_version.clone(),
            connection.tested_at.map_or_else(String::new, moment),
        ]);
    }
    json::line(&table.to_string())?;
    json::line("* the default connection")
}

async fn show(store: &Store, name: &str, as_json: bool) -> Result<(), Failure> {
    let connection = store.connection(name).await?;
    if as_json {
        return json::print(&connection);
    }
    print(store, &connection).await
}

/// One connection for people.
pub(crate) async fn print(store: &Store, connection: &Connection) -> Result<(), Failure> {
    let secrets = store.connection_secrets(&connection.id).await?;
    let kept = |is_kept: bool| if is_kept { "kept, sealed" } else { "none" }.to_owned();
    let app = match &connection.app {
        Some(id) => store.app(id).await?.name,
        None => String::new(),
    };
    let mut lines = vec![
        ("connection", connection.name.clone()),
        ("state", state(connection)),
        (
            "default",
            if connection.is_default { "yes" } else { "no" }.to_owned(),
        ),
        ("address", address(connection)),
        ("version", connection.details.api_version.clone()),
        ("token", kept(secrets.token.is_some())),
        (
            "webhook secret",
            if secrets.webhook_secret.is_none() && !app.is_empty() {
                "the app's client secret".to_owned()
            } else {
                kept(secrets.webhook_secret.is_some())
            },
        ),
        ("app", app),
        (
            "request log",
            if connection.details.logs_requests {
                "on"
            } else {
                "off"
            }
            .to_owned(),
        ),
    ];
    if let Some(identity) = &connection.identity {
        lines.push(("workspace", format!("{} ({})", identity.name, identity.id_code)));
        lines.push(("hosted in", identity.region.clone()));
        lines.push(("time zone", identity.time_zone.clone()));
    }
    if let Some(tested_at) = connection.tested_at {
        lines.push(("last tested", moment(tested_at)));
    }
    if let Some(ends) = connection.details.token_expires_at {
        lines.push(("token ends", moment(ends)));
    }
    lines.push(("notes", connection.details.notes.clone()));
    for (name, value) in lines.into_iter().filter(|(_, value)| !value.is_empty()) {
        json::line(&format!("{name:<15}{value}"))?;
    }
    Ok(())
}

/// Tests one connection or all; 1 when one does not work.
async fn test(store: &Arc<Store>, name: Option<&str>, as_json: bool) -> Result<ExitCode, Failure> {
    let connections = match name {
        Some(name) => vec![store.connection(name).await?],
        None => store.connections().await?,
    };
    let mut works = true;
    for connection in connections {
        let outcome = identify(store, &connection, Settings::new(Arc::new(SystemClock))).await;
        match (outcome, name) {
            (Err(error), Some(_)) => return Err(error.into()),
            (Err(error), None) => {
                works = false;
                if !as_json {
                    json::line(&format!("{:<15}{}: {error}", connection.name, error.code()))?;
                }
            }
            (Ok(identity), _) if !as_json => {
                json::line(&format!(
                    "{:<15}works: {} ({})",
                    connection.name, identity.name, identity.id_code
                ))?;
            }
            (Ok(_), _) => {}
        }
        if as_json {
            json::print(&store.connection(&connection.id).await?)?;
        }
    }
    Ok(if works {
        ExitCode::SUCCESS
    } else {
        Exit::Incomplete.into()
    })
}

fn state(connection: &Connection) -> String {
    let word = match connection.state {
        ConnectionState::New => "not tested",
        ConnectionState::Ready => "ready",
        ConnectionState::NeedsGrant => "needs a new grant",
        ConnectionState::Paused => "paused",
    };
    match &connection.reason {
        Some(reason) => format!("{word}: {reason}"),
        None => word.to_owned(),
    }
}

/// The region, where the address is one's.
fn address(connection: &Connection) -> String {
    let url = &connection.details.base_url;
    Region::ALL
        .into_iter()
        .find(|region| region.base_url() == url)
        .map_or_else(|| url.clone(), |region| region.to_string())
}

/// A moment for people, to the second.
pub(crate) fn moment(at: Timestamp) -> String {
    at.strftime("%Y-%m-%d %H:%M:%S UTC").to_string()
}
