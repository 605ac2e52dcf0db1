//! Flows: the list, one with its drawing, its runs and what waits, what is done with it. `flows/edit.rs` has the editor,
//! `flows/build.rs` the same step by step, `flows/exchange.rs` Incoming and Outgoing, `flows/graph.rs` the drawing, `flows/tried.rs` what became of records that a flow was tried with.

mod build;
pub(super) mod choose;
mod dry;
mod edit;
mod exchange;
mod graph;
pub(super) mod tried;

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::deliveries;
use crate::{
    api::{
        flows::{self, Removal, Shown, Whole},
        read::{Named, Query},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const ONE: &str = "/flows/{flow}";
const EDIT: &str = "/flows/{flow}/edit";
const REMOVE: &str = "/flows/{flow}/remove";

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("flows.list", "/flows", Role::Read, list)
            .in_menu(Group::Flow, "flow", "Flows")
            .live(),
        Page::look("flows.show", ONE, Role::Read, show).live(),
        Page::deed("flows.pause", "/flows/{flow}/pause", Role::Operate, pause),
        Page::deed("flows.resume", "/flows/{flow}/resume", Role::Operate, resume),
        Page::look("flows.before_remove", REMOVE, Role::Admin, before_remove),
        Page::deed("flows.remove", REMOVE, Role::Admin, remove),
    ];
    pages.extend(dry::pages());
    pages.extend(edit::pages());
    pages.extend(build::pages());
    pages.extend(exchange::pages());
    pages
}

/// All flows.
struct List {
    items: Vec<Shown>,
}

impl List {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|flow| {
                vec![
                    html! { a href=(visit.at(ONE, &flow.name)) { strong { (flow.name) } } },
                    state(flow),
                    runs_drawn(flow),
                    parts::moment_or(flow.runs.first().map(|run| run.started_at), visit.now(), "never"),
                    html! { (words::count(flow.queued)) },
                    dead(visit, flow),
                    switches(visit, flow),
                ]
            })
            .collect();
        let mut columns = vec![
            "Name",
            "State",
            "Last runs",
            "Last run",
            "Waiting",
            "Dead letters",
        ];
        if visit.may(Role::Operate) {
            columns.push(parts::DEEDS);
        }
        parts::table("Flows", &columns, rows)
    }
}

/// Running it now, and switching it on or off.
fn switches(visit: &Visit, flow: &Shown) -> Markup {
    let press = |path: &str, picture, words: &str| {
        parts::form(
            visit,
            &named(path, &flow.name),
            &html! { button { (parts::icon(visit, picture)) (words) span class="hidden" { " " (flow.name) } } },
        )
    };
    html! {
        @if visit.may(Role::Operate) {
            div class="actions" {
                (press(dry::RUN, "again", "Run now"))
                @if flow.state == "paused" { (press("/flows/{flow}/resume", "play", "Switch on")) }
                @else { (press("/flows/{flow}/pause", "pause", "Switch off")) }
            }
        }
    }
}

/// How a flow is doing, by its last run.
fn state(flow: &Shown) -> Markup {
    if flow.state == "paused" {
        return badge(Tone::Quiet, "paused");
    }
    match flow.runs.first() {
        None => badge(Tone::Busy, "waits for its first run"),
        Some(run) => deliveries::run_badge(&run.state),
    }
}

/// The last runs as a drawing, oldest first: how much each delivered, and which failed.
fn runs_drawn(flow: &Shown) -> Markup {
    let bars: Vec<(u64, bool)> = flow
        .runs
        .iter()
        .rev()
        .map(|run| (run.delivered + run.queued, run.state == "failed"))
        .collect();
    let failed = bars.iter().filter(|(_, failed)| *failed).count() as u64;
    let said = format!(
        "{}, {} failed, {} delivered",
        words::some(bars.len() as u64, "run"),
        words::count(failed),
        words::some(bars.iter().map(|(delivered, _)| delivered).sum(), "record")
    );
    parts::spark(&said, &bars)
}

/// How many dead letters wait, with the way to them.
fn dead(visit: &Visit, flow: &Shown) -> Markup {
    html! {
        @if flow.dead_letters == 0 { "0" } @else {
            a class="wrong" href={ (visit.to("/deliveries")) "?" (deliveries::of_flow(&flow.name)) } { (words::count(flow.dead_letters)) }
        }
    }
}

impl View for List {
    fn title(&self) -> String {
        "Flows".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Records from a source, through transforms, to destinations.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        (visit.may(Role::Admin) && !self.items.is_empty())
            .then(|| parts::first_link(visit, build::NEW, Some("plus"), "New flow"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.items.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, build::NEW, Some("plus"), "New flow"));
            let text = "A flow takes what happens in a workspace, a file or a database, changes it as you say, and brings it to \
                        where it is needed.";
            let next = html! { @if let Some(next) = next { (next) } (parts::link(visit, super::recipes::LIST, Some("recipe"), "Pick a recipe")) };
            return parts::empty(visit, "flow", "No flows yet", text, Some(next));
        }
        parts::region("flows", &self.table(visit))
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.items.is_empty() {
            return Vec::new();
        }
        vec![("flows", self.table(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let fresh = Shown {
            runs: Vec::new(),
            dead_letters: 0,
            ..sample()
        };
        let paused = Shown {
            state: "paused".to_owned(),
            ..sample()
        };
        vec![
            ("none", Self { items: Vec::new() }),
            (
                "some",
                Self {
                    items: vec![sample(), fresh, paused],
                },
            ),
        ]
    }
}

/// A flow, drawn, with what it did and what waits.
struct One {
    whole: Whole,
}

impl One {
    fn state(&self, visit: &Visit) -> Markup {
        let flow = &self.whole.flow;
        let schedule = self.whole.made.as_ref().and_then(|made| made.schedule.as_deref());
        parts::facts(vec![
            ("State", state(flow)),
            (
                "Last run",
                parts::moment_or(flow.runs.first().map(|run| run.started_at), visit.now(), "never"),
            ),
            (
                "When",
                html! { @match schedule { Some(words) => (words), None => "as its source says" } },
            ),
            (
                "Version",
                html! {
                    (flow.version) ", put by " (flow.by_whom) " " (parts::moment(flow.applied_at, visit.now()))
                    @if flow.origin == "file" { span class="quiet" { ", from a file" } }
                },
            ),
            ("Dead letters", dead(visit, flow)),
        ])
    }

    fn drawing(&self, visit: &Visit) -> Markup {
        html! {
            @match &self.whole.made {
                Some(made) => (graph::drawn(visit, made, &self.whole)),
                None => {
                    p class="wrong" { "This version of Trunkline does not understand the text of this flow, so it does not run." }
                    (edit::mistakes(&self.whole.mistakes, &self.whole.text))
                }
            }
        }
    }

    fn waiting(&self, visit: &Visit) -> Markup {
        if self.whole.waiting.is_empty() {
            return html! { p class="quiet" { "Nothing waits." } };
        }
        let rows = self
            .whole
            .waiting
            .iter()
            .map(|waiting| {
                vec![
                    html! { (waiting.destination) },
                    html! { (words::count(waiting.queued)) },
                    parts::moment(waiting.due_at, visit.now()),
                ]
            })
            .collect();
        parts::table("What waits", &["Destination", "Deliveries", "First is due"], rows)
    }

    fn runs(&self, visit: &Visit) -> Markup {
        if self.whole.flow.runs.is_empty() {
            return html! { p class="quiet" { "It has not run yet." } };
        }
        deliveries::run_table(visit, &self.whole.flow.runs, None)
    }
}

impl View for One {
    fn title(&self) -> String {
        self.whole.flow.name.clone()
    }

    fn lead(&self) -> Option<String> {
        self.whole.made.as_ref().and_then(|made| made.description.clone())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let flow = &self.whole.flow;
        visit.may(Role::Operate).then(|| {
            html! {
                (parts::press(visit, &named(dry::RUN, &flow.name), Some("again"), "Run now"))
                @if flow.state == "paused" {
                    (parts::press(visit, &named("/flows/{flow}/resume", &flow.name), Some("play"), "Switch on"))
                } @else {
                    (parts::press(visit, &named("/flows/{flow}/pause", &flow.name), Some("pause"), "Switch off"))
                }
                @if visit.may(Role::Admin) {
                    (parts::link(visit, &named(build::EDIT, &flow.name), Some("settings"), "Build"))
                    (parts::link(visit, &named(EDIT, &flow.name), None, "Edit text"))
                    a class="button danger" href=(visit.at(REMOVE, &flow.name)) { (parts::icon(visit, "trash")) "Delete" }
                }
            }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-label="The flow" { (parts::region("drawing", &self.drawing(visit))) }
            section class="card" aria-label="How it is doing" { (parts::region("state", &self.state(visit))) }
            @if visit.may(Role::Operate) { section class="card" aria-label="Dry run" { (dry::form(visit, &self.whole.flow.name, "10")) } }
            (parts::section("waiting-title", "What waits", &parts::region("waiting", &self.waiting(visit))))
            (parts::section("runs-title", "Runs", &parts::region("runs", &self.runs(visit))))
            details class="more-fields" { summary { "Its text" } (parts::block(&self.whole.text)) }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![
            ("drawing", self.drawing(visit)),
            ("state", self.state(visit)),
            ("waiting", self.waiting(visit)),
            ("runs", self.runs(visit)),
        ]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let fresh = Shown {
            runs: Vec::new(),
            dead_letters: 0,
            state: "paused".to_owned(),
            ..sample()
        };
        let unclear = Whole {
            made: None,
            mistakes: edit::sample_mistakes(),
            waiting: Vec::new(),
            ..sample_whole()
        };
        vec![
            (
                "usual",
                Self {
                    whole: sample_whole(),
                },
            ),
            (
                "fresh",
                Self {
                    whole: Whole {
                        flow: fresh,
                        waiting: Vec::new(),
                        dead_letters: Vec::new(),
                        ..sample_whole()
                    },
                },
            ),
            ("not understood", Self { whole: unclear }),
        ]
    }
}

/// A flow that is about to be removed.
struct Before {
    flow: Shown,
}

impl View for Before {
    fn title(&self) -> String {
        format!("Delete {}?", self.flow.name)
    }

    fn main(&self, visit: &Visit) -> Markup {
        let flow = &self.flow;
        html! {
            section class="card narrow" aria-label="Delete" {
                p { "The flow is forgotten: its text, how far it has read, its runs." }
                @if flow.queued + flow.dead_letters > 0 {
                    p class="wrong" {
                        (words::some(flow.queued, "waiting record")) " and " (words::some(flow.dead_letters, "dead letter"))
                        " go with it, and are never delivered."
                    }
                }
                p class="quiet" { "What it delivered stays where it is." }
                div class="actions" {
                    (parts::form(visit, &named(REMOVE, &flow.name), &html! { button class="danger" { (parts::icon(visit, "trash")) "Delete it" } }))
                    (parts::link(visit, &named(ONE, &flow.name), None, "Keep it"))
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let idle = Shown {
            queued: 0,
            dead_letters: 0,
            ..sample()
        };
        vec![("idle", Self { flow: idle }), ("holds", Self { flow: sample() })]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let Json(all) = flows::list(State(asked.shared)).await?;
    Ok(List { items: all.items })
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(whole) = flows::show(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(One { whole })
}

async fn pause(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(flow) = flows::pause(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = "It does not begin any more. What waits for its destinations keeps waiting.";
    Ok(Done::to(named(ONE, &flow.name), flow.name, note))
}

async fn resume(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(flow) = flows::resume(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Done::to(named(ONE, &flow.name), flow.name, "It goes on."))
}

async fn before_remove(asked: Asked) -> Result<Before, Refusal> {
    let Json(whole) = flows::show(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Before { flow: whole.flow })
}

async fn remove(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    let with_all = Removal {
        with_state: Some(true),
    };
    flows::remove(State(asked.shared.clone()), Named(name.clone()), Query(with_all)).await?;
    let note = format!("{name} is forgotten. What it delivered stays.");
    Ok(Done::to("/flows", name, note))
}

#[cfg(test)]
fn sample() -> Shown {
    Shown {
        name: "urgent".to_owned(),
        state: "active".to_owned(),
        origin: "file".to_owned(),
        version: 3,
        applied_at: "2026-02-01T11:00:00Z".parse().expect("a moment"),
        by_whom: "ann@example.com".to_owned(),
        runs: ["running", "failed", "done", "stopped"]
            .map(deliveries::sample_run)
            .into(),
        queued: 12,
        dead_letters: 2,
    }
}

#[cfg(test)]
fn sample_whole() -> Whole {
    let text = "flow: urgent\nsource: { file: { path: '<script>.jsonl' } }\ndestinations: [ { file: { path: out.jsonl } } ]\n";
    Whole {
        flow: sample(),
        text: text.to_owned(),
        made: Some(graph::sample()),
        mistakes: Vec::new(),
        waiting: vec![flows::Waiting {
            destination: "file".to_owned(),
            queued: 12,
            due_at: "2026-03-01T11:59:00Z".parse().expect("a moment"),
        }],
        dead_letters: vec![flows::Dead {
            destination: "file".to_owned(),
            code: "TL0811".to_owned(),
            count: 2,
            newest_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        }],
    }
}
