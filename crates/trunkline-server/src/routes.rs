//! Every address that the process answers.

use std::sync::Arc;

use axum::{
    Router,
    routing::{get, post},
};

use crate::{api, console, health, push, receiver, shared::Shared, sign_in};

/// The process's addresses.
pub(crate) fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(health::live))
        .route("/readyz", get(health::ready))
        .route("/metrics", get(health::metrics))
        .route("/webhooks/intercom", get(receiver::check).post(receiver::any))
        .route(
            "/webhooks/{connection}",
            get(receiver::check).post(receiver::named),
        )
        .route("/flows/{flow}", post(push::take))
        .route(
            "/auth/intercom/begin/{state}",
            get(sign_in::offer).post(sign_in::go),
        )
        .route("/auth/intercom/callback", get(sign_in::callback))
        .route("/auth/intercom/uninstall", post(sign_in::uninstalled))
        .nest(api::PREFIX, api::router(&shared))
        .merge(console::router())
        .with_state(shared)
}
