//! Webhooks: notifications as they come, one with its body, replay, and what Intercom must be told.

use std::convert::Infallible;

use axum::{Json, extract::State};
use http::StatusCode;
use maud::{Markup, html};
use trunkline_catalog::Catalog;
use trunkline_store::Role;

use crate::{
    api::{
        connections,
        notifications::{self, NotificationsQuery, Progress, Replay, Shown, Whole},
        read::{Body, Named, Query},
    },
    console::{
        clean,
        fields::Fields,
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
    sign_in::under,
};

const ONE: &str = "/notifications/{id}";

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("notifications.list", "/notifications", Role::Read, list)
            .in_menu(Group::Workspace, "bell", "Webhooks")
            .live(),
        Page::look("notifications.setup", "/notifications/setup", Role::Read, setup),
        Page::look("notifications.show", ONE, Role::Read, show),
        Page::deed(
            "notifications.replay",
            "/notifications/{id}/replay",
            Role::Operate,
            replay,
        ),
        Page::deed(
            "notifications.replay_some",
            "/notifications/replay",
            Role::Operate,
            replay_failed,
        ),
    ]
}

/// Some notifications, and what they were narrowed by.
#[derive(Default)]
struct List {
    items: Vec<Shown>,
    next: Option<i64>,
    asked: Fields,
    refusal: Option<Refusal>,
}

const STATES: [(&str, &str); 4] = [
    ("", "any"),
    ("waiting", "waiting"),
    ("done", "done"),
    ("failed", "failed"),
];

/// How far a notification has come, in a word.
fn progress(state: Progress) -> Markup {
    match state {
        Progress::Waiting => badge(Tone::Busy, "waiting"),
        Progress::Done => badge(Tone::Good, "done"),
        Progress::Failed => badge(Tone::Bad, "failed"),
    }
}

impl List {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|one| {
                vec![
                    parts::moment(one.received_at, visit.now()),
                    html! { a href=(visit.at(ONE, &one.seq.to_string())) { strong { (one.topic) } } },
                    html! { (progress(one.state)) @if let Some(error) = &one.error { br; span class="wrong" { (error) } } },
                    html! { code { (one.workspace) } },
                    html! { code class="quiet" { (one.id.as_deref().unwrap_or("ping")) } },
                ]
            })
            .collect();
        parts::table(
            "Notifications",
            &["Received", "Topic", "State", "Workspace", "Intercom's id"],
            rows,
        )
    }

    fn is_narrowed(&self) -> bool {
        ["topics", "state", "before"]
            .iter()
            .any(|name| self.asked.given(name).is_some())
    }
}

impl View for List {
    fn title(&self) -> String {
        "Webhooks".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What Intercom told, as it comes. Only what was signed rightly stands here.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        Some(parts::link(
            visit,
            "/notifications/setup",
            Some("settings"),
            "What to tell Intercom",
        ))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let is_failed = self.asked.get("state") == "failed" && !self.items.is_empty();
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to("/notifications")) role="search" {
                div class="field" { label for="topics" { "Topics" } input id="topics" name="topics" placeholder="conversation.*" value=(self.asked.get("topics")) autocomplete="off"; }
                (parts::choice("state", "State", self.asked.get("state"), &STATES))
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if is_failed && visit.may(Role::Operate) {
                p { (parts::press(visit, "/notifications/replay", Some("again"), "Apply all failed ones once more")) }
            }
            @if self.items.is_empty() && self.is_narrowed() {
                (parts::empty(visit, "bell", "Nothing fits", "No notification that is kept is like this.", Some(parts::link(visit, "/notifications", None, "Show all"))))
            } @else if self.items.is_empty() {
                (parts::empty(visit, "bell", "Nothing was received yet", "Tell Intercom where to send its webhooks, and they appear here the moment they come.",
                    Some(parts::first_link(visit, "/notifications/setup", None, "What to tell Intercom"))))
            } @else {
                @if self.asked.has("before") { (self.table(visit)) } @else { (parts::region("notifications", &self.table(visit))) }
                (parts::older(visit, "/notifications", self.next.map(|next| self.asked.with("before", &next.to_string()))))
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.items.is_empty() || self.asked.has("before") {
            return Vec::new();
        }
        vec![("notifications", self.table(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let items = || {
            vec![
                sample(Progress::Waiting),
                sample(Progress::Done),
                sample(Progress::Failed),
            ]
        };
        let failed = Fields::of(&[("state", "failed"), ("topics", "\"><script>")]);
        vec![
            ("none", Self::default()),
            (
                "some",
                Self {
                    items: items(),
                    next: Some(1),
                    ..Self::default()
                },
            ),
            (
                "failed",
                Self {
                    items: items(),
                    asked: failed.clone(),
                    ..Self::default()
                },
            ),
            (
                "nothing fits",
                Self {
                    asked: failed,
                    refusal: Some(Refusal::of_field("topics", "is no topic")),
                    ..Self::default()
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let state = match asked.query.get("state") {
        "waiting" => Some(Progress::Waiting),
        "done" => Some(Progress::Done),
        "failed" => Some(Progress::Failed),
        _ => None,
    };
    let query = NotificationsQuery {
        topics: asked.query.given("topics"),
        state,
        before: asked.query.get("before").parse().ok(),
        ..NotificationsQuery::default()
    };
    let mut view = List::default();
    match notifications::list(State(asked.shared), Query(query)).await {
        Ok(Json(found)) => {
            view.items = found.items;
            view.next = found.next;
        }
        Err(refusal) if refusal.field.is_some() => view.refusal = Some(refusal),
        Err(refusal) => return Err(refusal),
    }
    view.asked = asked.query;
    Ok(view)
}

/// One notification.
struct One {
    whole: Whole,
    /// The name of the connection or app whose secret its signature fits.
    via: String,
}

impl View for One {
    fn title(&self) -> String {
        self.whole.notification.topic.clone()
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let path = named(
            "/notifications/{id}/replay",
            &self.whole.notification.seq.to_string(),
        );
        visit
            .may(Role::Operate)
            .then(|| parts::press(visit, &path, Some("again"), "Apply once more"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let one = &self.whole.notification;
        let now = visit.now();
        html! {
            section class="card" aria-label="The notification" {
                (parts::facts(vec![
                    ("State", html! {
                        (progress(one.state))
                        @if one.attempts > 1 { " " span class="quiet" { "after " (words::some(one.attempts.unsigned_abs(), "attempt")) } }
                        @if let Some(error) = &one.error { p class="wrong" { (error) } }
                    }),
                    ("Signature", html! { (badge(Tone::Good, "fits")) " " span class="quiet" { "the secret of " (self.via) } }),
                    ("Received", parts::moment(one.received_at, now)),
                    ("Made", parts::moment_or(one.created_at, now, "not said")),
                    ("Workspace", html! { code { (one.workspace) } }),
                    ("Intercom's id", html! { @match &one.id { Some(id) => code { (id) }, None => span class="quiet" { "none: it is a ping" } } }),
                    ("Our number", html! { (one.seq) }),
                ]))
            }
            @let written = written(&self.whole.body);
            @if !written.is_empty() {
                (parts::section("written", "What was written", &html! { @for text in &written { div class="written" { (clean::html(text)) } } }))
            }
            (parts::section("body", "Body", &parts::block(&pretty(&self.whole.body))))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let whole = |body: &str, state| Whole {
            notification: sample(state),
            body: body.to_owned(),
        };
        vec![
            (
                "usual",
                Self {
                    whole: whole("{\"a\":\"</pre><script>alert(1)</script>\"}", Progress::Done),
                    via: "acme".to_owned(),
                },
            ),
            (
                "a message",
                Self {
                    whole: whole(
                        "{\"data\":{\"item\":{\"source\":{\"body\":\"<p>Hello</p><script>alert(1)</script><img src=x onerror=alert(1)>\"}}}}",
                        Progress::Done,
                    ),
                    via: "acme".to_owned(),
                },
            ),
            (
                "not JSON",
                Self {
                    whole: whole("<script>alert(1)</script>", Progress::Failed),
                    via: "an app that is gone".to_owned(),
                },
            ),
        ]
    }
}

/// What people wrote, in a body: the first message of a conversation, its parts, a note.
fn written(body: &str) -> Vec<String> {
    const PLACES: [&str; 4] = [
        "/source/body",
        "/body",
        "/conversation_parts/conversation_parts",
        "/ticket_parts/ticket_parts",
    ];
    let Ok(body) = serde_json::from_str::<serde_json::Value>(body) else {
        return Vec::new();
    };
    let Some(item) = body.pointer("/data/item") else {
        return Vec::new();
    };
    PLACES
        .iter()
        .filter_map(|place| item.pointer(place))
        .flat_map(|found| match found {
            serde_json::Value::Array(parts) => {
                parts.iter().filter_map(|part| part["body"].as_str()).collect()
            }
            text => Vec::from_iter(text.as_str()),
        })
        .filter(|text| !text.trim().is_empty())
        .map(str::to_owned)
        .collect()
}

/// A body with its lines apart, if it is JSON.
fn pretty(body: &str) -> String {
    serde_json::from_str::<serde_json::Value>(body)
        .and_then(|value| serde_json::to_string_pretty(&value))
        .unwrap_or_else(|_| body.to_owned())
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(whole) = notifications::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let via = &whole.notification.via;
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let Json(apps) = crate::api::apps::list(State(asked.shared.clone())).await?;
    let connection = all
        .items
        .iter()
        .find(|one| one.id == *via)
        .map(|one| format!("the connection {}", one.name));
    let app = apps
        .items
        .iter()
        .find(|one| one.id == *via)
        .map(|one| format!("the app {}", one.name));
    let via = connection
        .or(app)
        .unwrap_or_else(|| "something that is no longer kept".to_owned());
    Ok(One { whole, via })
}

/// What Intercom must be told.
struct Setup {
    /// The one address for all apps; none while the process cannot be reached.
    shared_url: Option<String>,
    connections: Vec<(String, Option<String>)>,
    topics: Vec<&'static str>,
}

impl View for Setup {
    fn title(&self) -> String {
        "What to tell Intercom".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("In the Developer Hub, open the app, then its page Webhooks.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (parts::section("url", "Endpoint URL", &html! {
                @match &self.shared_url {
                    Some(url) => {
                        p { "One for all apps and workspaces:" }
                        (parts::copyable(visit, "the endpoint URL", url))
                        @if self.connections.iter().any(|(_, url)| url.is_some()) {
                            h3 { "Or one for each connection" }
                            @for (name, url) in &self.connections {
                                @if let Some(url) = url { p class="quiet" { (name) } (parts::copyable(visit, name, url)) }
                            }
                        }
                    }
                    None => {
                        p { "Intercom sends only to HTTPS addresses that it can reach. Start the process with the address that leads to it:" }
                        (parts::copyable(visit, "the command", "trunkline serve --public-url https://trunkline.example.com"))
                    }
                }
            }))
            (parts::section("topics", "Topics", &html! {
                p { "Choose all of them, or those that you need. What is not chosen is found by the mirror's next run." }
                p { (parts::copy_button(visit, "Copy all", &self.topics.join(", "))) }
                (parts::facts(self.topics.chunk_by(|one, other| kind(one) == kind(other)).map(|topics| {
                    (kind(topics[0]), html! { @for topic in topics { code class="topic" { (topic) } " " } })
                }).collect()))
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let url = Some("https://t.example/webhooks/acme".to_owned());
        vec![
            (
                "public",
                Self {
                    shared_url: url.clone(),
                    connections: vec![("acme".to_owned(), url)],
                    topics: vec!["contact.created", "ping"],
                },
            ),
            (
                "hidden",
                Self {
                    shared_url: None,
                    connections: Vec::new(),
                    topics: Vec::new(),
                },
            ),
        ]
    }
}

/// What a topic is about.
fn kind(topic: &str) -> &str {
    topic.split(['.', '_']).next().unwrap_or(topic)
}

async fn setup(asked: Asked) -> Result<Setup, Refusal> {
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let public = asked.shared.options.public_url.as_ref();
    Ok(Setup {
        shared_url: public.map(|url| under(url, "/webhooks/intercom").into()),
        connections: all
            .items
            .into_iter()
            .map(|one| (one.name, one.webhook_url))
            .collect(),
        topics: Catalog::embedded()
            .topics()
            .iter()
            .map(|topic| topic.name)
            .collect(),
    })
}

async fn replay(asked: Asked) -> Result<Done, Again<Infallible>> {
    let id = asked.name();
    let Json(replayed) = notifications::replay(State(asked.shared.clone()), Named(id.clone())).await?;
    let note = format!(
        "{} applied once more.",
        words::some(replayed.replayed, "notification")
    );
    Ok(Done::to(named(ONE, &id), id, note))
}

async fn replay_failed(asked: Asked) -> Result<Done, Again<Infallible>> {
    let failed = Replay {
        state: Some(Progress::Failed),
        ..Replay::default()
    };
    let Json(replayed) = notifications::replay_some(State(asked.shared.clone()), Body(failed)).await?;
    if replayed.replayed == 0 {
        return Err(Again::Refused(Refusal::new(
            StatusCode::CONFLICT,
            "TL0936",
            "nothing failed, so nothing is applied once more",
        )));
    }
    let note = format!(
        "{} applied once more.",
        words::some(replayed.replayed, "notification")
    );
    Ok(Done::to("/notifications", "failed", note))
}

#[cfg(test)]
fn sample(state: Progress) -> Shown {
    Shown {
        seq: 1,
        id: Some("notif_1".to_owned()),
        workspace: "abcd1234".to_owned(),
        topic: "contact.created<script>".to_owned(),
        via: "1".to_owned(),
        state,
        attempts: 3,
        error: matches!(state, Progress::Failed).then(|| "<b>cut</b>".to_owned()),
        received_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        created_at: None,
    }
}
