//! A request that a person writes by hand: method, path, headers, body. For what no operation of the catalog offers.
//!
//! The one rule: it leaves through the same stack as every call, and only to the connection's own address: whatever could
//! lead the token elsewhere is refused before anything is sent. Read `raw/target.rs` for paths, `raw/headers.rs` for headers.

mod headers;
mod target;

use std::{sync::LazyLock, time::Duration};

use bytes::Bytes;
use http::{HeaderMap, HeaderName, HeaderValue, header};
use trunkline_catalog::{Catalog, Effect, Method, Operation, PageStyle, Version};

use crate::{
    CallError, Client, ErrorKind, Priority,
    stack::{self, Prepared},
};
use target::Target;

/// Why a request by hand is not sent.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum RawError {
    /// The path could lead somewhere else, or cannot be an address.
    #[error("the path cannot be used: {reason}")]
    Path {
        /// What is wrong with it.
        reason: String,
    },
    /// The header is the connection's or the transport's own, or is malformed.
    #[error("the header `{name}` cannot be sent: {reason}")]
    Header {
        /// Its name, without the value, which may be a secret.
        name: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The body does not fit the method or its type.
    #[error("the body cannot be sent: {reason}")]
    Body {
        /// What is wrong with it.
        reason: String,
    },
}

impl RawError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Path { .. } => "TL0130",
            Self::Header { .. } => "TL0131",
            Self::Body { .. } => "TL0132",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Path { .. } => {
                "Write the path alone, such as `/segments`; the connection knows the address that it belongs to."
            }
            Self::Header { .. } => {
                "Leave the header out, or correct it; the token comes from the connection."
            }
            Self::Body { .. } => {
                "Give JSON, or name another type in a header `Content-Type`; GET takes no body."
            }
        }
    }
}

/// A request by hand, checked piece by piece as it is put together. Its `Debug` shows no values.
#[derive(Clone)]
pub struct RawCall {
    method: Method,
    target: Target,
    headers: HeaderMap,
    version: Option<Version>,
    body: Option<Bytes>,
    priority: Priority,
}

/// What came back, whatever the status.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct RawAnswer {
    /// The HTTP status.
    pub status: u16,
    /// The answer's headers.
    pub headers: HeaderMap,
    /// The body as received.
    pub body: Bytes,
    /// How many requests it took.
    pub attempts: u32,
    /// How long it took, waiting included.
    pub elapsed: Duration,
    /// What the status means, when it is not a success.
    pub refused: Option<CallError>,
}

/// A request as it would be sent, without the token.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Draft {
    /// The operation of the catalog that it calls, if it calls one.
    pub operation: Option<&'static str>,
    /// What a repetition would do, which decides whether a failed attempt is made again.
    pub effect: Effect,
    /// The method.
    pub method: &'static str,
    /// The whole address.
    pub url: String,
    /// The headers, but for the one with the token.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Option<Bytes>,
}

impl RawCall {
    /// A request to a path of the connection's address, which may have a query: `/contacts?per_page=5`, `segments`.
    pub fn new(method: Method, path: &str) -> Result<Self, RawError> {
        Ok(Self {
            method,
            target: Target::read(path)?,
            headers: HeaderMap::new(),
            version: None,
            body: None,
            priority: Priority::Background,
        })
    }

    /// Adds a query parameter after those that are there; a name may stand more than once.
    #[must_use]
    pub fn query(mut self, name: &str, value: &str) -> Self {
        self.target.push(name, value);
        self
    }

    /// Sets a header. `Intercom-Version` is checked and takes the place of the connection's.
    pub fn header(mut self, name: &str, value: &str) -> Result<Self, RawError> {
        let (name, value) = headers::read(name, value)?;
        if name == "intercom-version" {
            self.version = Some(headers::version(&value)?);
        }
        if self.headers.insert(&name, value).is_some() {
            return Err(headers::refused(&name, "it is given twice"));
        }
        Ok(self)
    }

    /// Sets the body, which must be JSON unless a header set before gives it another type.
    pub fn body(mut self, body: impl Into<Bytes>) -> Result<Self, RawError> {
        let refused = |reason: String| Err(RawError::Body { reason });
        if self.method == Method::Get {
            return refused("a GET takes none, and no two servers agree on what one would mean".to_owned());
        }
        let mut body: Bytes = body.into();
        let is_json = self
            .headers
            .get(header::CONTENT_TYPE)
            .is_none_or(|value| value.to_str().is_ok_and(|text| text.contains("json")));
        if is_json {
            if body.starts_with(b"\xef\xbb\xbf") {
                body = body.slice(3..);
            }
            if let Err(error) = serde_json::from_slice::<serde::de::IgnoredAny>(&body) {
                return refused(format!("it is not JSON: {error}"));
            }
        }
        self.headers
            .entry(header::CONTENT_TYPE)
            .or_insert(HeaderValue::from_static("application/json"));
        self.body = Some(body);
        Ok(self)
    }

    /// Says who waits for the answer.
    #[must_use]
    pub const fn priority(mut self, priority: Priority) -> Self {
        self.priority = priority;
        self
    }

    /// The operation of the catalog that method and path name, if there is one.
    #[must_use]
    pub fn operation(&self) -> Option<&'static Operation> {
        let found = Catalog::embedded().match_path(self.method, self.target.path())?;
        Some(found.operation)
    }

    /// What a repetition would do: as the catalog says, and with care where it does not know the path.
    fn effect(&self) -> Effect {
        let Some(operation) = self.operation() else {
            return of_unknown(self.method);
        };
        // Asking twice with one scroll_param may skip a page.
        if operation.page_style == PageStyle::Scroll && self.target.names().any(|name| name == "scroll_param")
        {
            return Effect::Write;
        }
        operation.effect
    }

    fn prepared(&self, connection: Version) -> Result<Prepared, CallError> {
        let known = self.operation();
        let operation = known.unwrap_or_else(|| stand_in(self.method));
        let version = self.version.unwrap_or(connection);
        if !operation.exists_in(version) {
            return Err(CallError::not_in_version(operation, version));
        }
        let uri = self
            .target
            .uri()
            .map_err(|reason| CallError::of(operation, ErrorKind::BadCall, reason))?;
        let mut prepared = Prepared::raw(operation, uri, self.headers.clone());
        prepared.body = self.body.clone().unwrap_or_default();
        prepared.query = self.target.names().collect();
        prepared.told_path = known.is_none().then(|| self.target.veiled());
        prepared.version = self.version;
        prepared.priority = self.priority;
        prepared.effect = self.effect();
        Ok(prepared)
    }
}

impl std::fmt::Debug for RawCall {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RawCall")
            .field("method", &self.method)
            .field("path", &self.target.veiled())
            .field(
                "headers",
                &self.headers.keys().map(HeaderName::as_str).collect::<Vec<_>>(),
            )
            .field("body", &self.body.is_some())
            .finish_non_exhaustive()
    }
}

impl Client {
    /// Sends a request by hand. Every answer is handed back, refusals too, after as many attempts as are safe; an error is
    /// what brought no answer at all, or an operation that the version lacks.
    pub async fn request(&self, call: RawCall) -> Result<RawAnswer, CallError> {
        let prepared = call.prepared(self.version())?.metered(self.meter.as_ref());
        stack::execute_or(
            &self.stack,
            &prepared,
            // Whoever writes the request judges the answer's inside.
            |_| Ok(()),
            |answer, ()| RawAnswer {
                status: answer.status,
                headers: answer.headers,
                body: answer.body,
                attempts: answer.attempts,
                elapsed: answer.elapsed,
                refused: None,
            },
            |error, answer| match answer {
                None => Err(error),
                Some(answer) => {
                    let (parts, body) = answer.into_parts();
                    Ok(RawAnswer {
                        status: parts.status.as_u16(),
                        headers: parts.headers,
                        body,
                        attempts: error.attempts,
                        elapsed: error.elapsed,
                        refused: Some(error),
                    })
                }
            },
        )
        .await
    }

    /// The request that [`request`](Client::request) would send, without the token and without sending it.
    pub fn draft(&self, call: &RawCall) -> Result<Draft, CallError> {
        let prepared = call.prepared(self.version())?;
        let request = self.stack.request(&prepared);
        let base = self.stack.connection.base_url.as_str().trim_end_matches('/');
        Ok(Draft {
            operation: call.operation().map(|operation| operation.id),
            effect: prepared.effect,
            method: call.method.as_str(),
            url: format!("{base}{}", request.uri()),
            headers: request
                .headers()
                .iter()
                .filter(|(name, _)| *name != header::AUTHORIZATION)
                .map(|(name, value)| {
                    (
                        name.to_string(),
                        String::from_utf8_lossy(value.as_bytes()).into_owned(),
                    )
                })
                .collect(),
            body: call.body.clone(),
        })
    }
}

/// What a request to a path that the catalog lacks is taken for. PUT is idempotent by the book, but nobody vouches for an
/// operation that nobody describes.
const fn of_unknown(method: Method) -> Effect {
    match method {
        Method::Get => Effect::Read,
        Method::Post | Method::Put | Method::Patch => Effect::Write,
        Method::Delete => Effect::Destructive,
    }
}

/// What logs and errors call a request to a path that the catalog lacks.
fn stand_in(method: Method) -> &'static Operation {
    static UNKNOWN: LazyLock<Vec<Operation>> = LazyLock::new(|| {
        [
            Method::Get,
            Method::Post,
            Method::Put,
            Method::Patch,
            Method::Delete,
        ]
        .map(|method| Operation {
            id: "request",
            upstream_id: None,
            method,
            path: "/{path}",
            tag: "",
            summary: "A request by hand to a path that the catalog lacks.",
            versions: (Version::V2_7, Version::Preview),
            effect: of_unknown(method),
            page_style: PageStyle::Single,
            search: None,
            rate_class: "default",
            permission: "",
            path_parameters: Vec::new(),
            query_parameters: Vec::new(),
            body_fields: Vec::new(),
            body_required: false,
            body_is_form: false,
            success: vec![200],
            errors: Vec::new(),
        })
        .into()
    });
    UNKNOWN
        .iter()
        .find(|operation| operation.method == method)
        .expect("there is one for each method")
}

#[cfg(test)]
mod tests;
