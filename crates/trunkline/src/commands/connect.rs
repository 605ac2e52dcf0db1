//! `trunkline connect`: a name for a token or a grant.

use std::{process::ExitCode, sync::Arc};

use secrecy::SecretString;
use trunkline_client::{Connection as Address, Region, Settings, SystemClock};
use trunkline_server::{endpoints, identify};
use trunkline_store::{
    App, Connection, ConnectionDetails, ConnectionSecrets, NewConnection, Store, StoreError,
};

use super::connections;
use crate::{
    cli::{self, RegionName},
    failure::Failure,
    output::json,
    settings, store,
};

/// Keeps the connection, tests it and shows it.
pub(crate) async fn run(arguments: cli::Connect) -> Result<ExitCode, Failure> {
    let secrets = ConnectionSecrets {
        token: arguments.token_env.as_deref().map(settings::token).transpose()?,
        webhook_secret: webhook_secret(&arguments.details)?,
        ..ConnectionSecrets::default()
    };
    let store = Arc::new(store::open(&arguments.data).await?);
    let outcome = connect(&store, &arguments, secrets).await;
    store.close().await;
    outcome?;
    Ok(ExitCode::SUCCESS)
}

async fn connect(
    store: &Arc<Store>,
    arguments: &cli::Connect,
    secrets: ConnectionSecrets,
) -> Result<(), Failure> {
    let app = match &arguments.app {
        Some(name) => Some(store.app(name).await?),
        None => None,
    };
    let existing = match store.connection(&arguments.name).await {
        Ok(found) if arguments.replace => Some(found),
        Ok(_) | Err(StoreError::NotFound { .. }) => None,
        Err(error) => return Err(error.into()),
    };
    let has_token = secrets.token.is_some();
    let connection = keep(store, arguments, existing, app.as_ref(), secrets).await?;
    if arguments.oauth
        && let Some(public_url) = &arguments.public_url
    {
        return super::grant::offer(store, &connection, public_url, arguments.json).await;
    }
    if let Some(app) = app.filter(|_| arguments.oauth) {
        super::grant::ask(store, &connection, &app, arguments).await?;
    } else if !has_token {
        if !arguments.json {
            json::line(&format!(
                "Kept the connection `{}`, which has no access token yet.\nGive it one with `trunkline connect {0} --replace --token-env VARIABLE`, or grant access in the browser.",
                connection.name
            ))?;
        }
        return Ok(());
    }
    let tested = identify(store, &connection, Settings::new(Arc::new(SystemClock))).await;
    let connection = store.connection(&connection.id).await?;
    if arguments.json {
        json::print(&connection)?;
    } else {
        connections::print(store, &connection).await?;
    }
    tested.map(drop).map_err(Failure::from)
}

/// Adds the connection, or changes the one that is there.
async fn keep(
    store: &Store,
    arguments: &cli::Connect,
    existing: Option<Connection>,
    app: Option<&App>,
    secrets: ConnectionSecrets,
) -> Result<Connection, Failure> {
    let now = store::now();
    if let Some(mut connection) = existing {
        change(&mut connection.details, &arguments.details)?;
        if let Some(app) = app {
            connection.app = Some(app.id.clone());
        }
        store.update_connection(&connection, &secrets, now).await?;
        return Ok(connection);
    }
    let mut details = ConnectionDetails {
        base_url: Region::Us.base_url().to_owned(),
        api_version: trunkline_catalog::Version::DEFAULT.to_string(),
        ..ConnectionDetails::default()
    };
    change(&mut details, &arguments.details)?;
    let new = NewConnection {
        name: arguments.name.clone(),
        app: app.map(|app| app.id.clone()),
        details,
        secrets,
    };
    Ok(store.add_connection(&new, now).await?)
}

/// Takes over what the flags say, checked.
pub(crate) fn change(details: &mut ConnectionDetails, flags: &cli::Details) -> Result<(), Failure> {
    if let Some(region) = flags.region {
        let region = match region {
            RegionName::Us => Region::Us,
            RegionName::Eu => Region::Eu,
            RegionName::Au => Region::Au,
        };
        region.base_url().clone_into(&mut details.base_url);
    }
    if let Some(url) = &flags.base_url {
        Address::at(
            url,
            SecretString::from("checked"),
            trunkline_catalog::Version::DEFAULT,
        )?;
        details.base_url.clone_from(url);
    }
    if let Some(text) = &flags.api_version {
        details.api_version = settings::version(Some(text))?.to_string();
    }
    for (flag, place) in [
        (&flags.authorize_url, &mut details.authorize_url),
        (&flags.access_token_url, &mut details.token_url),
    ] {
        if let Some(url) = flag {
            *place = (!url.is_empty()).then(|| url.clone());
        }
    }
    if let Some(logs_requests) = flags.log_requests {
        details.logs_requests = logs_requests;
    }
    if let Some(notes) = &flags.notes {
        details.notes.clone_from(notes);
    }
    endpoints(details, None)?;
    Ok(())
}

/// The webhook secret, from the variable that the flags name.
pub(crate) fn webhook_secret(flags: &cli::Details) -> Result<Option<SecretString>, Failure> {
    flags
        .webhook_secret_env
        .as_deref()
        .map(|variable| settings::secret(variable, "--webhook-secret-env"))
        .transpose()
}
