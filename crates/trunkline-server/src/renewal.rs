//! Renews a token before it ends, where the server gave what renews it. Intercom's own tokens do not end by time.
//!
//! The one rule: one process renews at a time, under a lease, since what renews a token is often good once; the others wait for
//! what it brings.

use std::sync::Arc;

use jiff::SignedDuration;
use tokio::time::{Duration, sleep};
use trunkline_client::{
    Clock,
    oauth::{AppCredentials, SignIn, SignInSettings},
};
use trunkline_store::{Connection, ConnectionState, Lease, Store};

use crate::{ServerError, grant::endpoints};

/// A token that ends sooner than this is renewed before it is used.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// Longer than an exchange may take.
const LIFE: SignedDuration = SignedDuration::from_secs(45);
const LOOK: Duration = Duration::from_millis(200);

/// Whether a connection's token ends soon, or has.
pub(crate) fn is_due(connection: &Connection, clock: &dyn Clock) -> bool {
    let ends = connection.details.token_expires_at;
    ends.is_some_and(|ends| ends.duration_since(clock.now()) < MARGIN)
}

/// The connection with a token that lives.
///
/// # Errors
/// When the token ends and nothing renews it, or the server refuses to; then the connection needs a new grant.
pub(crate) async fn renewed(
    store: &Store,
    mut connection: Connection,
    clock: &Arc<dyn Clock>,
) -> Result<Connection, ServerError> {
    let owner = store.entropy().id(clock.now());
    let name = format!("renewal/{}", connection.id);
    while is_due(&connection, &**clock) {
        match store.take_lease(&name, &owner, LIFE, clock.now()).await? {
            Some(lease) => {
                let outcome = renew(store, &connection.id, clock).await;
                give_back(store, &lease).await;
                return outcome;
            }
            None => sleep(LOOK).await,
        }
        connection = store.connection(&connection.id).await?;
    }
    Ok(connection)
}

async fn renew(store: &Store, id: &str, clock: &Arc<dyn Clock>) -> Result<Connection, ServerError> {
    // As it is now: whoever had the lease before may have renewed it.
    let mut connection = store.connection(id).await?;
    if !is_due(&connection, &**clock) {
        return Ok(connection);
    }
    let secrets = store.connection_secrets(id).await?;
    let (Some(token), Some(app)) = (secrets.refresh_token, &connection.app) else {
        return over(
            store,
            &connection,
            "the token has ended, and nothing renews it",
            &**clock,
        )
        .await;
    };
    let app = store.app(app).await?;
    let credentials = AppCredentials::new(&app.client_id, &store.app_secret(&app.id).await?)?;
    let settings = SignInSettings::new(Arc::clone(clock));
    let sign_in = SignIn::new(endpoints(&connection.details, Some(&app))?, settings)?;
    match sign_in.refresh(&credentials, &token).await {
        Ok(grant) => {
            connection.details.token_expires_at = grant.expires_at;
            // A server that gives no new one leaves the old one good.
            let next = grant.refresh_token.as_ref().unwrap_or(&token);
            store
                .keep_grant(&connection, &grant.access_token, Some(next), clock.now())
                .await?;
            Ok(connection)
        }
        Err(error) if error.needs_new_grant() => {
            over(store, &connection, "the token could not be renewed", &**clock).await
        }
        Err(error) => Err(error.into()),
    }
}

/// Notes that the grant is over.
async fn over(
    store: &Store,
    connection: &Connection,
    reason: &str,
    clock: &dyn Clock,
) -> Result<Connection, ServerError> {
    store
        .set_connection_state(
            &connection.id,
            ConnectionState::NeedsGrant,
            Some(reason),
            clock.now(),
        )
        .await?;
    Err(ServerError::NeedsGrant {
        name: connection.name.clone(),
        reason: reason.to_owned(),
    })
}

async fn give_back(store: &Store, lease: &Lease) {
    if let Err(error) = store.end_lease(lease).await {
        tracing::warn!(code = error.code(), %error, "a lease was not given back; it ends by itself");
    }
}
