//! The request log: one record per attempt of a call, and one per exchange of a sign-in.
//!
//! The one rule: metadata only, unless the log asks for bodies; then secrets and personal fields are blotted out first.
//! Query values and path values are never written down.

use std::{borrow::Cow, fmt};

use serde::Serialize;

/// Receives a record of each attempt. It is called on the call's own task, so it must not block for long.
pub trait RequestLog: Send + Sync + fmt::Debug {
    /// Whether bodies are wanted, redacted.
    fn wants_bodies(&self) -> bool {
        false
    }

    /// Takes one record.
    fn record(&self, record: &RequestRecord);
}

/// One attempt, as it is written down.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
#[non_exhaustive]
pub struct RequestRecord {
    /// When the attempt ended, by the client's clock, as ISO-8601 in UTC.
    pub at: String,
    /// The operation; `oauth.exchange`, `oauth.refresh` or `oauth.uninstall` for what a sign-in sends.
    pub operation: &'static str,
    /// The HTTP method.
    pub method: &'static str,
    /// The path with its parameters in braces.
    pub path: Cow<'static, str>,
    /// The names of the query parameters.
    pub query: Vec<String>,
    /// The API version that was named; empty for a sign-in.
    pub version: &'static str,
    /// The number of the attempt, from 1.
    pub attempt: u32,
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// How long the attempt took, in milliseconds.
    pub duration_ms: u64,
    /// Bytes of the request's body.
    pub sent_bytes: usize,
    /// Bytes of the answer's body.
    pub received_bytes: usize,
    /// What went wrong, when something did.
    pub error: Option<String>,
    /// The request's body, redacted; only when the log wants bodies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub request_body: Option<String>,
    /// The answer's body, redacted; only when the log wants bodies.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub response_body: Option<String>,
}

impl RequestRecord {
    /// The record as a log keeps it that does not want bodies.
    #[must_use]
    pub fn without_bodies(&self) -> Self {
        Self {
            request_body: None,
            response_body: None,
            ..self.clone()
        }
    }
}
