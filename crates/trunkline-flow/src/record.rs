//! A record: one item on its way, JSON with a small head.
//!
//! The one rule: a record that came of another carries where it came from ([`Origins`]), whoever makes it; so what was read is
//! known to be done with only when nothing of it is on its way any more.

mod shared;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;

pub use self::shared::Shared;
use crate::Origins;

/// What is known of a record without looking into it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Head {
    /// The kind of records that it is one of, such as `conversations` or a topic.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub stream: Option<String>,
    /// What tells it from others of its stream.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub id: Option<String>,
    /// When it changed last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub updated_at: Option<Timestamp>,
    /// The branch that a `route` chose for it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub branch: Option<String>,
}

impl Head {
    /// What tells this state of this item from all others; none when the record does not say which it is.
    #[must_use]
    pub fn told_apart(&self) -> Option<String> {
        let id = self.id.as_ref()?;
        let stream = self.stream.as_deref().unwrap_or_default();
        let at = self.updated_at.map(|at| at.to_string()).unwrap_or_default();
        Some(format!("{stream}/{id}/{at}"))
    }
}

/// One item on its way from a source to destinations.
#[derive(Clone, Debug)]
pub struct Record {
    /// What is known of it.
    pub head: Head,
    /// What it holds.
    pub value: Shared,
    /// What it came of.
    pub origins: Origins,
}

impl Record {
    /// A record that came of nothing else, as sources make it.
    #[must_use]
    pub fn new(value: Value) -> Self {
        Self {
            head: Head::default(),
            value: value.into(),
            origins: Origins::default(),
        }
    }

    /// The same with a head.
    #[must_use]
    pub fn with_head(mut self, head: Head) -> Self {
        self.head = head;
        self
    }

    /// Another record that came of this one.
    #[must_use]
    pub fn derive(&self, value: Value) -> Self {
        Self {
            head: self.head.clone(),
            value: value.into(),
            origins: self.origins.clone(),
        }
    }

    /// One record that came of all of these, with the head of the first.
    #[must_use]
    pub fn join(records: &[Self], value: Value) -> Self {
        Self {
            head: records
                .first()
                .map(|record| record.head.clone())
                .unwrap_or_default(),
            value: value.into(),
            origins: records.iter().flat_map(|record| record.origins.each()).collect(),
        }
    }
}
