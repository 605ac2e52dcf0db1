//! What actions wrote: their runs, page by page, one with every write, and putting it back.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline_actions::CallOptions;
use trunkline_store::{ActionRunFilter, ActionRunState, Role};
use utoipa::ToSchema;

use super::{
    actions::{Done, Planned, by_whom},
    given,
    guard::Caller,
    read::{Body, Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// Which runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Which {
    /// Those of an action, such as `contacts.upsert`.
    pub(crate) action: Option<String>,
    /// Those in a state: running, interrupted, done, failed or unknown.
    pub(crate) state: Option<String>,
    /// Those that changed an object, such as `contacts/6723ab`.
    pub(crate) subject: Option<String>,
    /// Those with a key.
    pub(crate) key: Option<String>,
    /// Those older than the run with this id: the last one of the page before.
    pub(crate) before: Option<String>,
    /// How many at most; 50 when it is left out, 500 at most.
    pub(crate) limit: Option<u32>,
}

/// Runs of actions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionRuns {
    /// The runs.
    #[schema(value_type = Vec<Object>)]
    pub(crate) items: Vec<Value>,
}

/// A run of an action with everything that was kept of it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ActionRunPage {
    /// The run: what was given, every write with what was there before and after, what came of it.
    #[schema(value_type = Object)]
    pub(crate) run: Value,
}

/// Where to put something back.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Undo {
    /// The connection, by its name; the default one when none is named.
    pub(crate) connection: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Operate,
            Verb::Get,
            "/action-runs",
            "action_runs.list",
            "Lists runs of actions that wrote something, newest first.",
            list,
        )
        .asks::<Which>()
        .answers::<ActionRuns>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Get,
            "/action-runs/{id}",
            "action_runs.show",
            "Shows a run of an action with every write.",
            show,
        )
        .answers::<ActionRunPage>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/action-runs/{id}/undo",
            "action_runs.undo",
            "Puts back what a run wrote, and says what cannot be put back.",
            undo,
        )
        .takes::<Undo>()
        .answers::<Done>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/action-runs/{id}/undo/plan",
            "action_runs.plan_undo",
            "Finds out what putting a run back would do, by reading alone.",
            plan_undo,
        )
        .takes::<Undo>()
        .answers::<Planned>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
    ]
}

/// Some runs.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Json<ActionRuns>, Refusal> {
    let state = given::word(which.state.as_deref(), "state", ActionRunState::of)?;
    let filter = ActionRunFilter {
        action: which.action,
        state,
        subject: which.subject,
        key: which.key,
        before: which.before,
        ..ActionRunFilter::default()
    };
    let limit = given::limit(which.limit)?;
    let found = shared
        .store
        .action_runs(&filter, limit, shared.clock.now())
        .await?;
    let items = found.iter().map(|run| json!(run)).collect();
    Ok(Json(ActionRuns { items }))
}

/// One run.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<ActionRunPage>, Refusal> {
    let record = shared.store.action_record(&id, shared.clock.now()).await?;
    Ok(Json(ActionRunPage { run: json!(record) }))
}

/// Puts back what a run wrote.
pub(crate) async fn undo(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<String>,
    Body(undo): Body<Undo>,
) -> Result<Json<Done>, Refusal> {
    shared.store.action_run(&id, shared.clock.now()).await?;
    let options = CallOptions {
        by_whom: by_whom(&caller),
        ..CallOptions::default()
    };
    let (connection, workspace) = shared.workspaces.of(undo.connection.as_deref()).await?;
    let work = async move { workspace.call("runs.undo", json!({ "run": id }), options).await };
    Ok(Json(Done::of(shared.workspaces.run(&connection, work).await?)))
}

/// What putting a run back would do.
pub(crate) async fn plan_undo(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<String>,
    Body(undo): Body<Undo>,
) -> Result<Json<Planned>, Refusal> {
    shared.store.action_run(&id, shared.clock.now()).await?;
    let options = CallOptions {
        by_whom: by_whom(&caller),
        ..CallOptions::default()
    };
    let (connection, workspace) = shared.workspaces.of(undo.connection.as_deref()).await?;
    let work = async move { workspace.plan("runs.undo", json!({ "run": id }), options).await };
    let plan = shared.workspaces.run(&connection, work).await?;
    Ok(Json(Planned { plan }))
}
