//! Batches: one action on row after row of a table, in the background: planned, begun, watched, stopped and resumed.
//!
//! The one rule: they are the batches of `trunkline publish`, made by the same engine; what was begun by one is seen and resumed by
//! the other.

mod rows;
mod shapes;

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use futures::stream;
use http::StatusCode;
use trunkline_store::{BatchFilter, BatchState, Role};

use super::{
    actions::by_whom,
    given,
    guard::Caller,
    read::{Body, Named, Query},
    route::{Route, Verb},
};
use crate::{
    imports::{self, Wanted},
    reply::Refusal,
    shared::Shared,
};

#[cfg(test)]
pub(crate) use rows::Row;
pub(crate) use rows::{Rows, WhichRows, rejects, rows};
#[cfg(test)]
pub(crate) use shapes::Trouble;
pub(crate) use shapes::{Batches, NewBatch, Planned, PlannedLine, Shown, Which};

/// How many rows are planned.
const PLANNED: u64 = 20;

pub(super) fn routes() -> Vec<Route> {
    let mut routes = vec![
        Route::new(
            Role::Operate,
            Verb::Get,
            "/batches",
            "batches.list",
            "Lists batches, newest first.",
            list,
        )
        .asks::<Which>()
        .answers::<Batches>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Get,
            "/batches/{id}",
            "batches.show",
            "Shows a batch, with how far it is.",
            show,
        )
        .answers::<Shown>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/batches",
            "batches.begin",
            "Publishes the rows of a table in the background, unless none of them fits the action.",
            begin,
        )
        .takes::<NewBatch>()
        .answers::<Shown>(StatusCode::ACCEPTED)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/batch-plans",
            "batches.plan",
            "Looks at every row of a table, and finds out what the first would do. Nothing is written.",
            plan,
        )
        .takes::<NewBatch>()
        .answers::<Planned>(StatusCode::OK)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/batches/{id}/stop",
            "batches.stop",
            "Stops a batch after what is under way; it can be resumed.",
            stop,
        )
        .answers::<Shown>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/batches/{id}/resume",
            "batches.resume",
            "Goes on with a batch that was stopped or interrupted; no row is carried out twice.",
            resume,
        )
        .answers::<Shown>(StatusCode::ACCEPTED)
        .may_conflict()
        .asks_intercom(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/batches/{id}/abandon",
            "batches.abandon",
            "Gives a batch up: it is not resumed any more, and the same rows may begin anew.",
            abandon,
        )
        .answers::<Shown>(StatusCode::OK)
        .may_conflict(),
    ];
    routes.extend(rows::routes());
    routes
}

/// Some batches.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(which): Query<Which>,
) -> Result<Json<Batches>, Refusal> {
    let filter = BatchFilter {
        workspace: None,
        action: which.action,
        state: given::word(which.state.as_deref(), "state", BatchState::of)?,
        before: which.before,
    };
    let limit = given::limit(which.limit)?;
    let found = shared.store.batches(&filter, limit, shared.clock.now()).await?;
    let items = found.into_iter().map(|batch| Shown::of(&shared, batch)).collect();
    Ok(Json(Batches { items }))
}

/// One batch.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    let batch = shared.store.batch(&id, shared.clock.now()).await?;
    Ok(Json(Shown::of(&shared, batch)))
}

/// The table of a body: one that was uploaded, or the text that is given.
async fn wanted(shared: &Shared, caller: &Caller, new: NewBatch) -> Result<(Wanted, String), Refusal> {
    let rules = new.rules()?;
    let upload = match (new.upload, new.text) {
        (Some(upload), None) => upload,
        (None, Some(text)) => {
            let bytes = bytes::Bytes::from(text);
            let pieces = stream::iter([Ok::<_, std::convert::Infallible>(bytes)]);
            imports::keep(shared, pieces).await?
        }
        _ => {
            let reason =
                "is given beside no upload, or there is neither; one of the two says what the rows are";
            return Err(Refusal::of_field("text", reason));
        }
    };
    let wanted = Wanted {
        upload,
        action: new.action,
        connection: new.connection,
        rules,
        strict: new.strict,
        by_whom: by_whom(caller),
    };
    Ok((wanted, new.name))
}

/// Looks and plans.
pub(crate) async fn plan(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewBatch>,
) -> Result<Json<Planned>, Refusal> {
    let (wanted, _) = wanted(&shared, &caller, new).await?;
    let preview = imports::preview(&shared, &wanted, PLANNED).await?;
    Ok(Json(Planned::of(preview)))
}

/// Begins.
pub(crate) async fn begin(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewBatch>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let (wanted, name) = wanted(&shared, &caller, new).await?;
    let batch = imports::begin(&shared, &wanted, &name).await?;
    Ok((StatusCode::ACCEPTED, Json(Shown::of(&shared, batch))))
}

/// Stops.
pub(crate) async fn stop(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    let batch = imports::stop(&shared, &id).await?;
    Ok(Json(Shown::of(&shared, batch)))
}

/// Goes on.
pub(crate) async fn resume(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Named(id): Named<String>,
) -> Result<(StatusCode, Json<Shown>), Refusal> {
    let batch = imports::resume(&shared, &id, &by_whom(&caller)).await?;
    Ok((StatusCode::ACCEPTED, Json(Shown::of(&shared, batch))))
}

/// Gives up.
pub(crate) async fn abandon(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Shown>, Refusal> {
    let batch = imports::abandon(&shared, &id).await?;
    Ok(Json(Shown::of(&shared, batch)))
}
