//! Grants through a browser: the page with the button, the way to Intercom, and the way back.
//!
//! The one rule: who begins a grant holds a key or the machine; the link that is made for it is good for one browser, once,
//! for ten minutes. What comes back without that browser's word changes nothing. Read `sign_in/pages.rs` for what is shown.

mod pages;
mod uninstall;

use std::sync::Arc;

use axum::{
    extract::{Path, RawQuery, State},
    response::{IntoResponse, Response},
};
use http::{HeaderMap, HeaderValue, StatusCode, header};
use secrecy::SecretString;
use trunkline_client::{
    Clock,
    oauth::{self, CALLBACK_PATH, Pkce},
};
use trunkline_store::{App, Connection, Grant, GrantRefusal, NewGrant, Store, StoreError};
use url::Url;

use crate::{
    Code, ServerError, cookie,
    grant::{endpoints, finish_grant},
    shared::Shared,
};
pub(crate) use uninstall::uninstalled;

/// The word by which a browser is known between its going to Intercom and its coming back, for as long as a grant may take.
const COOKIE: &str = "trunkline-grant";
const COOKIE_SECONDS: u32 = 600;

/// Begins a grant of a connection for whichever browser opens the returned link first; `public_url` is where it finds the
/// process.
///
/// # Errors
/// When the connection has no app, or an address is not one that secrets may be sent to.
pub async fn begin_grant(
    store: &Store,
    connection: &Connection,
    public_url: &Url,
    clock: &dyn Clock,
) -> Result<Url, ServerError> {
    let app = app_of(store, connection).await?;
    let endpoints = endpoints(&connection.details, Some(&app))?;
    let redirect_uri = under(public_url, CALLBACK_PATH);
    // Refused here rather than after the person has pressed the button.
    endpoints.authorize_url(
        &app.client_id,
        &SecretString::from("checked"),
        Some(&redirect_uri),
        None,
    )?;
    let new = NewGrant {
        connection: connection.id.clone(),
        redirect_uri: redirect_uri.into(),
        pkce_verifier: endpoints
            .takes_pkce
            .then(|| SecretString::from(store.entropy().word())),
    };
    let state = store.begin_grant(&new, clock.now()).await?;
    Ok(under(public_url, &format!("/auth/intercom/begin/{state}")))
}

/// The page with the button. Looking at it uses nothing up, so whatever looks ahead at links does no harm.
pub(crate) async fn offer(State(shared): State<Arc<Shared>>, Path(state): Path<String>) -> Response {
    pages::offer(&state, &shared.options.public_path())
}

/// The button: the grant is this browser's from now on, and the browser goes to Intercom.
pub(crate) async fn go(
    State(shared): State<Arc<Shared>>,
    Path(state): Path<String>,
    headers: HeaderMap,
) -> Response {
    let browser = cookie::word(&headers, COOKIE).unwrap_or_else(|| shared.store.entropy().word());
    match authorize_url(&shared, state, &browser).await {
        Ok(url) => {
            let Ok(location) = HeaderValue::from_str(url.as_str()) else {
                return pages::failed(
                    StatusCode::BAD_GATEWAY,
                    &shared.options.public_path(),
                    "the consent page's address cannot be used",
                );
            };
            let cookie = cookie::set(COOKIE, &browser, COOKIE_SECONDS, shared.options.is_https());
            (
                StatusCode::SEE_OTHER,
                [(header::LOCATION, location), (header::SET_COOKIE, cookie)],
                pages::HEADERS,
            )
                .into_response()
        }
        Err(failure) => failure.page(&shared.options.public_path()),
    }
}

/// The way back from Intercom.
pub(crate) async fn callback(
    State(shared): State<Arc<Shared>>,
    RawQuery(query): RawQuery,
    headers: HeaderMap,
) -> Response {
    let browser = cookie::word(&headers, COOKIE).unwrap_or_default();
    match come_back(&shared, &query.unwrap_or_default(), &browser).await {
        Ok(connection) => pages::granted(&connection, &shared.options.public_path()),
        Err(failure) => failure.page(&shared.options.public_path()),
    }
}

/// Why a browser did not get what it came for.
enum Failure {
    Refused(GrantRefusal),
    Failed(ServerError),
}

impl<E: Into<ServerError>> From<E> for Failure {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl Failure {
    fn page(self, base: &str) -> Response {
        match self {
            Self::Refused(refusal) => pages::failed(StatusCode::FORBIDDEN, base, &refusal.to_string()),
            Self::Failed(error) => {
                tracing::warn!(code = error.code(), %error, "a grant did not succeed");
                let status = match &error {
                    ServerError::Store(StoreError::NotFound { .. }) => StatusCode::NOT_FOUND,
                    ServerError::Store(_) => StatusCode::SERVICE_UNAVAILABLE,
                    _ => StatusCode::BAD_GATEWAY,
                };
                pages::failed(status, base, &format!("{error}. {}", error.advice()))
            }
        }
    }
}

async fn authorize_url(shared: &Shared, state: String, browser: &str) -> Result<Url, Failure> {
    let now = shared.clock.now();
    let grant = shared
        .store
        .take_up_grant(&state, browser, now)
        .await?
        .map_err(Failure::Refused)?;
    let connection = shared.store.connection(&grant.connection).await?;
    let app = app_of(&shared.store, &connection).await?;
    let redirect_uri = redirect_uri(&grant)?;
    let pkce = grant.pkce_verifier.map(Pkce::of);
    Ok(endpoints(&connection.details, Some(&app))
        .map_err(ServerError::from)?
        .authorize_url(&app.client_id, &state.into(), Some(&redirect_uri), pkce.as_ref())
        .map_err(ServerError::from)?)
}

async fn come_back(shared: &Shared, query: &str, browser: &str) -> Result<Connection, Failure> {
    use secrecy::ExposeSecret as _;
    let callback = oauth::read_callback(query).map_err(ServerError::from)?;
    let now = shared.clock.now();
    let Some(state) = &callback.state else {
        // Intercom's own words on an error may come without one; nothing is known then of whose grant it is.
        callback.into_code().map_err(ServerError::from)?;
        return Err(Failure::Refused(GrantRefusal::Unknown));
    };
    let grant = shared
        .store
        .use_grant(state.expose_secret(), browser, now)
        .await?
        .map_err(Failure::Refused)?;
    let code = callback.into_code().map_err(ServerError::from)?;
    let connection = shared.store.connection(&grant.connection).await?;
    let app = app_of(&shared.store, &connection).await?;
    let redirect_uri = redirect_uri(&grant)?;
    let code = Code {
        code: &code,
        redirect_uri: Some(&redirect_uri),
        verifier: grant.pkce_verifier.as_ref(),
    };
    finish_grant(&shared.store, &connection, &app, code, Arc::clone(&shared.clock)).await?;
    shared.wake.call();
    Ok(shared.store.connection(&connection.id).await?)
}

async fn app_of(store: &Store, connection: &Connection) -> Result<App, ServerError> {
    let Some(id) = &connection.app else {
        return Err(ServerError::NoApp {
            name: connection.name.clone(),
        });
    };
    Ok(store.app(id).await?)
}

fn redirect_uri(grant: &Grant) -> Result<Url, ServerError> {
    grant.redirect_uri.parse().map_err(|_| {
        ServerError::Store(StoreError::Damaged {
            what: "a grant's redirect URL".to_owned(),
        })
    })
}

/// An address under the public one, whatever path that has itself.
pub(crate) fn under(public_url: &Url, path: &str) -> Url {
    let mut url = public_url.clone();
    url.set_path(&format!("{}{path}", public_url.path().trim_end_matches('/')));
    url
}
