//! `dedupe`: lets a record through once, by a key.
//!
//! The one rule: what it remembers is bounded, in number and in time; what it has forgotten passes again. It remembers within one run.

use std::{
    collections::{HashMap, VecDeque},
    sync::Arc,
};

use jiff::{SignedDuration, Timestamp};
use schemars::JsonSchema;
use serde::Deserialize;
use sha2::{Digest as _, Sha256};
use trunkline_flow::{
    ComponentError, Failed, Record, Transform,
    document::{Jq, Mistake, Node, Span, read},
};

use super::at_least;
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "dedupe",
    summary: "Lets through one record of each key.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The most keys that are remembered: about 100 MB of them.
const MOST: usize = 1_000_000;

/// Lets through the first record of each key.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What tells records apart. Records for which it is null all pass.
    key: Jq,
    /// How many keys are remembered; the oldest is forgotten first.
    #[serde(default = "last")]
    last: usize,
    /// How long a key is remembered, from the record that passed; for the whole run unless told.
    #[serde(default)]
    within: Option<Span>,
}

const fn last() -> usize {
    100_000
}

/// The hash of a key.
type Mark = [u8; 16];

struct Dedupe {
    settings: Settings,
    seen: HashMap<Mark, Timestamp>,
    order: VecDeque<Mark>,
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let settings: Settings = read(node)?;
    at_least(node, "last", settings.last, 1, MOST)?;
    Ok(Arc::new(move || {
        Box::new(Dedupe {
            settings: settings.clone(),
            seen: HashMap::new(),
            order: VecDeque::new(),
        })
    }))
}

impl Dedupe {
    fn is_new(&mut self, mark: Mark, now: Timestamp) -> bool {
        if let Some(within) = self.settings.within {
            let within = SignedDuration::try_from(within.0).unwrap_or(SignedDuration::MAX);
            while let Some(oldest) = self.order.front()
                && self
                    .seen
                    .get(oldest)
                    .is_none_or(|at| now.duration_since(*at) >= within)
            {
                self.forget_oldest();
            }
        }
        if self.seen.contains_key(&mark) {
            return false;
        }
        if self.order.len() >= self.settings.last {
            self.forget_oldest();
        }
        self.seen.insert(mark, now);
        self.order.push_back(mark);
        true
    }

    fn pass(&mut self, record: Record, key: Option<String>, now: Timestamp) -> Vec<Record> {
        let is_new = key.is_none_or(|key| {
            let hash = Sha256::digest(key);
            let mut mark = Mark::default();
            mark.copy_from_slice(&hash[..16]);
            self.is_new(mark, now)
        });
        if is_new { vec![record] } else { Vec::new() }
    }

    fn forget_oldest(&mut self) {
        if let Some(oldest) = self.order.pop_front() {
            self.seen.remove(&oldest);
        }
    }
}

impl Transform for Dedupe {
    fn apply(&mut self, record: Record, now: Timestamp) -> Result<Vec<Record>, ComponentError> {
        let key = self.settings.key.key(&record, now)?;
        Ok(self.pass(record, key, now))
    }

    fn apply_all(&mut self, records: Vec<Record>, now: Timestamp) -> Vec<Result<Vec<Record>, Failed>> {
        let keys = self.settings.key.key_of_all(records.iter(), now);
        records
            .into_iter()
            .zip(keys)
            .map(|(record, key)| match key {
                Ok(key) => Ok(self.pass(record, key, now)),
                Err(error) => Err(Failed::new(record, error)),
            })
            .collect()
    }
}
