//! `enrich` where a flow is tried: nobody is asked.
//!
//! The one rule: what a sample brings along, or whoever tries gives, is what was found; where neither has anything, the record goes on
//! as it is, whatever the flow says of a missing answer.

use jiff::Timestamp;
use serde_json::Value;
use trunkline_flow::{ComponentError, Record, Transform};

/// Puts a given answer into records.
pub(super) struct Answered {
    /// The field.
    pub(super) into: String,
    /// What is found.
    pub(super) answer: Option<Value>,
}

impl Transform for Answered {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, mut record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        if let (Some(answer), Some(fields)) = (&self.answer, record.value.as_object_mut()) {
            fields.insert(self.into.clone(), answer.clone());
        }
        Ok(vec![record])
    }
}
