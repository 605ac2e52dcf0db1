//! A flow whose components are built, ready for one run.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::{pipeline::Pipeline, stages::Stages};
use crate::{
    ComponentError, Destination, Frontier, Record, Source,
    document::{Jq, Policy},
};

/// Makes the transforms of a flow, or of one of its branches, anew.
pub type MakePipeline = Arc<dyn Fn() -> Pipeline + Send + Sync>;

/// A flow whose components are built.
#[derive(Clone)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// Where records come from.
    pub source: Arc<dyn Source>,
    /// What becomes of every record.
    pub transforms: MakePipeline,
    /// Where records go.
    pub ways: Vec<Way>,
    /// How deliveries are tried.
    pub policy: Policy,
    /// Whether what is delivered goes into the queue only.
    pub fills_queue: bool,
}

/// A destination, and which records it gets.
#[derive(Clone)]
pub struct Way {
    /// What it is called.
    pub name: String,
    /// Only records for which this holds.
    pub when: Option<Jq>,
    /// Only records that a `route` sent here.
    pub route: Option<String>,
    /// What becomes of records before they are brought here only.
    pub transforms: MakePipeline,
    /// The destination.
    pub destination: Arc<dyn Destination>,
}

impl std::fmt::Debug for Flow {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Flow")
            .field("name", &self.name)
            .field("ways", &self.ways)
            .finish_non_exhaustive()
    }
}

impl std::fmt::Debug for Way {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Way")
            .field("name", &self.name)
            .finish_non_exhaustive()
    }
}

/// What came of records without being brought anywhere.
#[derive(Debug, Default)]
pub struct StagedAll {
    /// The records of each way.
    pub by_way: Vec<Vec<Record>>,
    /// Why records were refused, and on the way to which destination, where it was that far.
    pub errors: Vec<(Option<String>, ComponentError)>,
}

impl Flow {
    /// What comes of one record, as its source gave it, on one way or on every: the way's place and the record.
    ///
    /// # Errors
    ///
    /// A transform or a condition refuses it.
    pub fn stage_one(
        &self,
        record: Record,
        way: Option<&str>,
        now: Timestamp,
    ) -> Result<Vec<(usize, Record)>, ComponentError> {
        let staged = self.stage_all(vec![record], now);
        let is_asked = |at: usize| way.is_none_or(|way| self.ways[at].name == way);
        // A mistake on the way to another destination is none of this one's.
        if let Some((_, error)) = staged
            .errors
            .into_iter()
            .find(|(of, _)| of.as_deref().is_none_or(|of| way.is_none_or(|way| way == of)))
        {
            return Err(error);
        }
        let by_way = staged.by_way.into_iter().enumerate();
        Ok(by_way
            .filter(|(at, _)| is_asked(*at))
            .flat_map(|(at, records)| records.into_iter().map(move |record| (at, record)))
            .collect())
    }

    /// Takes records through all transforms, what is held included, without bringing them anywhere.
    pub fn stage_all(&self, records: Vec<Record>, now: Timestamp) -> StagedAll {
        let mut stages = Stages::of(self);
        // As in a run, a record knows what the source gave.
        let records = Frontier::default().enter(records, None);
        let mut all = StagedAll {
            by_way: self.ways.iter().map(|_| Vec::new()).collect(),
            errors: Vec::new(),
        };
        for staged in [stages.apply(records, now), stages.flush(now, true)] {
            for (way, records) in all.by_way.iter_mut().zip(staged.by_way) {
                way.extend(records.into_iter().map(|(record, _)| record));
            }
            all.errors
                .extend(staged.refused.into_iter().map(|(way, _, error)| (way, error)));
        }
        all
    }

    /// What each transform makes of a record, up to the destination where one is named: for whoever wants to see a record's way.
    pub fn trail(&self, record: &Record, way: Option<&str>, now: Timestamp) -> Vec<Value> {
        let mut pipeline = (self.transforms)();
        let mut trail = pipeline.trail(record, now);
        let Some(way) = self.ways.iter().find(|own| Some(own.name.as_str()) == way) else {
            return trail;
        };
        // The common transforms have state of their own: what they give out goes on.
        let common = (self.transforms)().apply(vec![record.clone()], now).records;
        for one in common {
            for step in (way.transforms)().trail(&one, now) {
                let mut step = step;
                step["destination"] = json!(way.name.as_str());
                trail.push(step);
            }
        }
        trail
    }
}
