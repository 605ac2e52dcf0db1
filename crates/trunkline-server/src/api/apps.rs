//! Apps of the Developer Hub: client ids and secrets that connections' grants and webhooks belong to.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_client::{Region, oauth::Endpoints};
use trunkline_store::{App, AppDetails, NewApp, Role};
use utoipa::ToSchema;

use super::{
    given::{self, Secret},
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// The longest client id.
const LONGEST_CLIENT_ID: usize = 200;

/// An app, without its client secret.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = App)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The name that people use.
    pub(crate) name: String,
    /// The client id of the Developer Hub.
    pub(crate) client_id: String,
    /// Where a browser is sent to ask for a grant, instead of the region's page.
    pub(crate) authorize_url: Option<String>,
    /// Where a code is exchanged, instead of Intercom's address.
    pub(crate) token_url: Option<String>,
    /// Whether the token address takes a proof of the code's owner (PKCE).
    pub(crate) takes_pkce: bool,
    /// Whatever its owner wants to remember.
    pub(crate) notes: String,
    /// When it was added.
    pub(crate) created_at: Timestamp,
    /// When it last changed.
    pub(crate) updated_at: Timestamp,
}

/// All apps.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Apps {
    /// The apps, by name.
    pub(crate) items: Vec<Shown>,
}

/// An app to add.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewApp)]
pub(crate) struct New {
    /// The name to give it.
    pub(crate) name: String,
    /// The client id of the Developer Hub.
    pub(crate) client_id: String,
    /// The client secret, which also signs the app's webhooks. It is kept sealed and never shown.
    #[schema(value_type = String, write_only)]
    pub(crate) client_secret: Secret,
    /// Where a browser is sent to ask for a grant, instead of the region's page.
    pub(crate) authorize_url: Option<String>,
    /// Where a code is exchanged, instead of Intercom's address.
    pub(crate) token_url: Option<String>,
    /// Whether the token address takes a proof of the code's owner (PKCE).
    #[serde(default)]
    pub(crate) takes_pkce: bool,
    /// Whatever you want to remember.
    #[serde(default)]
    pub(crate) notes: String,
}

/// Changes to an app: what is left out stays as it is.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = AppChange)]
pub(crate) struct Change {
    /// Another client id.
    pub(crate) client_id: Option<String>,
    /// Another client secret. It is kept sealed and never shown.
    #[schema(value_type = Option<String>, write_only)]
    pub(crate) client_secret: Option<Secret>,
    /// Another page that asks for grants; null for the region's.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) authorize_url: Option<Option<String>>,
    /// Another address where a code is exchanged; null for Intercom's.
    #[serde(default, deserialize_with = "given::change")]
    #[schema(value_type = Option<String>)]
    pub(crate) token_url: Option<Option<String>>,
    /// Whether the token address takes a proof of the code's owner (PKCE).
    pub(crate) takes_pkce: Option<bool>,
    /// Other notes.
    pub(crate) notes: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/apps",
            "apps.list",
            "Lists the apps, without their secrets.",
            list,
        )
        .answers::<Apps>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/apps",
            "apps.add",
            "Adds an app of the Developer Hub: its client id and secret.",
            add,
        )
        .takes::<New>()
        .answers::<Shown>(StatusCode::CREATED)
        .may_conflict(),
        Route::new(
            Role::Read,
            Verb::Get,
            "/apps/{name}",
            "apps.show",
            "Shows an app, without its secret.",
            show,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Patch,
            "/apps/{name}",
            "apps.change",
            "Changes an app's client id, secret or addresses.",
            change,
        )
        .takes::<Change>()
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/apps/{name}",
            "apps.remove",
            "Forgets an app that no connection uses, with its secret.",
            remove,
        )
        .may_conflict(),
    ]
}

/// All apps.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Apps>, Refusal> {
    let apps = shared.store.apps().await?;
    Ok(Json(Apps {
        items: apps.into_iter().map(Shown::from).collect(),
    }))
}

/// One app.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    Ok(Json(shared.store.app(&name).await?.into()))
}

/// Adds an app.
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Body(new): Body<New>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let new = NewApp {
        name: new.name,
        client_id: new.client_id,
        client_secret: new.client_secret.0,
        details: AppDetails {
            authorize_url: new.authorize_url,
            token_url: new.token_url,
            takes_pkce: new.takes_pkce,
            notes: new.notes,
        },
    };
    check_client_id(&new.client_id)?;
    check_addresses(
        Endpoints::in_region(Region::Us),
        new.details.authorize_url.as_deref(),
        new.details.token_url.as_deref(),
    )?;
    let added = shared
        .store
        .add_app(&new, shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    Ok((StatusCode::CREATED, Json(added.into())))
}

/// Changes an app.
pub(crate) async fn change(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(change): Body<Change>,
) -> Result<Json<Shown>, Refusal> {
    let mut app = shared.store.app(&name).await?;
    if let Some(client_id) = change.client_id {
        check_client_id(&client_id)?;
        app.client_id = client_id;
    }
    let details = &mut app.details;
    details.authorize_url = change.authorize_url.unwrap_or(details.authorize_url.take());
    details.token_url = change.token_url.unwrap_or(details.token_url.take());
    details.takes_pkce = change.takes_pkce.unwrap_or(details.takes_pkce);
    if let Some(notes) = change.notes {
        details.notes = notes;
    }
    check_addresses(
        Endpoints::in_region(Region::Us),
        details.authorize_url.as_deref(),
        details.token_url.as_deref(),
    )?;
    let secret = change.client_secret.map(|secret| secret.0);
    shared
        .store
        .update_app(&app, secret.as_ref(), shared.clock.now())
        .await?;
    Ok(Json(shared.store.app(&app.id).await?.into()))
}

/// Forgets an app.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    shared.store.remove_app(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn check_client_id(client_id: &str) -> Result<(), Refusal> {
    let is_good = (1..=LONGEST_CLIENT_ID).contains(&client_id.len())
        && client_id.bytes().all(|byte| byte.is_ascii_graphic());
    if is_good {
        return Ok(());
    }
    Err(Refusal::of_field(
        "client_id",
        "is not a client id of the Developer Hub",
    ))
}

/// Refuses addresses that secrets may not be sent to.
pub(super) fn check_addresses(
    endpoints: Endpoints,
    authorize_url: Option<&str>,
    token_url: Option<&str>,
) -> Result<(), Refusal> {
    let at = |field: &'static str| {
        move |error: trunkline_client::oauth::OAuthError| Refusal::of_field(field, error.to_string())
    };
    let endpoints = match authorize_url {
        Some(url) => endpoints.with_authorize(url).map_err(at("authorize_url"))?,
        None => endpoints,
    };
    if let Some(url) = token_url {
        endpoints.with_access_token(url).map_err(at("token_url"))?;
    }
    Ok(())
}

impl From<App> for Shown {
    fn from(app: App) -> Self {
        Self {
            id: app.id,
            name: app.name,
            client_id: app.client_id,
            authorize_url: app.details.authorize_url,
            token_url: app.details.token_url,
            takes_pkce: app.details.takes_pkce,
            notes: app.details.notes,
            created_at: app.created_at,
            updated_at: app.updated_at,
        }
    }
}
