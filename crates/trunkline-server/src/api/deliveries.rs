//! What became of records whose whole way is kept: which there are, and one record's whole way.
//!
//! The one rule: what was not kept is not guessed; how many records of a run were, the run says.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_store::{Fate, FateFilter, FateOutcome, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{
    flows::{self, RecordWay},
    reply::Refusal,
    shared::Shared,
};

/// What became of a record at one place.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = Delivery)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The flow's name.
    pub(crate) flow: String,
    /// The run that read the record.
    pub(crate) run: String,
    /// The version of the flow whose transforms it went through; 0 when it is not known.
    pub(crate) version: i64,
    /// The record's number in its run. Rows with the same run and number are one record's.
    pub(crate) origin: u64,
    /// The record's own id, where it says one.
    pub(crate) record_id: Option<String>,
    /// Its key.
    pub(crate) key: Option<String>,
    /// The destination's name; `-` when it came to none.
    pub(crate) destination: String,
    /// What became of it: `delivered`, `let_go` or `dead`.
    pub(crate) outcome: String,
    /// How many records of the source what was delivered was made of.
    pub(crate) joined: u64,
    /// The dead letter that it became.
    pub(crate) letter: Option<String>,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// When that was.
    pub(crate) at: Timestamp,
}

/// Some of what became of records.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Deliveries {
    /// What became of them, newest first.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page; none at the end.
    pub(crate) next: Option<String>,
}

/// Which of it. Every part that is given narrows it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeliveriesQuery {
    /// Of the records of a run, by its id.
    pub(crate) run: Option<String>,
    /// At a destination, by its name.
    pub(crate) destination: Option<String>,
    /// What became of it: `delivered`, `let_go` or `dead`.
    pub(crate) outcome: Option<String>,
    /// Of records with this id of their own.
    pub(crate) record: Option<String>,
    /// Of records with this key.
    pub(crate) key: Option<String>,
    /// At or after this.
    pub(crate) since: Option<Timestamp>,
    /// Before this.
    pub(crate) until: Option<Timestamp>,
    /// What came before this one, by its id.
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
            "/flows/{name}/deliveries",
            "deliveries.list",
            "Lists what became of records of a flow, newest first: of those whose whole way its policy keeps.",
            list,
        )
        .asks::<DeliveriesQuery>()
        .answers::<Deliveries>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/deliveries/{id}",
            "deliveries.show",
            "Shows a record's whole way: as the source gave it, after each transform, and what became of it at each destination.",
            show,
        )
        .answers::<RecordWay>(StatusCode::OK),
    ]
}

/// What became of records of a flow.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(query): Query<DeliveriesQuery>,
) -> Result<Json<Deliveries>, Refusal> {
    shared.store.flow(&name).await?;
    let (found, next) = some(&shared, Some(name), query).await?;
    Ok(Json(Deliveries {
        next,
        items: found.into_iter().map(Shown::from).collect(),
    }))
}

/// What became of records of a flow, or of all, as the store has it; and where the next page begins.
pub(crate) async fn some(
    shared: &Shared,
    flow: Option<String>,
    query: DeliveriesQuery,
) -> Result<(Vec<Fate>, Option<String>), Refusal> {
    let limit = given::limit(query.limit)?;
    let filter = FateFilter {
        flow,
        run: query.run,
        origin: None,
        destination: query.destination,
        outcome: given::word(query.outcome.as_deref(), "outcome", FateOutcome::of)?,
        record: query.record,
        key: query.key,
        since: query.since,
        until: query.until,
        before: query.before,
    };
    let found = shared.store.fates(&filter, limit + 1).await?;
    Ok(given::page(found, limit, |fate| fate.id.clone()))
}

/// One record's whole way.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<RecordWay>, Refusal> {
    let way = flows::way(&shared.store, &shared.clock, &shared.options.data, &id).await?;
    Ok(Json(way))
}

impl From<Fate> for Shown {
    fn from(fate: Fate) -> Self {
        Self {
            id: fate.id,
            flow: fate.flow,
            run: fate.run,
            version: fate.version,
            origin: fate.origin,
            record_id: fate.record_id,
            key: fate.key,
            destination: fate.destination,
            outcome: fate.outcome.as_str().to_owned(),
            joined: fate.joined,
            letter: fate.letter,
            attempts: fate.attempts,
            at: fate.at,
        }
    }
}
