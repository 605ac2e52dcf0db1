//! Reports: the figures of the work in a mirror's conversations, as `trunkline report` gives them.
//!
//! The one rule: nothing is reckoned here; a figure's one definition is in `trunkline_mirror::analytics`.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_mirror::analytics::{
    ReportError,
    read::{self, Report},
};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::{
    data::{look, remembered::Soon},
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// How long a report of a mirror that does not change is as good as a new one: what it says of now grows old.
const FRESH: Duration = Duration::from_secs(60);
/// How long a page waits for a report that is not known yet, before it is shown without.
const PATIENCE: Duration = Duration::from_millis(30);

/// The figures of a report, as `docs/guides/report.md` defines them.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report, value_type = Object)]
pub(crate) struct Shown(Value);

/// What is asked.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct ReportQuery {
    /// The first day or moment; four weeks before the end when it is left out.
    pub(crate) from: Option<String>,
    /// The last day, or the first moment that is not within; today when it is left out.
    pub(crate) to: Option<String>,
    /// A team's name or id.
    pub(crate) team: Option<String>,
    /// A tag's name or id.
    pub(crate) tag: Option<String>,
    /// A company's name or one of its ids.
    pub(crate) company: Option<String>,
    /// The time zone; the workspace's when it is left out.
    pub(crate) time_zone: Option<String>,
    /// The name or id of the office hours; the oldest schedule when it is left out.
    pub(crate) office_hours: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/mirrors/{name}/report",
            "reports.show",
            "Reports first response, resolution, volume, backlog and ratings of a mirror's conversations.",
            show,
        )
        .asks::<ReportQuery>()
        .answers::<Shown>(StatusCode::OK),
    ]
}

async fn show(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Query(query): Query<ReportQuery>,
) -> Result<Json<Shown>, Refusal> {
    let report = report(&shared, &name, query).await?;
    Ok(Json(Shown(serde_json::to_value(report).unwrap_or_default())))
}

/// The report of a mirror.
pub(crate) async fn report(shared: &Shared, name: &str, query: ReportQuery) -> Result<Report, Refusal> {
    let path = look::file(shared, name).await?;
    let (readers, now) = (shared.readers.clone(), shared.clock.now());
    let question = question(query);
    let place = readers.place().await?;
    reading(question.from.clone(), move || {
        let _place = place;
        let asked = format!("{question:?}");
        readers.remembered.or(&path, &asked, (now, FRESH), || {
            read::report(&path, &question, now)
        })
    })
    .await
}

/// The report of a mirror, as far as it is known at once.
pub(crate) async fn report_soon(
    shared: &Shared,
    name: &str,
    query: ReportQuery,
) -> Result<Soon<Report>, Refusal> {
    let path = look::file(shared, name).await?;
    let (readers, now) = (shared.readers.clone(), shared.clock.now());
    let question = question(query);
    let asked = format!("{question:?}");
    let (remembered, place) = (readers.remembered.clone(), path.clone());
    let find = async move {
        let turn = readers.place().await?;
        reading(question.from.clone(), move || {
            let _turn = turn;
            read::report(&place, &question, now)
        })
        .await
    };
    remembered.soon(&path, &asked, (now, FRESH), PATIENCE, find).await
}

fn question(query: ReportQuery) -> read::Question {
    read::Question {
        from: query.from,
        to: query.to,
        team: query.team,
        tag: query.tag,
        company: query.company,
        time_zone: query.time_zone,
        office_hours: query.office_hours,
    }
}

/// Reads a mirror on a thread that may be blocked. `from` is what was asked for as the report's beginning.
async fn reading(
    from: Option<String>,
    read: impl FnOnce() -> Result<Report, ReportError> + Send + 'static,
) -> Result<Report, Refusal> {
    match tokio::task::spawn_blocking(read).await {
        Ok(made) => made.map_err(|error| refusal(&error, from.as_deref())),
        Err(panic) => std::panic::resume_unwind(panic.into_panic()),
    }
}

fn refusal(error: &ReportError, from: Option<&str>) -> Refusal {
    let field = match error {
        ReportError::NoMirror { .. } => {
            let message = "this mirror holds nothing yet: its first run makes its file";
            return Refusal::new(StatusCode::NOT_FOUND, "TL0980", message);
        }
        ReportError::NoConversations { .. } => {
            let message = "conversations were never read into this mirror";
            return Refusal::new(StatusCode::NOT_FOUND, error.code(), message);
        }
        ReportError::BadTime { text, .. } if Some(text.as_str()) == from => "from",
        ReportError::BadTime { .. } | ReportError::Reversed { .. } => "to",
        ReportError::UnknownZone { .. } => "time_zone",
        ReportError::UnknownName { what, .. } => what,
        ReportError::UnknownSchedule { .. } => "office_hours",
        _ => {
            tracing::error!(code = error.code(), %error, "a report cannot be made");
            let message = "the mirror cannot be read now; the log of the process says why";
            return Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.code(), message);
        }
    };
    let words = format!("{error}; {}", error.advice());
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, error.code(), words).at(field)
}
