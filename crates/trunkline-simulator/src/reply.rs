//! What a handler gives back.

use bytes::Bytes;
use serde::Serialize;

use crate::errors::Refusal;

/// An answer before the pipeline adds its headers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The HTTP status.
    pub(crate) status: u16,
    /// The body; empty for none.
    pub(crate) body: Bytes,
    /// `application/json` unless said otherwise.
    pub(crate) content_type: &'static str,
    /// Headers of this answer alone.
    pub(crate) headers: Vec<(&'static str, String)>,
    /// How much longer than usual the answer takes, in milliseconds.
    pub(crate) delay_ms: u64,
}

impl Reply {
    /// 200 with this value as JSON.
    pub(crate) fn json(value: &impl Serialize) -> Self {
        Self::with_status(200, value)
    }

    /// Any status with this value as JSON.
    pub(crate) fn with_status(status: u16, value: &impl Serialize) -> Self {
        let body = serde_json::to_vec(value).expect("views have string keys and no failing serializers");
        Self {
            status,
            body: body.into(),
            content_type: "application/json; charset=utf-8",
            headers: Vec::new(),
            delay_ms: 0,
        }
    }

    /// A status without a body.
    pub(crate) fn empty(status: u16) -> Self {
        Self {
            status,
            body: Bytes::new(),
            content_type: "application/json; charset=utf-8",
            headers: Vec::new(),
            delay_ms: 0,
        }
    }

    /// Text of another type.
    pub(crate) fn text(status: u16, content_type: &'static str, body: impl Into<Bytes>) -> Self {
        Self {
            status,
            body: body.into(),
            content_type,
            headers: Vec::new(),
            delay_ms: 0,
        }
    }

    /// A refusal in the platform's shape.
    pub(crate) fn refusal(refusal: &Refusal, request_id: &str) -> Self {
        let mut reply = Self::with_status(refusal.status, &refusal.body(request_id));
        if let Some(link) = &refusal.link {
            reply.headers.push(("link", link.clone()));
        }
        reply
    }
}

/// What a handler returns: an answer, or the platform's refusal.
pub(crate) type Answer = Result<Reply, Refusal>;
