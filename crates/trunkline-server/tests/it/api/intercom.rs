//! Something that answers like Intercom, for the few calls that the API's cases make.
//!
//! The one rule: it knows nothing and remembers nothing; what actions do is tested against the simulator, with the binary.

use axum::{
    Json, Router,
    routing::{get, post},
};
use serde_json::{Value, json};
use tokio::task::JoinHandle;

/// A server on a free port, ended with its world.
pub(crate) struct Intercom {
    base_url: String,
    serving: JoinHandle<()>,
}

impl Intercom {
    pub(crate) async fn start() -> Self {
        let tag = || async { Json(json!({ "type": "tag", "id": "9", "name": "fresh" })) };
        let router = Router::new()
            .route(
                "/tags",
                post(tag)
                    .get(async || Json(json!({ "type": "list", "data": [{ "type": "tag", "id": "9" }] }))),
            )
            .route(
                "/me",
                get(async || Json(json!({ "type": "admin", "id": "1", "app": { "id_code": "live1234", "name": "Live" } }))),
            )
            .route("/tags/{id}", get(tag).delete(async || Json(Value::Null)));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let base_url = format!("http://{}", listener.local_addr().unwrap());
        let serving = tokio::spawn(async move {
            axum::serve(listener, router).await.unwrap();
        });
        Self { base_url, serving }
    }

    pub(crate) fn base_url(&self) -> &str {
        &self.base_url
    }
}

impl Drop for Intercom {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
