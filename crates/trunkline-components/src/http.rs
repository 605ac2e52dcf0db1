//! Calls to other systems over HTTP, for every component that makes some.
//!
//! The one rule: nothing is followed, tried again or believed here. A redirect is an answer like another, whether an error passes is
//! said by its verdict, and an answer is read up to a limit. Read `http/guard.rs` for addresses that are never called.

mod guard;

use std::time::Duration;

use http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode};
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use trunkline_client::with_causes;
use trunkline_flow::{ComponentError, Verdict};
use url::Url;

use crate::text::Secrets;

/// The most of an answer that is read.
const MOST_ANSWER: usize = 256 << 10;
/// The most of an answer that is shown.
const MOST_SHOWN: usize = 2_000;
/// The longest that a connection may take to open.
const CONNECT: Duration = Duration::from_secs(10);

/// What is sent.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: SecretString,
    pub(crate) headers: Vec<(String, SecretString)>,
    pub(crate) body: String,
    /// What may be shown of it.
    pub(crate) shown: Value,
}

/// What came back.
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: Map<String, Value>,
    /// JSON where it is some, text where it is none.
    pub(crate) body: Value,
    /// How long the server asks to be left alone.
    pub(crate) pause: Option<Duration>,
}

impl Answer {
    /// As expressions see it, and as it is shown, without secrets.
    pub(crate) fn to_value(&self, secrets: &Secrets) -> Value {
        let whole = json!({ "status": self.status.as_u16(), "headers": self.headers, "body": self.body });
        serde_json::from_str(&secrets.hide(&whole.to_string())).unwrap_or(Value::Null)
    }
}

/// Makes calls.
#[derive(Debug)]
pub(crate) struct Caller {
    client: reqwest::Client,
    allow_link_local: bool,
    timeout: Duration,
}

impl Caller {
    pub(crate) fn new(timeout: Duration, allow_link_local: bool) -> Result<Self, ComponentError> {
        let mut builder = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(CONNECT.min(timeout))
            .timeout(timeout)
            .tcp_nodelay(true);
        if !allow_link_local {
            builder = builder.dns_resolver(guard::Resolver);
        }
        let client = builder.build().map_err(|error| {
            ComponentError::stop(
                "TL0860",
                format!("no call can be made: {}", with_causes(&error)),
                "This is about the machine's certificates or its proxy settings.",
            )
        })?;
        Ok(Self {
            client,
            allow_link_local,
            timeout,
        })
    }

    /// Sends it and reads the answer.
    pub(crate) async fn call(
        &self,
        request: Request,
        secrets: &Secrets,
        now: Timestamp,
    ) -> Result<Answer, ComponentError> {
        let shown = request.shown.clone();
        let called = self.exchange(request, now).await;
        called.map_err(|error| ComponentError {
            message: secrets.hide(&error.message),
            ..error.with_exchange(Some(shown), None)
        })
    }

    async fn exchange(&self, request: Request, now: Timestamp) -> Result<Answer, ComponentError> {
        let url = self.address(request.url.expose_secret())?;
        let place = place(&url);
        let mut headers = HeaderMap::new();
        for (name, value) in &request.headers {
            let parsed = HeaderName::from_bytes(name.as_bytes())
                .ok()
                .zip(HeaderValue::from_str(value.expose_secret()).ok());
            let Some((name, mut value)) = parsed else {
                return Err(ComponentError::reject(
                    "TL0865",
                    format!(
                        "the header {name} cannot be sent: its name or its value has letters that no header may have"
                    ),
                    "Leave line breaks and other control letters out of it.",
                ));
            };
            value.set_sensitive(true);
            headers.insert(name, value);
        }
        let sent = self
            .client
            .request(request.method, url)
            .headers(headers)
            .body(request.body)
            .send()
            .await;
        let mut answer = sent.map_err(|error| self.not_answered(&place, error))?;
        let pause = pause(answer.headers(), now);
        let status = answer.status();
        let headers = answer
            .headers()
            .iter()
            .filter_map(|(name, value)| Some((name.to_string(), Value::from(value.to_str().ok()?))))
            .collect();
        let mut bytes = Vec::new();
        while let Some(chunk) = answer
            .chunk()
            .await
            .map_err(|error| self.not_answered(&place, error))?
        {
            let room = MOST_ANSWER - bytes.len();
            bytes.extend_from_slice(&chunk[..chunk.len().min(room)]);
            if bytes.len() == MOST_ANSWER {
                break;
            }
        }
        let body = serde_json::from_slice(&bytes)
            .unwrap_or_else(|_| Value::from(String::from_utf8_lossy(&bytes).into_owned()));
        Ok(Answer {
            status,
            headers,
            body,
            pause,
        })
    }

    /// An address that may be called.
    fn address(&self, text: &str) -> Result<Url, ComponentError> {
        let wrong = |why: &str| {
            ComponentError::reject(
                "TL0862",
                format!("this is no address to call: {why}"),
                "Give a whole address such as https://example.com/hook.",
            )
        };
        let url = Url::parse(text).map_err(|error| wrong(&error.to_string()))?;
        if !matches!(url.scheme(), "http" | "https") {
            return Err(wrong("it begins neither with https:// nor with http://"));
        }
        if !self.allow_link_local && guard::is_blocked_host(&url) {
            return Err(blocked(&place(&url)));
        }
        Ok(url)
    }

    fn not_answered(&self, place: &str, error: reqwest::Error) -> ComponentError {
        // The address may hold a secret.
        let error = error.without_url();
        let told = with_causes(&error);
        if told.contains(guard::REFUSED) {
            return blocked(place);
        }
        let (what, advice) = if error.is_timeout() {
            (
                format!("{place} did not answer within {:?}", self.timeout),
                "It is tried again; give it longer with `timeout`.",
            )
        } else if error.is_connect() {
            (
                format!("{place} cannot be reached: {told}"),
                "It is tried again; check the address and the way there.",
            )
        } else {
            (
                format!("the connection to {place} broke: {told}"),
                "It is tried again; what was sent may have arrived.",
            )
        };
        ComponentError::retry("TL0860", what, advice)
    }
}

fn blocked(place: &str) -> ComponentError {
    ComponentError::reject(
        "TL0862",
        format!(
            "{place} is an address of this machine's own network card, where clouds keep their credentials"
        ),
        "If it is meant, say `allow_link_local: true`.",
    )
}

/// Host and port: all of an address that is shown in messages.
fn place(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    url.port_or_known_default()
        .map_or_else(|| host.to_owned(), |port| format!("{host}:{port}"))
}

/// What an answer's status means for the record; none when it is good.
pub(crate) fn judged(answer: &Answer, place: &str) -> Option<ComponentError> {
    let status = answer.status;
    if status.is_success() {
        return None;
    }
    let said = shown(&answer.body);
    let message = format!("{place} answered {status}{said}");
    let passes = status.is_server_error()
        || matches!(
            status,
            StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS
        );
    Some(if passes {
        ComponentError {
            verdict: Verdict::Retry(answer.pause),
            ..ComponentError::retry(
                "TL0863",
                message,
                "It is tried again, not before the server allows it.",
            )
        }
    } else if status.is_redirection() {
        ComponentError::reject(
            "TL0863",
            message,
            "Redirects are not followed: write the address that it points to.",
        )
    } else {
        ComponentError::reject(
            "TL0863",
            message,
            "Mend what is sent, and redrive the dead letter.",
        )
    })
}

/// The beginning of what was answered, for messages.
pub(crate) fn shown(body: &Value) -> String {
    let text = match body {
        Value::Null => return String::new(),
        Value::String(text) if text.trim().is_empty() => return String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    };
    let short: String = text.chars().take(MOST_SHOWN).collect();
    format!(": {}", short.trim())
}

/// `Retry-After`: seconds, or a date.
fn pause(headers: &HeaderMap, now: Timestamp) -> Option<Duration> {
    let text = headers.get(http::header::RETRY_AFTER)?.to_str().ok()?.trim();
    if let Ok(seconds) = text.parse::<f64>() {
        return Duration::try_from_secs_f64(seconds).ok();
    }
    let parser = jiff::fmt::rfc2822::DateTimeParser::new();
    let until = parser.parse_timestamp(text).ok()?;
    // Compared with the server's own clock where it tells it.
    let date = headers
        .get(http::header::DATE)
        .and_then(|date| date.to_str().ok());
    let now = date
        .and_then(|date| parser.parse_timestamp(date).ok())
        .unwrap_or(now);
    Duration::try_from(until.duration_since(now))
        .ok()
        .or(Some(Duration::ZERO))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pause_is_seconds_or_a_date() {
        let now: Timestamp = "2026-01-01T00:00:00Z".parse().unwrap();
        for (text, expected) in [
            ("7", Some(Duration::from_secs(7))),
            ("0.5", Some(Duration::from_millis(500))),
            ("Thu, 01 Jan 2026 00:00:30 GMT", Some(Duration::from_secs(30))),
            ("Wed, 31 Dec 2025 00:00:30 GMT", Some(Duration::ZERO)),
            ("-3", None),
            ("soon", None),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert("retry-after", HeaderValue::from_static(text));
            assert_eq!(pause(&headers, now), expected, "{text}");
        }
    }
}
