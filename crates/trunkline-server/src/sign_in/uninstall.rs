//! A customer removed the app: Intercom tells the app's uninstall address, signed like a notification (facts 2.2).
//!
//! The one rule: only connections of the app that signed it are touched, and only those to the workspace that it names.

use std::sync::Arc;

use axum::{body::Body, extract::State};
use http::{Request, StatusCode};
use serde::Deserialize;
use trunkline_store::ConnectionState;

use crate::{receiver, reply::Refusal, shared::Shared};

#[derive(Deserialize)]
struct Told {
    app_id: String,
}

/// Notes that the workspace's connections need a new grant.
pub(crate) async fn uninstalled(
    State(shared): State<Arc<Shared>>,
    request: Request<Body>,
) -> Result<StatusCode, Refusal> {
    let (body, signer) = receiver::verified(&shared, None, request).await?;
    let told: Told = serde_json::from_slice(&body).map_err(|_| {
        let message = "the body names no workspace";
        Refusal::new(StatusCode::BAD_REQUEST, "TL0612", message)
    })?;
    for connection in shared.store.connections_to(&told.app_id).await? {
        if connection.app.as_ref() != Some(&signer.via) {
            continue;
        }
        tracing::warn!(
            connection = connection.name,
            "the app was uninstalled from the workspace"
        );
        shared
            .store
            .set_connection_state(
                &connection.id,
                ConnectionState::NeedsGrant,
                Some("the app was uninstalled from the workspace"),
                shared.clock.now(),
            )
            .await?;
    }
    Ok(StatusCode::OK)
}
