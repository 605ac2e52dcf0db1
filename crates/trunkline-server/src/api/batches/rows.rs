//! What became of each row of a batch, and the rejected ones with their reasons.
//!
//! The one rule: only what was noted as kept is shown; a line that is being written is not there yet.

use std::{
    fs::File,
    io::{self, BufRead as _, Read as _},
    path::{Path, PathBuf},
    sync::Arc,
};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    super::{
        given,
        read::{Named, Query},
        route::{Route, Verb},
    },
    shapes::{Text, not_kept, orders, unreadable},
};
use crate::{reply::Refusal, shared::Shared};

/// The most bytes of rejected rows that are handed out at once.
const MOST: u64 = 64 << 20;
/// What can become of a row.
const OUTCOMES: [&str; 5] = ["created", "updated", "unchanged", "skipped", "rejected"];

/// Which rows.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct WhichRows {
    /// Those that became this: created, updated, unchanged, skipped or rejected.
    pub(crate) outcome: Option<String>,
    /// Those behind the row with this number: the last one of the page before.
    pub(crate) after: Option<u64>,
    /// How many at most; 50 when it is left out, 500 at most.
    pub(crate) limit: Option<u32>,
}

/// What became of a row.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
#[schema(as = BatchRow)]
pub(crate) struct Row {
    /// Its number, from 1.
    pub(crate) row: u64,
    /// The line that it begins on.
    pub(crate) line: u64,
    /// `created`, `updated`, `unchanged`, `skipped` or `rejected`.
    pub(crate) outcome: String,
    /// The run in the journal.
    pub(crate) run: Option<String>,
    /// The id of the object.
    pub(crate) id: Option<String>,
    /// The code of the reason.
    pub(crate) code: Option<String>,
    /// Why it was rejected.
    pub(crate) error: Option<String>,
}

/// What became of some rows, in their order.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = BatchRows)]
pub(crate) struct Rows {
    /// The rows.
    pub(crate) items: Vec<Row>,
    /// The number behind which the next page begins; none on the last one.
    pub(crate) next: Option<u64>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Operate,
            Verb::Get,
            "/batches/{id}/rows",
            "batches.rows",
            "Shows what became of each row.",
            rows,
        )
        .asks::<WhichRows>()
        .answers::<Rows>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Get,
            "/batches/{id}/rejects",
            "batches.rejects",
            "Gives the rejected rows as a table, each with the reason: to be mended and published again.",
            rejects,
        )
        .answers::<Text>(StatusCode::OK)
        .may_conflict(),
    ]
}

/// What became of some rows.
pub(crate) async fn rows(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
    Query(which): Query<WhichRows>,
) -> Result<Json<Rows>, Refusal> {
    let limit = given::limit(which.limit)? as usize;
    let outcome = given::word(which.outcome.as_deref(), "outcome", |word| {
        OUTCOMES.into_iter().find(|known| *known == word)
    })?;
    let (_, orders) = orders(&shared, &id).await?;
    let path = orders.and_then(|orders| orders.results).ok_or_else(not_kept)?;
    let after = which.after.unwrap_or(0);
    let found = read(move || {
        let file = io::BufReader::new(File::open(path)?);
        let mut found = Rows::default();
        for line in file.lines() {
            // The last line may be half there.
            let Ok(row) = serde_json::from_str::<Row>(&line?) else {
                continue;
            };
            if row.row <= after || outcome.is_some_and(|outcome| outcome != row.outcome) {
                continue;
            }
            if found.items.len() == limit {
                found.next = found.items.last().map(|row| row.row);
                break;
            }
            found.items.push(row);
        }
        Ok(found)
    });
    Ok(Json(found.await?))
}

/// The rejected rows.
pub(crate) async fn rejects(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Text>, Refusal> {
    let (batch, orders) = orders(&shared, &id).await?;
    let path: PathBuf = orders.and_then(|orders| orders.rejects).ok_or_else(not_kept)?;
    let text = read(move || {
        let mut text = String::new();
        File::open(path)?.take(MOST).read_to_string(&mut text)?;
        Ok(text)
    });
    let stem = Path::new(&batch.input_name)
        .file_stem()
        .map_or_else(|| "rows".to_owned(), |stem| stem.to_string_lossy().into_owned());
    Ok(Json(Text {
        name: format!("{stem}-rejected.csv"),
        text: text.await?,
    }))
}

/// Reads files beside what answers requests.
async fn read<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T, Refusal> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(io::Error::other)
        .and_then(|done| done)
        .map_err(|error| unreadable(&error))
}
