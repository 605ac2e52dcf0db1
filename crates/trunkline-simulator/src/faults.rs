//! Faults on demand: an answer other than the right one, for chosen calls, by count, by chance or by the clock.
//!
//! The one rule: the same seed, the same faults and the same calls give the same answers.

use serde::{Deserialize, Serialize};
use trunkline_catalog::Catalog;

/// What is wrong with an answer, beyond its status.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Body {
    /// A web server's error page.
    Html,
    /// Nothing at all.
    Empty,
    /// Text that is not JSON.
    NotJson,
    /// JSON without the rows that belong there.
    NoRows,
    /// The right answer, cut in the middle.
    Cut,
}

/// A fault that is asked for. Read from JSON or TOML: `{"operation": "contacts.search", "status": 503, "times": 3}`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Fault {
    /// The operation that it befalls, all of a family (`contacts.*`), or all (`*`).
    pub(crate) operation: String,
    /// The status to answer with; that of the right answer when there is none.
    #[serde(default)]
    pub(crate) status: Option<u16>,
    /// What the body is like; an error list when only a status is given.
    #[serde(default)]
    pub(crate) body: Option<Body>,
    /// How many calls it befalls; once unless chance or the clock decides, then without end.
    #[serde(default)]
    pub(crate) times: Option<u32>,
    /// How many matching calls go through before it begins.
    #[serde(default)]
    pub(crate) after: u32,
    /// How likely it befalls a matching call, from 0 to 1.
    #[serde(default)]
    pub(crate) probability: Option<f64>,
    /// In each so many seconds of the workspace's clock,
    #[serde(default)]
    pub(crate) every: Option<u32>,
    /// it befalls the calls of so many first seconds.
    #[serde(default)]
    pub(crate) lasting: Option<u32>,
    /// Whether a write takes effect before its answer is lost.
    #[serde(default)]
    pub(crate) applied: bool,
    /// The `Retry-After` header, in seconds.
    #[serde(default)]
    pub(crate) retry_after: Option<u32>,
    /// How much longer than usual the answer takes.
    #[serde(default)]
    pub(crate) latency_ms: u64,
    /// How many seconds the clock of the headers is ahead.
    #[serde(default)]
    pub(crate) clock_skew: i64,
}

impl Fault {
    /// What is wrong with it, if anything.
    pub(crate) fn fault(&self) -> Option<String> {
        let name = &self.operation;
        let is_known = name == "*"
            || name.strip_suffix(".*").map_or_else(
                || Catalog::embedded().operation(name).is_some(),
                |family| {
                    Catalog::embedded()
                        .operations()
                        .iter()
                        .any(|operation| operation.id.split('.').next() == Some(family))
                },
            );
        if !is_known {
            return Some(format!("there is no operation `{name}`"));
        }
        if self.status.is_some_and(|status| !(200..=599).contains(&status)) {
            return Some("status must be between 200 and 599".to_owned());
        }
        if self
            .probability
            .is_some_and(|probability| !(0.0..=1.0).contains(&probability))
        {
            return Some("probability must be between 0 and 1".to_owned());
        }
        match (self.every, self.lasting) {
            (None, None) => None,
            (Some(every), Some(lasting)) if 0 < lasting && lasting <= every => None,
            _ => Some("every and lasting go together, lasting being the smaller one".to_owned()),
        }
    }

    fn matches(&self, operation: &str) -> bool {
        let name = &self.operation;
        name == "*"
            || name == operation
            || name
                .strip_suffix(".*")
                .is_some_and(|family| operation.split('.').next() == Some(family))
    }

    fn is_due(&self, now: i64) -> bool {
        match (self.every, self.lasting) {
            (Some(every), Some(lasting)) => now.rem_euclid(i64::from(every)) < i64::from(lasting),
            _ => true,
        }
    }

    /// How many more calls it befalls; `None` for no end.
    fn left(&self) -> Option<u32> {
        let has_end = self.probability.is_none() && self.every.is_none();
        self.times.or(has_end.then_some(1))
    }

    /// Whether the right answer has to be known first.
    pub(crate) fn needs_the_answer(&self) -> bool {
        self.applied || self.body == Some(Body::Cut) || (self.status.is_none() && self.body.is_none())
    }
}

/// The faults that are set, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) set: Vec<Fault>,
}

impl Faults {
    /// The fault that befalls a call of this operation, if any; counts it down. `roll` is a number from 0 to 1.
    pub(crate) fn befall(&mut self, operation: &str, now: i64, roll: f64) -> Option<Fault> {
        let fault = self
            .set
            .iter_mut()
            .find(|fault| fault.left() != Some(0) && fault.matches(operation) && fault.is_due(now))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        if fault.probability.is_some_and(|probability| roll >= probability) {
            return None;
        }
        fault.times = fault.left().map(|left| left - 1);
        Some(fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn faults(text: &str) -> Faults {
        Faults {
            set: vec![serde_json::from_str(text).unwrap()],
        }
    }

    #[test]
    fn a_fault_begins_after_some_calls_and_ends_after_some() {
        let mut faults = faults(r#"{"operation":"tags.list","status":502,"times":2,"after":1}"#);
        let seen: Vec<bool> = (0..4)
            .map(|_| faults.befall("tags.list", 0, 0.0).is_some())
            .collect();
        assert_eq!(seen, [false, true, true, false]);
        assert!(faults.befall("teams.list", 0, 0.0).is_none());
    }

    #[test]
    fn chance_and_the_clock_decide_without_end() {
        let mut by_chance = faults(r#"{"operation":"tags.*","status":500,"probability":0.5}"#);
        let seen: Vec<bool> = [0.1, 0.9, 0.4, 0.5]
            .iter()
            .map(|roll| by_chance.befall("tags.get", 0, *roll).is_some())
            .collect();
        assert_eq!(seen, [true, false, true, false]);
        let mut by_clock = faults(r#"{"operation":"*","status":429,"every":60,"lasting":10}"#);
        let seen: Vec<bool> = [0, 9, 10, 59, 60, 69, 70]
            .iter()
            .map(|now| by_clock.befall("me.get", *now, 0.0).is_some())
            .collect();
        assert_eq!(seen, [true, true, false, false, true, true, false]);
    }

    #[test]
    fn a_fault_that_cannot_be_is_refused() {
        assert!(serde_json::from_str::<Fault>(r#"{"operation":"*","status":500,"tiems":2}"#).is_err());
        for (text, is_good) in [
            (r#"{"operation":"*"}"#, true),
            (r#"{"operation":"contacts.*","status":500}"#, true),
            (r#"{"operation":"contacts.serach","status":500}"#, false),
            (r#"{"operation":"boats.*","status":500}"#, false),
            (r#"{"operation":"*","status":99}"#, false),
            (r#"{"operation":"*","probability":1.5}"#, false),
            (r#"{"operation":"*","every":10}"#, false),
            (r#"{"operation":"*","every":10,"lasting":11}"#, false),
        ] {
            let fault: Fault = serde_json::from_str(text).unwrap();
            assert_eq!(fault.fault().is_none(), is_good, "{text}");
        }
    }
}
