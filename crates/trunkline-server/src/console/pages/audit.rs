//! The audit log: who changed what.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::{
        audit::{self, AuditQuery, Shown},
        read::Query,
    },
    console::{
        fields::Fields,
        page::{Asked, Group, Page, View},
        parts,
        visit::Visit,
    },
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![Page::look("audit.list", "/audit", Role::Admin, list).in_menu(Group::Process, "log", "Audit log")]
}

/// Some entries, and what they were narrowed by.
#[derive(Default)]
struct Audit {
    items: Vec<Shown>,
    next: Option<i64>,
    asked: Fields,
}

impl View for Audit {
    fn title(&self) -> String {
        "Audit log".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Every change: who made it, what was done, and to what.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let rows: Vec<_> = self
            .items
            .iter()
            .map(|entry| {
                vec![
                    parts::moment(entry.at, visit.now()),
                    html! { (entry.by_whom) },
                    html! { code { (entry.deed) } },
                    html! { (entry.subject) },
                ]
            })
            .collect();
        html! {
            form class="filter" method="get" action=(visit.to("/audit")) role="search" {
                div class="field" { label for="by" { "By whom" } input id="by" name="by_whom" value=(self.asked.get("by_whom")) autocomplete="off"; }
                div class="field" { label for="deed" { "Deeds that begin with" } input id="deed" name="deed" placeholder="connections" value=(self.asked.get("deed")) autocomplete="off"; }
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if rows.is_empty() {
                (parts::empty(visit, "log", "Nothing was changed", "As soon as somebody changes something, here or by the API, it stands here.", None))
            } @else {
                (parts::table("Changes", &["When", "By whom", "Deed", "To what"], rows))
                (parts::older(visit, "/audit", self.next.map(|next| self.asked.with("before", &next.to_string()))))
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let entry = Shown {
            seq: 1,
            at: "2026-03-01T10:00:00Z".parse().expect("a moment"),
            by_whom: "ann".to_owned(),
            deed: "connections.rename".to_owned(),
            subject: "<script>alert(1)</script>".to_owned(),
        };
        vec![
            (
                "nothing",
                Self {
                    asked: Fields::of(&[("by_whom", "\"><script>")]),
                    ..Self::default()
                },
            ),
            (
                "some",
                Self {
                    items: vec![entry],
                    next: Some(1),
                    ..Self::default()
                },
            ),
        ]
    }
}

async fn list(asked: Asked) -> Result<Audit, Refusal> {
    let before = match asked.query.given("before") {
        Some(text) => Some(
            text.parse()
                .map_err(|_| Refusal::of_field("before", "is not a number"))?,
        ),
        None => None,
    };
    let query = AuditQuery {
        by_whom: asked.query.given("by_whom"),
        deed: asked.query.given("deed"),
        before,
        ..AuditQuery::default()
    };
    let Json(found) = audit::list(State(asked.shared), Query(query)).await?;
    Ok(Audit {
        items: found.items,
        next: found.next,
        asked: asked.query,
    })
}
