//! Something that answers like Intercom, for the few calls that the API's cases make.
//!
//! The one rule: it knows nothing and remembers nothing; what actions do is tested against the simulator, with the binary.

use axum::{
    Json, Router,
    http::StatusCode,
    routing::{get, post, put},
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
            .route(
                "/_sim/workspaces",
                get(async || Json(json!([{ "id_code": "other" }, { "id_code": "live1234" }]))),
            )
            .route(
                "/_sim/workspaces/1/overview",
                get(async || {
                    Json(json!({
                        "name": "Live", "now": 1_795_000_000, "answered": 3, "counts": [["Contacts", 5]],
                        "faults": [{ "operation": "*", "status": 503 }],
                    }))
                }),
            )
            .route(
                "/_sim/workspaces/1/activity",
                post(async || Json(json!({ "happened": ["a"] }))),
            )
            .route(
                "/_sim/workspaces/1/clock",
                put(async || Json(json!({ "now": 1_795_000_060 }))),
            )
            .route("/_sim/workspaces/1/faults", put(set_faults))
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

/// Refuses a fault without an operation, as a simulator does.
async fn set_faults(Json(faults): Json<Vec<Value>>) -> (StatusCode, Json<Value>) {
    if faults.iter().all(|fault| fault["operation"].is_string()) {
        return (StatusCode::OK, Json(json!(faults)));
    }
    (
        StatusCode::BAD_REQUEST,
        Json(json!({ "error": "missing field `operation`" })),
    )
}

impl Drop for Intercom {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
