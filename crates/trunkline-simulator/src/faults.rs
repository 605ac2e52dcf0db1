//! Faults on demand: an answer other than the right one, for chosen calls.

use serde::{Deserialize, Serialize};

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

/// One fault.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Fault {
    /// The operation that it befalls, or `*`.
    pub(crate) operation: String,
    /// The status to answer with.
    pub(crate) status: u16,
    /// What the body is like; an error list by default.
    #[serde(default)]
    pub(crate) body: Option<Body>,
    /// How many calls it befalls.
    #[serde(default = "once")]
    pub(crate) times: u32,
    /// How many matching calls go through before it begins.
    #[serde(default)]
    pub(crate) after: u32,
    /// The `Retry-After` header, in seconds.
    #[serde(default)]
    pub(crate) retry_after: Option<u32>,
    /// How much longer than usual the answer takes.
    #[serde(default)]
    pub(crate) latency_ms: u64,
}

fn once() -> u32 {
    1
}

/// The faults that are set, oldest first.
#[derive(Debug, Default)]
pub(crate) struct Faults {
    pub(crate) set: Vec<Fault>,
}

impl Faults {
    /// The fault that befalls a call of this operation, if any; counts it down.
    pub(crate) fn befall(&mut self, operation: &str) -> Option<Fault> {
        let fault = self
            .set
            .iter_mut()
            .find(|fault| fault.times > 0 && (fault.operation == "*" || fault.operation == operation))?;
        if fault.after > 0 {
            fault.after -= 1;
            return None;
        }
        fault.times -= 1;
        Some(fault.clone())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_fault_begins_after_some_calls_and_ends_after_some() {
        let fault: Fault =
            serde_json::from_str(r#"{"operation":"tags.list","status":502,"times":2,"after":1}"#).unwrap();
        let mut faults = Faults { set: vec![fault] };
        let seen: Vec<bool> = (0..4).map(|_| faults.befall("tags.list").is_some()).collect();
        assert_eq!(seen, [false, true, true, false]);
        assert!(faults.befall("teams.list").is_none());
    }

    #[test]
    fn a_fault_with_an_unknown_field_is_refused() {
        assert!(serde_json::from_str::<Fault>(r#"{"operation":"*","status":500,"tiems":2}"#).is_err());
    }
}
