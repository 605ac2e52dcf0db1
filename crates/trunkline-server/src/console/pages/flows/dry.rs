//! A dry run: the first records of a flow's source, and what would become of them; and running it now.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{ONE, tried};
use crate::{
    api::{
        flows::{self, DryRun, Tried},
        read::{Body, Named},
    },
    console::{
        page::{Again, Asked, Done, Page, View},
        parts,
        visit::{Visit, named},
    },
};

pub(super) const RUN: &str = "/flows/{flow}/run";
pub(super) const DRY: &str = "/flows/{flow}/dry-run";
/// How many records may be asked for.
const COUNTS: [(&str, &str); 4] = [
    ("1", "1 record"),
    ("10", "10 records"),
    ("50", "50 records"),
    ("100", "100 records"),
];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::deed("flows.run", RUN, Role::Operate, run),
        Page::deed("flows.dry_run", DRY, Role::Operate, dry),
    ]
}

/// The form that asks for a dry run.
pub(super) fn form(visit: &Visit, flow: &str, chosen: &str) -> Markup {
    parts::form(
        visit,
        &named(DRY, flow),
        &html! {
            div class="inline" {
                (parts::choice("limit", "Dry run with", chosen, &COUNTS))
                button { (parts::icon(visit, "search")) "Show what would happen" }
            }
            p class="hint" { "The source is really read; nothing is brought anywhere, and the flow's position stays where it is." }
        },
    )
}

/// What a dry run showed.
struct Dry {
    flow: String,
    limit: String,
    tried: Tried,
}

impl View for Dry {
    fn title(&self) -> String {
        format!("Dry run of {}", self.flow)
    }

    fn lead(&self) -> Option<String> {
        Some("What would become of these records.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        Some(html! { (parts::link(visit, &named(ONE, &self.flow), None, "To the flow")) })
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-label="Again" { (form(visit, &self.flow, &self.limit)) }
            section class="card" aria-label="What would happen" { (tried::shown(visit, &self.tried, "")) }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let dry = |tried| Self {
            flow: "urgent".to_owned(),
            limit: "10".to_owned(),
            tried,
        };
        let wrong = Tried {
            mistakes: super::edit::sample_mistakes(),
            ..Tried::default()
        };
        vec![
            ("some", dry(tried::sample())),
            ("none", dry(Tried::default())),
            ("wrong", dry(wrong)),
        ]
    }
}

async fn run(asked: Asked) -> Result<Done, Again<Infallible>> {
    let (_, Json(flow)) = flows::run_now(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = "It runs now, beside its schedule.";
    Ok(Done::to(named(ONE, &flow.name), flow.name, note))
}

async fn dry(asked: Asked) -> Result<Done, Again<Dry>> {
    let flow = asked.name();
    let limit = asked.form.get("limit").to_owned();
    let body = DryRun {
        limit: limit.parse().ok(),
    };
    let Json(tried) = flows::dry_run(State(asked.shared.clone()), Named(flow.clone()), Body(body)).await?;
    let view = Dry {
        flow: flow.clone(),
        limit,
        tried,
    };
    Err(Again::shown(view, flow))
}
