//! A flow's text: checked, and put into the store.
//!
//! The one rule: a text with a mistake changes nothing, and every mistake is told at once, with its line, its column and a remedy.

use std::sync::Arc;

use axum::{Extension, Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_components::Site;
use trunkline_flow::document::{Document, Mistake as Found};
use trunkline_store::{FlowOrigin, NewFlow, Put as Outcome, Role};
use utoipa::ToSchema;

use super::super::{
    guard::Caller,
    read::Body,
    route::{Route, Verb},
};
use crate::{flows::environment, reply::Refusal, shared::Shared};

/// A text to put.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = NewFlow)]
pub(crate) struct NewText {
    /// The whole text: YAML that names the flow, its source, its transforms and its destinations.
    pub(crate) text: String,
    /// The version that it takes the place of; none for a flow that is not there yet.
    pub(crate) replaces: Option<i64>,
}

/// A text to look at.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FlowText)]
pub(crate) struct Text {
    /// The whole text.
    pub(crate) text: String,
}

/// What became of a text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowPut)]
pub(crate) struct Put {
    /// The flow's name.
    pub(crate) name: String,
    /// `new`, `changed`, or `unchanged` when it was there already, word for word.
    pub(crate) outcome: String,
    /// The version that is there now.
    pub(crate) version: i64,
}

/// What is wrong with a text.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowCheck)]
pub(crate) struct Checked {
    /// The flow's name, when the text is in order.
    pub(crate) name: Option<String>,
    /// Every mistake, in the order of the lines; none when the text is in order.
    pub(crate) mistakes: Vec<Mistake>,
}

/// Something in a flow's text that is not right.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowMistake)]
pub(crate) struct Mistake {
    /// The line, from 1.
    pub(crate) line: u64,
    /// The character in it, from 1.
    pub(crate) column: u64,
    /// What is wrong.
    pub(crate) message: String,
    /// What to do.
    pub(crate) advice: String,
}

impl From<Found> for Mistake {
    fn from(found: Found) -> Self {
        Self {
            line: found.spot.line,
            column: found.spot.column,
            message: found.message,
            advice: found.advice,
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Admin,
            Verb::Post,
            "/flows",
            "flows.apply",
            "Puts a flow's text into the store. A new flow is active at once; a changed one stays paused if it was.",
            put,
        )
        .takes::<NewText>()
        .answers::<Put>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Admin,
            Verb::Post,
            "/flow-checks",
            "flows.check",
            "Checks a flow's text: every mistake with its line, its column and a remedy. Nothing is changed, nobody is called.",
            check,
        )
        .takes::<Text>()
        .answers::<Checked>(StatusCode::OK),
    ]
}

/// Puts a text, as whoever has the key.
async fn put(
    State(shared): State<Arc<Shared>>,
    Extension(caller): Extension<Caller>,
    Body(new): Body<NewText>,
) -> Result<Json<Put>, Refusal> {
    let who = caller
        .key
        .map_or_else(|| "this machine".to_owned(), |key| format!("key {key}"));
    apply(&shared, new, &who).await.map(Json)
}

/// Puts a text, as somebody.
pub(crate) async fn apply(shared: &Shared, new: NewText, who: &str) -> Result<Put, Refusal> {
    let now = shared.clock.now();
    let document = built(shared, &new.text, now).map_err(|mistakes| refused(&mistakes))?;
    let flow = NewFlow {
        name: document.name.clone(),
        text: new.text,
        origin: FlowOrigin::Console,
        by_whom: who.to_owned(),
    };
    let (outcome, put) = match shared.store.put_flow(&flow, new.replaces, now).await? {
        Outcome::New(flow) => ("new", flow),
        Outcome::Changed(flow) => ("changed", flow),
        Outcome::Same(flow) => ("unchanged", flow),
        Outcome::Conflict { version, .. } => return Err(conflict(&document.name, version, new.replaces)),
    };
    shared.wake.call();
    Ok(Put {
        name: put.name,
        outcome: outcome.to_owned(),
        version: put.version,
    })
}

/// Looks at a text.
pub(crate) async fn check(
    State(shared): State<Arc<Shared>>,
    Body(given): Body<Text>,
) -> Result<Json<Checked>, Refusal> {
    let (name, mistakes) = match built(&shared, &given.text, shared.clock.now()) {
        Ok(document) => (Some(document.name), Vec::new()),
        Err(mistakes) => (None, mistakes),
    };
    Ok(Json(Checked { name, mistakes }))
}

/// Reads a text without building what it names.
pub(crate) fn document(text: &str, now: Timestamp) -> Result<Document, Vec<Mistake>> {
    Document::parse(text, &trunkline_components::kinds(), now).map_err(of_found)
}

/// Reads a text and builds its components where nobody can be reached.
fn built(shared: &Shared, text: &str, now: Timestamp) -> Result<Document, Vec<Mistake>> {
    let document = document(text, now)?;
    trunkline_components::build(&document, &site_of(shared, &document.name, now)).map_err(of_found)?;
    Ok(document)
}

/// A place where nobody can be reached.
pub(super) fn site_of(shared: &Shared, flow: &str, now: Timestamp) -> Site {
    let mut site = Site::alone(flow, Arc::new(move || now), environment());
    site.folder.clone_from(&shared.options.data);
    site
}

pub(super) fn of_found(found: Vec<Found>) -> Vec<Mistake> {
    found.into_iter().map(Mistake::from).collect()
}

/// The refusal of a text, with every mistake in it.
fn refused(mistakes: &[Mistake]) -> Refusal {
    let lines: Vec<String> = mistakes
        .iter()
        .map(|mistake| {
            format!(
                "line {}, column {}: {}. {}",
                mistake.line,
                mistake.column,
                mistake.message.trim_end_matches('.'),
                mistake.advice
            )
        })
        .collect();
    Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0810", lines.join("\n")).at("text")
}

fn conflict(name: &str, version: i64, replaces: Option<i64>) -> Refusal {
    let message = match (version, replaces) {
        (0, _) => format!("the flow `{name}` is not there any more; leave `replaces` out to put it anew"),
        (version, None) => {
            format!(
                "the flow `{name}` is there already, in version {version}; name that in `replaces` to put this in its place"
            )
        }
        (version, Some(seen)) => {
            format!(
                "the flow `{name}` has version {version} by now, not {seen}: somebody changed it meanwhile"
            )
        }
    };
    Refusal::new(StatusCode::CONFLICT, "TL0816", message).at("replaces")
}
