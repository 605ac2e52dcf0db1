//! Putting back what a run wrote: what that would do is shown first.

use std::convert::Infallible;

use axum::{Extension, Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_actions::Plan;
use trunkline_store::Role;

use super::{
    super::actions::{caller, shown},
    ONE, text,
};
use crate::{
    api::{
        actions::Planned,
        connections,
        read::{Body, Named},
        writes::{self, Undo},
    },
    console::{
        page::{Again, Asked, Done, Page, View},
        parts,
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

/// What putting a run back would do, and doing it.
pub(super) const UNDO: &str = "/writes/{id}/undo";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("action_runs.plan_undo", UNDO, Role::Operate, plan),
        Page::deed("action_runs.undo", UNDO, Role::Operate, undo),
    ]
}

/// What putting a run back would do.
struct Before {
    id: String,
    action: String,
    plan: Plan,
}

impl View for Before {
    fn title(&self) -> String {
        format!("Undo a run of {}?", self.action)
    }

    fn lead(&self) -> Option<String> {
        Some(
            "Only values that the run wrote are put back; what somebody changed since stays as it is."
                .to_owned(),
        )
    }

    fn main(&self, visit: &Visit) -> Markup {
        let back = named(ONE, &self.id);
        html! {
            section class="card" aria-labelledby="plan" {
                h2 id="plan" { "What would be written" }
                (shown::plan(visit, &self.plan))
                div class="actions" {
                    @if !self.plan.writes.is_empty() {
                        (parts::form(visit, &named(UNDO, &self.id), &html! { button class="first" { (parts::icon(visit, "again")) "Put it back" } }))
                    }
                    (parts::link(visit, &back, None, "Leave it"))
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let before = |plan| Self {
            id: "0190a".to_owned(),
            action: "contacts.<b>".to_owned(),
            plan,
        };
        let nothing = Plan {
            writes: Vec::new(),
            ..shown::sample()
        };
        vec![
            ("something", before(shown::sample())),
            ("nothing", before(nothing)),
        ]
    }
}

/// The connection whose workspace has this code.
pub(super) async fn connection_of(asked: &Asked, workspace: &str) -> Result<Option<String>, Refusal> {
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    Ok(all
        .items
        .into_iter()
        .find(|connection| {
            let own = connection.workspace.as_ref();
            own.is_some_and(|own| own.id_code == workspace)
        })
        .map(|connection| connection.name))
}

/// The action of a run, and where it is undone.
async fn of(asked: &Asked) -> Result<(String, Undo), Refusal> {
    let Json(found) = writes::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let connection = connection_of(asked, text(&found.run, "workspace")).await?;
    Ok((text(&found.run, "action").to_owned(), Undo { connection }))
}

async fn plan(asked: Asked) -> Result<Before, Refusal> {
    let (action, undo) = of(&asked).await?;
    let who = Extension(caller(&asked.visit));
    let id = Named(asked.name());
    let Json(Planned { plan }) = writes::plan_undo(State(asked.shared.clone()), who, id, Body(undo)).await?;
    Ok(Before {
        id: asked.name(),
        action,
        plan,
    })
}

async fn undo(asked: Asked) -> Result<Done, Again<Infallible>> {
    let (_, undo) = of(&asked).await?;
    let who = Extension(caller(&asked.visit));
    let id = Named(asked.name());
    let Json(done) = writes::undo(State(asked.shared.clone()), who, id, Body(undo)).await?;
    let (back, left) = counted(&done.output);
    let go = match done.run.as_deref() {
        Some(run) if !run.is_empty() => named(ONE, run),
        _ => named(ONE, &asked.name()),
    };
    let note = match (back, left.as_slice()) {
        (0, []) => "There was nothing to put back.".to_owned(),
        (back, []) => format!("{} put back.", words::some(back, "write")),
        (back, [first, ..]) => format!(
            "{} put back, {} left: {first}.",
            words::some(back, "write"),
            words::some(left.len() as u64, "write")
        ),
    };
    let done = Done::to(go, asked.name(), note);
    Ok(if left.is_empty() { done } else { done.but() })
}

/// How many writes were put back, and why others were not.
fn counted(report: &Value) -> (u64, Vec<String>) {
    let lines = report.as_array().map(Vec::as_slice).unwrap_or_default();
    let back = lines.iter().filter(|line| text(line, "outcome") == "put back");
    let left = lines.iter().filter(|line| text(line, "outcome") == "left");
    (
        back.count() as u64,
        left.map(|line| text(line, "reason").to_owned()).collect(),
    )
}
