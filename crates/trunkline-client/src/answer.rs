//! What came back from a call that succeeded.

use std::time::Duration;

use bytes::Bytes;
use http::HeaderMap;
use serde::de::DeserializeOwned;
use trunkline_catalog::Operation;

use crate::{CallError, ErrorKind};

/// A successful answer.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
    /// How many requests it took.
    pub attempts: u32,
    /// How long it took, waiting included.
    pub elapsed: Duration,
    pub(crate) operation: &'static Operation,
}

impl Answer {
    /// The body as JSON of type `T`.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, CallError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let mut failure = CallError::of(
                self.operation,
                ErrorKind::BadAnswer,
                format!("the body is not what it should be: {error}"),
            );
            failure.status = Some(self.status);
            failure.request_id.clone_from(&self.request_id);
            failure.attempts = self.attempts;
            failure.elapsed = self.elapsed;
            failure
        })
    }
}
