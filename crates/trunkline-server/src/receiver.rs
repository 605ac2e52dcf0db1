//! A notification's way in: signature over the raw bytes, envelope, disk, answer.
//!
//! The one rule: 200 means that it is on disk, or was before. Whatever is not signed with a known secret leaves no trace but a
//! count. Read `receiver/secrets.rs` for which secrets are tried, `receiver/envelope.rs` for what is read of the body.

mod envelope;
mod secrets;

use std::{sync::Arc, time::Duration};

use axum::{
    body::Body,
    extract::{Path, State},
};
use bytes::Bytes;
use http::{HeaderMap, Request, StatusCode};
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use jiff::SignedDuration;
use tokio::time::{Instant, timeout};
use trunkline_store::{NewNotification, Received, StoreError};

use crate::{
    reply::Refusal,
    shared::Shared,
    signature::{HEADERS, Signature},
};
use envelope::Envelope;
pub(crate) use secrets::{Found, Secrets};

/// How long a body may take to arrive. Intercom itself gives up after five seconds.
const PATIENCE: Duration = Duration::from_secs(10);

/// Answers the check that Intercom makes when an address is saved. It is the same for every name, so that nobody learns
/// which connections there are.
pub(crate) async fn check() -> StatusCode {
    StatusCode::OK
}

/// A notification for whichever workspace it names.
pub(crate) async fn any(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    receive(&shared, None, request).await
}

/// A notification for one connection's workspace.
pub(crate) async fn named(
    State(shared): State<Arc<Shared>>,
    Path(connection): Path<String>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    receive(&shared, Some(&connection), request).await
}

async fn receive(
    shared: &Shared,
    connection: Option<&str>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let began = Instant::now();
    let outcome = keep(shared, connection, request).await;
    match &outcome {
        Ok(received) => {
            shared.metrics.took(began.elapsed());
            shared.metrics.received(match received {
                Received::New(_) => "kept",
                Received::Repeated => "repeated",
            });
        }
        Err(refusal) => {
            shared.metrics.received(refusal.code);
            tracing::debug!(
                code = refusal.code,
                message = refusal.message,
                "a notification was refused"
            );
        }
    }
    outcome.map(|_| StatusCode::OK)
}

async fn keep(
    shared: &Shared,
    connection: Option<&str>,
    request: Request<Body>,
) -> Result<Received, Refusal> {
    let (body, signer) = verified(shared, connection, request).await?;
    let now = shared.clock.now();
    let envelope =
        Envelope::read(&body).map_err(|reason| Refusal::new(StatusCode::BAD_REQUEST, "TL0612", reason))?;
    if let Some(workspace) = &signer.workspace
        && *workspace != envelope.app_id
    {
        let message = "the notification is of another workspace than this address is for";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "TL0613", message));
    }
    let oldest = shared
        .options
        .webhook_max_age
        .and_then(|age| SignedDuration::try_from(age).ok());
    if let (Some(age), Some(created_at)) = (oldest, envelope.created_at)
        && now.duration_since(created_at) > age
    {
        let message = "the notification is older than this receiver takes";
        return Err(Refusal::new(StatusCode::FORBIDDEN, "TL0614", message));
    }
    let new = NewNotification {
        waits: shared.followed.includes(&envelope.app_id),
        workspace: envelope.app_id,
        notification: envelope.id,
        topic: envelope.topic,
        via: signer.via,
        body: body.into(),
        created_at: envelope.created_at,
    };
    let waits = new.waits;
    let received = shared.store.receive(new, now).await.map_err(busy)?;
    if waits {
        shared.wake.call();
    } else {
        shared.wake.stir();
    }
    Ok(received)
}

/// The body of a request that is signed with a known secret, and whose secret that is.
pub(crate) async fn verified(
    shared: &Shared,
    connection: Option<&str>,
    request: Request<Body>,
) -> Result<(Bytes, Found), Refusal> {
    let (parts, body) = request.into_parts();
    let signature = signature(&parts.headers)?;
    let body = whole(body, shared.options.body_limit).await?;
    let now = shared.clock.now();
    let signer = shared
        .secrets
        .signer(&shared.store, connection, &body, &signature, now)
        .await?
        .ok_or_else(forged)?;
    Ok((body, signer))
}

/// The signature, from whichever header brings it.
fn signature(headers: &HeaderMap) -> Result<Signature, Refusal> {
    let mut found = HEADERS
        .iter()
        .flat_map(|name| headers.get_all(*name))
        .map(|value| value.to_str().ok().and_then(Signature::read));
    match (found.next(), found.next()) {
        (Some(Some(signature)), None) => Ok(signature),
        _ => Err(forged()),
    }
}

/// The whole body, if it is small enough and comes in time.
pub(crate) async fn whole(body: Body, limit: usize) -> Result<Bytes, Refusal> {
    let Ok(collected) = timeout(PATIENCE, Limited::new(body, limit).collect()).await else {
        let message = "the body did not arrive in time";
        return Err(Refusal::new(StatusCode::REQUEST_TIMEOUT, "TL0615", message));
    };
    collected
        .map(http_body_util::Collected::to_bytes)
        .map_err(|error| {
            if error.is::<LengthLimitError>() {
                let message = format!("the body is larger than {limit} bytes");
                Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0616", message)
            } else {
                Refusal::new(StatusCode::BAD_REQUEST, "TL0612", "the body was cut off")
            }
        })
}

/// The same words whatever is wrong, so that nobody learns from them.
fn forged() -> Refusal {
    let message = "the signature fits no app that is known here";
    Refusal::new(StatusCode::UNAUTHORIZED, "TL0611", message)
}

/// A store that cannot keep it now is a reason to send it again, and nothing else is.
pub(crate) fn busy(error: StoreError) -> Refusal {
    let refusal = Refusal::from(error);
    Refusal {
        status: StatusCode::SERVICE_UNAVAILABLE,
        ..refusal
    }
}
