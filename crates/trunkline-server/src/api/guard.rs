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
use trunkline_store::Role;

use super::{origin, read};
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
    /// The key's name; none for a program on this machine while there is no key.
    pub(crate) key: Option<String>,
    /// What may be done.
    pub(crate) role: Role,
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
            let deed = (!is_look(&parts.method)).then(|| {
                let key = caller.key.clone().unwrap_or_default();
                (parts.method.clone(), parts.uri.path().to_owned(), key)
            });
            let mut request = Request::from_parts(parts, body);
            request.extensions_mut().insert(caller);
            let response = next.run(request).await;
            if let Some((method, path, key)) = deed {
                let status = response.status().as_u16();
                tracing::info!(%method, path, key, status, "asked of the API");
            }
            response
        }
    }
}

/// Lets a caller with the role pass, if nothing stands behind a `?` that nobody would read.
pub(super) async fn allow(role: Role, takes_query: bool, request: Request, next: Next) -> Response {
    let caller = request.extensions().get::<Caller>();
    if caller.is_none_or(|caller| caller.role < role) {
        let message = format!("this needs a key with the role `{role}`");
        return Refusal::new(StatusCode::FORBIDDEN, "TL0622", message).into_response();
    }
    match request.uri().query() {
        Some(query) if !takes_query && !query.is_empty() => read::no_query(query).into_response(),
        _ => next.run(request).await,
    }
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
            role: key.role,
        },
        None if is_open(shared, parts) && !shared.store.has_keys().await? => Caller {
            key: None,
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
