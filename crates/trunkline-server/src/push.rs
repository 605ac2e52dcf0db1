//! Records that others send to a flow: key or signature, JSON, disk, answer.
//!
//! The one rule: 202 means that all of them are on disk, or were before; whoever has no right to send hears the same whatever flows
//! there are.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex, PoisonError},
};

use axum::{
    Json,
    body::Body,
    extract::{Path, State},
};
use http::{HeaderMap, Request, StatusCode, header};
use serde::Serialize;
use serde_json::Value;
use trunkline_components::Door;
use trunkline_flow::document::Document;
use trunkline_store::{Flow, Received};

use crate::{
    flows::environment,
    receiver::{busy, whole},
    reply::Refusal,
    shared::Shared,
};

/// The most records of one request.
const MOST: usize = 10_000;

/// Doors of flows, as they were at a version of the flow's text.
#[derive(Debug, Default)]
pub(crate) struct Doors(Mutex<BTreeMap<String, Known>>);

/// A version of a flow's text, and its door.
type Known = (i64, Option<Arc<Door>>);

impl Doors {
    /// The door of a flow, if it has one.
    fn of(&self, flow: &Flow) -> Result<Option<Arc<Door>>, Refusal> {
        let mut known = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((version, door)) = known.get(&flow.name)
            && *version == flow.version
        {
            return Ok(door.clone());
        }
        let document = Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at).ok();
        let door = match document {
            Some(document) => Door::of(&document, &environment()).map_err(|error| {
                // A key that is not set is for whoever runs this, and no sender's business.
                tracing::error!(flow = flow.name, code = error.code, %error, "nothing can be sent to this flow");
                Refusal::new(StatusCode::SERVICE_UNAVAILABLE, error.code, "this flow is not ready; send it again")
            })?,
            None => None,
        };
        let door = door.map(Arc::new);
        known.insert(flow.name.clone(), (flow.version, door.clone()));
        Ok(door)
    }
}

/// What became of the records of a request.
#[derive(Debug, Serialize)]
pub(crate) struct Taken {
    /// How many are kept now.
    kept: usize,
    /// How many were there before.
    repeated: usize,
}

/// Takes records for a flow.
pub(crate) async fn take(
    State(shared): State<Arc<Shared>>,
    Path(flow): Path<String>,
    request: Request<Body>,
) -> Result<(StatusCode, Json<Taken>), Refusal> {
    let (parts, body) = request.into_parts();
    let body = whole(body, shared.options.body_limit).await?;
    let now = shared.clock.now();
    let known = shared.store.find_flow(&flow).await.map_err(busy)?;
    let door = match &known {
        Some(known) => shared.doors.of(known)?,
        None => None,
    };
    let Some(door) = door.filter(|door| door.admits(&parts.headers, &body, now)) else {
        return Err(Refusal::new(
            StatusCode::UNAUTHORIZED,
            "TL0634",
            "neither key nor signature fits a flow of this name",
        ));
    };
    let records = records(&door, &parts.headers, &body)?;
    let done = shared.store.push(&flow, &records, now).await.map_err(busy)?;
    shared.wake.call();
    let kept = done
        .iter()
        .filter(|done| matches!(done, Received::New(_)))
        .count();
    let taken = Taken {
        kept,
        repeated: done.len() - kept,
    };
    Ok((StatusCode::ACCEPTED, Json(taken)))
}

/// The records of a body, each with its key: an object is one, a list or lines are several.
fn records(door: &Door, headers: &HeaderMap, body: &[u8]) -> Result<Vec<(Option<String>, String)>, Refusal> {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let kind = text(header::CONTENT_TYPE.as_str()).unwrap_or_default();
    let has_lines = ["ndjson", "jsonl", "json-seq"]
        .iter()
        .any(|lines| kind.contains(lines));
    let values: Vec<Value> = if has_lines {
        let mut values = Vec::new();
        for (at, line) in body.split(|byte| *byte == b'\n').enumerate() {
            if line.trim_ascii().is_empty() {
                continue;
            }
            values.push(
                serde_json::from_slice(line).map_err(|error| broken(&format!("line {}: {error}", at + 1)))?,
            );
        }
        values
    } else {
        match serde_json::from_slice(body).map_err(|error| broken(&error.to_string()))? {
            Value::Array(values) => values,
            value => vec![value],
        }
    };
    if values.len() > MOST {
        let message = format!(
            "the body has {} records; at most {MOST} come in one request",
            values.len()
        );
        return Err(Refusal::new(StatusCode::PAYLOAD_TOO_LARGE, "TL0616", message));
    }
    let key = text("idempotency-key").filter(|key| !key.is_empty());
    let is_one = values.len() == 1;
    let keyed = |(at, mut value): (usize, Value)| {
        door.strip(&mut value);
        let key = key.map(|key| {
            if is_one {
                key.to_owned()
            } else {
                format!("{key}/{at}")
            }
        });
        (key, value.to_string())
    };
    Ok(values.into_iter().enumerate().map(keyed).collect())
}

fn broken(reason: &str) -> Refusal {
    Refusal::new(
        StatusCode::BAD_REQUEST,
        "TL0635",
        format!("the body is no JSON: {reason}"),
    )
}
