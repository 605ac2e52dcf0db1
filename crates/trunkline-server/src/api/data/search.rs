//! The search: full text over conversations, contacts and articles of a mirror.
//!
//! The one rule: a search that is off, or not finished, says so; it never passes for one that found nothing.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_mirror::search::{self, Hit};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::look;
use crate::{
    api::{
        given,
        read::{Named, Query},
        route::{Route, Verb},
    },
    indexing,
    reply::Refusal,
    shared::Shared,
};

/// The furthest that a page may begin.
const FURTHEST: u32 = 10_000;
const STREAMS: [&str; 3] = ["conversations", "contacts", "articles"];

/// How the index is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = SearchState)]
pub(crate) enum IndexState {
    /// It is not switched on.
    Off,
    /// It does not have everything yet.
    Building,
    /// It follows the mirror.
    Ready,
}

/// What was found.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = SearchFound)]
pub(crate) struct Found {
    /// How the index is.
    pub(crate) state: IndexState,
    /// How many records are in it.
    pub(crate) indexed: u64,
    /// What fits, best first.
    pub(crate) items: Vec<Hit>,
    /// What to give as `skip` for the next page; none at the end.
    pub(crate) next: Option<u32>,
}

/// What is looked for.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct SearchQuery {
    /// Words that all have to be there; those in quotes side by side. The last may be the beginning of a word.
    pub(crate) text: Option<String>,
    /// `conversations`, `contacts` or `articles`; all of them when it is left out.
    pub(crate) stream: Option<String>,
    /// How many of the best are passed over, up to 10000.
    #[schema(maximum = 10_000)]
    pub(crate) skip: Option<u32>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/search",
            "search.find",
            "Looks for words in a mirror's conversations, contacts and articles.",
            find,
        )
        .asks::<SearchQuery>()
        .answers::<Found>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/mirrors/{name}/search",
            "search.on",
            "Switches the search of a mirror on: an index is made beside it and follows it.",
            on,
        )
        .answers::<Found>(StatusCode::ACCEPTED),
        Route::new(
            Role::Operate,
            Verb::Delete,
            "/mirrors/{name}/search",
            "search.off",
            "Switches the search of a mirror off and takes its index away.",
            off,
        ),
    ]
}

/// Looks for words.
pub(crate) async fn find(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(query): Query<SearchQuery>,
) -> Result<Json<Found>, Refusal> {
    let limit = given::limit(query.limit)?;
    let skip = query.skip.unwrap_or(0);
    if skip > FURTHEST {
        return Err(Refusal::of_field("skip", format!("is more than {FURTHEST}")));
    }
    let stream = given::word(query.stream.as_deref(), "stream", |word| {
        STREAMS.into_iter().find(|known| *known == word)
    })?;
    let path = look::file(&shared, &name).await?;
    let place = shared.readers.place().await?;
    let words = query.text.unwrap_or_default();
    let found = tokio::task::spawn_blocking(move || {
        let _place = place;
        search::find(&path, &words, stream, skip, limit)
    });
    let found = found
        .await
        .unwrap_or_else(|panic| std::panic::resume_unwind(panic.into_panic()))
        .map_err(|error| failed(&error))?;
    Ok(Json(match found {
        None => Found {
            state: IndexState::Off,
            indexed: 0,
            items: Vec::new(),
            next: None,
        },
        Some(found) => Found {
            state: if found.is_whole {
                IndexState::Ready
            } else {
                IndexState::Building
            },
            indexed: found.indexed,
            next: Some(skip + limit).filter(|next| found.is_cut && *next <= FURTHEST),
            items: found.hits,
        },
    }))
}

/// Switches the search on.
pub(crate) async fn on(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Found>), Refusal> {
    let path = look::file(&shared, &name).await?;
    if !path.is_file() {
        let message = "this mirror holds nothing yet: its first run makes its file";
        return Err(Refusal::new(StatusCode::NOT_FOUND, "TL0980", message));
    }
    indexing::switch_on(&shared, path)
        .await
        .map_err(|error| failed(&error))?;
    let found = find(State(shared), Named(name), Query(SearchQuery::default())).await?;
    Ok((StatusCode::ACCEPTED, found))
}

/// Switches the search off.
pub(crate) async fn off(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<StatusCode, Refusal> {
    let path = look::file(&shared, &name).await?;
    if search::exists(&path) {
        indexing::switch_off(&shared, path)
            .await
            .map_err(|error| failed(&error))?;
    }
    Ok(StatusCode::NO_CONTENT)
}

fn failed(error: &trunkline_mirror::storage::StorageError) -> Refusal {
    tracing::error!(code = error.code(), %error, "the search of a mirror failed");
    let message = "the search of this mirror does not work now; the log of the process says why";
    Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TL0986", message)
}
