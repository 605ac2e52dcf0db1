//! The runs of a mirror: page by page, newest first, and one with its report.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_store::{MirrorRun, Role, RunState};
use utoipa::ToSchema;

use super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// How a run ended, or that it has not: `running`, `complete`, `incomplete` (the report says what is missing), `failed`, or `lost`
/// when its process ended under it.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RunState)]
pub(crate) enum Outcome {
    /// It is under way.
    Running,
    /// Everything was read.
    Complete,
    /// Something is missing.
    Incomplete,
    /// It could not be done.
    Failed,
    /// Its process ended under it.
    Lost,
}

/// A run of a mirror.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Run)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The process that does it.
    pub(crate) owner: String,
    /// How it ended.
    pub(crate) state: Outcome,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it ended.
    pub(crate) finished_at: Option<Timestamp>,
    /// Its report, or what went wrong.
    #[schema(value_type = Option<Object>)]
    pub(crate) report: Option<Value>,
}

/// Some runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Runs {
    /// The runs, newest first.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page; none at the end.
    pub(crate) next: Option<String>,
}

/// Which runs.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RunsQuery {
    /// Those that began before this one, by its id.
    pub(crate) before: Option<String>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/runs",
            "runs.list",
            "Lists the runs of a mirror, newest first.",
            list,
        )
        .asks::<RunsQuery>()
        .answers::<Runs>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/runs/{id}",
            "runs.show",
            "Shows a run of a mirror.",
            show,
        )
        .answers::<Shown>(StatusCode::OK),
    ]
}

/// The runs of a mirror.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(query): Query<RunsQuery>,
) -> Result<Json<Runs>, Refusal> {
    let limit = given::limit(query.limit)?;
    let mirror = shared.store.mirror(&name).await?;
    let runs = shared
        .store
        .runs_before(&mirror.id, query.before.as_deref(), limit + 1)
        .await
        .map_err(given::at_field("before"))?;
    let (runs, next) = given::page(runs, limit, |run| run.id.clone());
    Ok(Json(Runs {
        next,
        items: runs.into_iter().map(Shown::from).collect(),
    }))
}

/// One run.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named((name, id)): Named<(String, String)>,
) -> Result<Json<Shown>, Refusal> {
    let mirror = shared.store.mirror(&name).await?;
    Ok(Json(shared.store.run(&mirror.id, &id).await?.into()))
}

impl From<MirrorRun> for Shown {
    fn from(run: MirrorRun) -> Self {
        Self {
            id: run.id,
            owner: run.owner,
            state: match run.state {
                RunState::Running => Outcome::Running,
                RunState::Complete => Outcome::Complete,
                RunState::Incomplete => Outcome::Incomplete,
                RunState::Failed => Outcome::Failed,
                RunState::Lost => Outcome::Lost,
            },
            started_at: run.started_at,
            finished_at: run.finished_at,
            report: run.report.and_then(|text| serde_json::from_str(&text).ok()),
        }
    }
}
