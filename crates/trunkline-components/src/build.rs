//! From a flow's file to a flow.
//!
//! The one rule: what can be wrong in settings is found here, with its place, before anything is opened.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Map, Value};
use trunkline_flow::{
    ComponentError, Record,
    document::{Document, Mistake, Part},
    engine::{Flow, MakePipeline, Pipeline, Way},
};

use crate::{
    Site,
    registry::{self, MakeTransform},
    transforms::enrich,
};

/// What `enrich` is to find where nobody is asked: values by the fields that it fills.
pub type Answers = Arc<Map<String, Value>>;

/// Builds the components of a file.
///
/// # Errors
///
/// All that is not right about their settings.
pub fn build(document: &Document, site: &Site) -> Result<Flow, Vec<Mistake>> {
    put_together(document, site, None)
}

/// Builds the components of a file to be tried: `enrich` asks nobody, puts what is given in its place, and lets records through as they
/// are where nothing is given.
///
/// # Errors
///
/// All that is not right about their settings.
pub fn build_to_try(document: &Document, site: &Site, answers: &Answers) -> Result<Flow, Vec<Mistake>> {
    put_together(document, site, Some(answers))
}

fn put_together(document: &Document, site: &Site, answers: Option<&Answers>) -> Result<Flow, Vec<Mistake>> {
    let mut mistakes = Vec::new();
    let source = kept(&mut mistakes, || {
        let kind = registry::sources()
            .iter()
            .find(|kind| kind.name == document.source.kind)
            .ok_or_else(|| unknown(&document.source))?;
        (kind.build)(&document.source.settings, site)
    });
    let transforms = pipeline(&document.transforms, site, answers, &mut mistakes);
    let mut ways = Vec::new();
    for branch in &document.destinations {
        let transforms = pipeline(&branch.transforms, site, answers, &mut mistakes);
        let destination = kept(&mut mistakes, || {
            let kind = registry::destinations()
                .iter()
                .find(|kind| kind.name == branch.part.kind)
                .ok_or_else(|| unknown(&branch.part))?;
            (kind.build)(&branch.part.settings, site)
        });
        if let Some(destination) = destination {
            ways.push(Way {
                name: branch.name.clone(),
                when: branch.when.clone(),
                route: branch.route.clone(),
                transforms,
                destination,
            });
        }
    }
    match source {
        Some(source) if mistakes.is_empty() => Ok(Flow {
            name: document.name.clone(),
            source,
            transforms,
            ways,
            policy: document.policy.clone(),
            fills_queue: false,
        }),
        _ => {
            mistakes.sort_by_key(|mistake| mistake.spot);
            Err(mistakes)
        }
    }
}

/// Whether a file's source has no end: it waits for more instead of ending.
#[must_use]
pub fn is_endless(document: &Document) -> bool {
    registry::sources()
        .iter()
        .find(|kind| kind.name == document.source.kind)
        .is_some_and(|kind| (kind.is_endless)(&document.source.settings))
}

/// What each destination would get of these records, and what would become dead letters: no source is read, nothing is brought.
#[must_use]
pub fn outputs(
    flow: &Flow,
    records: Vec<Record>,
    now: Timestamp,
) -> (Map<String, Value>, Vec<ComponentError>) {
    let staged = flow.stage_all(records, now);
    let mut errors: Vec<_> = staged.errors.into_iter().map(|(_, error)| error).collect();
    let mut outputs = Map::new();
    for (way, records) in flow.ways.iter().zip(staged.by_way) {
        let mut all = Vec::new();
        for record in records {
            match way.destination.preview(&record) {
                Ok(value) => all.push(value),
                Err(error) => errors.push(error),
            }
        }
        outputs.insert(way.name.clone(), Value::Array(all));
    }
    (outputs, errors)
}

fn pipeline(
    parts: &[Part],
    site: &Site,
    answers: Option<&Answers>,
    mistakes: &mut Vec<Mistake>,
) -> MakePipeline {
    let mut makers: Vec<(String, MakeTransform)> = Vec::new();
    for part in parts {
        let made = kept(mistakes, || {
            let kind = registry::transforms()
                .iter()
                .find(|kind| kind.name == part.kind)
                .ok_or_else(|| unknown(part))?;
            match answers {
                Some(answers) if kind.name == enrich::KIND.name => {
                    enrich::build_answered(&part.settings, answers)
                }
                _ => (kind.build)(&part.settings, site),
            }
        });
        makers.extend(made.map(|make| (part.kind.clone(), make)));
    }
    Arc::new(move || Pipeline::new(makers.iter().map(|(name, make)| (name.clone(), make())).collect()))
}

fn kept<T>(mistakes: &mut Vec<Mistake>, made: impl FnOnce() -> Result<T, Mistake>) -> Option<T> {
    made().map_err(|mistake| mistakes.push(mistake)).ok()
}

fn unknown(part: &Part) -> Mistake {
    Mistake::new(
        part.spot,
        format!("there is no component {}", part.kind),
        "See `trunkline flow components`.",
    )
}
