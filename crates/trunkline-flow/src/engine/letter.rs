//! What is kept of a record that is given up.
//!
//! The one rule: whoever looks at it later sees the record as the source gave it, what each transform made of it, what was sent and what
//! came back.

use jiff::Timestamp;
use serde_json::Value;

use super::{flow::Flow, keeper::DeadLetter};
use crate::{ComponentError, Marks, Record};

/// A record that is given up, and why.
pub(super) struct GivenUp {
    pub(super) way: Option<String>,
    pub(super) key: Option<String>,
    pub(super) record: Record,
    /// As the source gave it, where the record does not know.
    pub(super) source: Option<Value>,
    /// Which records of the source it came of, where the record does not know.
    pub(super) origins: Marks,
    pub(super) error: ComponentError,
    pub(super) attempts: u32,
}

impl GivenUp {
    pub(super) const fn new(way: Option<String>, record: Record, error: ComponentError) -> Self {
        Self {
            way,
            key: None,
            record,
            source: None,
            origins: Marks {
                followed: Vec::new(),
                of: 0,
            },
            error,
            attempts: 0,
        }
    }

    fn sources(&self) -> Vec<&Value> {
        let origins = self.record.origins.records().map(|source| &*source.value);
        origins.chain(&self.source).collect()
    }

    /// What each transform made of it. What several were joined into has no way of its own.
    pub(super) async fn steps(&self, flow: &Flow, now: Timestamp) -> Vec<Value> {
        let &[source] = self.sources().as_slice() else {
            return Vec::new();
        };
        let source = Record::new(source.clone()).with_head(self.record.head.clone());
        let (flow, way) = (flow.clone(), self.way.clone());
        // Expressions take their time, and the threads of the runtime are for what waits.
        tokio::task::spawn_blocking(move || flow.trail(&source, way.as_deref(), now))
            .await
            .unwrap_or_default()
    }

    pub(super) fn into_letter(self, steps: Vec<Value>, at: Timestamp) -> DeadLetter {
        let source = self.sources().into_iter().cloned().collect();
        let origins = if self.origins.followed.is_empty() {
            self.record.origins.marks()
        } else {
            self.origins
        };
        DeadLetter {
            destination: self.way,
            key: self.key,
            head: self.record.head,
            source,
            record: self.record.value.into_value(),
            steps,
            code: self.error.code.to_owned(),
            message: self.error.message,
            advice: self.error.advice,
            request: self.error.request.map(|request| *request),
            answer: self.error.answer.map(|answer| *answer),
            attempts: self.attempts,
            at,
            origins,
        }
    }
}
