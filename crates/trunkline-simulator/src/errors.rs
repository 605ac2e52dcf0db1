//! The platform's refusals, by situation (facts 5).

use serde_json::{Value, json};

/// A refusal: a status, a code and a message, as the platform words its codes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Refusal {
    /// The HTTP status.
    pub(crate) status: u16,
    /// Intercom's code.
    pub(crate) code: &'static str,
    /// The message.
    pub(crate) message: String,
    /// The `Link` header of a merged contact.
    pub(crate) link: Option<String>,
}

impl Refusal {
    pub(crate) fn new(status: u16, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            link: None,
        }
    }

    pub(crate) fn unauthorized() -> Self {
        Self::new(401, "unauthorized", "Access Token Invalid")
    }

    pub(crate) fn unknown_version() -> Self {
        Self::new(
            400,
            "intercom_version_invalid",
            "The requested version could not be found",
        )
    }

    pub(crate) fn not_in_version() -> Self {
        Self::new(
            400,
            "intercom_version_invalid",
            "Requested resource is not available in current API version.",
        )
    }

    pub(crate) fn rate_limited(limit: u32) -> Self {
        Self::new(
            429,
            "rate_limit_exceeded",
            format!("Exceeded rate limit of {limit} in 10_seconds"),
        )
    }

    /// 404 with the platform's general code; `what` is such as `User` or `Resource`.
    pub(crate) fn not_found(what: &str) -> Self {
        Self::new(404, "not_found", format!("{what} Not Found"))
    }

    pub(crate) fn missing(field: &str) -> Self {
        Self::new(400, "parameter_not_found", format!("{field} not specified"))
    }

    pub(crate) fn invalid(message: impl Into<String>) -> Self {
        Self::new(400, "parameter_invalid", message)
    }

    /// The body of the refusal.
    pub(crate) fn body(&self, request_id: &str) -> Value {
        json!({
            "type": "error.list",
            "request_id": request_id,
            "errors": [{ "code": self.code, "message": self.message }],
        })
    }
}
