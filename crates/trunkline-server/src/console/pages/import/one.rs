//! One import: how far it is, what became of each row, the rejected rows to keep; stopped, resumed, given up.

use std::convert::Infallible;

use axum::{Extension, Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{counts, state};
use crate::{
    api::{
        batches::{self, Rows, Shown, WhichRows},
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Download, Page, View, sentence},
        pages::actions::caller,
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

/// One import.
pub(super) const ONE: &str = "/import/{id}";
const REJECTS: &str = "/import/{id}/rejects";
const STOP: &str = "/import/{id}/stop";
const RESUME: &str = "/import/{id}/resume";
const ABANDON: &str = "/import/{id}/abandon";
/// How many rows are on a page.
const SHOWN: u32 = 100;

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("batches.show", ONE, Role::Operate, show).live(),
        Page::file("batches.rejects", REJECTS, Role::Operate, rejects),
        Page::deed("batches.stop", STOP, Role::Operate, stop),
        Page::deed("batches.resume", RESUME, Role::Operate, resume),
        Page::deed("batches.abandon", ABANDON, Role::Operate, abandon),
    ]
}

/// An import and some of its rows.
struct One {
    batch: Shown,
    /// None where they are not kept here.
    rows: Option<Rows>,
    asked: Fields,
    refusal: Option<Refusal>,
}

const OUTCOMES: [(&str, &str); 6] = [
    ("", "any"),
    ("rejected", "rejected"),
    ("created", "created"),
    ("updated", "updated"),
    ("unchanged", "unchanged"),
    ("skipped", "left out"),
];

impl One {
    fn progress(&self, visit: &Visit) -> Markup {
        let batch = &self.batch;
        let path = |path| named(path, &batch.id);
        let is_left = matches!(batch.state, "stopped" | "interrupted");
        html! {
            p {
                (state(batch.state)) " " (words::count(batch.done))
                @if let Some(rows) = batch.rows { " of " (words::some(rows, "row")) } @else { " rows" }
                ": " (counts(batch)) "."
            }
            @if let Some(rows) = batch.rows { progress class="bar-of" value=(batch.done) max=(rows.max(1)) aria-label="Rows that are done with" {} }
            @if let Some(waiting) = &batch.waiting { p class="hint" { "Waiting: " (waiting) } }
            @if let Some(trouble) = &batch.trouble {
                p class="wrong" { "It stopped: " (sentence(&trouble.message)) " " code { (trouble.code) } }
                p class="hint" { (trouble.advice) }
            }
            @if batch.state == "interrupted" { p class="hint" { "The process that was at it ended. No row is carried out twice when you go on." } }
            div class="actions" {
                @if batch.state == "running" { (parts::press(visit, &path(STOP), Some("pause"), "Stop")) }
                @if is_left {
                    (parts::press(visit, &path(RESUME), Some("play"), "Go on"))
                    (parts::press(visit, &path(ABANDON), Some("trash"), "Give it up"))
                }
                @if batch.has_rejects { (parts::link(visit, &path(REJECTS), Some("out"), "Download the rejected rows")) }
            }
        }
    }

    fn rows(visit: &Visit, rows: &Rows) -> Markup {
        let lines = rows
            .items
            .iter()
            .map(|row| {
                let tone = match row.outcome.as_str() {
                    "created" | "updated" => Tone::Good,
                    "rejected" => Tone::Bad,
                    _ => Tone::Quiet,
                };
                vec![
                    html! { (row.line) },
                    badge(tone, if row.outcome == "skipped" { "left out" } else { &row.outcome }),
                    html! {
                        @if let Some(error) = &row.error { span class="wrong" { (error) } " " code { (row.code.as_deref().unwrap_or_default()) } }
                        @else if let Some(id) = &row.id { code { (id) } }
                        @else { span class="quiet" { "—" } }
                    },
                    html! {
                        @match row.run.as_deref() {
                            Some(run) if !run.is_empty() => a href=(visit.at("/writes/{id}", run)) { "what was written" },
                            _ => span class="quiet" { "nothing was written" },
                        }
                    },
                ]
            })
            .collect();
        parts::table("Rows", &["Line", "Outcome", "Object or reason", "History"], lines)
    }
}

impl View for One {
    fn title(&self) -> String {
        format!("Import of {}", self.batch.name)
    }

    fn lead(&self) -> Option<String> {
        Some(format!("Each row by {}.", self.batch.action))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let path = named(ONE, &self.batch.id);
        html! {
            section class="card" aria-label="How far it is" { (parts::region("progress", &self.progress(visit))) }
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            section aria-labelledby="rows" {
                h2 id="rows" { "Rows" }
                @match &self.rows {
                    None => p class="quiet" { "What became of its rows is not kept here: it was published by the command line without a file of results, or on another machine." },
                    Some(rows) => {
                        form class="filter" method="get" action=(visit.to(&path)) {
                            (parts::choice("outcome", "Outcome", self.asked.get("outcome"), &OUTCOMES))
                            button { "Show" }
                        }
                        @if rows.items.is_empty() { p class="quiet" { "No row is like this, so far." } }
                        @else {
                            (Self::rows(visit, rows))
                            @if let Some(next) = rows.next {
                                p class="more" { a class="button" href={ (visit.to(&path)) "?" (self.asked.with("after", &next.to_string())) } { "More" } }
                            }
                        }
                    }
                }
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![("progress", self.progress(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let one = |batch, rows| Self {
            batch,
            rows,
            asked: Fields::of(&[("outcome", "rejected")]),
            refusal: None,
        };
        let row = |outcome: &str, error: Option<&str>| batches::Row {
            row: 1,
            line: 2,
            outcome: outcome.to_owned(),
            run: (outcome == "created").then(|| "0190a".to_owned()),
            id: Some("6723<b>".to_owned()),
            code: error.map(|_| "TL0702".to_owned()),
            error: error.map(str::to_owned),
        };
        let rows = Rows {
            items: vec![
                row("created", None),
                row("skipped", None),
                row("rejected", Some("no <b>email</b>")),
            ],
            next: Some(2),
        };
        let stopped = Shown {
            state: "stopped",
            trouble: Some(batches::Trouble {
                code: "TL0401".to_owned(),
                message: "the token is <i>over</i>".to_owned(),
                advice: "Grant again.".to_owned(),
            }),
            ..sample()
        };
        let elsewhere = Shown {
            state: "interrupted",
            rows: None,
            has_rows: false,
            has_rejects: false,
            ..sample()
        };
        vec![
            ("under way", one(sample(), Some(rows))),
            ("stopped", one(stopped, Some(Rows::default()))),
            ("of another machine", one(elsewhere, None)),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let id = asked.name();
    let Json(batch) = batches::show(State(asked.shared.clone()), Named(id.clone())).await?;
    let which = WhichRows {
        outcome: asked.query.given("outcome"),
        after: asked.query.get("after").parse().ok(),
        limit: Some(SHOWN),
    };
    let (mut rows, mut refusal) = (None, None);
    if batch.has_rows {
        match batches::rows(State(asked.shared.clone()), Named(id), Query(which)).await {
            Ok(Json(found)) => rows = Some(found),
            Err(wrong) if wrong.field.is_some() => {
                rows = Some(Rows::default());
                refusal = Some(wrong);
            }
            // Its files are on another machine, or are gone.
            Err(_) => {}
        }
    }
    Ok(One {
        batch,
        rows,
        asked: asked.query,
        refusal,
    })
}

async fn rejects(asked: Asked) -> Result<Download, Refusal> {
    let Json(table) = batches::rejects(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Download {
        name: table.name,
        kind: "text/csv; charset=utf-8",
        text: table.text,
    })
}

async fn stop(asked: Asked) -> Result<Done, Again<Infallible>> {
    let id = asked.name();
    let Json(_) = batches::stop(State(asked.shared.clone()), Named(id.clone())).await?;
    let note = "It stops after what is under way.";
    Ok(Done::to(named(ONE, &id), id, note))
}

async fn resume(asked: Asked) -> Result<Done, Again<Infallible>> {
    let id = asked.name();
    let who = Extension(caller(&asked.visit));
    let (_, Json(_)) = batches::resume(State(asked.shared.clone()), who, Named(id.clone())).await?;
    Ok(Done::to(named(ONE, &id), id, "It goes on where it was."))
}

async fn abandon(asked: Asked) -> Result<Done, Again<Infallible>> {
    let id = asked.name();
    let Json(_) = batches::abandon(State(asked.shared.clone()), Named(id.clone())).await?;
    Ok(Done::to(
        named(ONE, &id),
        id,
        "It is given up; what was written stays.",
    ))
}

#[cfg(test)]
pub(super) fn sample() -> Shown {
    Shown {
        id: "0190a".to_owned(),
        workspace: "abcd1234".to_owned(),
        action: "contacts.upsert".to_owned(),
        name: "people<b>.csv".to_owned(),
        state: "running",
        rows: Some(1_000),
        done: 400,
        created: 100,
        updated: 200,
        unchanged: 90,
        skipped: 5,
        rejected: 5,
        waiting: Some("the <i>limit</i>".to_owned()),
        trouble: None,
        has_rows: true,
        has_rejects: true,
        started_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        updated_at: "2026-03-01T11:59:00Z".parse().expect("a moment"),
    }
}
