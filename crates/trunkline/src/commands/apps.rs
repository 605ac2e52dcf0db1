//! `trunkline apps`: client ids and secrets of the Developer Hub.

use std::process::ExitCode;

use trunkline_store::{App, AppDetails, NewApp, Store, StoreError};

use crate::{
    cli::{self, AppsCommand as Command},
    failure::Failure,
    output::{json, tables},
    settings, store,
};

/// Does what is asked.
pub(crate) async fn run(arguments: cli::Apps) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = act(&store, arguments.command, arguments.json).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn act(store: &Store, command: Command, as_json: bool) -> Result<(), Failure> {
    let app = match command {
        Command::List => return list(&store.apps().await?, as_json),
        Command::Remove { name } => {
            let removed = store.remove_app(&name).await?;
            if !as_json {
                return json::line(&format!("Forgot the app `{}` and its secret.", removed.name));
            }
            removed
        }
        Command::Add {
            name,
            client_id,
            client_secret_env,
            authorize_url,
            access_token_url,
            pkce,
            replace,
        } => {
            let new = NewApp {
                name,
                client_id,
                client_secret: settings::secret(&client_secret_env, "--client-secret-env")?,
                details: AppDetails {
                    authorize_url,
                    token_url: access_token_url,
                    takes_pkce: pkce,
                    notes: String::new(),
                },
            };
            let kept = keep(store, &new, replace).await?;
            if !as_json {
                return json::line(&format!(
                    "Kept the app `{}`. Its client secret is sealed, and webhooks that it signed are accepted.",
                    kept.name
                ));
            }
            kept
        }
    };
    json::print(&app)
}

async fn keep(store: &Store, new: &NewApp, replace: bool) -> Result<App, Failure> {
    match store.app(&new.name).await {
        Ok(mut app) if replace => {
            app.client_id.clone_from(&new.client_id);
            app.details = AppDetails {
                notes: std::mem::take(&mut app.details.notes),
                ..new.details.clone()
            };
            store
                .update_app(&app, Some(&new.client_secret), store::now())
                .await?;
            Ok(app)
        }
        Ok(_) | Err(StoreError::NotFound { .. }) => Ok(store.add_app(new, store::now()).await?),
        Err(error) => Err(error.into()),
    }
}

fn list(apps: &[App], as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(&apps);
    }
    if apps.is_empty() {
        return json::line(
            "There are no apps yet. Add one with `trunkline apps add NAME --client-id ID --client-secret-env VARIABLE`.",
        );
    }
    let mut table = tables::new(&["app", "client id", "added"]);
    for app in apps {
        table.add_row([
            app.name.clone(),
            app.client_id.clone(),
            super::connections::moment(app.created_at),
        ]);
    }
    json::line(&table.to_string())
}
