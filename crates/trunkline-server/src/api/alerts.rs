//! Alerts: what stands, what ended, who was told; the channels, and a test of one.
//!
//! The one rule: a channel's settings are the settings file's; here is shown only what it is and how it does.

use std::sync::Arc;

use axum::{Json, extract::State};
use http::StatusCode;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use trunkline_store::{Alert, AlertNotice, Role, StoreError};
use utoipa::ToSchema;

use super::{
    given,
    read::{Named, Query},
    route::{Route, Verb},
};
use crate::{ServerError, alerts, reply::Refusal, shared::Shared};

/// How far back alerts that ended are shown.
const BACK: SignedDuration = SignedDuration::from_hours(24 * 90);

/// A condition that stands, or stood.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Alert)]
pub(crate) struct Shown {
    /// Our id.
    pub(crate) id: String,
    /// The condition: `flow_failed`, `dead_letters`, `connection_needs_grant`, `mirror_stale` or `subscription_silent`.
    pub(crate) kind: String,
    /// The name of the flow, the connection or the mirror.
    pub(crate) subject: String,
    /// What is so, in a line.
    pub(crate) title: String,
    /// What to do, in a line.
    pub(crate) advice: String,
    /// What is known of it: counts, codes, times.
    #[schema(value_type = Object)]
    pub(crate) facts: Value,
    /// When it began.
    pub(crate) began_at: Timestamp,
    /// When it was last seen to hold.
    pub(crate) held_at: Timestamp,
    /// When it ended; none while it stands.
    pub(crate) ended_at: Option<Timestamp>,
    /// Who was told what.
    pub(crate) notices: Vec<Notice>,
}

/// A notice for a channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertNotice)]
pub(crate) struct Notice {
    /// The channel's name.
    pub(crate) channel: String,
    /// What it says: `began`, `reminder` or `ended`.
    pub(crate) word: String,
    /// How far it has come: `waiting`, `sent` or `failed`.
    pub(crate) state: String,
    /// How often it was tried.
    pub(crate) attempts: i64,
    /// The code of the last failure.
    pub(crate) code: Option<String>,
    /// The last failure in words.
    pub(crate) message: Option<String>,
    /// When it was made.
    pub(crate) created_at: Timestamp,
    /// When it is tried next, while it waits.
    pub(crate) next_at: Option<Timestamp>,
    /// When the channel took it.
    pub(crate) sent_at: Option<Timestamp>,
}

/// Some alerts.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Alerts {
    /// What stands, oldest first; or what ended, newest first.
    pub(crate) items: Vec<Shown>,
}

/// Which alerts.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlertsQuery {
    /// Those that ended instead of those that stand.
    pub(crate) ended: Option<bool>,
    /// How many at most, from 1 to 500; 50 when it is left out.
    #[schema(minimum = 1, maximum = 500)]
    pub(crate) limit: Option<u32>,
}

/// A channel.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = AlertChannel)]
pub(crate) struct ChannelShown {
    /// Its name.
    pub(crate) name: String,
    /// What it is: `chat`, `http` or `mail`.
    pub(crate) kind: String,
    /// The conditions that it is told of; all when none are named.
    pub(crate) only: Vec<String>,
    /// How many notices wait for it.
    pub(crate) waiting: u64,
    /// The newest notice that was tried.
    pub(crate) newest: Option<Notice>,
}

/// All channels.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct AlertChannels {
    /// The channels, by name.
    pub(crate) items: Vec<ChannelShown>,
}

/// What came of a test.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ChannelTest {
    /// Whether the channel took the message.
    pub(crate) is_taken: bool,
    /// The error's code, when it did not.
    pub(crate) code: Option<String>,
    /// The error in words.
    pub(crate) message: Option<String>,
    /// What to do about it.
    pub(crate) advice: Option<String>,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Get,
            "/alerts",
            "alerts.list",
            "Lists the conditions that stand, or those that ended in the last 90 days, with who was told.",
            list,
        )
        .asks::<AlertsQuery>()
        .answers::<Alerts>(StatusCode::OK),
        Route::new(
            Role::Read,
            Verb::Get,
            "/alerts/channels",
            "alerts.channels",
            "Lists the channels that are told of alerts, and how they do.",
            channels,
        )
        .answers::<AlertChannels>(StatusCode::OK),
        Route::new(
            Role::Operate,
            Verb::Post,
            "/alerts/channels/{name}/test",
            "alerts.test",
            "Sends a message by a channel, to see whether it arrives.",
            test,
        )
        .answers::<ChannelTest>(StatusCode::OK),
    ]
}

/// What stands, or what ended.
pub(crate) async fn list(
    State(shared): State<Arc<Shared>>,
    Query(query): Query<AlertsQuery>,
) -> Result<Json<Alerts>, Refusal> {
    let limit = given::limit(query.limit)?;
    let mut found = if query.ended.unwrap_or(false) {
        let since = shared.clock.now() - BACK;
        shared.store.ended_alerts(since, limit).await?
    } else {
        shared.store.standing_alerts().await?
    };
    found.truncate(limit as usize);
    let mut items = Vec::with_capacity(found.len());
    for alert in found {
        items.push(shown(&shared, alert).await?);
    }
    Ok(Json(Alerts { items }))
}

/// The channels.
pub(crate) async fn channels(State(shared): State<Arc<Shared>>) -> Result<Json<AlertChannels>, Refusal> {
    let mut items = Vec::new();
    for (name, channel) in shared.channels.iter() {
        let (newest, waiting) = shared.store.notices_for(name).await?;
        items.push(ChannelShown {
            name: name.to_owned(),
            kind: channel.kind.to_owned(),
            only: channel.only.clone(),
            waiting,
            newest: newest.map(Notice::from),
        });
    }
    Ok(Json(AlertChannels { items }))
}

/// A test of a channel.
pub(crate) async fn test(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
) -> Result<Json<ChannelTest>, Refusal> {
    let failed = match shared.channels.test(&name, &*shared.clock).await {
        Ok(()) => None,
        Err(error @ ServerError::NoChannel { .. }) => {
            return Err(Refusal::new(
                StatusCode::NOT_FOUND,
                error.code(),
                error.to_string(),
            ));
        }
        Err(error) => Some(error),
    };
    Ok(Json(ChannelTest {
        is_taken: failed.is_none(),
        code: failed.as_ref().map(|error| error.code().to_owned()),
        message: failed.as_ref().map(ToString::to_string),
        advice: failed.as_ref().map(ServerError::advice),
    }))
}

async fn shown(shared: &Shared, alert: Alert) -> Result<Shown, StoreError> {
    let facts: Value = serde_json::from_str(&alert.facts).unwrap_or_default();
    let notices = shared.store.notices_of(&alert.id).await?;
    Ok(Shown {
        title: alerts::title(&alert.kind, &alert.subject, &facts),
        advice: alerts::advice(&alert.kind, &alert.subject),
        facts,
        id: alert.id,
        kind: alert.kind,
        subject: alert.subject,
        began_at: alert.began_at,
        held_at: alert.held_at,
        ended_at: alert.ended_at,
        notices: notices.into_iter().map(Notice::from).collect(),
    })
}

impl From<AlertNotice> for Notice {
    fn from(notice: AlertNotice) -> Self {
        let waits = notice.state == trunkline_store::NoticeState::Waiting;
        Self {
            channel: notice.channel,
            word: notice.word.as_str().to_owned(),
            state: notice.state.as_str().to_owned(),
            attempts: notice.attempts,
            code: notice.code,
            message: notice.message,
            created_at: notice.created_at,
            next_at: waits.then_some(notice.next_at),
            sent_at: notice.sent_at,
        }
    }
}
