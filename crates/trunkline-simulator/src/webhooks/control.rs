//! The part of the control surface that sets webhooks and shows their deliveries.
//!
//! The one rule: it changes subscriptions only; what they are told comes from the workspace. The rest of the surface is in
//! `../control.rs`.

use std::sync::Arc;

use axum::http::Method;
use serde_json::{Value, json};

use super::{Subscription, WebhookError, topic::Topic};
use crate::{
    pipeline::{State, lock},
    reply::Reply,
};

/// Whether a path belongs here.
pub(crate) fn is_mine(path: &str) -> bool {
    matches!(
        path.trim_start_matches("/_sim/").split('/').next(),
        Some("webhooks" | "deliveries")
    )
}

/// Answers a request whose path `is_mine`.
pub(crate) async fn answer(
    states: &[Arc<State>],
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Reply {
    let rest = path.trim_start_matches("/_sim/").trim_end_matches('/');
    let parts: Vec<&str> = rest.split('/').collect();
    let state = &states[0];
    match (method.as_str(), parts.as_slice()) {
        ("GET", ["deliveries"]) => deliveries(state, query),
        ("DELETE", ["deliveries"]) => {
            lock(&state.webhooks.log).clear();
            Reply::empty(204)
        }
        ("GET", ["webhooks"]) => list(state),
        ("POST", ["webhooks"]) => subscribe(states, body).await,
        ("GET", ["webhooks", "topics"]) => topics(),
        (method, ["webhooks", number, rest @ ..]) => match number.parse::<u32>() {
            Ok(number) => one(states, method, number, rest),
            Err(_) => unknown(number),
        },
        _ => refuse(404, &format!("the control surface has no {method} /_sim/{rest}")),
    }
}

fn refuse(status: u16, message: &str) -> Reply {
    Reply::with_status(status, &json!({ "error": message }))
}

fn unknown(number: &str) -> Reply {
    refuse(404, &format!("there is no webhook {number}"))
}

fn refused(error: &WebhookError) -> Reply {
    Reply::with_status(
        400,
        &json!({ "code": error.code(), "error": error.to_string(), "advice": error.advice() }),
    )
}

async fn subscribe(states: &[Arc<State>], body: &[u8]) -> Reply {
    let wanted: Subscription = match serde_json::from_slice(body) {
        Ok(wanted) => wanted,
        Err(error) => return refused(&WebhookError::Setting(error.to_string())),
    };
    match super::subscribe(states, wanted).await {
        Ok(number) => Reply::with_status(201, &super::shown(&states[0], number)),
        Err(error) => refused(&error),
    }
}

fn list(state: &State) -> Reply {
    let numbers: Vec<u32> = lock(&state.webhooks.subscribers).all.keys().copied().collect();
    let all: Vec<Value> = numbers
        .into_iter()
        .filter_map(|number| super::shown(state, number))
        .collect();
    Reply::json(&json!({ "webhooks": all }))
}

fn one(states: &[Arc<State>], method: &str, number: u32, rest: &[&str]) -> Reply {
    let state = &states[0];
    let Some(shown) = super::shown(state, number) else {
        return unknown(&number.to_string());
    };
    match (method, rest) {
        ("GET", []) => Reply::json(&shown),
        ("DELETE", []) => {
            super::unsubscribe(states, number);
            Reply::empty(204)
        }
        ("POST", ["ping"]) if super::ping(state, number) => Reply::empty(202),
        ("POST", ["ping"]) => refuse(409, &format!("webhook {number} is not served at the moment")),
        ("POST", ["enable"]) => {
            if let Some(subscriber) = lock(&state.webhooks.subscribers).all.get_mut(&number) {
                subscriber.lane.enable();
            }
            state.webhooks.wake();
            Reply::json(&super::shown(state, number))
        }
        _ => refuse(
            404,
            &format!(
                "the control surface has no {method} /_sim/webhooks/{number}/{}",
                rest.join("/")
            ),
        ),
    }
}

fn topics() -> Reply {
    let all: Vec<Value> = Topic::ALL
        .iter()
        .map(|topic| {
            json!({ "topic": topic.as_str(), "permissions": topic.permissions(), "since": topic.since().as_str() })
        })
        .collect();
    Reply::json(&json!({ "topics": all }))
}

fn deliveries(state: &State, query: &str) -> Reply {
    let since = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "since")
        .and_then(|(_, value)| value.parse::<u64>().ok())
        .unwrap_or(0);
    Reply::text(
        200,
        "application/x-ndjson",
        lock(&state.webhooks.log).lines(since),
    )
}
