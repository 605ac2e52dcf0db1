//! Keys to the API.
//!
//! The one rule: a key is shown in the answer that makes it and never again; and nobody locks everybody out through the API: the last
//! key with the role admin is ended on the command line.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use secrecy::ExposeSecret as _;
use serde::{Deserialize, Serialize};
use trunkline_store::{ApiKey, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// What a key may do; each role may do what those before it may.
#[derive(Clone, Copy, Debug, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = Role)]
pub(crate) enum RoleName {
    /// Look at everything but secrets.
    Read,
    /// Also run, pause, replay and test.
    Operate,
    /// Also change connections, apps, mirrors and keys.
    Admin,
}

impl From<RoleName> for Role {
    fn from(name: RoleName) -> Self {
        match name {
            RoleName::Read => Self::Read,
            RoleName::Operate => Self::Operate,
            RoleName::Admin => Self::Admin,
        }
    }
}

/// A key, without the key itself.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Key)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The name that people use.
    pub(crate) name: String,
    /// What it may do.
    #[schema(value_type = RoleName)]
    pub(crate) role: Role,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it was last used, to the minute.
    pub(crate) used_at: Option<Timestamp>,
}

/// All keys.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Keys {
    /// The keys, by name.
    pub(crate) items: Vec<Shown>,
}

/// A key to make.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewKey {
    /// The name to give it.
    pub(crate) name: String,
    /// What it may do.
    pub(crate) role: RoleName,
}

/// A key that was just made.
#[derive(Serialize, ToSchema)]
pub(crate) struct MadeKey {
    /// Its name.
    pub(crate) name: String,
    /// What it may do.
    #[schema(value_type = RoleName)]
    pub(crate) role: Role,
    /// The key itself, shown this once.
    pub(crate) key: String,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Admin,
            Verb::Get,
            "/keys",
            "keys.list",
            "Lists the keys to this API, without the keys themselves.",
            list,
        )
        .answers::<Keys>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/keys",
            "keys.add",
            "Makes a key and shows it, this once.",
            add,
        )
        .takes::<NewKey>()
        .answers::<MadeKey>(StatusCode::CREATED)
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/keys/{name}",
            "keys.remove",
            "Ends a key. The last one with the role admin can only be ended on the command line.",
            remove,
        )
        .may_conflict(),
    ]
}

/// All keys.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Keys>, Refusal> {
    let keys = shared.store.keys().await?;
    Ok(Json(Keys {
        items: keys.into_iter().map(Shown::from).collect(),
    }))
}

/// Makes a key.
pub(crate) async fn add(
    State(shared): State<Arc<Shared>>,
    Body(new): Body<NewKey>,
) -> Result<(StatusCode, Json<MadeKey>), Refusal> {
    let role = Role::from(new.role);
    let key = shared
        .store
        .add_key(&new.name, role, shared.clock.now())
        .await
        .map_err(given::at_field("name"))?;
    let made = MadeKey {
        name: new.name,
        role,
        key: key.expose_secret().to_owned(),
    };
    Ok((StatusCode::CREATED, Json(made)))
}

/// Ends a key.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    let keys = shared.store.keys().await?;
    let mut admins = keys.iter().filter(|key| key.role == Role::Admin);
    if let (Some(last), None) = (admins.next(), admins.next())
        && (last.name == name || last.id == name)
    {
        let message = "this is the last key with the role `admin`; `trunkline keys remove` ends it";
        return Err(Refusal::new(StatusCode::CONFLICT, "TL0631", message));
    }
    shared.store.remove_key(&name).await?;
    Ok(StatusCode::NO_CONTENT)
}

impl From<ApiKey> for Shown {
    fn from(key: ApiKey) -> Self {
        Self {
            id: key.id,
            name: key.name,
            role: key.role,
            created_at: key.created_at,
            used_at: key.used_at,
        }
    }
}
