//! Every address that the process answers.

use std::sync::Arc;

use axum::{Router, routing::get};

use crate::{api, health, receiver, shared::Shared};

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
        .nest(api::PREFIX, api::router(&shared))
        .with_state(shared)
}
