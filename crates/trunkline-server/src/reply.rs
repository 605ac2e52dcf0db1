//! Answers, and refusals with a code and words.
//!
//! The one rule: a refusal says what whoever sent the request can mend, and nothing about what is kept here.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use http::{HeaderValue, StatusCode, header};
use serde::Serialize;
use trunkline_store::StoreError;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
}

#[derive(Serialize)]
struct Body<'r> {
    error: Words<'r>,
}

#[derive(Serialize)]
struct Words<'r> {
    code: &'r str,
    message: &'r str,
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
        }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(Body {
            error: Words {
                code: self.code,
                message: &self.message,
            },
        });
        let mut response = (self.status, body).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response
                .headers_mut()
                .insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

impl From<StoreError> for Refusal {
    fn from(error: StoreError) -> Self {
        let status = match &error {
            StoreError::NotFound { .. } => StatusCode::NOT_FOUND,
            StoreError::Exists { .. } | StoreError::InUse { .. } | StoreError::Unmet => StatusCode::CONFLICT,
            StoreError::Invalid { .. } => StatusCode::UNPROCESSABLE_ENTITY,
            _ => StatusCode::SERVICE_UNAVAILABLE,
        };
        // What went wrong inside is for our own log; whoever asks is told to ask again.
        let message = if status == StatusCode::SERVICE_UNAVAILABLE {
            tracing::error!(code = error.code(), %error, "the store failed");
            "the store does not answer; ask again in a minute".to_owned()
        } else {
            error.to_string()
        };
        Self {
            status,
            code: error.code(),
            message,
        }
    }
}
