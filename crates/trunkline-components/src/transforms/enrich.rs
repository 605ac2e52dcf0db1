//! `enrich`: adds to a record what is found for it in Intercom or in the mirror.
//!
//! The one rule: the same question is asked once while its answer is fresh; an answer that is missing is an answer too. Read
//! `enrich/asking.rs` and `enrich/mirror.rs` for where it is looked up.

mod answered;
mod asking;
mod cache;
mod mirror;

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, Span, read},
};

use self::{answered::Answered, asking::Asking, cache::Cache, mirror::Mirror};
use super::{at_least, one_of};
use crate::{
    Site,
    build::Answers,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "enrich",
    summary: "Adds what is found for a record in Intercom or in the mirror.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// Adds to a record what is found for it.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The field that the answer is put into.
    into: String,
    /// A read operation of Intercom, or another action that only reads, to be asked.
    #[serde(default)]
    operation: Option<String>,
    /// The connection for it; the default one unless named.
    #[serde(default)]
    connection: Option<String>,
    /// The fields of the operation, or `path`, `query` and `payload`, with expressions over the record. A null leaves its field out; when all
    /// are null, nothing is asked and the answer is missing.
    #[serde(default)]
    with: BTreeMap<String, Jq>,
    /// A mirror to look in, in place of an operation.
    #[serde(default)]
    mirror: Option<mirror::Settings>,
    /// An expression over the answer, for what of it is wanted; null means that it is missing.
    #[serde(default)]
    take: Option<Jq>,
    /// What becomes of a record whose answer is missing.
    #[serde(default)]
    missing: Missing,
    /// How answers are kept.
    #[serde(default)]
    cache: Keep,
    /// How many questions are asked of Intercom at once.
    #[serde(default = "concurrency")]
    concurrency: usize,
}

/// How answers are kept.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default)]
struct Keep {
    /// How many.
    size: usize,
    /// How long.
    #[serde(rename = "for")]
    span: Span,
}

impl Default for Keep {
    fn default() -> Self {
        Self {
            size: 10_000,
            span: Span(std::time::Duration::from_secs(600)),
        }
    }
}

#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum Missing {
    /// It goes on without the field.
    #[default]
    Leave,
    /// It is let go.
    Drop,
    /// It becomes a dead letter.
    Fail,
}

const fn concurrency() -> usize {
    8
}

/// What was found; none when there is nothing.
type Answer = Result<Option<Value>, ComponentError>;

/// Where answers come from.
#[derive(Debug)]
enum Place {
    Asking(Asking),
    Mirror(Mirror),
}

struct Enriching {
    settings: Arc<Settings>,
    place: Place,
    cache: Cache,
}

fn build(node: &Node, site: &Site) -> Result<MakeTransform, Mistake> {
    let settings = Arc::new(checked(node)?);
    let site = site.clone();
    Ok(Arc::new(move || {
        let place = match (&settings.mirror, &settings.operation) {
            (Some(mirror), _) => Place::Mirror(Mirror::new(mirror.clone(), &site)),
            (None, operation) => Place::Asking(Asking::new(
                operation.clone().unwrap_or_default(),
                settings.connection.clone(),
                settings.concurrency,
                site.clone(),
            )),
        };
        Box::new(Enriching {
            settings: Arc::clone(&settings),
            place,
            cache: Cache::new(settings.cache.size, settings.cache.span),
        })
    }))
}

/// Makes what asks nobody, and puts what is given in its place.
pub(crate) fn build_answered(node: &Node, answers: &Answers) -> Result<MakeTransform, Mistake> {
    let settings = checked(node)?;
    let answer = answers.get(&settings.into).cloned();
    Ok(Arc::new(move || {
        Box::new(Answered {
            into: settings.into.clone(),
            answer: answer.clone(),
        })
    }))
}

/// Settings that are in order.
fn checked(node: &Node) -> Result<Settings, Mistake> {
    let settings: Settings = read(node)?;
    one_of(node, &["operation", "mirror"])?;
    if settings.operation.is_some() && settings.mirror.is_some() {
        return Err(Mistake::new(
            node.spot,
            "an answer comes from an operation or from a mirror, not from both",
            "Write two `enrich`, one behind the other.",
        ));
    }
    for key in ["with", "connection", "concurrency"] {
        if let (Some(own), Some(_)) = (node.get(key), &settings.mirror) {
            let message = format!("{key} is for an operation, and this looks in a mirror");
            return Err(Mistake::new(own.spot, message, "Leave it out."));
        }
    }
    at_least(node, "concurrency", settings.concurrency, 1, 64)?;
    if let Some(cache) = node.get("cache") {
        at_least(cache, "size", settings.cache.size, 0, 1_000_000)?;
    }
    if let Some(operation) = &settings.operation {
        asking::check(node, operation, &settings.with)?;
    }
    Ok(settings)
}

impl Settings {
    /// What is asked about a record; none when there is nothing to ask.
    fn question(&self, record: &Record, now: Timestamp) -> Result<Option<Value>, ComponentError> {
        if let Some(mirror) = &self.mirror {
            let key = mirror.key.value(record, now)?;
            return Ok(Some(key).filter(|key| !key.is_null()));
        }
        let mut asked = Map::new();
        for (name, expression) in &self.with {
            match expression.value(record, now)? {
                Value::Null => {}
                value => {
                    asked.insert(name.clone(), value);
                }
            }
        }
        Ok((!asked.is_empty() || self.with.is_empty()).then_some(Value::Object(asked)))
    }

    fn put(&self, mut record: Record, answer: Option<Value>, now: Timestamp) -> Result<Vec<Record>, Failed> {
        let failed = |record: Record, error| Failed::new(record, error);
        let taken = match (answer, &self.take) {
            (Some(answer), Some(take)) => match take.value(&record.derive(answer), now) {
                Ok(value) => Some(value).filter(|value| !value.is_null()),
                Err(error) => return Err(failed(record, error)),
            },
            (answer, _) => answer,
        };
        let Some(found) = taken else {
            return match self.missing {
                Missing::Leave => Ok(vec![record]),
                Missing::Drop => Ok(Vec::new()),
                Missing::Fail => Err(failed(
                    record,
                    ComponentError::reject(
                        "TL0853",
                        format!("nothing was found for this record's {}", self.into),
                        "Look at what is asked; set `missing: leave` or `missing: drop` when that is as it should be.",
                    ),
                )),
            };
        };
        match record.value.as_object_mut() {
            Some(fields) => {
                fields.insert(self.into.clone(), found);
                Ok(vec![record])
            }
            None => Err(failed(
                record,
                ComponentError::reject(
                    "TL0841",
                    "the record is no object, so it has no fields",
                    "Make an object of it with `jq` first, such as `{value: .}`.",
                ),
            )),
        }
    }
}

impl Transform for Enriching {
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let mut made = Vec::new();
        for done in self.apply_all(vec![record], now) {
            made.extend(done.map_err(|failed| failed.error)?);
        }
        Ok(made)
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let mut answers: BTreeMap<String, Answer> = BTreeMap::new();
        let mut questions = Vec::new();
        let mut asked = Vec::with_capacity(records.len());
        for record in records {
            let question = match self.settings.question(&record, now) {
                Ok(question) => question,
                Err(error) => {
                    asked.push(Err(Failed::new(record, error)));
                    continue;
                }
            };
            let name = question.as_ref().map(Value::to_string);
            if let (Some(question), Some(name)) = (question, &name)
                && !answers.contains_key(name)
            {
                let known = self.cache.get(name, now);
                if known.is_none() {
                    questions.push((name.clone(), question));
                }
                answers.insert(name.clone(), Ok(known.unwrap_or_default()));
            }
            asked.push(Ok((record, name)));
        }
        let found = match &mut self.place {
            Place::Mirror(mirror) => mirror.find(questions),
            Place::Asking(asking) => asking.find(&questions),
        };
        for (name, answer) in found {
            if let Ok(answer) = &answer {
                self.cache.put(name.clone(), answer.clone(), now);
            }
            answers.insert(name, answer);
        }
        asked
            .into_iter()
            .map(|one| {
                let (record, name) = one?;
                match name.and_then(|name| answers.get(&name)).cloned() {
                    Some(Err(error)) => Err(Failed::new(record, error)),
                    answer => self
                        .settings
                        .put(record, answer.and_then(Result::ok).flatten(), now),
                }
            })
            .collect()
    }
}
