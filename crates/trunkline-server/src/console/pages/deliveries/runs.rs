//! The runs of all flows, and one.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;
use url::form_urlencoded;

use super::{Tab, download, flow_choice, flow_link, names, records, tabs};
use crate::{
    api::{
        flows::{self, FlowRunsQuery, Run},
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::{Asked, Page, View},
        parts::{self, Tone},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

pub(super) const LIST: &str = "/deliveries/runs";
pub(super) const ONE: &str = "/deliveries/runs/{id}";
const STATES: [(&str, &str); 5] = [
    ("", "any"),
    ("running", "running"),
    ("done", "done"),
    ("failed", "failed"),
    ("stopped", "stopped"),
];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("flow_runs.list", LIST, Role::Read, list).live(),
        Page::look("flow_runs.show", ONE, Role::Read, show).live(),
    ]
}

/// How far a run has come.
pub(in crate::console::pages) fn badge(state: &str) -> Markup {
    let tone = match state {
        "done" => Tone::Good,
        "running" => Tone::Busy,
        "failed" => Tone::Bad,
        _ => Tone::Quiet,
    };
    parts::badge(tone, state)
}

/// Runs, with the flow's name where they are of several: of any flow, of which these are there.
pub(in crate::console::pages) fn table(visit: &Visit, runs: &[Run], of_several: Option<&[String]>) -> Markup {
    let rows = runs
        .iter()
        .map(|run| {
            let mut row = vec![
                html! { a href=(visit.to(&named(ONE, &run.id))) { (parts::moment(run.started_at, visit.now())) } },
                html! { (badge(&run.state)) @if let Some(note) = &run.note { br; span class="wrong" { (note) } } },
                html! { (words::count(run.read)) },
                html! { (words::count(run.delivered)) @if run.queued > 0 { span class="quiet" { " of " (words::count(run.queued)) " queued" } } },
                html! { (words::count(run.filtered)) },
                html! { @if run.dead == 0 { "0" } @else { span class="wrong" { (words::count(run.dead)) } } },
                took(run),
            ];
            if let Some(flows) = of_several {
                row.insert(1, flow_link(visit, &run.flow, flows));
            }
            row
        })
        .collect();
    let mut columns = vec!["Began", "State", "Read", "Delivered", "Left out", "Dead", "Took"];
    if of_several.is_some() {
        columns.insert(1, "Flow");
    }
    parts::table("Runs", &columns, rows)
}

fn took(run: &Run) -> Markup {
    html! {
        @match run.ended_at {
            Some(end) => (words::span_of(end.duration_since(run.started_at).as_secs().unsigned_abs())),
            None => span class="quiet" { "under way" },
        }
    }
}

/// Some runs, and what they were narrowed by.
#[derive(Default)]
struct Runs {
    items: Vec<Run>,
    next: Option<String>,
    asked: Fields,
    flows: Vec<String>,
    refusal: Option<Refusal>,
}

impl View for Runs {
    fn title(&self) -> String {
        "Runs and deliveries".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What flows did, newest first.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (tabs(visit, Tab::Runs))
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to(LIST)) role="search" {
                (flow_choice(&self.asked, &self.flows))
                (parts::choice("state", "State", self.asked.get("state"), &STATES))
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if self.items.is_empty() {
                (parts::empty(visit, "clock", "No runs", "Nothing fits, or no flow has run yet.", Some(parts::link(visit, "/flows", None, "To the flows"))))
            } @else {
                @if self.asked.has("before") { (table(visit, &self.items, Some(&self.flows))) } @else { (parts::region("runs", &table(visit, &self.items, Some(&self.flows)))) }
                (parts::older(visit, LIST, self.next.as_ref().map(|next| self.asked.with("before", next))))
                (download::links(visit, download::RUNS, &self.asked))
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.items.is_empty() || self.asked.has("before") {
            return Vec::new();
        }
        vec![("runs", table(visit, &self.items, Some(&self.flows)))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            ("none", Self::default()),
            (
                "some",
                Self {
                    items: ["running", "failed", "done", "stopped"].map(sample).into(),
                    next: Some("1".to_owned()),
                    flows: vec!["urgent".to_owned()],
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    refusal: Some(Refusal::of_field("state", "is no state")),
                    ..Self::default()
                },
            ),
        ]
    }
}

/// One run.
struct One {
    run: Run,
    flows: Vec<String>,
}

impl One {
    fn facts(&self, visit: &Visit) -> Markup {
        let run = &self.run;
        let letters = form_urlencoded::Serializer::new(String::new())
            .append_pair("flow", &run.flow)
            .append_pair("run", &run.id)
            .finish();
        parts::facts(vec![
            (
                "State",
                html! { (badge(&run.state)) @if let Some(note) = &run.note { " " span class="wrong" { (note) } } },
            ),
            (
                "Flow",
                html! { (flow_link(visit, &run.flow, &self.flows)) ", version " (run.version) },
            ),
            ("Why", html! { (run.cause) }),
            ("Began", parts::moment(run.started_at, visit.now())),
            ("Took", took(run)),
            ("Read", html! { (words::count(run.read)) }),
            (
                "Delivered",
                html! { (words::count(run.delivered)) @if run.queued > 0 { ", " (words::count(run.queued)) " went into the queue" } },
            ),
            ("Left out", html! { (words::count(run.filtered)) }),
            (
                "Dead letters",
                html! {
                    @if run.dead == 0 { "0" } @else { a class="wrong" href={ (visit.to(super::LIST)) "?" (letters) } { (words::count(run.dead)) } }
                },
            ),
            (
                "Whole ways kept",
                html! {
                    @if run.followed == 0 { "0" } @else { a href=(records::of_run(visit, &run.flow, &run.id)) { (words::count(run.followed)) } " of " (words::count(run.read)) }
                },
            ),
            ("Calls", html! { (words::count(run.calls)) }),
            ("Attempts beyond the first", html! { (words::count(run.retried)) }),
            (
                "Errors",
                html! {
                    @if run.errors.is_empty() { span class="quiet" { "none" } }
                    @for (code, count) in &run.errors { span { code { (code) } " " (words::count(*count)) " " } }
                },
            ),
        ])
    }
}

impl View for One {
    fn title(&self) -> String {
        format!("A run of {}", self.run.flow)
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! { section class="card" aria-label="The run" { (parts::region("run", &self.facts(visit))) } }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![("run", self.facts(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![
            (
                "failed",
                Self {
                    run: sample("failed"),
                    flows: vec!["urgent".to_owned()],
                },
            ),
            (
                "under way, of a flow that was removed",
                Self {
                    run: sample("running"),
                    flows: Vec::new(),
                },
            ),
        ]
    }
}

/// Which runs are asked for.
pub(super) fn query(asked: &Fields) -> FlowRunsQuery {
    let given = |name| asked.given(name);
    FlowRunsQuery {
        flow: given("flow"),
        state: given("state"),
        before: given("before"),
        ..FlowRunsQuery::default()
    }
}

async fn list(asked: Asked) -> Result<Runs, Refusal> {
    let query = query(&asked.query);
    let mut view = Runs {
        flows: names(&asked).await?,
        ..Runs::default()
    };
    match flows::runs(State(asked.shared.clone()), Query(query)).await {
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

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(run) = flows::run(State(asked.shared.clone()), Named(asked.name())).await?;
    let flows = names(&asked).await?;
    Ok(One { run, flows })
}

#[cfg(test)]
pub(in crate::console::pages) fn sample(state: &str) -> Run {
    let is_over = state != "running";
    let failed = state == "failed";
    Run {
        id: format!("run-{state}"),
        flow: "urgent".to_owned(),
        version: 3,
        cause: "schedule".to_owned(),
        state: state.to_owned(),
        started_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        ended_at: is_over.then(|| "2026-03-01T11:01:00Z".parse().expect("a moment")),
        read: 1_234,
        delivered: 1_200,
        filtered: 32,
        dead: u64::from(failed) * 2,
        retried: 5,
        queued: u64::from(!is_over) * 4,
        calls: 7,
        followed: 1_000,
        errors: failed.then(|| ("TL0811".to_owned(), 2)).into_iter().collect(),
        note: failed.then(|| "<b>cut</b>".to_owned()),
    }
}
