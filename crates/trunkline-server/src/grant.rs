//! A grant of a stored connection: where it is asked for, and the token that comes of it.
//!
//! The one rule: a token is kept before it is tried, because a code is good once; what the workspace says afterwards only
//! changes the connection's state.

use std::sync::Arc;

use secrecy::SecretString;
use trunkline_client::{
    Clock, Region, RequestLog,
    oauth::{AppCredentials, Endpoints, OAuthError, SignIn, SignInSettings},
};
use trunkline_store::{App, Connection, ConnectionDetails, Store, WorkspaceIdentity};
use url::Url;

use crate::{ServerError, connect, request_log};

/// What came back from the consent page, and what it was asked for with.
#[derive(Debug)]
pub struct Code<'c> {
    /// The code.
    pub code: &'c SecretString,
    /// Where the browser came back to.
    pub redirect_uri: Option<&'c Url>,
    /// The proof that the code is ours, where there is one.
    pub verifier: Option<&'c SecretString>,
}

/// Where grants of a connection are asked for: its own addresses before its app's before those of its region.
///
/// # Errors
/// When one of the addresses is not one that secrets may be sent to.
pub fn endpoints(details: &ConnectionDetails, app: Option<&App>) -> Result<Endpoints, OAuthError> {
    let region = Region::ALL
        .into_iter()
        .find(|region| region.base_url() == details.base_url);
    let mut endpoints = match region {
        Some(region) => Endpoints::in_region(region),
        None => Endpoints::at(&details.base_url)?,
    };
    let app = app.map(|app| &app.details);
    let authorize = details
        .authorize_url
        .as_deref()
        .or_else(|| app.and_then(|app| app.authorize_url.as_deref()));
    if let Some(url) = authorize {
        endpoints = endpoints.with_authorize(url)?;
    }
    let token = details
        .token_url
        .as_deref()
        .or_else(|| app.and_then(|app| app.token_url.as_deref()));
    if let Some(url) = token {
        endpoints = endpoints.with_access_token(url)?;
    }
    Ok(endpoints.with_pkce(app.is_some_and(|app| app.takes_pkce)))
}

/// Exchanges a code, keeps the grant, and asks the workspace who it is.
///
/// # Errors
/// When the code is refused, or the token that came of it does not work.
pub async fn finish_grant(
    store: &Arc<Store>,
    connection: &Connection,
    app: &App,
    code: Code<'_>,
    clock: Arc<dyn Clock>,
) -> Result<WorkspaceIdentity, ServerError> {
    let credentials = AppCredentials::new(&app.client_id, &store.app_secret(&app.id).await?)?;
    let endpoints = endpoints(&connection.details, Some(app))?;
    let log = request_log::of(store, connection);
    let mut settings = SignInSettings::new(Arc::clone(&clock));
    settings.request_log = log.clone().map(|log| -> Arc<dyn RequestLog> { log });
    let exchanged = SignIn::new(endpoints, settings)?
        .exchange_code(&credentials, code.code, code.redirect_uri, code.verifier)
        .await;
    if let Some(log) = log {
        log.close().await;
    }
    let grant = exchanged?;
    let mut granted = connection.clone();
    granted.details.token_expires_at = grant.expires_at;
    store
        .keep_grant(
            &granted,
            &grant.access_token,
            grant.refresh_token.as_ref(),
            clock.now(),
        )
        .await?;
    connect::identify(store, &granted, trunkline_client::Settings::new(clock)).await
}
