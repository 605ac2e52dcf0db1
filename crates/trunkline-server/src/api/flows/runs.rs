//! The runs of flows: page by page, newest first, and one.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_store::{FlowRun, FlowRunFilter, FlowRunState, Role};
use utoipa::ToSchema;

use super::super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// A run of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowRun)]
pub(crate) struct Run {
    /// Our id.
    pub(crate) id: String,
    /// The flow's name.
    pub(crate) flow: String,
    /// The version of its text.
    pub(crate) version: i64,
    /// Why it began: `schedule`, `manual`, `event`, `redrive` or `backfill`.
    pub(crate) cause: String,
    /// How far it has come: `running`, `done`, `failed` or `stopped`.
    pub(crate) state: String,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// Records that the source gave.
    pub(crate) read: u64,
    /// Those that arrived.
    pub(crate) delivered: u64,
    /// Those that a transform left out.
    pub(crate) filtered: u64,
    /// Those that became dead letters.
    pub(crate) dead: u64,
    /// Attempts beyond the first.
    pub(crate) retried: u64,
    /// Those that went into the queue.
    pub(crate) queued: u64,
    /// Calls spent.
    pub(crate) calls: u64,
    /// Records whose whole way is kept.
    pub(crate) followed: u64,
    /// Errors by their codes.
    pub(crate) errors: BTreeMap<String, u64>,
    /// What people should know of it.
    pub(crate) note: Option<String>,
}

impl From<FlowRun> for Run {
    fn from(run: FlowRun) -> Self {
        let counts = run.counts;
        Self {
            id: run.id,
            flow: run.flow,
            version: run.version,
            cause: run.cause.as_str().to_owned(),
            state: run.state.as_str().to_owned(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            read: counts.read,
            delivered: counts.delivered,
            filtered: counts.filtered,
            dead: counts.dead,
            retried: counts.retried,
            queued: counts.queued,
            calls: counts.calls,
            followed: counts.followed,
            errors: counts.errors,
            note: counts.note,
        }
    }
}

/// Some runs.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct FlowRuns {
    /// The runs, newest first.
    pub(crate) items: Vec<Run>,
    /// What to give as `before` for the next page; none at the end.
    pub(crate) next: Option<String>,
}

/// Which runs. Every part that is given narrows it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct FlowRunsQuery {
    /// Those of a flow, by its name.
    pub(crate) flow: Option<String>,
    /// Those in a state: `running`, `done`, `failed` or `stopped`.
    pub(crate) state: Option<String>,
    /// Those that began at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those that began before this.
    pub(crate) until: Option<Timestamp>,
    /// Those that began before this run, by its id.
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
            "/flow-runs",
            "flow_runs.list",
            "Lists runs of flows, newest first.",
            list,
        )
        .asks::<FlowRunsQuery>()
        .answers::<FlowRuns>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/flow-runs/{id}",
            "flow_runs.show",
            "Shows a run of a flow.",
            show,
        )
        .answers::<Run>(StatusCode::OK),
    ]
}

/// Some runs.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<FlowRunsQuery>,
) -> Result<Json<FlowRuns>, Refusal> {
    let limit = given::limit(query.limit)?;
    let state = given::word(query.state.as_deref(), "state", FlowRunState::of)?;
    let filter = FlowRunFilter {
        flow: query.flow,
        state,
        since: query.since,
        until: query.until,
        before: query.before,
    };
    let found = shared.store.flow_runs(&filter, limit + 1).await?;
    let (found, next) = given::page(found, limit, |run| run.id.clone());
    Ok(Json(FlowRuns {
        next,
        items: found.into_iter().map(Run::from).collect(),
    }))
}

/// One run.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Run>, Refusal> {
    Ok(Json(shared.store.flow_run(&id).await?.into()))
}
