//! `trunkline notifications`: what was received, and applying it once more.

use std::process::ExitCode;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use serde_json::value::RawValue;
use trunkline_catalog::Catalog;
use trunkline_store::{Notification, NotificationFilter, NotificationState, Store};

use crate::{
    cli::{self, NotificationsCommand as Command, Which},
    failure::Failure,
    output::{json, tables},
    store,
};

/// A notification for machines.
#[derive(Serialize)]
struct Shown<'n> {
    seq: i64,
    id: Option<&'n str>,
    workspace: &'n str,
    topic: &'n str,
    state: NotificationState,
    attempts: i64,
    error: Option<&'n str>,
    received_at: Timestamp,
    created_at: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<&'n RawValue>,
}

/// Does what is asked.
pub(crate) async fn run(arguments: cli::Notifications) -> Result<ExitCode, Failure> {
    let store = store::open(&arguments.data).await?;
    let outcome = act(&store, arguments.command, arguments.json, &arguments.more).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn act(store: &Store, command: Command, as_json: bool, more: &cli::More) -> Result<(), Failure> {
    match command {
        Command::List { which, limit } => {
            let found = store.notifications(&filter(&which)?, limit).await?;
            list(&found, as_json, more)
        }
        Command::Show { id } => {
            let found = store.notification(&id).await?;
            show(&found, as_json, more)
        }
        Command::Replay { id, which } => {
            let filter = match id {
                Some(id) => {
                    let found = store.notification(&id).await?;
                    NotificationFilter {
                        after: Some(found.seq - 1),
                        before: Some(found.seq + 1),
                        ..NotificationFilter::default()
                    }
                }
                None => filter(&which)?,
            };
            let count = store.replay(&filter, store::now()).await?;
            json::line(&format!(
                "{} notifications wait to be applied once more.",
                tables::grouped(count)
            ))
        }
    }
}

/// The filter that the flags ask for.
pub(crate) fn filter(which: &Which) -> Result<NotificationFilter, Failure> {
    let state = which
        .state
        .as_deref()
        .map(|word| {
            NotificationState::of(word).ok_or_else(|| {
                Failure::usage(
                    "TL0007",
                    format!("`{word}` is not a state of notifications"),
                    "The states are waiting, done and failed.",
                )
            })
        })
        .transpose()?;
    Ok(NotificationFilter {
        workspace: which.workspace.clone(),
        topics: topics(&which.topics)?,
        state,
        since: which.since.as_deref().map(moment).transpose()?,
        until: which.until.as_deref().map(moment).transpose()?,
        ..NotificationFilter::default()
    })
}

/// The topics that names and patterns stand for. A name that Intercom does not have is taken as it is: what it sends under
/// such a name is kept too.
pub(crate) fn topics(named: &[String]) -> Result<Vec<String>, Failure> {
    let catalog = Catalog::embedded();
    let mut topics = Vec::new();
    for name in named {
        match catalog.expand_topics(&[name.as_str()]) {
            Ok(found) => topics.extend(found.into_iter().map(|topic| topic.name.to_owned())),
            Err(error) if name.contains('*') => return Err(error.into()),
            Err(_) => topics.push(name.clone()),
        }
    }
    Ok(topics)
}

/// A time, or a span that ended now.
pub(crate) fn moment(text: &str) -> Result<Timestamp, Failure> {
    if let Ok(span) = super::sync::span(text)
        && let Ok(span) = SignedDuration::try_from(span)
    {
        return Ok(store::now() - span);
    }
    super::sync::time(text)
}

fn list(found: &[Notification], as_json: bool, more: &cli::More) -> Result<(), Failure> {
    if as_json || more.is_any() {
        let values = found.iter().map(|notification| value(notification, false));
        return more.open(as_json)?.all(values);
    }
    if found.is_empty() {
        return json::line("No notification fits.");
    }
    let mut table = tables::new(&["number", "received", "workspace", "topic", "state", "id"]);
    for notification in found {
        let state = match &notification.error {
            Some(error) => format!("{}: {error}", notification.state.as_str()),
            None => notification.state.as_str().to_owned(),
        };
        table.add_row([
            notification.seq.to_string(),
            super::connections::moment(notification.received_at),
            notification.workspace.clone(),
            notification.topic.clone(),
            state,
            notification.notification.clone().unwrap_or_default(),
        ]);
    }
    json::line(&table.to_string())
}

fn show(notification: &Notification, as_json: bool, more: &cli::More) -> Result<(), Failure> {
    if as_json || more.is_any() {
        return more.open(as_json)?.one(value(notification, true));
    }
    let lines = [
        ("number", notification.seq.to_string()),
        ("id", notification.notification.clone().unwrap_or_default()),
        ("workspace", notification.workspace.clone()),
        ("topic", notification.topic.clone()),
        ("state", notification.state.as_str().to_owned()),
        ("attempts", notification.attempts.to_string()),
        ("error", notification.error.clone().unwrap_or_default()),
        ("received", super::connections::moment(notification.received_at)),
    ];
    for (name, value) in lines.iter().filter(|(_, value)| !value.is_empty()) {
        json::line(&format!("{name:<12}{value}"))?;
    }
    match serde_json::from_slice::<serde_json::Value>(&notification.body) {
        Ok(body) => json::print(&body),
        Err(_) => json::line(&String::from_utf8_lossy(&notification.body)),
    }
}

fn value(notification: &Notification, with_body: bool) -> serde_json::Value {
    let shown = Shown {
        seq: notification.seq,
        id: notification.notification.as_deref(),
        workspace: &notification.workspace,
        topic: &notification.topic,
        state: notification.state,
        attempts: notification.attempts,
        error: notification.error.as_deref(),
        received_at: notification.received_at,
        created_at: notification.created_at,
        body: with_body
            .then(|| serde_json::from_slice(&notification.body).ok())
            .flatten(),
    };
    serde_json::to_value(shown).unwrap_or_default()
}
