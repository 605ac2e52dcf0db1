//! Notifications: list, show with the body, apply once more.
//!
//! The one rule: the body is shown as it came, letter by letter, since its signature is of those letters.

use std::{collections::BTreeSet, sync::Arc};

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use trunkline_catalog::Catalog;
use trunkline_store::{Notification, NotificationFilter, NotificationState, Role};
use utoipa::ToSchema;

use super::{
    given,
    read::{Body, Named, Query},
    route::{Route, Verb},
};
use crate::{reply::Refusal, shared::Shared};

/// The most topics that can be named.
const MOST_TOPICS: usize = 100;

/// How far a notification has come: `waiting` to be applied, `done`, or `failed` (it can be replayed).
#[derive(Clone, Copy, Debug, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = NotificationState)]
pub(crate) enum Progress {
    /// It waits to be applied.
    Waiting,
    /// It was applied, or concerns nothing that is kept.
    Done,
    /// It could not be applied as often as is tried.
    Failed,
}

/// A notification, without its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Notification)]
pub(crate) struct Shown {
    /// Our number for it, growing.
    pub(crate) seq: i64,
    /// Intercom's id of it; pings have none.
    pub(crate) id: Option<String>,
    /// The workspace's code.
    pub(crate) workspace: String,
    /// Its topic.
    pub(crate) topic: String,
    /// The id of the connection or app whose secret its signature fits.
    pub(crate) via: String,
    /// How far it has come.
    pub(crate) state: Progress,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// Why the last attempt failed.
    pub(crate) error: Option<String>,
    /// When it arrived.
    pub(crate) received_at: Timestamp,
    /// When Intercom made it, where it says so.
    pub(crate) created_at: Option<Timestamp>,
}

/// A notification with its body.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = NotificationWithBody)]
pub(crate) struct Whole {
    /// The notification.
    #[serde(flatten)]
    pub(crate) notification: Shown,
    /// The body as it came, letter by letter.
    pub(crate) body: String,
}

/// Some notifications.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Notifications {
    /// Newest first; oldest first when `after` is given.
    pub(crate) items: Vec<Shown>,
    /// What to give as `before` for the next page (as `after`, when that was given); none at the end.
    pub(crate) next: Option<i64>,
}

/// Which notifications.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NotificationsQuery {
    /// Those of a workspace, by its code.
    pub(crate) workspace: Option<String>,
    /// Those with one of these topics, separated by commas; `conversation.*` is all that begin so.
    pub(crate) topics: Option<String>,
    /// Those that have come so far.
    pub(crate) state: Option<Progress>,
    /// Those received at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those received before this.
    pub(crate) until: Option<Timestamp>,
    /// Those with a smaller number.
    pub(crate) before: Option<i64>,
    /// Those with a greater number, oldest first: for whoever follows.
    pub(crate) after: Option<i64>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

/// Which notifications to apply once more: those that fit all that is given.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Replay {
    /// Those of a workspace, by its code.
    pub(crate) workspace: Option<String>,
    /// Those with one of these topics; `conversation.*` is all that begin so.
    #[serde(default)]
    pub(crate) topics: Vec<String>,
    /// Those that have come so far.
    pub(crate) state: Option<Progress>,
    /// Those received at or after this.
    pub(crate) since: Option<Timestamp>,
    /// Those received before this.
    pub(crate) until: Option<Timestamp>,
    /// True when everything that is kept is meant, and nothing else is given.
    #[serde(default)]
    pub(crate) all: bool,
}

/// What a replay found.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Replayed {
    /// How many notifications wait to be applied once more.
    pub(crate) replayed: u64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/notifications",
            "notifications.list",
            "Lists what was received, newest first, without the bodies.",
            list,
        )
        .asks::<NotificationsQuery>()
        .answers::<Notifications>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/notifications/replay",
            "notifications.replay_some",
            "Applies the notifications that fit once more.",
            replay_some,
        )
        .takes::<Replay>()
        .answers::<Replayed>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/notifications/{id}",
            "notifications.show",
            "Shows a notification, by our number or Intercom's id, with its body.",
            show,
        )
        .answers::<Whole>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/notifications/{id}/replay",
            "notifications.replay",
            "Applies a notification once more.",
            replay,
        )
        .answers::<Replayed>(StatusCode::OK),
    ]
}

/// The notifications that fit.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<NotificationsQuery>,
) -> Result<Json<Notifications>, Refusal> {
    let limit = given::limit(query.limit)?;
    let topics = query.topics.as_deref().unwrap_or_default();
    let filter = NotificationFilter {
        workspace: query.workspace,
        topics: checked_topics(topics.split(',').filter(|topic| !topic.is_empty()))?,
        state: query.state.map(Into::into),
        since: query.since,
        until: query.until,
        before: query.before,
        after: query.after,
        up_to: None,
    };
    let found = shared.store.notifications(&filter, limit + 1).await?;
    let (found, next) = given::page(found, limit, |last| last.seq);
    Ok(Json(Notifications {
        next,
        items: found.into_iter().map(Shown::from).collect(),
    }))
}

/// One notification.
pub(crate) async fn show(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Whole>, Refusal> {
    let mut found = shared.store.notification(&id).await?;
    let body = String::from_utf8_lossy(&std::mem::take(&mut found.body)).into_owned();
    Ok(Json(Whole {
        notification: found.into(),
        body,
    }))
}

/// Applies one notification once more.
pub(crate) async fn replay(
    State(shared): State<Arc<Shared>>,
    Named(id): Named<String>,
) -> Result<Json<Replayed>, Refusal> {
    let found = shared.store.notification(&id).await?;
    let only = NotificationFilter {
        after: Some(found.seq - 1),
        before: Some(found.seq + 1),
        ..NotificationFilter::default()
    };
    wait_again(&shared, &only).await
}

/// Applies some notifications once more.
pub(crate) async fn replay_some(
    State(shared): State<Arc<Shared>>,
    Body(which): Body<Replay>,
) -> Result<Json<Replayed>, Refusal> {
    let is_narrowed = which.workspace.is_some()
        || !which.topics.is_empty()
        || which.state.is_some()
        || which.since.is_some()
        || which.until.is_some();
    if is_narrowed == which.all {
        let reason = if which.all {
            "is given beside something that narrows"
        } else {
            "is true when everything that is kept is meant; otherwise say which notifications"
        };
        return Err(Refusal::of_field("all", reason));
    }
    if let Some(workspace) = &which.workspace
        && workspace.chars().any(char::is_control)
    {
        return Err(Refusal::of_field("workspace", "is not the code of a workspace"));
    }
    let filter = NotificationFilter {
        workspace: which.workspace,
        topics: checked_topics(which.topics.iter().map(String::as_str))?,
        state: which.state.map(Into::into),
        since: which.since,
        until: which.until,
        ..NotificationFilter::default()
    };
    wait_again(&shared, &filter).await
}

async fn wait_again(shared: &Shared, filter: &NotificationFilter) -> Result<Json<Replayed>, Refusal> {
    let replayed = shared.store.replay(filter, shared.clock.now()).await?;
    shared.wake.call();
    Ok(Json(Replayed { replayed }))
}

fn checked_topics<'t>(topics: impl Iterator<Item = &'t str>) -> Result<Vec<String>, Refusal> {
    let topics: Vec<String> = topics.map(|topic| topic.trim().to_owned()).collect();
    if topics.len() > MOST_TOPICS {
        return Err(Refusal::of_field(
            "topics",
            format!("names more than {MOST_TOPICS}"),
        ));
    }
    let mut named = BTreeSet::new();
    for topic in topics {
        if topic.is_empty() || topic.chars().any(char::is_control) {
            return Err(Refusal::of_field("topics", "holds something that is not a topic"));
        }
        match Catalog::embedded().expand_topics(&[&topic]) {
            Ok(found) => named.extend(found.into_iter().map(|topic| topic.name.to_owned())),
            // A topic that the catalog does not know is kept all the same when it comes.
            Err(_) if !topic.contains('*') => {
                named.insert(topic);
            }
            Err(error) => return Err(Refusal::of_field("topics", error.to_string())),
        }
    }
    Ok(named.into_iter().collect())
}

impl From<Progress> for NotificationState {
    fn from(progress: Progress) -> Self {
        match progress {
            Progress::Waiting => Self::Waiting,
            Progress::Done => Self::Done,
            Progress::Failed => Self::Failed,
        }
    }
}

impl From<Notification> for Shown {
    fn from(notification: Notification) -> Self {
        Self {
            seq: notification.seq,
            id: notification.notification,
            workspace: notification.workspace,
            topic: notification.topic,
            via: notification.via,
            state: match notification.state {
                NotificationState::Waiting => Progress::Waiting,
                NotificationState::Done => Progress::Done,
                NotificationState::Failed => Progress::Failed,
            },
            attempts: notification.attempts,
            error: notification.error,
            received_at: notification.received_at,
            created_at: notification.created_at,
        }
    }
}
