//! Sending: the thin shell around the lanes, with a real HTTP client.
//!
//! The one rule: nothing is decided here; `lane.rs` says what is due and is told what came of it.

use std::{sync::Arc, time::Duration};

use futures::{StreamExt as _, stream::FuturesUnordered};
use tokio::time::Instant;

use super::{
    Webhooks, envelope,
    lane::{Due, Outcome},
    log::Attempt,
    subscription::{Checked, ClientSecret, WebhookError},
};
use crate::{clock::Clock, pipeline::lock};

/// How often the workspace's clock is looked at while something waits for it.
const TICK: Duration = Duration::from_millis(200);

/// An attempt that is to be made.
struct Order {
    webhook: u32,
    url: url::Url,
    secret: ClientSecret,
    timeout: Duration,
    due: Due,
    at: i64,
    body: Vec<u8>,
}

/// An attempt that was made.
struct Made {
    webhook: u32,
    due: Due,
    outcome: Outcome,
}

/// Sends whatever is due, until the task is ended.
pub(crate) async fn run(webhooks: Arc<Webhooks>, clock: Arc<Clock>) {
    let webhooks = &*webhooks;
    let mut flying = FuturesUnordered::new();
    loop {
        let orders = take(webhooks, clock.now());
        for order in orders {
            flying.push(send(webhooks, order));
        }
        let is_waiting = lock(&webhooks.subscribers)
            .all
            .values()
            .any(|subscriber| subscriber.lane.len() > 0);
        tokio::select! {
            Some(made) = flying.next(), if !flying.is_empty() => settle(webhooks, made, clock.now()),
            () = webhooks.wake.notified() => {}
            () = tokio::time::sleep(TICK), if is_waiting => release(webhooks),
        }
    }
}

/// All attempts that are due.
fn take(webhooks: &Webhooks, now: i64) -> Vec<Order> {
    let mut orders = Vec::new();
    for (webhook, subscriber) in &mut lock(&webhooks.subscribers).all {
        if let Some(due) = subscriber.lane.next(now) {
            orders.push(Order {
                webhook: *webhook,
                url: subscriber.checked.url.clone(),
                secret: subscriber.checked.secret.clone(),
                timeout: Duration::from_millis(subscriber.checked.wanted.timeout_ms),
                body: envelope::body(&due.notification, due.attempt, due.first_sent_at),
                at: now,
                due,
            });
        }
    }
    orders
}

/// Nothing came for a while: what was held back to be overtaken goes.
fn release(webhooks: &Webhooks) {
    for subscriber in lock(&webhooks.subscribers).all.values_mut() {
        subscriber.lane.release();
    }
}

fn settle(webhooks: &Webhooks, made: Made, now: i64) {
    // A subscription that ended meanwhile is told nothing.
    if let Some(subscriber) = lock(&webhooks.subscribers).all.get_mut(&made.webhook) {
        subscriber.lane.settle(now, made.due, made.outcome);
    }
}

/// Posts a body, signed or not; the status of the answer, or why there is none.
async fn post(
    webhooks: &Webhooks,
    url: url::Url,
    timeout: Duration,
    signature: &str,
    body: Vec<u8>,
) -> Result<u16, String> {
    let client = webhooks.client().map_err(|error| error.to_string())?;
    let mut request = client
        .post(url)
        .timeout(timeout)
        .header("accept", "application/json")
        .header("content-type", "application/json");
    if !signature.is_empty() {
        request = request.header("x-hub-signature", signature);
    }
    let answer = request.body(body).send().await;
    answer
        .map(|answer| answer.status().as_u16())
        .map_err(|error| reason(&error))
}

/// How long an app may take to hear that it was uninstalled.
const FAREWELL: Duration = Duration::from_secs(5);

/// Tells an app at its own address that a workspace uninstalled it: once, and without a signature, as far as is known.
pub(super) async fn uninstalled(webhooks: &Webhooks, url: String, app_id: &str, now: i64) {
    let body = serde_json::json!({ "app_id": app_id }).to_string().into_bytes();
    let began = Instant::now();
    let answer = match url::Url::parse(&url) {
        Ok(address) => post(webhooks, address, FAREWELL, "", body.clone()).await,
        Err(error) => Err(error.to_string()),
    };
    lock(&webhooks.log).push(Attempt {
        at: now,
        webhook: 0,
        url,
        topic: "uninstall",
        notification: None,
        attempt: 1,
        status: answer.as_ref().ok().copied(),
        error: answer.err(),
        milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        signature: String::new(),
        body,
    });
}

async fn send(webhooks: &Webhooks, order: Order) -> Made {
    let signature = envelope::signature(order.secret.text(), &order.body);
    let began = Instant::now();
    let answer = post(
        webhooks,
        order.url.clone(),
        order.timeout,
        &signature,
        order.body.clone(),
    )
    .await;
    let outcome = match answer {
        Ok(status) => Outcome::Status(status),
        Err(_) => Outcome::NoAnswer,
    };
    lock(&webhooks.log).push(Attempt {
        at: order.at,
        webhook: order.webhook,
        url: order.url.to_string(),
        topic: order.due.notification.topic.as_str(),
        notification: order.due.notification.id.clone(),
        attempt: order.due.attempt,
        status: answer.as_ref().ok().copied(),
        error: answer.err(),
        milliseconds: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
        signature,
        body: order.body,
    });
    Made {
        webhook: order.webhook,
        due: order.due,
        outcome,
    }
}

/// Asks an address whether it is there, as the platform does when it is set.
pub(super) async fn head(client: &reqwest::Client, checked: &Checked) -> Result<(), WebhookError> {
    let refused = |why: String| WebhookError::Refused {
        url: checked.wanted.url.clone(),
        why,
    };
    let answer = client
        .head(checked.url.clone())
        .timeout(Duration::from_millis(checked.wanted.timeout_ms))
        .send()
        .await
        .map_err(|error| refused(reason(&error)))?;
    if answer.status().is_success() {
        Ok(())
    } else {
        Err(refused(format!("it answered {}", answer.status().as_u16())))
    }
}

/// What went wrong, down to its first cause, without the address.
fn reason(error: &reqwest::Error) -> String {
    if error.is_timeout() {
        return "no answer in time".to_owned();
    }
    let mut cause: &dyn std::error::Error = error;
    while let Some(deeper) = cause.source() {
        cause = deeper;
    }
    cause.to_string()
}
