//! Calls that are made before a record's own: to look whether something is there, and to make it where it is not.
//!
//! The one rule: what they answer is looked up anew at every attempt, so that a delivery which broke off finds what it made.

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use trunkline_flow::{
    ComponentError, Record,
    document::{Jq, Mistake, Node},
};

use super::form::{Body, Form, Headers, Verb, check_headers};
use crate::text::Text;

/// A call before the record's own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct Step {
    /// The field of the record that the answer is put into, for the expressions behind it. An answer 404 is null.
    pub(super) into: String,
    /// Records for which this does not hold go without the call.
    #[serde(default)]
    when: Option<Jq>,
    /// The address, as for the record's own call.
    url: Text,
    /// The method.
    #[serde(default = "get")]
    method: Verb,
    /// Headers; those of the record's own call unless told.
    #[serde(default)]
    headers: Option<Headers>,
    /// What is sent; nothing unless told.
    #[serde(default)]
    body: Option<Jq>,
    /// What of the answer, `{status, headers, body}`, is wanted; its body unless told.
    #[serde(default)]
    pub(super) take: Option<Jq>,
}

const fn get() -> Verb {
    Verb::Get
}

impl Step {
    /// Whether it is for this record.
    pub(super) fn holds(&self, record: &Record, now: Timestamp) -> Result<bool, ComponentError> {
        self.when
            .as_ref()
            .map_or(Ok(true), |when| when.holds(record, now))
    }

    pub(super) fn form<'a>(&'a self, headers: &'a Headers) -> Form<'a> {
        Form {
            url: &self.url,
            method: self.method,
            headers: self.headers.as_ref().unwrap_or(headers),
            body: self.body.as_ref().map_or(Body::Nothing, Body::Made),
            sign: None,
        }
    }
}

/// Refuses steps that cannot be.
pub(super) fn check(node: &Node) -> Result<(), Mistake> {
    let Some(trunkline_flow::document::Kind::List(steps)) = node.get("first").map(|steps| &steps.kind) else {
        return Ok(());
    };
    steps.iter().try_for_each(check_headers)
}

/// A record without fields takes no answer.
pub(super) fn no_fields() -> ComponentError {
    ComponentError::reject(
        "TL0841",
        "the record is no object, so no answer can be put into it",
        "Make an object of it with `jq` first, such as `{value: .}`.",
    )
}
