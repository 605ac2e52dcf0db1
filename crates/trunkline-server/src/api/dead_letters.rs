//! Dead letters: which there are, one with its whole way, the way back, dropping.
//!
//! The one rule: whoever redrives or drops says of which flow, and either which letters or what they have in common.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_store::{DeadLetter, DeadLetterFilter, DeadLetterState, RecordForm, Role};
use utoipa::ToSchema;

use super::{
    flows::document,
    given,
    read::{Body, Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// The most letters that can be named at once.
const MOST: usize = 500;
/// The most letters that are read for a text at a time: a few hundredths of a second.
const MOST_READ: u32 = 5_000;

/// A dead letter.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeadLetter)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The flow's name.
    pub(crate) flow: String,
    /// The destination's name; `-` when the record was given up before any.
    pub(crate) destination: String,
    /// The run that read the record.
    pub(crate) run: Option<String>,
    /// Its key.
    pub(crate) key: Option<String>,
    /// The error's code.
    pub(crate) code: String,
    /// The error in words.
    pub(crate) message: String,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// When it failed first.
    pub(crate) first_at: Timestamp,
    /// When it failed last.
    pub(crate) last_at: Timestamp,
    /// What became of it: `waiting`, `redriven` or `dropped`.
    pub(crate) state: String,
}

/// A dead letter with the whole way of its record.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = DeadLetterPage)]
pub(crate) struct Whole {
    /// The dead letter.
    pub(crate) letter: Shown,
    /// The record as the source gave it.
    pub(crate) source_record: Option<Value>,
    /// The record as the destination was to take it.
    pub(crate) record: Option<Value>,
    /// What each transform had before and gave after it.
    pub(crate) steps: Value,
    /// What was sent.
    pub(crate) request: Option<Value>,
    /// What was answered.
    pub(crate) answer: Option<Value>,
    /// The id under which the whole way of its record is shown, at every destination, where that is kept.
    pub(crate) delivery: Option<String>,
}

/// Some dead letters.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct DeadLetters {
    /// The letters, newest first.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page; none at the end. A text is looked for among so many letters at a time, so a page may
    /// hold little or nothing and be followed by another.
    pub(crate) next: Option<String>,
}

/// Which dead letters. Every part that is given narrows it.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct DeadLettersQuery {
    /// Those of a flow, by its name.
    pub(crate) flow: Option<String>,
    /// Those for a destination, by its name.
    pub(crate) destination: Option<String>,
    /// Those of a run, by its id.
    pub(crate) run: Option<String>,
    /// Those with an error's code.
    pub(crate) code: Option<String>,
    /// Those in a state: `waiting` (when it is left out), `redriven` or `dropped`.
    pub(crate) state: Option<String>,
    /// Those given up at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those given up before this.
    pub(crate) until: Option<Timestamp>,
    /// Those whose message or record holds this text.
    pub(crate) text: Option<String>,
    /// Those given up before this one, by its id.
    pub(crate) before: Option<String>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

/// Which letters of a flow: those that are named, or those that fit; all when nothing is said. Only those that wait are meant.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = ChosenDeadLetters)]
pub(crate) struct Chosen {
    /// These, by their ids.
    pub(crate) ids: Option<Vec<String>>,
    /// Those for a destination, by its name.
    pub(crate) destination: Option<String>,
    /// Those with an error's code.
    pub(crate) code: Option<String>,
    /// Those given up at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those given up before this.
    pub(crate) until: Option<Timestamp>,
    /// Those whose message or record holds this text.
    pub(crate) text: Option<String>,
}

/// Letters to redrive.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = Redrive)]
pub(crate) struct Redrive {
    /// Which; all that wait when it is left out.
    #[serde(default)]
    pub(crate) letters: Chosen,
    /// `source`: the record as the source gave it goes through the transforms again. `ready`: the record goes to the destination as
    /// it was. When it is left out, the source's record where there is one, the ready one otherwise.
    pub(crate) form: Option<String>,
}

/// How many went back.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Redriven {
    /// Letters that are in the queue again. Those of a paused flow wait there until it goes on.
    pub(crate) redriven: u64,
}

/// How many were dropped.
#[derive(Clone, Copy, Debug, Serialize, ToSchema)]
pub(crate) struct Dropped {
    /// Letters that nobody wants any more.
    pub(crate) dropped: u64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/dead-letters",
            "dead_letters.list",
            "Lists dead letters of flows, newest first: those that wait unless told otherwise.",
            list,
        )
        .asks::<DeadLettersQuery>()
        .answers::<DeadLetters>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/dead-letters/{id}",
            "dead_letters.show",
            "Shows a dead letter: the record before and after each transform, what was sent and what was answered.",
            show,
        )
        .answers::<Whole>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/dead-letters/redrive",
            "dead_letters.redrive",
            "Brings dead letters of a flow back into its queue.",
            redrive,
        )
        .takes::<Redrive>()
        .answers::<Redriven>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/dead-letters/drop",
            "dead_letters.drop",
            "Drops dead letters of a flow: nobody wants them.",
            drop_some,
        )
        .takes::<Chosen>()
        .answers::<Dropped>(StatusCode::OK)
        .may_conflict(),
    ]
}

/// Some dead letters.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<DeadLettersQuery>,
) -> Result<Json<DeadLetters>, Refusal> {
    let limit = given::limit(query.limit)?;
    let state = given::word(query.state.as_deref(), "state", DeadLetterState::of)?;
    let filter = DeadLetterFilter {
        flow: query.flow,
        destination: query.destination,
        run: query.run,
        code: query.code,
        state: Some(state.unwrap_or(DeadLetterState::Waiting)),
        since: query.since,
        until: query.until,
        text: query.text,
        before: query.before,
    };
    let found = shared
        .store
        .look_for_dead_letters(&filter, limit, MOST_READ)
        .await?;
    Ok(Json(DeadLetters {
        next: found.next,
        items: found.letters.into_iter().map(Shown::from).collect(),
    }))
}

/// One dead letter.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Whole>, Refusal> {
    let mut letter = shared.store.dead_letter(&id).await?;
    let delivery = shared.store.way_of_letter(&letter).await?;
    let failure = &mut letter.failure;
    // Documents are kept as text; what is none any more is shown as it is.
    let read = |text: String| serde_json::from_str(&text).unwrap_or(Value::String(text));
    let (source_record, record) = (failure.source_record.take(), failure.record.take());
    let (request, answer) = (failure.request.take(), failure.answer.take());
    let steps = std::mem::take(&mut failure.steps);
    Ok(Json(Whole {
        letter: letter.into(),
        source_record: source_record.map(read),
        record: record.map(read),
        steps: read(steps),
        request: request.map(read),
        answer: answer.map(read),
        delivery,
    }))
}

/// Brings letters back into the queue.
pub(crate) async fn redrive(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(asked): Body<Redrive>,
) -> Result<Json<Redriven>, Refusal> {
    let flow = shared.store.flow(&name).await?;
    let document = document(&flow.text, flow.applied_at).map_err(|_| {
        let message = format!("this version does not understand the flow `{name}`; mend its text first");
        Refusal::new(StatusCode::CONFLICT, "TL0810", message)
    })?;
    let slots = document.policy.concurrency.max(1);
    let forms = match given::word(asked.form.as_deref(), "form", RecordForm::of)? {
        Some(form) => vec![form],
        None => vec![RecordForm::Source, RecordForm::Ready],
    };
    let letters = chosen(&shared, &name, asked.letters, "letters.").await?;
    let mut redriven = 0;
    for form in forms {
        let now = shared.clock.now();
        match &letters {
            Letters::These(ids) => {
                for id in ids {
                    redriven += u64::from(shared.store.redrive_one(id, form, slots, now).await?);
                }
            }
            Letters::Fitting(filter) => {
                redriven += shared.store.redrive(filter, form, slots, now).await?.redriven;
            }
        }
    }
    shared.wake.call();
    Ok(Json(Redriven { redriven }))
}

/// Drops letters.
pub(crate) async fn drop_some(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(asked): Body<Chosen>,
) -> Result<Json<Dropped>, Refusal> {
    shared.store.flow(&name).await?;
    let now = shared.clock.now();
    let dropped = match chosen(&shared, &name, asked, "").await? {
        Letters::Fitting(filter) => shared.store.drop_dead_letters(&filter, now).await?,
        Letters::These(ids) => {
            let mut dropped = 0;
            for id in ids {
                dropped += u64::from(shared.store.drop_dead_letter(&id, now).await?);
            }
            dropped
        }
    };
    Ok(Json(Dropped { dropped }))
}

/// The letters that somebody means.
enum Letters {
    These(Vec<String>),
    Fitting(DeadLetterFilter),
}

async fn chosen(shared: &Shared, flow: &str, asked: Chosen, within: &str) -> Result<Letters, Refusal> {
    let filter = DeadLetterFilter {
        flow: Some(flow.to_owned()),
        destination: asked.destination,
        code: asked.code,
        since: asked.since,
        until: asked.until,
        text: asked.text,
        ..DeadLetterFilter::default()
    };
    let Some(ids) = asked.ids else {
        return Ok(Letters::Fitting(filter));
    };
    let field = format!("{within}ids");
    let has_more = filter.destination.is_some()
        || filter.code.is_some()
        || filter.since.is_some()
        || filter.until.is_some()
        || filter.text.is_some();
    if has_more {
        return Err(Refusal::of_field(
            &field,
            "names letters, so nothing else is said of them",
        ));
    }
    if ids.is_empty() || ids.len() > MOST {
        return Err(Refusal::of_field(
            &field,
            format!("does not name 1 to {MOST} letters"),
        ));
    }
    for (index, id) in ids.iter().enumerate() {
        let at = format!("{field}[{index}]");
        let letter = shared.store.dead_letter(id).await.map_err(given::at_field(&at))?;
        if letter.flow != flow {
            let reason = format!("is a dead letter of the flow `{}`", letter.flow);
            return Err(Refusal::of_field(&at, reason));
        }
    }
    Ok(Letters::These(ids))
}

impl From<DeadLetter> for Shown {
    fn from(letter: DeadLetter) -> Self {
        Self {
            id: letter.id,
            flow: letter.flow,
            destination: letter.destination,
            run: letter.run,
            key: letter.key,
            code: letter.failure.code,
            message: letter.failure.message,
            attempts: letter.attempts,
            first_at: letter.first_at,
            last_at: letter.last_at,
            state: letter.state.as_str().to_owned(),
        }
    }
}
