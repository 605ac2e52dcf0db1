//! `trunkline watch`: notifications as they come.
//!
//! The one rule: it only looks. Any number of people may watch beside a running `trunkline serve`, which receives.

use std::{process::ExitCode, time::Duration};

use serde_json::Value;
use trunkline_store::{Notification, NotificationFilter, Store};

use super::{connections::moment, notifications};
use crate::{cli, failure::Failure, output::json, stop::Stop, store};

/// How often the store is asked for what is new.
const LOOK: Duration = Duration::from_millis(250);
const PAGE: u32 = 500;

/// Prints until it is stopped.
pub(crate) async fn run(arguments: cli::Watch) -> Result<ExitCode, Failure> {
    let mut stop = Stop::listen()?;
    let store = store::open(&arguments.data).await?;
    let outcome = tokio::select! {
        outcome = watch(&store, &arguments) => outcome,
        () = stop.asked() => Ok(()),
    };
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn watch(store: &Store, arguments: &cli::Watch) -> Result<(), Failure> {
    let mut filter = NotificationFilter {
        workspace: arguments.workspace.clone(),
        topics: notifications::topics(&arguments.topics)?,
        since: arguments
            .since
            .as_deref()
            .map(notifications::moment)
            .transpose()?,
        ..NotificationFilter::default()
    };
    let last = store.notifications(&NotificationFilter::default(), 1).await?;
    filter.after = Some(match filter.since {
        Some(_) => 0,
        None => last.first().map_or(0, |last| last.seq),
    });
    loop {
        let found = store.notifications(&filter, PAGE).await?;
        for notification in &found {
            print(notification, arguments.json)?;
            filter.after = Some(notification.seq);
        }
        if found.len() < PAGE as usize {
            tokio::time::sleep(LOOK).await;
        }
    }
}

fn print(notification: &Notification, as_json: bool) -> Result<(), Failure> {
    let body: Value = serde_json::from_slice(&notification.body).unwrap_or_default();
    if as_json {
        return json::print_line(&body);
    }
    let item = &body["data"]["item"];
    let kind = item["type"].as_str().unwrap_or_default();
    let id = match &item["id"] {
        Value::String(id) => id.clone(),
        Value::Null => String::new(),
        other => other.to_string(),
    };
    json::line(
        format!(
            "{}  {}  {}  {kind} {id}",
            moment(notification.received_at),
            notification.workspace,
            notification.topic
        )
        .trim_end(),
    )
}
