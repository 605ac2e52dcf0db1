//! Whether the process lives, is ready, and how it is doing.

use std::sync::Arc;

use axum::{
    extract::State,
    response::{IntoResponse, Response},
};
use http::{StatusCode, header};

use crate::{reply::Refusal, shared::Shared};

/// The process lives.
pub(crate) async fn live() -> &'static str {
    "ok\n"
}

/// The store answers.
pub(crate) async fn ready(State(shared): State<Arc<Shared>>) -> Result<&'static str, Refusal> {
    shared.store.ping().await?;
    Ok("ready\n")
}

/// The figures.
pub(crate) async fn metrics(State(shared): State<Arc<Shared>>) -> Response {
    let kind = "application/openmetrics-text; version=1.0.0; charset=utf-8";
    (
        StatusCode::OK,
        [(header::CONTENT_TYPE, kind)],
        shared.metrics.text(),
    )
        .into_response()
}
