//! Transforms one after the other.
//!
//! The one rule: a record that one of them cannot take is given back with the error, and every other record goes on.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::{ComponentError, Record, Transform};

/// Transforms, each with its name.
pub type Steps = Vec<(String, Box<dyn Transform>)>;

/// Transforms one after the other.
#[derive(Default)]
pub struct Pipeline {
    steps: Steps,
    /// What each was given and made of it; kept only where somebody watches.
    seen: Option<Vec<Seen>>,
}

/// What a transform was given, and what it made of it.
#[derive(Clone, Debug, Default)]
pub struct Seen {
    /// The transform's name.
    pub name: String,
    /// The records that came to it.
    pub before: Vec<Value>,
    /// What it made of them, what it held back for a while included.
    pub after: Vec<Value>,
    /// Records that it could not take, and why.
    pub refused: Vec<(Value, ComponentError)>,
}

impl std::fmt::Debug for Pipeline {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names: Vec<&str> = self.steps.iter().map(|(name, _)| name.as_str()).collect();
        f.debug_tuple("Pipeline").field(&names).finish()
    }
}

/// What came of records.
#[derive(Debug, Default)]
pub struct Applied {
    /// What goes on.
    pub records: Vec<Record>,
    /// What could not be taken.
    pub refused: Vec<Refused>,
}

/// A record that a transform could not take.
#[derive(Debug)]
pub struct Refused {
    /// As it came to the transform.
    pub record: Record,
    /// The transform's place, from 0, and its name.
    pub step: (usize, String),
    /// Why.
    pub error: ComponentError,
}

impl Pipeline {
    /// Puts transforms together.
    #[must_use]
    pub fn new(steps: Steps) -> Self {
        Self { steps, seen: None }
    }

    /// The same, keeping what each transform is given and makes of it.
    #[must_use]
    pub fn watched(mut self) -> Self {
        let seen = |(name, _): &(String, Box<dyn Transform>)| Seen {
            name: name.clone(),
            ..Seen::default()
        };
        self.seen = Some(self.steps.iter().map(seen).collect());
        self
    }

    /// What was seen of each transform; nothing when nobody watched.
    #[must_use]
    pub fn into_seen(self) -> Vec<Seen> {
        self.seen.unwrap_or_default()
    }

    /// Takes records through all of them.
    pub fn apply(&mut self, records: Vec<Record>, now: Timestamp) -> Applied {
        self.from(0, records, now)
    }

    /// Whether any of them remembers what it had.
    pub fn remembers(&self) -> bool {
        self.steps.iter().any(|(_, step)| step.remembers())
    }

    /// When something that a transform holds is to be given out.
    pub fn due(&self) -> Option<Timestamp> {
        self.steps.iter().filter_map(|(_, step)| step.due()).min()
    }

    /// Gives out what is due, or all that is held at the end of a run.
    pub fn flush(&mut self, now: Timestamp, is_end: bool) -> Applied {
        let mut all = Applied::default();
        for at in 0..self.steps.len() {
            let (name, step) = &mut self.steps[at];
            let mut held = Vec::new();
            for done in step.flush(now, is_end) {
                match done {
                    Ok(made) => held.extend(made),
                    Err(failed) => all.refused.push(Refused {
                        record: *failed.record,
                        step: (at, name.clone()),
                        error: failed.error,
                    }),
                }
            }
            self.see(at, &[], &held, &all.refused);
            if held.is_empty() {
                continue;
            }
            let Applied { records, refused } = self.from(at + 1, held, now);
            all.records.extend(records);
            all.refused.extend(refused);
        }
        all
    }

    /// Takes one record as far as it goes; says what each transform made of it.
    pub fn trail(&mut self, record: &Record, now: Timestamp) -> Vec<Value> {
        let mut records = vec![record.clone()];
        let mut trail = Vec::new();
        for at in 0..self.steps.len() {
            let before: Vec<Value> = records.iter().map(|record| record.value.to_value()).collect();
            let (name, step) = &mut self.steps[at];
            let mut after = Vec::new();
            let mut errors = Vec::new();
            for done in step.apply_all(records, now) {
                match done {
                    Ok(made) => after.extend(made),
                    Err(failed) => errors.push(failed.error.to_string()),
                }
            }
            let values: Vec<Value> = after.iter().map(|record| record.value.to_value()).collect();
            let mut entry = json!({ "transform": name.as_str(), "before": before, "after": values });
            if !errors.is_empty() {
                entry["errors"] = json!(errors);
            }
            trail.push(entry);
            records = after;
        }
        trail
    }

    fn from(&mut self, first: usize, mut records: Vec<Record>, now: Timestamp) -> Applied {
        let mut refused = Vec::new();
        for at in first..self.steps.len() {
            let (name, step) = &mut self.steps[at];
            let before = self.seen.as_ref().map(|_| records.clone()).unwrap_or_default();
            let mut next = Vec::with_capacity(records.len());
            for done in step.apply_all(records, now) {
                match done {
                    Ok(made) => next.extend(made),
                    Err(failed) => refused.push(Refused {
                        record: *failed.record,
                        step: (at, name.clone()),
                        error: failed.error,
                    }),
                }
            }
            self.see(at, &before, &next, &refused);
            records = next;
        }
        Applied { records, refused }
    }

    /// Notes what a transform did, where somebody watches.
    fn see(&mut self, at: usize, before: &[Record], after: &[Record], refused: &[Refused]) {
        let Some(seen) = self.seen.as_mut().and_then(|all| all.get_mut(at)) else {
            return;
        };
        let value = |record: &Record| record.value.to_value();
        seen.before.extend(before.iter().map(value));
        seen.after.extend(after.iter().map(value));
        let own = refused.iter().filter(|one| one.step.0 == at);
        seen.refused
            .extend(own.map(|one| (one.record.value.to_value(), one.error.clone())));
    }
}
