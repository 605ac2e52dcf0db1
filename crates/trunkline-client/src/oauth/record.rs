//! An exchange as the request log keeps it.
//!
//! The one rule: of what was sent, only the names and the client id are written down; of what came, only the fields that
//! name an error or a type. Everything else is blotted out, whatever it is called.

use std::{borrow::Cow, time::Duration};

use bytes::Bytes;
use http::Response;
use jiff::Timestamp;
use secrecy::SecretString;
use serde_json::{Map, Value};

use super::answer::{Asked, clean_text};
use crate::{
    RequestRecord, TransportError,
    redact::{BLOT, redact_text},
    stack::headers::request_id,
};

/// Fields of an answer whose values are no secrets.
const PLAIN: [&str; 7] = [
    "error",
    "error_description",
    "expires_in",
    "message",
    "request_id",
    "scope",
    "token_type",
];

/// What was sent.
#[derive(Clone, Copy, Debug)]
pub(super) struct Sent<'a> {
    pub(super) asked: Asked,
    pub(super) path: &'a str,
    pub(super) form: &'a [(&'static str, Cow<'a, str>)],
    pub(super) bytes: usize,
    pub(super) secrets: &'a [&'a SecretString],
}

/// The line of one exchange.
pub(super) fn record(
    sent: Sent<'_>,
    result: &Result<Response<Bytes>, TransportError>,
    at: Timestamp,
    took: Duration,
    with_bodies: bool,
) -> RequestRecord {
    let answer = result.as_ref().ok();
    let clean = |text: &str| redact_text(&clean_text(text, sent.secrets)).into_owned();
    RequestRecord {
        at: at.to_string(),
        operation: match sent.asked {
            Asked::Exchange => "oauth.exchange",
            Asked::Refresh => "oauth.refresh",
            Asked::Uninstall => "oauth.uninstall",
        },
        method: "POST",
        path: Cow::Owned(sent.path.to_owned()),
        attempt: 1,
        status: answer.map(|answer| answer.status().as_u16()),
        request_id: answer.and_then(|answer| request_id(answer.headers())),
        duration_ms: u64::try_from(took.as_millis()).unwrap_or(u64::MAX),
        sent_bytes: sent.bytes,
        received_bytes: answer.map_or(0, |answer| answer.body().len()),
        error: result.as_ref().err().map(|error| clean(&error.to_string())),
        request_body: with_bodies.then(|| names(sent.form)),
        response_body: answer
            .filter(|_| with_bodies)
            .map(|answer| plain(answer.body(), &clean)),
        ..RequestRecord::default()
    }
}

fn names(form: &[(&'static str, Cow<'_, str>)]) -> String {
    let fields: Map<String, Value> = form
        .iter()
        .map(|(name, value)| {
            let shown = match *name {
                "client_id" | "grant_type" | "redirect_uri" => value.as_ref(),
                _ => BLOT,
            };
            ((*name).to_owned(), Value::from(shown))
        })
        .collect();
    Value::Object(fields).to_string()
}

fn plain(body: &Bytes, clean: &dyn Fn(&str) -> String) -> String {
    let Ok(Value::Object(fields)) = serde_json::from_slice::<Value>(body) else {
        return if body.is_empty() {
            String::new()
        } else {
            format!("[{} bytes that are not a JSON object]", body.len())
        };
    };
    let fields: Map<String, Value> = fields
        .into_iter()
        .map(|(name, value)| {
            let shown = match value {
                Value::String(text) if PLAIN.contains(&name.as_str()) => Value::from(clean(&text)),
                Value::Number(number) if PLAIN.contains(&name.as_str()) => Value::Number(number),
                _ => Value::from(BLOT),
            };
            (clean(&name), shown)
        })
        .collect();
    Value::Object(fields).to_string()
}
