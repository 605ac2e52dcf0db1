//! Alerts: what stands, what ended, and the channels that are told.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::{
        alerts::{self, AlertsQuery, ChannelShown, Shown},
        read::{Named, Query},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View, sentence},
        parts::{self, Tone, badge},
        visit::{Visit, named},
    },
    reply::Refusal,
};

/// How many that ended are shown.
const ENDED: u32 = 50;

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("alerts.list", "/alerts", Role::Read, list)
            .in_menu(Group::Now, "alert", "Alerts")
            .live(),
        Page::deed("alerts.test", "/alerts/channels/{name}/test", Role::Operate, test),
    ]
}

/// What stands, what ended, and who is told.
struct Alerts {
    standing: Vec<Shown>,
    ended: Vec<Shown>,
    channels: Vec<ChannelShown>,
}

/// Where somebody goes who is told of this kind of alert.
pub(super) fn place(kind: &str, subject: &str) -> Option<String> {
    match kind {
        "connection_needs_grant" => Some(named("/connections/{name}", subject)),
        "mirror_stale" | "subscription_silent" => Some(named("/mirrors/{name}", subject)),
        _ => None,
    }
}

impl Alerts {
    fn now(&self, visit: &Visit) -> Markup {
        if self.standing.is_empty() {
            return html! { p class="well" { span class="badge good" { "All is well" } } };
        }
        html! {
            @for alert in &self.standing {
                section class="card" aria-label=(alert.title) {
                    p {
                        (badge(Tone::Bad, &alert.kind.replace('_', " "))) " "
                        strong { (alert.title) } " "
                        span class="quiet" { "since " (parts::moment(alert.began_at, visit.now())) }
                    }
                    p { (alert.advice) }
                    @if let Some(place) = place(&alert.kind, &alert.subject) { p { (parts::link(visit, &place, None, "Look at it")) } }
                    (told(alert))
                }
            }
        }
    }
}

/// Who was told, and whether it arrived.
fn told(alert: &Shown) -> Markup {
    html! {
        @for notice in &alert.notices {
            p class="hint" {
                "Told " (notice.channel) ": " (notice.state)
                @if let Some(message) = &notice.message { ", " (message) }
            }
        }
    }
}

impl View for Alerts {
    fn title(&self) -> String {
        "Alerts".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What somebody should look at, and who was told.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let ended = self
            .ended
            .iter()
            .map(|alert| {
                vec![
                    html! { (alert.title) },
                    parts::moment(alert.began_at, visit.now()),
                    parts::moment_or(alert.ended_at, visit.now(), ""),
                ]
            })
            .collect();
        let channels = self
            .channels
            .iter()
            .map(|channel| {
                let newest = channel.newest.as_ref();
                vec![
                    html! { strong { (channel.name) } },
                    html! { (channel.kind) },
                    html! { @if channel.only.is_empty() { "everything" } @else { (channel.only.join(", ").replace('_', " ")) } },
                    html! { @match newest { Some(notice) => { (notice.state) @if let Some(message) = &notice.message { ": " (message) } }, None => span class="quiet" { "nothing yet" } } },
                    html! { @if visit.may(Role::Operate) { (parts::press(visit, &named("/alerts/channels/{name}/test", &channel.name), Some("play"), "Send a test")) } },
                ]
            })
            .collect();
        html! {
            (parts::region("standing", &self.now(visit)))
            (parts::section("channels", "Channels", &html! {
                @if self.channels.is_empty() {
                    p class="quiet" { "Nobody is told yet. Channels (chat, mail, HTTP) are set in " code { "trunkline.toml" } "." }
                } @else { (parts::table("Channels", &["Name", "Kind", "Told of", "Last notice", parts::DEEDS], channels)) }
            }))
            @if !self.ended.is_empty() {
                (parts::section("ended", "Ended", &parts::table("Alerts that ended", &["What", "Began", "Ended"], ended)))
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![("standing", self.now(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use crate::api::alerts::Notice;
        let at = "2026-03-01T11:00:00Z".parse().expect("a moment");
        let notice = || Notice {
            channel: "ops".to_owned(),
            word: "began".to_owned(),
            state: "failed".to_owned(),
            attempts: 3,
            code: Some("TL0910".to_owned()),
            message: Some("<b>refused</b>".to_owned()),
            created_at: at,
            next_at: None,
            sent_at: None,
        };
        let alert = |kind: &str, ended_at| Shown {
            id: "1".to_owned(),
            kind: kind.to_owned(),
            subject: "acme".to_owned(),
            title: "acme <script>alert(1)</script>".to_owned(),
            advice: "Grant access again.".to_owned(),
            facts: serde_json::Value::Null,
            began_at: at,
            held_at: at,
            ended_at,
            notices: vec![notice()],
        };
        let channel = ChannelShown {
            name: "ops".to_owned(),
            kind: "chat".to_owned(),
            only: vec!["flow_failed".to_owned()],
            waiting: 0,
            newest: Some(notice()),
        };
        vec![
            (
                "all is well",
                Self {
                    standing: Vec::new(),
                    ended: Vec::new(),
                    channels: Vec::new(),
                },
            ),
            (
                "some",
                Self {
                    standing: vec![
                        alert("connection_needs_grant", None),
                        alert("mirror_stale", None),
                        alert("flow_failed", None),
                    ],
                    ended: vec![alert("dead_letters", Some(at))],
                    channels: vec![channel],
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<Alerts, Refusal> {
    let some = async |ended, limit| {
        let query = AlertsQuery {
            ended: Some(ended),
            limit: Some(limit),
        };
        let Json(found) = alerts::list(State(asked.shared.clone()), Query(query)).await?;
        Ok::<_, Refusal>(found.items)
    };
    let Json(channels) = alerts::channels(State(asked.shared.clone())).await?;
    Ok(Alerts {
        standing: some(false, ENDED).await?,
        ended: some(true, ENDED).await?,
        channels: channels.items,
    })
}

async fn test(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    let Json(found) = alerts::test(State(asked.shared.clone()), Named(name.clone())).await?;
    if found.is_taken {
        let note = format!("{name} took the message.");
        return Ok(Done::to("/alerts", name, note));
    }
    let text = |part: Option<String>| part.map(|part| sentence(&part)).unwrap_or_default();
    let note = format!("{} {}", text(found.message), text(found.advice));
    Ok(Done::to("/alerts", name, note).but())
}
