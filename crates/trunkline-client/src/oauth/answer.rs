//! Reads what a sign-in server answers: a grant, or why there is none.
//!
//! The one rule: liberal in what a grant looks like (`token` or `access_token`, numbers as text, no refresh token), strict
//! in what a token is: it must be able to stand in a header.

use bytes::Bytes;
use http::Response;
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;

use super::{OAuthError, Told, app::is_visible};
use crate::{
    error::body,
    redact::BLOT,
    stack::headers::{redirect_host, request_id},
};

/// The longest token that is taken.
const TOKEN: usize = 8 * 1024;

/// What a workspace granted.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Grant {
    /// What opens the workspace.
    pub access_token: SecretString,
    /// What renews the token; Intercom gives none.
    pub refresh_token: Option<SecretString>,
    /// When the token ends; Intercom's do not end by time.
    pub expires_at: Option<Timestamp>,
    /// How the token is shown: always `Bearer`.
    pub token_type: String,
}

/// What was asked for; it decides what a refusal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asked {
    /// A token for a code.
    Exchange,
    /// A token for a refresh token.
    Refresh,
    /// To leave the workspace.
    Uninstall,
}

/// The grant in a successful answer, received at `now`; `secrets` are what was sent.
pub(super) fn grant(
    answer: &Response<Bytes>,
    secrets: &[&SecretString],
    now: Timestamp,
) -> Result<Grant, OAuthError> {
    let bad = |reason: &str| {
        OAuthError::BadAnswer(Told {
            message: reason.to_owned(),
            ..told(answer, secrets)
        })
    };
    let Ok(Value::Object(fields)) = serde_json::from_slice(answer.body()) else {
        // A success that cannot be read may hold a token all the same, so it is not quoted.
        let body = answer.body().trim_ascii();
        return Err(match body.first() {
            None => bad("its body is empty"),
            Some(b'<') => OAuthError::BadAnswer(told(answer, secrets)),
            Some(_) => bad(&format!("its {} bytes are not a JSON object", body.len())),
        });
    };
    let text = |name: &str| {
        fields
            .get(name)
            .and_then(Value::as_str)
            .filter(|text| !text.is_empty())
    };
    let Some(token) = text("access_token").or_else(|| text("token")) else {
        return Err(bad("it has neither `access_token` nor `token`"));
    };
    if token.len() > TOKEN || !is_visible(token) {
        return Err(bad(
            "its token has a space, a line break or another character that no token has",
        ));
    }
    if let Some(other) = text("token_type").filter(|kind| !kind.eq_ignore_ascii_case("bearer")) {
        let name: String = other
            .chars()
            .filter(char::is_ascii_alphanumeric)
            .take(20)
            .collect();
        return Err(bad(&format!(
            "its token is of the type {name:?}, and only `Bearer` is spoken"
        )));
    }
    Ok(Grant {
        access_token: SecretString::from(token),
        refresh_token: text("refresh_token")
            .filter(|token| token.len() <= TOKEN && is_visible(token))
            .map(SecretString::from),
        expires_at: fields
            .get("expires_in")
            .and_then(seconds)
            .and_then(|seconds| now.checked_add(SignedDuration::from_secs(seconds)).ok()),
        token_type: "Bearer".to_owned(),
    })
}

/// A number of seconds above zero, also as text or with a decimal point; servers say 0 for "does not end".
fn seconds(value: &Value) -> Option<i64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    #[expect(clippy::cast_possible_truncation, reason = "bounded just before")]
    (1.0..1e11).contains(&number).then_some(number as i64)
}

/// Why an answer that is no success was given.
pub(super) fn refusal(answer: &Response<Bytes>, asked: Asked, secrets: &[&SecretString]) -> OAuthError {
    let status = answer.status().as_u16();
    let mut told = told(answer, secrets);
    if let Some(host) = redirect_host(answer) {
        told.message = format!("it is a redirect to {host}, which is not followed");
    }
    let named = named(answer.body());
    match (status, named.as_deref(), asked) {
        (_, Some("invalid_client" | "unauthorized_client"), _) => OAuthError::AppRefused(told),
        (408 | 429 | 500.., _, _) => OAuthError::Unavailable {
            told,
            // These say that the exchange was not carried out, or that nobody knows.
            may_have_arrived: status != 429,
        },
        (400 | 401 | 403, _, Asked::Exchange) | (200..=299, Some(_), Asked::Exchange) => {
            OAuthError::CodeRefused(told)
        }
        (400 | 401 | 403, _, _) | (200..=299, Some(_), _) => OAuthError::GrantOver(told),
        _ => OAuthError::BadAnswer(told),
    }
}

/// Whether a success is one in truth: some servers answer 200 with an error.
pub(super) fn is_success(answer: &Response<Bytes>) -> bool {
    answer.status().is_success() && named(answer.body()).is_none()
}

/// The name of the error by RFC 6749, such as `invalid_grant`.
fn named(body: &Bytes) -> Option<String> {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return None;
    };
    fields.get("error")?.as_str().map(str::to_owned)
}

/// What an answer says, with what was sent blotted out.
fn told(answer: &Response<Bytes>, secrets: &[&SecretString]) -> Told {
    let said = body::read(&clean(answer.body(), secrets));
    Told {
        status: Some(answer.status().as_u16()),
        message: crate::redact_text(&said.message).into_owned(),
        request_id: said.request_id.or_else(|| request_id(answer.headers())),
    }
}

/// The body without what was sent, however it was written down: blotted out before anything is cut to length.
pub(super) fn clean(body: &Bytes, secrets: &[&SecretString]) -> Bytes {
    match serde_json::from_slice::<Value>(body) {
        Ok(mut value) => {
            clean_value(&mut value, secrets);
            Bytes::from(value.to_string())
        }
        Err(_) => Bytes::from(clean_text(&String::from_utf8_lossy(body), secrets)),
    }
}

fn clean_value(value: &mut Value, secrets: &[&SecretString]) {
    match value {
        Value::String(text) => *text = clean_text(text, secrets),
        Value::Array(items) => items.iter_mut().for_each(|item| clean_value(item, secrets)),
        Value::Object(fields) => fields.values_mut().for_each(|field| clean_value(field, secrets)),
        Value::Null | Value::Bool(_) | Value::Number(_) => {}
    }
}

pub(super) fn clean_text(text: &str, secrets: &[&SecretString]) -> String {
    let mut text = text.to_owned();
    for secret in secrets {
        let secret = secret.expose_secret();
        let escaped: String = url::form_urlencoded::byte_serialize(secret.as_bytes()).collect();
        let in_html = secret.replace('&', "&amp;").replace('=', "&#61;");
        for written in [secret, escaped.as_str(), in_html.as_str()] {
            if !written.is_empty() {
                text = text.replace(written, BLOT);
            }
        }
    }
    text
}
