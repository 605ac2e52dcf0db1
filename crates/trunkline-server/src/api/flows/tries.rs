//! A flow that is tried: what each step makes of some records, and what each destination would be given.
//!
//! The one rule: nothing is brought anywhere and no position is kept. Records that are given, or at hand, call nobody; only where it is
//! asked for is the source really read.

use std::{sync::Arc, time::Duration};

use axum::{Json, extract::State};
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_components::{Answers, Site};
use trunkline_flow::{
    ComponentError, Head, Item, Occasion, Record, Trigger,
    document::{Document, Part as Component, Sample},
    engine::{First, Flow, Seen, WatchedWay, first},
};
use trunkline_store::{DeadLetterFilter, Role};
use utoipa::ToSchema;

use super::{
    super::{
        given,
        read::{Body, Named},
        route::{Route, Verb},
    },
    Mistake, Part,
    apply::{document, of_found, site_of},
    shape::way_of,
};
use crate::{flows, recipes, reply::Refusal, shared::Shared};

/// How many records are read when nobody says how many.
const USUAL: u32 = 10;
/// How many are taken at most.
const MOST: u32 = 100;
/// How far back the newest records of a source without an end are looked for.
const BACK: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// How many are read at most to find them.
const MOST_READ: usize = 20_000;
/// How long a look at a source may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A text to try.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FlowTry)]
pub(crate) struct Try {
    /// The whole text of the flow; nothing of it is kept.
    pub(crate) text: String,
    /// Records as the source would give them. Left out, those are taken that `take` says.
    #[schema(value_type = Option<Vec<Object>>)]
    pub(crate) records: Option<Vec<Map<String, Value>>>,
    /// Which records are taken: `sample` (of the text's own tests), `letter` (the newest dead letter of the flow of this name), or `source`:
    /// the source is really read, its first records, or its newest ones where it has no end. Left out, a sample, or else a letter.
    pub(crate) take: Option<String>,
    /// How many records the source is asked for, from 1 to 100; 10 when it is left out.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) limit: Option<u32>,
    /// What `enrich` finds, by the field that it fills. Without it, `enrich` lets records through as they are, but asks where the source is
    /// read.
    #[schema(value_type = Option<Object>)]
    pub(crate) answers: Option<Map<String, Value>>,
}

/// How a flow of the store is tried.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(as = FlowDryRun)]
pub(crate) struct DryRun {
    /// How many records the source is asked for, from 1 to 100; 10 when it is left out.
    #[schema(minimum = 1, maximum = 100)]
    pub(crate) limit: Option<u32>,
}

/// What became of records that a flow was tried with.
#[derive(Clone, Debug, Default, Serialize, ToSchema)]
#[schema(as = FlowTried)]
pub(crate) struct Tried {
    /// The flow's name, when its text is in order.
    pub(crate) name: Option<String>,
    /// What is wrong with the text; then nothing was tried.
    pub(crate) mistakes: Vec<Mistake>,
    /// Where the records came from, in words.
    pub(crate) from: String,
    /// The records that it was tried with, as the source gives them.
    pub(crate) records: Vec<Value>,
    /// What the source gave that is no record, or why it could not be read.
    pub(crate) troubles: Vec<Trouble>,
    /// What each transform did, in their order.
    pub(crate) steps: Vec<Step>,
    /// What came to each destination.
    pub(crate) ways: Vec<TriedWay>,
    /// Records of which nothing came to any destination.
    pub(crate) left_out: u64,
}

/// What a transform did.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowTriedStep)]
pub(crate) struct Step {
    /// The transform.
    pub(crate) part: Part,
    /// What it was given.
    pub(crate) before: Vec<Value>,
    /// What it made of that.
    pub(crate) after: Vec<Value>,
    /// What it could not take.
    pub(crate) troubles: Vec<Trouble>,
    /// How it differs from what a run would do.
    pub(crate) note: Option<String>,
}

/// What came to a destination.
#[derive(Clone, Debug, Serialize, ToSchema)]
#[schema(as = FlowTriedWay)]
pub(crate) struct TriedWay {
    /// What it is called in this flow.
    pub(crate) name: String,
    /// Its kind.
    pub(crate) kind: String,
    /// The condition that records meet, or the route that leads here.
    pub(crate) only: Option<String>,
    /// What each of its own transforms did.
    pub(crate) steps: Vec<Step>,
    /// What it would be given, in its own words: the request, the row, the message.
    pub(crate) gets: Vec<Value>,
    /// Why it would not be given some.
    pub(crate) troubles: Vec<Trouble>,
}

/// Why something could not be done.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
#[schema(as = FlowTrouble)]
pub(crate) struct Trouble {
    /// The code, which has a page in the documentation.
    pub(crate) code: String,
    /// What happened.
    pub(crate) message: String,
    /// What to do.
    pub(crate) advice: String,
    /// The record, where it is about one.
    pub(crate) record: Option<Value>,
}

impl Trouble {
    fn of(error: &ComponentError, record: Option<Value>) -> Self {
        Self {
            code: error.code.to_owned(),
            message: error.message.clone(),
            advice: error.advice.clone(),
            record,
        }
    }
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Admin,
            Verb::Post,
            "/flow-tries",
            "flows.try",
            "Tries a text with some records: each after every transform, and what each destination would be given. Nothing is brought.",
            try_text,
        )
        .takes::<Try>()
        .answers::<Tried>(StatusCode::OK)
        .may_conflict(),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/flows/{name}/dry-run",
            "flows.dry_run",
            "Reads the first records of a flow's source, and shows what would become of them. Nothing is brought, no position is kept.",
            dry_run,
        )
        .takes::<DryRun>()
        .answers::<Tried>(StatusCode::OK)
        .may_conflict(),
    ]
}

/// Tries a text.
pub(crate) async fn try_text(
    State(shared): State<Arc<Shared>>,
    Body(asked): Body<Try>,
) -> Result<Json<Tried>, Refusal> {
    let limit = limit(asked.limit)?;
    let take = given::word(asked.take.as_deref(), "take", Take::of)?;
    let now = shared.clock.now();
    let document = match document(&asked.text, now) {
        Ok(document) => document,
        Err(mistakes) => return Ok(Json(Tried::wrong(mistakes))),
    };
    let answers = asked.answers.map(Arc::new);
    if asked.records.is_none() && take == Some(Take::Source) {
        return read(&shared, document, limit, answers).await.map(Json);
    }
    let site = site_of(&shared, &document.name, now);
    let flow = trunkline_components::build_to_try(&document, &site, &answers.clone().unwrap_or_default());
    let flow = match flow {
        Ok(flow) => flow,
        Err(found) => return Ok(Json(Tried::wrong(of_found(found)))),
    };
    let taken = match asked.records {
        Some(records) => Taken {
            from: "what was given".to_owned(),
            records: records.into_iter().map(|one| Record::new(one.into())).collect(),
            now: None,
        },
        None => at_hand(&shared, &document, take).await?,
    };
    if taken.records.len() > MOST as usize {
        return Err(Refusal::of_field("records", format!("has more than {MOST}")));
    }
    let way = Way {
        document,
        flow,
        asks: Asks::Nobody(answers),
    };
    way.through(taken, Vec::new(), now).await.map(Json)
}

/// Tries a flow of the store with what its source gives.
pub(crate) async fn dry_run(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(asked): Body<DryRun>,
) -> Result<Json<Tried>, Refusal> {
    let limit = limit(asked.limit)?;
    let flow = shared.store.flow(&name).await?;
    match document(&flow.text, flow.applied_at) {
        Ok(document) => read(&shared, document, limit, None).await.map(Json),
        Err(mistakes) => Ok(Json(Tried::wrong(mistakes))),
    }
}

fn limit(given: Option<u32>) -> Result<usize, Refusal> {
    match given.unwrap_or(USUAL) {
        limit @ 1..=MOST => Ok(limit as usize),
        _ => Err(Refusal::of_field("limit", format!("is not from 1 to {MOST}"))),
    }
}

/// Which records are taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Take {
    Sample,
    Letter,
    Source,
}

impl Take {
    fn of(word: &str) -> Option<Self> {
        match word {
            "sample" => Some(Self::Sample),
            "letter" => Some(Self::Letter),
            "source" => Some(Self::Source),
            _ => None,
        }
    }
}

/// Records to try a flow with.
struct Taken {
    from: String,
    records: Vec<Record>,
    /// The moment at which a sample is meant to be.
    now: Option<jiff::Timestamp>,
}

/// Whom `enrich` asks.
enum Asks {
    Nobody(Option<Answers>),
    Intercom,
}

/// Records that need nobody to be called.
async fn at_hand(shared: &Shared, document: &Document, take: Option<Take>) -> Result<Taken, Refusal> {
    if take != Some(Take::Letter)
        && let Some(sample) = document.tests.first()
        && let Some(records) = of_sample(document, sample)
    {
        return Ok(Taken {
            from: format!("the sample “{}”", sample.name),
            records,
            now: sample.now,
        });
    }
    if take != Some(Take::Sample)
        && let Some(taken) = newest_letter(shared, &document.name).await?
    {
        return Ok(taken);
    }
    let what = match take {
        Some(Take::Sample) => "the text has no sample under `tests`",
        Some(Take::Letter) => "no dead letter of this flow has its source's record",
        _ => "the text has no sample under `tests`, and the flow no dead letter",
    };
    let message = format!("{what}; give a record under `records`, or take them from the source");
    Err(Refusal::new(StatusCode::CONFLICT, "TL0970", message).at("records"))
}

/// The records of a sample; those that stand in a file of their own are there for shipped recipes only.
fn of_sample(document: &Document, sample: &Sample) -> Option<Vec<Record>> {
    let mut values = sample.input.clone();
    if let Some(file) = &sample.input_file {
        values.extend(recipes::input_of(&document.name, file).unwrap_or_default());
    }
    let records: Vec<Record> = values.into_iter().map(Record::new).collect();
    (!records.is_empty()).then_some(records)
}

async fn newest_letter(shared: &Shared, flow: &str) -> Result<Option<Taken>, Refusal> {
    let filter = DeadLetterFilter {
        flow: Some(flow.to_owned()),
        ..DeadLetterFilter::default()
    };
    let newest = shared.store.dead_letters(&filter, 20).await?;
    for letter in newest {
        let whole = shared.store.dead_letter(&letter.id).await?;
        let source = whole.failure.source_record.as_deref().map(serde_json::from_str);
        if let Some(Ok(value)) = source {
            let head: Option<Head> = whole
                .failure
                .head
                .as_deref()
                .and_then(|head| serde_json::from_str(head).ok());
            let record = Record::new(value).with_head(head.unwrap_or_default());
            return Ok(Some(Taken {
                from: "the newest dead letter".to_owned(),
                records: vec![record],
                now: None,
            }));
        }
    }
    Ok(None)
}

/// Tries a flow with what its source gives now.
async fn read(
    shared: &Arc<Shared>,
    document: Document,
    wanted: usize,
    answers: Option<Answers>,
) -> Result<Tried, Refusal> {
    let now = shared.clock.now();
    let runner = flows::runner(shared);
    let site = Site {
        is_dry: true,
        ..runner.site(&document.name, shared.options.data.clone())
    };
    let built = match &answers {
        Some(answers) => trunkline_components::build_to_try(&document, &site, answers),
        None => trunkline_components::build(&document, &site),
    };
    let flow = match built {
        Ok(flow) => flow,
        Err(found) => return Ok(Tried::wrong(of_found(found))),
    };
    let occasion = Occasion {
        now,
        last_success: None,
        trigger: Trigger::Manual,
        range: None,
    };
    let limits = First {
        wanted,
        back: BACK,
        most: MOST_READ,
        patience: PATIENCE,
    };
    let mut taken = Taken {
        from: if flow.source.is_endless() {
            "the newest records of the source".to_owned()
        } else {
            "the first records of the source".to_owned()
        },
        records: Vec::new(),
        now: None,
    };
    let mut troubles = Vec::new();
    match first(flow.source.as_ref(), &occasion, limits).await {
        Ok(items) => {
            for item in items {
                match item {
                    Item::Record(record) => taken.records.push(record),
                    Item::Broken { text, error } => {
                        troubles.push(Trouble::of(&error, Some(Value::String(text))));
                    }
                }
            }
        }
        Err(error) => troubles.push(Trouble::of(&error, None)),
    }
    let asks = match answers {
        Some(answers) => Asks::Nobody(Some(answers)),
        None => Asks::Intercom,
    };
    let way = Way { document, flow, asks };
    way.through(taken, troubles, now).await
}

/// A flow that is ready to be tried.
struct Way {
    document: Document,
    flow: Flow,
    asks: Asks,
}

impl Way {
    async fn through(
        self,
        taken: Taken,
        troubles: Vec<Trouble>,
        now: jiff::Timestamp,
    ) -> Result<Tried, Refusal> {
        let now = taken.now.unwrap_or(now);
        // Expressions take their time, and the threads of the runtime are for what waits.
        let tried = tokio::task::spawn_blocking(move || self.tried(taken, troubles, now)).await;
        tried.map_err(|error| {
            tracing::error!(%error, "trying a flow broke off");
            let message = "trying the flow broke off; this is a fault of Trunkline";
            Refusal::new(StatusCode::SERVICE_UNAVAILABLE, "TL0974", message)
        })
    }

    fn tried(&self, taken: Taken, troubles: Vec<Trouble>, now: jiff::Timestamp) -> Tried {
        let records = taken
            .records
            .iter()
            .map(|record| record.value.to_value())
            .collect();
        let watched = self.flow.watch(taken.records, now);
        let ways = self.document.destinations.iter().zip(watched.ways).enumerate();
        Tried {
            name: Some(self.document.name.clone()),
            mistakes: Vec::new(),
            from: taken.from,
            records,
            troubles,
            steps: self.steps(&self.document.transforms, watched.steps),
            left_out: watched.filtered,
            ways: ways.map(|(at, (_, way))| self.way(at, way)).collect(),
        }
    }

    fn way(&self, at: usize, watched: WatchedWay) -> TriedWay {
        let branch = &self.document.destinations[at];
        let shape = way_of(branch);
        let mut troubles: Vec<Trouble> = watched
            .undecided
            .iter()
            .map(|error| Trouble::of(error, None))
            .collect();
        let mut gets = Vec::new();
        for record in watched.records {
            match self.flow.ways[at].destination.preview(&record) {
                Ok(value) => gets.push(value),
                Err(error) => troubles.push(Trouble::of(&error, Some(record.value.into_value()))),
            }
        }
        TriedWay {
            name: shape.name,
            kind: shape.part.kind,
            only: shape.only,
            steps: self.steps(&branch.transforms, watched.steps),
            gets,
            troubles,
        }
    }

    fn steps(&self, parts: &[Component], seen: Vec<Seen>) -> Vec<Step> {
        let step = |(part, seen): (&Component, Seen)| Step {
            part: Part::of(part),
            before: seen.before,
            after: seen.after,
            troubles: seen
                .refused
                .iter()
                .map(|(record, error)| Trouble::of(error, Some(record.clone())))
                .collect(),
            note: self.note(part),
        };
        parts.iter().zip(seen).map(step).collect()
    }

    fn note(&self, part: &Component) -> Option<String> {
        let Asks::Nobody(answers) = &self.asks else {
            return None;
        };
        if part.kind != "enrich" {
            return None;
        }
        let into = part.settings.to_json()["into"].as_str()?.to_owned();
        Some(match answers {
            Some(answers) if answers.contains_key(&into) => {
                format!("Nobody was asked: `{into}` is the answer that was given.")
            }
            _ => format!(
                "Nobody was asked: the record went on as it was, with `{into}` only if it brought that along."
            ),
        })
    }
}

impl Tried {
    fn wrong(mistakes: Vec<Mistake>) -> Self {
        Self {
            mistakes,
            ..Self::default()
        }
    }
}
