//! The audit log: who changed what. Deeds of the API and of the console stand in it alike.
//!
//! The one rule: an entry says what was done to what, and never what was given.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_store::{AuditEntry, AuditFilter, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::Query,
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// A change that somebody made.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = AuditEntry)]
pub(crate) struct Shown {
    /// Our number for it, growing.
    pub(crate) seq: i64,
    /// When it was done.
    pub(crate) at: Timestamp,
    /// Who did it: a person's name, or `key NAME`.
    pub(crate) by_whom: String,
    /// What was done, such as `connections.rename`.
    pub(crate) deed: String,
    /// What it was done to, such as a connection's name.
    pub(crate) subject: String,
}

/// Some entries.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Audit {
    /// The entries, newest first.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page; none at the end.
    pub(crate) next: Option<i64>,
}

/// Which entries.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AuditQuery {
    /// What somebody did, by their name.
    pub(crate) by_whom: Option<String>,
    /// Deeds that begin so, such as `connections`.
    pub(crate) deed: Option<String>,
    /// Those done at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those with a smaller number.
    pub(crate) before: Option<i64>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Admin,
            Verb::Get,
            "/audit",
            "audit.list",
            "Lists who changed what, newest first.",
            list,
        )
        .asks::<AuditQuery>()
        .answers::<Audit>(StatusCode::OK),
    ]
}

/// The entries that fit.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<AuditQuery>,
) -> Result<Json<Audit>, Refusal> {
    let limit = given::limit(query.limit)?;
    let filter = AuditFilter {
        by_whom: query.by_whom,
        deed: query.deed,
        since: query.since,
        before: query.before,
    };
    let found = shared.store.audit(&filter, limit + 1).await?;
    let (found, next) = given::page(found, limit, |last| last.seq);
    Ok(Json(Audit {
        next,
        items: found.into_iter().map(Shown::from).collect(),
    }))
}

/// Notes a deed. The deed is done by now, so what keeps it from being noted is for our own log.
pub(crate) async fn note(shared: &Shared, by_whom: &str, deed: &str, subject: &str) {
    let now = shared.clock.now();
    if let Err(error) = shared.store.note_deed(by_whom, deed, subject, now).await {
        tracing::error!(code = error.code(), %error, by_whom, deed, subject, "a deed could not be noted");
    }
}

impl From<AuditEntry> for Shown {
    fn from(entry: AuditEntry) -> Self {
        Self {
            seq: entry.seq,
            at: entry.at,
            by_whom: entry.by_whom,
            deed: entry.deed,
            subject: entry.subject,
        }
    }
}
