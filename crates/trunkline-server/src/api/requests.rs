//! The request log: calls and grants of connections that keep one, redacted.

use std::{collections::BTreeMap, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_store::{RequestFilter, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::Query,
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// A call or an exchange.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Request)]
pub(crate) struct Shown {
    /// Our number for it, growing.
    pub(crate) seq: i64,
    /// The name of the connection, or its id when it was forgotten.
    pub(crate) connection: String,
    /// When it ended.
    pub(crate) at: Timestamp,
    /// The status; none when there was no answer.
    pub(crate) status: Option<u16>,
    /// The redacted record.
    #[schema(value_type = Option<Object>)]
    pub(crate) record: Option<Value>,
}

/// Some requests.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Requests {
    /// The requests, newest first.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page; none at the end.
    pub(crate) next: Option<i64>,
}

/// Which requests.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct RequestsQuery {
    /// Those of a connection, by its name.
    pub(crate) connection: Option<String>,
    /// Those with a status, such as `404` or `4xx`; `none` for those without an answer.
    pub(crate) status: Option<String>,
    /// Those that ended at or after this.
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
            Role::Read,
            Verb::Get,
            "/requests",
            "requests.list",
            "Lists the request log, newest first.",
            list,
        )
        .asks::<RequestsQuery>()
        .answers::<Requests>(StatusCode::OK),
    ]
}

/// The requests that fit.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<RequestsQuery>,
) -> Result<Json<Requests>, Refusal> {
    let limit = given::limit(query.limit)?;
    let connection = match &query.connection {
        Some(name) => {
            let found = shared.store.connection(name).await;
            Some(found.map_err(given::at_field("connection"))?.id)
        }
        None => None,
    };
    let filter = RequestFilter {
        connection,
        status: query.status.as_deref().map(statuses).transpose()?,
        since: query.since,
        before: query.before,
    };
    let found = shared.store.requests(&filter, limit + 1).await?;
    let (found, next) = given::page(found, limit, |last| last.seq);
    let names: BTreeMap<String, String> = shared
        .store
        .connections()
        .await?
        .into_iter()
        .map(|connection| (connection.id, connection.name))
        .collect();
    Ok(Json(Requests {
        next,
        items: found
            .into_iter()
            .map(|request| Shown {
                seq: request.seq,
                connection: names
                    .get(&request.connection)
                    .cloned()
                    .unwrap_or(request.connection),
                at: request.at,
                status: request.status,
                record: serde_json::from_str(&request.record).ok(),
            })
            .collect(),
    }))
}

/// The first and the last status that fit.
fn statuses(text: &str) -> Result<(u16, u16), Refusal> {
    let bad = || Refusal::of_field("status", "is no status such as `404` or `4xx`, nor `none`");
    if text == "none" {
        return Ok((0, 0));
    }
    let (low, high) = match text.strip_suffix("xx") {
        Some(hundred) => {
            let hundred: u16 = hundred.parse().map_err(|_| bad())?;
            (
                hundred.saturating_mul(100),
                hundred.saturating_mul(100).saturating_add(99),
            )
        }
        None => {
            let status: u16 = text.parse().map_err(|_| bad())?;
            (status, status)
        }
    };
    if (100..=599).contains(&low) {
        return Ok((low, high));
    }
    Err(bad())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_a_hundred_or_none() {
        for (text, expected) in [("404", (404, 404)), ("4xx", (400, 499)), ("none", (0, 0))] {
            assert_eq!(statuses(text).unwrap(), expected, "{text}");
        }
        for text in [
            "", "xx", "0xx", "6xx", "99", "600", "40x", "-1", "4xxx", "65535xx",
        ] {
            assert_eq!(
                statuses(text).unwrap_err().field.as_deref(),
                Some("status"),
                "{text}"
            );
        }
    }
}
