//! Flows: list, show, apply, check, pause, let go on, remove. `flows/runs.rs` has their runs, `flows/shape.rs` what a text is made of.
//!
//! The one rule: a text takes the place of the one that its author saw, or of none; whoever comes second hears which version is there.
//! A flow reads files and secrets of this machine, so only administrators say what it does.

mod apply;
mod components;
mod runs;
mod shape;
mod tries;

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_store::{DeadLetterCount, Flow, FlowRunFilter, FlowState, QueueDepth, Role, Store};
use utoipa::ToSchema;

use super::{
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};
pub(crate) use apply::{Mistake, NewText, Put, Text, apply, check, document};
pub(crate) use components::{Component, components};
pub(crate) use runs::{FlowRunsQuery, Run, list as runs, show as run};
#[cfg(test)]
pub(crate) use shape::Way;
pub(crate) use shape::{Made, Part};
pub(crate) use tries::{DryRun, Step, Tried, TriedWay, Trouble, Try, dry_run, try_text};

/// How many runs a list shows of each flow.
const NEWEST: u32 = 20;

/// A flow, and how it is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowSummary)]
pub(crate) struct Shown {
    /// Its name.
    pub(crate) name: String,
    /// `active` or `paused`.
    pub(crate) state: String,
    /// Where its text came from: `file` or `console`.
    pub(crate) origin: String,
    /// Counts the texts that it had, from 1.
    pub(crate) version: i64,
    /// When this text was put.
    pub(crate) applied_at: Timestamp,
    /// Who put it.
    pub(crate) by_whom: String,
    /// Its newest runs, newest first, at most 20.
    pub(crate) runs: Vec<Run>,
    /// Deliveries that wait or are under way.
    pub(crate) queued: u64,
    /// Dead letters that wait for somebody.
    pub(crate) dead_letters: u64,
}

/// All flows.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Flows {
    /// The flows, by name.
    pub(crate) items: Vec<Shown>,
}

/// A flow with its text and with what waits.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Flow)]
pub(crate) struct Whole {
    /// The flow.
    pub(crate) flow: Shown,
    /// Its whole text, as it was written.
    pub(crate) text: String,
    /// What it is made of; none when this version does not understand the text.
    pub(crate) made: Option<Made>,
    /// What this version does not understand about the text.
    pub(crate) mistakes: Vec<Mistake>,
    /// What waits, by destination.
    pub(crate) waiting: Vec<Waiting>,
    /// Dead letters that wait for somebody, by destination and code.
    pub(crate) dead_letters: Vec<Dead>,
}

/// What waits for one destination of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowWaiting)]
pub(crate) struct Waiting {
    /// The destination's name.
    pub(crate) destination: String,
    /// Deliveries that wait or are under way.
    pub(crate) queued: u64,
    /// When the first of them is due.
    pub(crate) due_at: Timestamp,
}

/// How many dead letters wait, of one kind.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowDeadLetters)]
pub(crate) struct Dead {
    /// The destination's name; `-` for all of them.
    pub(crate) destination: String,
    /// The error's code.
    pub(crate) code: String,
    /// How many.
    pub(crate) count: u64,
    /// When the newest was given up.
    pub(crate) newest_at: Timestamp,
}

/// How a flow is removed.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Removal {
    /// Whether everything of it goes too: how far it has read, what waits, dead letters, runs.
    pub(crate) with_state: Option<bool>,
}

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/flows",
            "flows.list",
            "Lists the flows, each with its newest runs and what waits.",
            list,
        )
        .answers::<Flows>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/flows/{name}",
            "flows.show",
            "Shows a flow: its text, what it is made of, what waits.",
            show,
        )
        .answers::<Whole>(StatusCode::OK),
        Route::new(
            Role::Admin,
            Verb::Delete,
            "/flows/{name}",
            "flows.remove",
            "Removes a flow: only if nothing hangs on it, or with everything.",
            remove,
        )
        .asks::<Removal>()
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/pause",
            "flows.pause",
            "Pauses a flow: it does not begin, and what waits keeps waiting.",
            pause,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/resume",
            "flows.resume",
            "Lets a paused flow go on.",
            resume,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/run",
            "flows.run",
            "Runs a flow now, whatever its schedule says, also when it is paused. One that runs all the time has no need of it.",
            run_now,
        )
        .answers::<Shown>(StatusCode::ACCEPTED)
        .may_conflict(),
    ];
    routes.extend(apply::routes());
    routes.extend(runs::routes());
    routes.extend(tries::routes());
    routes.extend(components::routes());
    routes
}

/// All flows.
pub(crate) async fn list(State(shared): State<Arc<Shared>>) -> Result<Json<Flows>, Refusal> {
    let (depths, dead) = counted(&shared).await?;
    let mut items = Vec::new();
    for flow in shared.store.flows().await? {
        items.push(shown(&shared, &flow, &depths, &dead).await?);
    }
    Ok(Json(Flows { items }))
}

/// One flow.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Whole>, Refusal> {
    let flow = shared.store.flow(&name).await?;
    let (depths, dead) = counted(&shared).await?;
    let (made, mistakes) = match document(&flow.text, flow.applied_at) {
        Ok(document) => (Some(Made::of(&document)), Vec::new()),
        Err(mistakes) => (None, mistakes),
    };
    Ok(Json(Whole {
        flow: shown(&shared, &flow, &depths, &dead).await?,
        text: flow.text,
        made,
        mistakes,
        waiting: depths
            .into_iter()
            .filter(|depth| depth.flow == name)
            .map(|depth| Waiting {
                destination: depth.destination,
                queued: depth.pending,
                due_at: depth.oldest_due,
            })
            .collect(),
        dead_letters: dead
            .into_iter()
            .filter(|count| count.flow == name)
            .map(|count| Dead {
                destination: count.destination,
                code: count.code,
                count: count.count,
                newest_at: count.newest_at,
            })
            .collect(),
    }))
}

/// Removes a flow.
pub(crate) async fn remove(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(removal): Query<Removal>,
) -> Result<StatusCode, Refusal> {
    let with_state = removal.with_state.unwrap_or(false);
    let known = shared.store.find_flow(&name).await?;
    shared.store.remove_flow(&name, with_state).await?;
    if let Some(flow) = known {
        crate::flows::let_go(&shared.store, &shared.clock, &shared.options.data, &flow).await;
    }
    shared.wake.call();
    Ok(StatusCode::NO_CONTENT)
}

/// Pauses a flow.
pub(crate) async fn pause(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    set(&shared, &name, FlowState::Paused).await
}

/// Lets a flow go on.
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    set(&shared, &name, FlowState::Active).await
}

/// Runs a flow as soon as this process gets to it.
pub(crate) async fn run_now(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let conflict = |code, message: String| Refusal::new(StatusCode::CONFLICT, code, message);
    let flow = shared.store.flow(&name).await?;
    let Ok(document) = document(&flow.text, flow.applied_at) else {
        let message = format!("this version does not understand the flow `{name}`; mend its text first");
        return Err(conflict("TL0810", message));
    };
    if trunkline_components::is_endless(&document) {
        let message = format!("the flow `{name}` takes what comes as it comes, as long as it is not paused");
        return Err(conflict("TL0971", message));
    }
    let held = shared.store.lease_ends(&Store::flow_lease(&name)).await?;
    if held.is_some_and(|until| until > shared.clock.now()) {
        return Err(conflict("TL0972", format!("the flow `{name}` runs already")));
    }
    shared.by_hand.ask(&name);
    shared.wake.call();
    let (depths, dead) = counted(&shared).await?;
    let shown = shown(&shared, &flow, &depths, &dead).await?;
    Ok((StatusCode::ACCEPTED, Json(shown)))
}

async fn set(shared: &Shared, name: &str, state: FlowState) -> Result<Json<Shown>, Refusal> {
    shared.store.set_flow_state(name, state).await?;
    shared.wake.call();
    let flow = shared.store.flow(name).await?;
    let (depths, dead) = counted(shared).await?;
    Ok(Json(shown(shared, &flow, &depths, &dead).await?))
}

/// What waits and what was given up, of all flows.
async fn counted(shared: &Shared) -> Result<(Vec<QueueDepth>, Vec<DeadLetterCount>), Refusal> {
    let depths = shared.store.queue_depths(shared.clock.now()).await?;
    Ok((depths, shared.store.count_dead_letters().await?))
}

async fn shown(
    shared: &Shared,
    flow: &Flow,
    depths: &[QueueDepth],
    dead: &[DeadLetterCount],
) -> Result<Shown, Refusal> {
    let newest = FlowRunFilter {
        flow: Some(flow.name.clone()),
        ..FlowRunFilter::default()
    };
    let runs = shared.store.flow_runs(&newest, NEWEST).await?;
    let of_it = |name: &str| name == flow.name;
    Ok(Shown {
        name: flow.name.clone(),
        state: flow.state.as_str().to_owned(),
        origin: flow.origin.as_str().to_owned(),
        version: flow.version,
        applied_at: flow.applied_at,
        by_whom: flow.by_whom.clone(),
        runs: runs.into_iter().map(Run::from).collect(),
        queued: depths
            .iter()
            .filter(|depth| of_it(&depth.flow))
            .map(|depth| depth.pending)
            .sum(),
        dead_letters: dead
            .iter()
            .filter(|count| of_it(&count.flow))
            .map(|count| count.count)
            .sum(),
    })
}
