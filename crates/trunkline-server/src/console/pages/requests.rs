//! The request log: calls to Intercom and grants.

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use crate::{
    api::{
        connections,
        read::Query,
        requests::{self, RequestsQuery, Shown},
    },
    console::{
        fields::Fields,
        page::{Asked, Group, Page, View},
        parts::{self, Tone, badge},
        visit::Visit,
        words,
    },
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("requests.list", "/requests", Role::Read, list)
            .in_menu(Group::Workspace, "list", "Requests")
            .live(),
    ]
}

/// Some requests, and what they were narrowed by.
#[derive(Default)]
struct Requests {
    items: Vec<Shown>,
    next: Option<i64>,
    asked: Fields,
    connections: Vec<String>,
    /// A connection that keeps a log is there.
    is_kept: bool,
    refusal: Option<Refusal>,
}

const STATUSES: [(&str, &str); 5] = [
    ("", "any"),
    ("2xx", "2xx: succeeded"),
    ("4xx", "4xx: refused"),
    ("5xx", "5xx: failed"),
    ("none", "no answer"),
];

impl Requests {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|request| {
                let text = |name: &str| {
                    let value = request.record.as_ref().and_then(|record| record.get(name));
                    value.and_then(Value::as_str).unwrap_or_default().to_owned()
                };
                let number = |name: &str| request.record.as_ref().and_then(|record| record.get(name)?.as_u64()).unwrap_or(0);
                vec![
                    parts::moment(request.at, visit.now()),
                    status(request.status),
                    html! {
                        strong { (text("operation")) }
                        br;
                        span class="quiet" { code { (text("method")) " " (text("path")) } }
                        @if !text("error").is_empty() { br; span class="wrong" { (text("error")) } }
                    },
                    html! { (request.connection) },
                    html! { (words::count(number("duration_ms"))) " ms" @if number("attempt") > 1 { span class="quiet" { ", attempt " (number("attempt")) } } },
                    html! { code class="quiet" { (text("request_id")) } },
                ]
            })
            .collect();
        parts::table(
            "Requests",
            &[
                "When",
                "Status",
                "Operation",
                "Connection",
                "Took",
                "Intercom's id",
            ],
            rows,
        )
    }
}

fn status(status: Option<u16>) -> Markup {
    match status {
        Some(status @ 200..=299) => badge(Tone::Good, &status.to_string()),
        Some(status @ 300..=499) => badge(Tone::Warn, &status.to_string()),
        Some(status) => badge(Tone::Bad, &status.to_string()),
        None => badge(Tone::Bad, "no answer"),
    }
}

impl View for Requests {
    fn title(&self) -> String {
        "Requests".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Calls to Intercom and grants, without what was sent in them.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let mut names: Vec<(&str, &str)> = vec![("", "any")];
        names.extend(self.connections.iter().map(|name| (name.as_str(), name.as_str())));
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to("/requests")) role="search" {
                (parts::choice("connection", "Connection", self.asked.get("connection"), &names))
                (parts::choice("status", "Status", self.asked.get("status"), &STATUSES))
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if !self.items.is_empty() {
                @if self.asked.has("before") { (self.table(visit)) } @else { (parts::region("requests", &self.table(visit))) }
                (parts::older(visit, "/requests", self.next.map(|next| self.asked.with("before", &next.to_string()))))
            } @else if self.is_kept {
                (parts::empty(visit, "list", "No requests", "Nothing fits, or nothing was asked of Intercom in the last days.", None))
            } @else {
                (parts::empty(visit, "list", "No log is kept", "A connection keeps a log of its requests when that is switched on for it.",
                    Some(parts::link(visit, "/connections", None, "To the connections"))))
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.items.is_empty() || self.asked.has("before") {
            return Vec::new();
        }
        vec![("requests", self.table(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let request = |status| Shown {
            seq: 1,
            connection: "acme".to_owned(),
            at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
            status,
            record: Some(serde_json::json!({
                "operation": "contacts.search", "method": "POST", "path": "/contacts/{id}<script>", "duration_ms": 1200, "attempt": 2,
                "error": "<b>cut</b>", "request_id": "abc",
            })),
        };
        let items = vec![
            request(Some(200)),
            request(Some(404)),
            request(Some(500)),
            request(None),
        ];
        vec![
            ("no log", Self::default()),
            (
                "nothing",
                Self {
                    is_kept: true,
                    ..Self::default()
                },
            ),
            (
                "some",
                Self {
                    items,
                    next: Some(1),
                    is_kept: true,
                    connections: vec!["acme".to_owned()],
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    refusal: Some(Refusal::of_field("status", "is no status")),
                    ..Self::default()
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<Requests, Refusal> {
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let is_kept = all.items.iter().any(|connection| connection.logs_requests);
    let query = RequestsQuery {
        connection: asked.query.given("connection"),
        status: asked.query.given("status"),
        before: asked.query.get("before").parse().ok(),
        since: None,
        limit: None,
    };
    let mut view = Requests {
        connections: all.items.into_iter().map(|connection| connection.name).collect(),
        is_kept,
        ..Requests::default()
    };
    match requests::list(State(asked.shared), Query(query)).await {
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
