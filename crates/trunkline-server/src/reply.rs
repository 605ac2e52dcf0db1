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

/// The longest name of a field that an answer repeats.
const LONGEST_FIELD: usize = 120;
/// The most wrong fields that an answer names.
const MOST_PROBLEMS: usize = 100;

/// Why a request is refused.
#[derive(Clone, Debug)]
pub(crate) struct Refusal {
    pub(crate) status: StatusCode,
    pub(crate) code: &'static str,
    pub(crate) message: String,
    /// The field that is wrong, such as `details.interval`.
    pub(crate) field: Option<String>,
    /// Every field that is wrong, where several are.
    pub(crate) problems: Vec<Wrong>,
}

/// What is wrong with one field of several.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct Wrong {
    pub(crate) field: String,
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
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'r str>,
    #[serde(skip_serializing_if = "<[Wrong]>::is_empty")]
    problems: &'r [Wrong],
}

impl Refusal {
    pub(crate) fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            message: message.into(),
            field: None,
            problems: Vec::new(),
        }
    }

    /// A value that cannot be, in a field of the body or the query.
    pub(crate) fn of_field(field: &str, reason: impl Into<String>) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0625", reason).at(field)
    }

    /// Nothing is at this address.
    pub(crate) fn unknown_address() -> Self {
        Self::new(StatusCode::NOT_FOUND, "TL0626", "nothing is at this address")
    }

    /// The address is used in another way.
    pub(crate) fn wrong_method() -> Self {
        let message = "this address is not used with this method";
        Self::new(StatusCode::METHOD_NOT_ALLOWED, "TL0627", message)
    }

    /// Names the field that is to blame.
    pub(crate) fn at(mut self, field: &str) -> Self {
        self.field = Some(shown(field));
        self
    }

    /// Names every field that is to blame, with what is wrong with it.
    pub(crate) fn at_each(mut self, problems: impl IntoIterator<Item = (String, String)>) -> Self {
        let problems = problems.into_iter().take(MOST_PROBLEMS);
        self.problems = problems
            .map(|(field, message)| Wrong {
                field: shown(&field),
                message,
            })
            .collect();
        self
    }
}

/// What a sender calls a field is shown, but not at any length.
fn shown(field: &str) -> String {
    field.chars().take(LONGEST_FIELD).collect()
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let body = Json(Body {
            error: Words {
                code: self.code,
                message: &self.message,
                field: self.field.as_deref(),
                problems: &self.problems,
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
            StoreError::Exists { .. }
            | StoreError::InUse { .. }
            | StoreError::FlowHolds { .. }
            | StoreError::Unmet => StatusCode::CONFLICT,
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
            field: None,
            problems: Vec::new(),
        }
    }
}
