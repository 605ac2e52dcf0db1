//! A record's whole way: what the source gave, what each transform makes of it, and what became of it at each destination.
//!
//! The one rule: what became of a record is read from what was kept when it happened. What transforms made of it is made again from the
//! source's record, with nobody called; where that may differ from what was made then, it is said.

use std::{collections::BTreeMap, path::Path, sync::Arc};

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value;
use trunkline_client::Clock;
use trunkline_components::Site;
use trunkline_flow::{Head, Record, document::Document, engine::Flow};
use trunkline_store::{Fate, FateFilter, FateOutcome, Store, StoreError};
use utoipa::ToSchema;

use super::environment;

/// The most places of one record that are shown.
const MOST: u32 = 100;

/// A record's whole way.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordWay {
    /// The flow's name.
    pub flow: String,
    /// The run that read it.
    pub run: String,
    /// The version of the flow whose transforms it went through; 0 when it is not known.
    pub version: i64,
    /// Its number in its run, in the order in which records were read.
    pub origin: u64,
    /// Its own id, where it says one.
    pub record_id: Option<String>,
    /// As the source gave it.
    pub source_record: Option<Value>,
    /// What each transform has before it and gives after it, before ways part.
    pub steps: Value,
    /// How the steps may differ from what was done then, or why there are none.
    pub note: Option<String>,
    /// What became of it, first things first.
    pub places: Vec<RecordPlace>,
}

/// What became of a record at one place.
#[derive(Clone, Debug, Serialize, ToSchema)]
pub struct RecordPlace {
    /// Our id.
    pub id: String,
    /// The destination's name; `-` when it came to none.
    pub destination: String,
    /// What became of it: `delivered`, `let_go` or `dead`.
    pub outcome: String,
    /// When that was.
    pub at: Timestamp,
    /// Its key.
    pub key: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// How many records of the source what was delivered was made of.
    pub joined: u64,
    /// What the destination's own transforms have before them and give after them.
    pub steps: Value,
    /// As it was delivered.
    pub record: Option<Value>,
    /// What the destination answered.
    pub answer: Option<Value>,
    /// The dead letter that it became.
    pub letter: Option<String>,
}

/// The whole way of the record of which a row is kept under this id. `data` is the folder that a flow's paths begin at.
///
/// # Errors
///
/// TL0507 when there is none of this id; whatever the store says.
pub async fn way(
    store: &Store,
    clock: &Arc<dyn Clock>,
    data: &Path,
    id: &str,
) -> Result<RecordWay, StoreError> {
    let asked = store.fate(id).await?;
    let of_record = FateFilter {
        run: Some(asked.run.clone()),
        origin: Some(asked.origin),
        ..FateFilter::default()
    };
    let mut fates = store.fates(&of_record, MOST).await?;
    fates.sort_by(|one, other| (one.at, &one.destination).cmp(&(other.at, &other.destination)));
    if fates.is_empty() {
        // It was forgotten while we looked.
        fates.push(asked.clone());
    }
    let kept = fates
        .iter()
        .chain([&asked])
        .find_map(|fate| fate.source_record.clone());
    let source = match kept {
        None => source_of_letter(store, &fates).await?,
        kept => kept,
    };
    let source = source.as_deref().map(read);
    let mut steps = Steps::default();
    let mut notes = Vec::new();
    if fates.iter().any(|fate| fate.joined > 1) {
        notes.push(
            "What was delivered was made of several records; the steps are those of this one alone."
                .to_owned(),
        );
    }
    match &source {
        None => notes.push("What the source gave is not kept, so the steps cannot be shown.".to_owned()),
        Some(source) => match built(store, clock, data, &asked).await? {
            Ok((flow, now_at)) => {
                if asked.version != now_at {
                    notes.push(format!(
                        "These are the steps of version {now_at}, which the flow has now; the record went through those of version {}.",
                        asked.version
                    ));
                }
                steps = made(flow, source.clone(), &fates, clock.now()).await;
            }
            Err(why) => notes.push(why),
        },
    }
    let places = fates
        .into_iter()
        .map(|fate| {
            let own = steps.own.remove(&fate.destination).unwrap_or_default();
            place(fate, own, source.as_ref())
        })
        .collect();
    Ok(RecordWay {
        flow: asked.flow,
        run: asked.run,
        version: asked.version,
        origin: asked.origin,
        record_id: asked.record_id,
        source_record: source,
        steps: steps.common.into(),
        note: (!notes.is_empty()).then(|| notes.join(" ")),
        places,
    })
}

/// What the source gave, as a dead letter of the record has it; none where several records became the letter.
async fn source_of_letter(store: &Store, fates: &[Fate]) -> Result<Option<String>, StoreError> {
    let alone = fates.iter().filter(|fate| fate.joined <= 1);
    let Some(letter) = alone.filter_map(|fate| fate.letter.as_deref()).next() else {
        return Ok(None);
    };
    match store.dead_letter(letter).await {
        Ok(letter) => Ok(letter.failure.source_record),
        // It was forgotten, or brought and forgotten, before the row was.
        Err(StoreError::NotFound { .. }) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Documents are kept as text; what is none any more is shown as it is.
fn read(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|_| Value::from(text))
}

/// The flow as it is now, ready to be tried, and its version; or why not.
async fn built(
    store: &Store,
    clock: &Arc<dyn Clock>,
    data: &Path,
    fate: &Fate,
) -> Result<Result<(Flow, i64), String>, StoreError> {
    let Some(kept) = store.find_flow(&fate.flow).await? else {
        return Ok(Err("The flow is gone, so its steps cannot be shown.".to_owned()));
    };
    let unread = || "The flow as it is now cannot be read, so its steps cannot be shown.".to_owned();
    let Ok(document) = Document::parse(&kept.text, &trunkline_components::kinds(), kept.applied_at) else {
        return Ok(Err(unread()));
    };
    let clock = Arc::clone(clock);
    let mut site = Site::alone(&kept.name, Arc::new(move || clock.now()), environment());
    data.clone_into(&mut site.folder);
    let nobody = trunkline_components::Answers::default();
    Ok(trunkline_components::build_to_try(&document, &site, &nobody)
        .map(|flow| (flow, kept.version))
        .map_err(|_| unread()))
}

/// What transforms make of a record: those of the flow, and those of each destination.
#[derive(Default)]
struct Steps {
    common: Vec<Value>,
    own: BTreeMap<String, Vec<Value>>,
}

async fn made(flow: Flow, source: Value, fates: &[Fate], now: Timestamp) -> Steps {
    let heads: BTreeMap<String, Head> = fates
        .iter()
        .filter(|fate| fate.outcome != FateOutcome::LetGo)
        .map(|fate| {
            let head = fate
                .head
                .as_deref()
                .and_then(|head| serde_json::from_str(head).ok());
            (fate.destination.clone(), head.unwrap_or_default())
        })
        .collect();
    // Expressions take their time, and the threads of the runtime are for what waits.
    let work = move || {
        let head = heads.values().next().cloned().unwrap_or_default();
        let record = Record::new(source).with_head(head);
        let own = heads.into_iter().map(|(way, head)| {
            let record = record.clone().with_head(head);
            let trail = flow.trail(&record, Some(&way), now);
            let own = trail.into_iter().filter(|step| step.get("destination").is_some());
            (way, own.collect())
        });
        Steps {
            own: own.collect(),
            common: flow.trail(&record, None, now),
        }
    };
    tokio::task::spawn_blocking(work).await.unwrap_or_default()
}

fn place(fate: Fate, steps: Vec<Value>, source: Option<&Value>) -> RecordPlace {
    let is_as_given = fate.outcome == FateOutcome::Delivered && fate.joined == 1;
    let record = match fate.record.as_deref() {
        Some(record) => Some(read(record)),
        None => source.filter(|_| is_as_given).cloned(),
    };
    RecordPlace {
        id: fate.id,
        destination: fate.destination,
        outcome: fate.outcome.as_str().to_owned(),
        at: fate.at,
        key: fate.key,
        attempts: fate.attempts,
        joined: fate.joined,
        steps: steps.into(),
        record,
        answer: fate.answer.as_deref().map(read),
        letter: fate.letter,
    }
}
