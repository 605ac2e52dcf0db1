//! Who is let in: a bearer key with a role; and what every answer carries.
//!
//! The one rule: whoever fails to come in learns nothing but that a key is needed, in the same words and by the same work
//! whether the key is missing, misspelt or over. Without any key, only programs on this very machine come in; `origin.rs` tells them
//! from pages in a browser, and a process that is made reachable by a public address or a proxy lets nobody in without one.

use std::sync::Arc;

use axum::{
    body::Body,
    extract::{Request, State},
    middleware::Next,
    response::{IntoResponse as _, Response},
};
use http::{
    HeaderMap, HeaderName, HeaderValue, Method, StatusCode,
    header::{self, AUTHORIZATION},
    request::Parts,
};
use http_body_util::BodyExt as _;
use serde::Deserialize;
use trunkline_store::Role;

use super::{audit, origin, read};
use crate::{reply::Refusal, shared::Shared};

const REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");
/// What every answer says to browsers: nothing in here is a page.
const SEALS: [(HeaderName, &str); 5] = [
    (header::CACHE_CONTROL, "no-store"),
    (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    (
        header::CONTENT_SECURITY_POLICY,
        "default-src 'none'; frame-ancestors 'none'",
    ),
    (header::REFERRER_POLICY, "no-referrer"),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        "same-origin",
    ),
];

/// Who asks.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The key's name; none for a program on this machine while there is no key, and for people.
    pub(crate) key: Option<String>,
    /// The person's name, for whoever comes through the console.
    pub(crate) person: Option<String>,
    /// What may be done.
    pub(crate) role: Role,
}

/// Which route answered.
#[derive(Clone, Copy)]
struct Deed(&'static str);

/// What an answer says of the thing that was made.
#[derive(Deserialize)]
struct Made {
    name: Option<String>,
    id: Option<String>,
    person: Option<Box<Self>>,
}

impl Made {
    fn subject(self) -> Option<String> {
        self.name
            .or(self.id)
            .or_else(|| self.person.and_then(|person| person.subject()))
    }
}

/// Gives every answer its number and its seals.
pub(super) async fn seal(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let id = shared.store.entropy().id(shared.clock.now());
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert(REQUEST_ID, id);
    }
    for (name, value) in SEALS {
        headers.insert(name, HeaderValue::from_static(value));
    }
    response
}

/// Lets a request in or not.
pub(super) async fn check(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (parts, body) = request.into_parts();
    match admit(&shared, &parts).await {
        Err(refusal) => refuse(refusal),
        Ok(caller) => {
            let asked = (!is_look(&parts.method)).then(|| {
                let who = caller
                    .key
                    .as_ref()
                    .map_or_else(|| "this machine".to_owned(), |key| format!("key {key}"));
                (parts.method.clone(), parts.uri.path().to_owned(), who)
            });
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(caller);
            let response = next.run(request).await;
            let Some((method, path, who)) = asked else {
                return response;
            };
            let status = response.status();
            tracing::info!(%method, path, who, status = status.as_u16(), "asked of the API");
            match response.extensions().get::<Deed>() {
                Some(Deed(deed)) if status.is_success() => {
                    let deed = *deed;
                    let (subject, response) = subject(&path, response).await;
                    audit::note(&shared, &who, deed, &subject).await;
                    response
                }
                _ => response,
            }
        }
    }
}

/// Lets a caller with the role pass, if nothing stands behind a `?` that nobody would read.
pub(super) async fn allow(
    role: Role,
    takes_query: bool,
    id: &'static str,
    request: Request,
    next: Next,
) -> Response {
    let caller = request.extensions().get::<Caller>();
    if caller.is_none_or(|caller| caller.role < role) {
        let message = format!("this needs a key with the role `{role}`");
        return Refusal::new(StatusCode::FORBIDDEN, "TL0622", message).into_response();
    }
    match request.uri().query() {
        Some(query) if !takes_query && !query.is_empty() => read::no_query(query).into_response(),
        _ => {
            let mut response = next.run(request).await;
            response.extensions_mut().insert(Deed(id));
            response
        }
    }
}

/// What was done to: the name in the address, or the name or id of what was made.
async fn subject(path: &str, response: Response) -> (String, Response) {
    let mut parts = path.trim_start_matches('/').split('/').skip(1);
    if let Some(named) = parts.next() {
        return (named.to_owned(), response);
    }
    let (parts, body) = response.into_parts();
    // Every answer of the API is a whole value in memory already.
    let Ok(bytes) = body.collect().await.map(http_body_util::Collected::to_bytes) else {
        return (String::new(), Response::from_parts(parts, Body::empty()));
    };
    let made: Option<Made> = serde_json::from_slice(&bytes).ok();
    let subject = made.and_then(Made::subject).unwrap_or_default();
    (subject, Response::from_parts(parts, Body::from(bytes)))
}

async fn admit(shared: &Shared, parts: &Parts) -> Result<Caller, Refusal> {
    if origin::is_foreign(&parts.headers, shared.options.public_url.as_ref()) {
        let message = "a page of another site may not use this";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "TL0623", message));
    }
    let word = bearer(&parts.headers);
    let key = shared
        .store
        .key_of(word.unwrap_or_default(), shared.clock.now())
        .await?;
    let caller = match key {
        Some(key) => Caller {
            key: Some(key.name),
            person: None,
            role: key.role,
        },
        None if is_open(shared, parts) && !shared.store.has_keys().await? => Caller {
            key: None,
            person: None,
            role: Role::Admin,
        },
        None => {
            let message = "this needs a key, sent as `Authorization: Bearer KEY`";
            return Err(Refusal::new(StatusCode::UNAUTHORIZED, "TL0621", message));
        }
    };
    read::accepts_json(&parts.headers)?;
    if !is_look(&parts.method) {
        read::sends_json(&parts.headers)?;
    }
    Ok(caller)
}

/// The one bearer word, if there is one.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut all = headers.get_all(AUTHORIZATION).iter();
    let (Some(only), None) = (all.next(), all.next()) else {
        return None;
    };
    let (scheme, word) = only.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| word.trim())
}

/// Whether a request without a key may come in as long as there is none.
fn is_open(shared: &Shared, parts: &Parts) -> bool {
    let options = &shared.options;
    let is_published = !options.trusted_proxies.is_empty()
        || options
            .public_url
            .as_ref()
            .is_some_and(|url| !url.host_str().is_some_and(origin::is_this_machine));
    options.listen.ip().is_loopback()
        && !is_published
        && !parts.headers.contains_key(AUTHORIZATION)
        && !origin::is_forwarded(&parts.headers)
        && origin::names_this_machine(parts)
}

/// Whether a request only looks.
fn is_look(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn refuse(refusal: Refusal) -> Response {
    let asks_for_key = refusal.status == StatusCode::UNAUTHORIZED;
    let mut response: Response<Body> = refusal.into_response();
    if asks_for_key {
        response
            .headers_mut()
            .insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
