//! How everything is doing, in one answer: what came and went lately, what waits, what failed, and how much of the rate budgets is used.
//!
//! The one rule: it is asked for every few seconds by everybody who looks, so every question in it costs the same however much is kept.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::Serialize;
use trunkline_client::BudgetUse;
use trunkline_store::{
    FlowRunFilter, FlowRunState, FlowState, Minute, NotificationFilter, NotificationState, Role,
};
use utoipa::ToSchema;

use super::route::{Route, Verb};
use crate::{reply::Refusal, shared::Shared, sharing};

/// How many minutes are shown.
const MINUTES: u16 = 60;

/// How everything is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub(crate) struct Overview {
    /// When this was found out.
    pub(crate) at: Timestamp,
    /// The last hour, minute by minute, oldest first.
    pub(crate) minutes: Vec<Moment>,
    /// Notifications that wait to be applied.
    pub(crate) waiting: u64,
    /// Notifications that could not be applied.
    pub(crate) failed: u64,
    /// Deliveries of flows that wait.
    pub(crate) queued: u64,
    /// Dead letters that wait for somebody.
    pub(crate) dead_letters: u64,
    /// Rate budgets of which something is known.
    pub(crate) budgets: Vec<Budget>,
    /// The flows, by name.
    pub(crate) flows: Vec<Flow>,
}

/// What happened in one minute.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
#[schema(as = Minute)]
pub(crate) struct Moment {
    /// When it began.
    pub(crate) at: Timestamp,
    /// Notifications that were received.
    pub(crate) received: u64,
    /// Records that flows delivered.
    pub(crate) delivered: u64,
}

/// A rate budget: what a workspace still allows in the window of ten seconds.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = RateBudget)]
pub(crate) struct Budget {
    /// The connections that share it, by name.
    pub(crate) connections: Vec<String>,
    /// Calls a window.
    pub(crate) limit: u32,
    /// Those of the current window that are used or under way.
    pub(crate) used: u32,
}

/// A flow and how it is doing.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowNow)]
pub(crate) struct Flow {
    /// Its name.
    pub(crate) name: String,
    /// Whether it is paused.
    pub(crate) is_paused: bool,
    /// Deliveries that wait.
    pub(crate) queued: u64,
    /// Dead letters that wait for somebody.
    pub(crate) dead_letters: u64,
    /// Its last run.
    pub(crate) last_run: Option<FlowRun>,
}

/// The last run of a flow.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = LastFlowRun)]
pub(crate) struct FlowRun {
    /// `running`, `done`, `failed` or `stopped`.
    pub(crate) state: &'static str,
    /// When it began.
    pub(crate) started_at: Timestamp,
    /// When it ended.
    pub(crate) ended_at: Option<Timestamp>,
    /// Records that its source gave.
    pub(crate) read: u64,
    /// Those that arrived.
    pub(crate) delivered: u64,
    /// What people should know of it.
    pub(crate) note: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/overview",
            "about.overview",
            "Says how everything is doing: the last hour, what waits, what failed, rate budgets and flows.",
            show,
        )
        .answers::<Overview>(StatusCode::OK),
    ]
}

/// How everything is doing.
pub(crate) async fn show(State(shared): State<Arc<Shared>>) -> Result<Json<Overview>, Refusal> {
    let (store, now) = (&shared.store, shared.clock.now());
    let in_state = async |state| {
        let filter = NotificationFilter {
            state: Some(state),
            ..NotificationFilter::default()
        };
        store.count_notifications(&filter).await
    };
    let flows = flows(&shared, now).await?;
    Ok(Json(Overview {
        at: now,
        minutes: store
            .pulse(MINUTES, now)
            .await?
            .into_iter()
            .map(Moment::from)
            .collect(),
        waiting: in_state(NotificationState::Waiting).await?,
        failed: in_state(NotificationState::Failed).await?,
        queued: flows.iter().map(|flow| flow.queued).sum(),
        dead_letters: flows.iter().map(|flow| flow.dead_letters).sum(),
        budgets: budgets(&shared, now).await?,
        flows,
    }))
}

async fn budgets(shared: &Shared, now: Timestamp) -> Result<Vec<Budget>, Refusal> {
    let mut pages: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for connection in shared.store.connections().await? {
        pages
            .entry(sharing::budget_of(&connection))
            .or_default()
            .push(connection.name);
    }
    let mut budgets = Vec::new();
    for (page, connections) in pages {
        let Some(ledger) = shared.store.ledger(&page).await? else {
            continue;
        };
        if let Some(BudgetUse { limit, used, .. }) = BudgetUse::of_page(&ledger.page, now) {
            budgets.push(Budget {
                connections,
                limit,
                used,
            });
        }
    }
    Ok(budgets)
}

async fn flows(shared: &Shared, now: Timestamp) -> Result<Vec<Flow>, Refusal> {
    let store = &shared.store;
    let mut queued: BTreeMap<String, u64> = BTreeMap::new();
    for depth in store.queue_depths(now).await? {
        *queued.entry(depth.flow).or_default() += depth.pending;
    }
    let mut dead: BTreeMap<String, u64> = BTreeMap::new();
    for count in store.count_dead_letters().await? {
        *dead.entry(count.flow).or_default() += count.count;
    }
    let mut flows = Vec::new();
    for flow in store.flows().await? {
        let newest = FlowRunFilter {
            flow: Some(flow.name.clone()),
            ..FlowRunFilter::default()
        };
        let last_run = store.flow_runs(&newest, 1).await?.pop().map(|run| FlowRun {
            state: run.state.as_str(),
            started_at: run.started_at,
            ended_at: run.ended_at,
            read: run.counts.read,
            delivered: run.counts.delivered,
            note: run.counts.note.or_else(|| {
                let codes: Vec<&str> = run.counts.errors.keys().map(String::as_str).collect();
                (run.state == FlowRunState::Failed && !codes.is_empty()).then(|| codes.join(", "))
            }),
        });
        flows.push(Flow {
            is_paused: flow.state == FlowState::Paused,
            queued: queued.get(&flow.name).copied().unwrap_or(0),
            dead_letters: dead.get(&flow.name).copied().unwrap_or(0),
            last_run,
            name: flow.name,
        });
    }
    Ok(flows)
}

impl From<Minute> for Moment {
    fn from(minute: Minute) -> Self {
        Self {
            at: minute.at,
            received: minute.received,
            delivered: minute.delivered,
        }
    }
}
