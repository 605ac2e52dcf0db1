//! Which permissions a connection's token has, and what each missing one costs.
//!
//! The one rule: nobody is asked but when somebody says so; what was found out is remembered as long as the process runs, with the
//! time at which it was asked.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_client::permissions::{PermissionLine, probe};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    read::{Body, Named},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// What is remembered of the permissions of connections, by their ids.
#[derive(Debug, Default)]
pub(crate) struct Remembered(Mutex<HashMap<String, Permissions>>);

impl Remembered {
    fn of(&self, connection: &str) -> Option<Permissions> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(connection).cloned()
    }

    fn keep(&self, connection: String, found: Permissions) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(connection, found);
    }
}

/// One permission, as the token has it.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Permission)]
pub(crate) struct Line {
    /// Its label in Intercom's Developer Hub.
    pub(crate) permission: &'static str,
    /// What it is about, in a word.
    pub(crate) family: &'static str,
    /// `granted`, `missing`, `not in the plan`, `not in version`, `not probed` or `unknown`.
    pub(crate) state: &'static str,
    /// What a person should know about the state.
    pub(crate) why: Option<String>,
    /// Streams that stay empty without it.
    pub(crate) streams: Vec<&'static str>,
    /// Operations that fail without it.
    pub(crate) operations: Vec<&'static str>,
    /// What it allows.
    pub(crate) allows: &'static str,
    /// What is lost without it.
    pub(crate) cost: &'static str,
}

/// The permissions of a connection's token.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
pub(crate) struct Permissions {
    /// When they were asked for; none when nobody has asked since the process began.
    pub(crate) asked_at: Option<Timestamp>,
    /// Whether permissions to write were asked for too.
    pub(crate) writes_probed: bool,
    /// The permissions, in the order of the Developer Hub.
    pub(crate) items: Vec<Line>,
}

/// What to ask.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Probe {
    /// Whether permissions to write are asked for too, by calls on objects that cannot exist.
    #[serde(default)]
    pub(crate) writes: bool,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/connections/{name}/permissions",
            "permissions.show",
            "Shows what was last found out about the permissions of a connection's token.",
            show,
        )
        .answers::<Permissions>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/connections/{name}/permissions",
            "permissions.probe",
            "Finds out which permissions a connection's token has, without writing anything.",
            ask,
        )
        .takes::<Probe>()
        .answers::<Permissions>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
    ]
}

/// What was last found out.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Permissions>, Refusal> {
    let connection = shared.store.connection(&name).await?;
    Ok(Json(shared.permissions.of(&connection.id).unwrap_or_default()))
}

/// Finds out.
pub(crate) async fn ask(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(asked): Body<Probe>,
) -> Result<Json<Permissions>, Refusal> {
    shared.store.connection(&name).await?;
    let (connection, client) = shared.workspaces.client(Some(&name)).await?;
    let work = async move { Ok(probe(&client, asked.writes).await?) };
    let report = shared.workspaces.run(&connection, work).await?;
    let found = Permissions {
        asked_at: Some(shared.clock.now()),
        writes_probed: report.writes_probed,
        items: report.permissions.into_iter().map(Line::of).collect(),
    };
    shared.permissions.keep(connection.id, found.clone());
    Ok(Json(found))
}

impl Line {
    fn of(line: PermissionLine) -> Self {
        Self {
            permission: line.permission,
            family: line.family,
            state: line.state.as_str(),
            why: line.why,
            streams: line.streams,
            operations: line.operations,
            allows: line.allows,
            cost: line.cost,
        }
    }
}
