//! `batch`: makes one record of several.
//!
//! The one rule: a record that waits keeps its origins, so that nothing of it is done with before the batch is delivered; and what
//! waits is bounded in number, in bytes and in time.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Mistake, Node, Span, read},
};

use super::{
    at_least,
    joined::{together, weight},
};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "batch",
    summary: "Makes one record of several, by number or by time.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The most records of a batch.
pub(super) const MOST: usize = 1_000;
/// The most bytes that are held, about.
pub(super) const MOST_BYTES: usize = 16 << 20;

/// Makes one record, `{count, records}`, of several: when there are enough, or when the first has waited long enough, or at the end of
/// the run.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The number of records that make a batch; at most 1,000.
    #[serde(default = "size")]
    size: usize,
    /// How long the first of them waits.
    #[serde(default = "within")]
    within: Span,
    /// The field with the list.
    #[serde(default = "records", rename = "as")]
    under: String,
}

const fn size() -> usize {
    100
}

const fn within() -> Span {
    Span(std::time::Duration::from_secs(10))
}

fn records() -> String {
    "records".to_owned()
}

struct Waiting {
    settings: Settings,
    held: Vec<Record>,
    bytes: usize,
    due: Option<Timestamp>,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    at_least(node, "size", settings.size, 1, MOST)?;
    Ok(Arc::new(move || {
        Box::new(Waiting {
            settings: settings.clone(),
            held: Vec::new(),
            bytes: 0,
            due: None,
        })
    }))
}

impl Waiting {
    fn give(&mut self) -> Vec<Record> {
        self.due = None;
        self.bytes = 0;
        if self.held.is_empty() {
            return Vec::new();
        }
        let mut held = std::mem::take(&mut self.held);
        let values: Vec<Value> = held
            .iter_mut()
            .map(|record| std::mem::take(&mut record.value).into_value())
            .collect();
        let mut value = json!({ "count": values.len() });
        value[self.settings.under.as_str()] = values.into();
        vec![together(&held, value)]
    }
}

/// The moment so much later.
pub(super) fn later(now: Timestamp, span: Span) -> Timestamp {
    let span = SignedDuration::try_from(span.0).unwrap_or(SignedDuration::MAX);
    now.saturating_add(span).unwrap_or(Timestamp::MAX)
}

impl Transform for Waiting {
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        self.bytes += weight(&record.value);
        self.held.push(record);
        self.due.get_or_insert(later(now, self.settings.within));
        let is_full = self.held.len() >= self.settings.size || self.bytes >= MOST_BYTES;
        Ok(if is_full { self.give() } else { Vec::new() })
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        // Taking one in does not fail, so none has to be kept for that.
        records
            .into_iter()
            .map(|record| Ok(self.apply(record, now).unwrap_or_default()))
            .collect()
    }

    fn due(&self) -> Option<Timestamp> {
        self.due
    }

    fn flush(&mut self, now: Timestamp, is_end: bool) -> Vec<Result<Vec<Record>, Failed>> {
        if is_end || self.due.is_some_and(|due| due <= now) {
            vec![Ok(self.give())]
        } else {
            Vec::new()
        }
    }
}
