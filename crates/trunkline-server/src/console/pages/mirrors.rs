//! Mirrors: the list, one with its runs and what it holds, what is done with it. `mirrors/new.rs` has the wizard.

mod new;

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use super::overview::outcome;
use crate::{
    api::{
        mirrors::{self, Shown},
        read::{Named, Query},
        runs::{self, RunsQuery},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const ONE: &str = "/mirrors/{name}";
/// How many runs are shown.
const RUNS: u32 = 20;

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("mirrors.list", "/mirrors", Role::Read, list)
            .in_menu(Group::Data, "mirror", "Mirrors")
            .live(),
        Page::look("mirrors.show", ONE, Role::Read, show).live(),
        Page::deed("mirrors.run", "/mirrors/{name}/run", Role::Operate, run),
        Page::deed("mirrors.pause", "/mirrors/{name}/pause", Role::Operate, pause),
        Page::deed("mirrors.resume", "/mirrors/{name}/resume", Role::Operate, resume),
        Page::look(
            "mirrors.before_remove",
            "/mirrors/{name}/remove",
            Role::Admin,
            before_remove,
        ),
        Page::deed("mirrors.remove", "/mirrors/{name}/remove", Role::Admin, remove),
    ];
    pages.extend(new::pages());
    pages
}

/// All mirrors, each with its last run.
struct List {
    items: Vec<(Shown, Option<runs::Shown>)>,
}

impl List {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|(mirror, last)| {
                vec![
                    html! { a href=(visit.at(ONE, &mirror.name)) { strong { (mirror.name) } } },
                    html! { (mirror.connection) },
                    html! { code { (mirror.to) } },
                    html! { (words::every(mirror.interval_seconds)) @if mirror.follows_webhooks { ", follows webhooks" } },
                    state(mirror, last.as_ref()),
                    parts::moment_or(last.as_ref().map(|run| run.started_at), visit.now(), "never"),
                ]
            })
            .collect();
        parts::table(
            "Mirrors",
            &["Name", "Connection", "To", "How often", "State", "Last run"],
            rows,
        )
    }
}

fn state(mirror: &Shown, last: Option<&runs::Shown>) -> Markup {
    match last {
        _ if mirror.is_paused => badge(Tone::Quiet, "paused"),
        None => badge(Tone::Busy, "begins soon"),
        Some(run) => {
            let (tone, word) = outcome(run.state);
            badge(tone, word)
        }
    }
}

impl View for List {
    fn title(&self) -> String {
        "Mirrors".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Copies of workspaces in databases, kept true.".to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        (visit.may(Role::Admin) && !self.items.is_empty())
            .then(|| parts::first_link(visit, "/mirrors/new", Some("plus"), "Mirror a workspace"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        if self.items.is_empty() {
            let next = visit
                .may(Role::Admin)
                .then(|| parts::first_link(visit, "/mirrors/new", Some("plus"), "Mirror a workspace"));
            let text = "A mirror holds contacts, companies, conversations, tickets and everything else of a workspace in a database that is yours.";
            return parts::empty(visit, "mirror", "Nothing is mirrored yet", text, next);
        }
        parts::region("mirrors", &self.table(visit))
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![("mirrors", self.table(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let some = vec![
            (sample(), Some(sample_run(runs::Outcome::Complete))),
            (sample(), None),
            (
                Shown {
                    is_paused: true,
                    ..sample()
                },
                Some(sample_run(runs::Outcome::Failed)),
            ),
        ];
        vec![
            ("none", Self { items: Vec::new() }),
            ("some", Self { items: some }),
        ]
    }
}

/// A mirror and its runs, newest first.
struct One {
    mirror: Shown,
    runs: Vec<runs::Shown>,
}

impl One {
    fn state(&self, visit: &Visit) -> Markup {
        let mirror = &self.mirror;
        parts::facts(vec![
            ("State", state(mirror, self.runs.first())),
            (
                "Next run",
                html! { @if mirror.is_paused { span class="quiet" { "none while it is paused" } } @else { (parts::moment(mirror.next_run_at, visit.now())) } },
            ),
            (
                "How often",
                html! { (words::every(mirror.interval_seconds)) @if mirror.follows_webhooks { ", and as webhooks come" } },
            ),
            (
                "Connection",
                html! { a href=(visit.at("/connections/{name}", &mirror.connection)) { (mirror.connection) } },
            ),
            ("To", html! { code { (mirror.to) } }),
            (
                "Streams",
                html! { @match &mirror.streams { None => "all of them", Some(streams) => (streams.join(", ")) } },
            ),
            (
                "Left out",
                html! { @if mirror.exclude.is_empty() { span class="quiet" { "nothing" } } @else { (mirror.exclude.join(", ")) } },
            ),
        ])
    }

    /// What the newest report says of each stream.
    fn streams(&self, visit: &Visit) -> Markup {
        let reported = self
            .runs
            .iter()
            .find_map(|run| Some((run, run.report.as_ref()?.get("streams")?.as_array()?)));
        let Some((run, streams)) = reported else {
            return html! { p class="quiet" { "Known after the first run." } };
        };
        let number = |stream: &Value, name: &str| match stream[name].as_u64() {
            Some(number) => html! { (words::count(number)) },
            None => html! { span class="quiet" { "not said" } },
        };
        let rows = streams
            .iter()
            .map(|stream| {
                let state = stream["state"].as_str().unwrap_or_default();
                let tone = match state {
                    "complete" => Tone::Good,
                    "partial" => Tone::Warn,
                    "failed" => Tone::Bad,
                    _ => Tone::Quiet,
                };
                vec![
                    html! { (stream["stream"].as_str().unwrap_or_default()) },
                    html! {
                        (badge(tone, &state.replace('_', " ")))
                        @if let Some(why) = stream["why"].as_str() { br; span class="quiet" { (why) } }
                        @if let Some(advice) = stream["advice"].as_str() { br; span class="quiet" { (advice) } }
                    },
                    number(stream, "held"),
                    number(stream, "stated"),
                    html! {
                        @if stream["inserted"].is_u64() {
                            (number(stream, "inserted")) " new, " (number(stream, "updated")) " changed, " (number(stream, "deleted")) " gone"
                        }
                    },
                ]
            })
            .collect();
        html! {
            p class="quiet" { "As of the run " (parts::moment(run.finished_at.unwrap_or(run.started_at), visit.now())) ": what the mirror holds, and what Intercom says there is." }
            (parts::table("Streams", &["Stream", "State", "Held", "Stated", "In that run"], rows))
        }
    }

    fn runs(&self, visit: &Visit) -> Markup {
        let rows = self
            .runs
            .iter()
            .map(|run| {
                let (tone, word) = outcome(run.state);
                let report = run.report.as_ref();
                let text = |name: &str| report.and_then(|report| report.get(name)?.as_str()).unwrap_or_default();
                let requests = report.and_then(|report| report.get("requests")?.as_u64());
                vec![
                    parts::moment(run.started_at, visit.now()),
                    html! {
                        (badge(tone, word))
                        @if !text("error").is_empty() { br; span class="wrong" { (text("error")) " " (text("advice")) } }
                        @if report.is_some_and(|report| !report["silence"].is_null()) { br; span class="wrong" { "It found changes of which no webhook told." } }
                    },
                    html! { @match run.finished_at {
                        Some(end) => (words::span_of(end.duration_since(run.started_at).as_secs().unsigned_abs())),
                        None => span class="quiet" { "under way" },
                    } },
                    html! { @match requests { Some(count) => (words::count(count)), None => "" } },
                ]
            })
            .collect();
        parts::table("Runs", &["Began", "Outcome", "Took", "Calls"], rows)
    }
}

impl View for One {
    fn title(&self) -> String {
        self.mirror.name.clone()
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let path = |path| named(path, &self.mirror.name);
        visit.may(Role::Operate).then(|| {
            html! {
                @if self.mirror.is_paused {
                    (parts::press(visit, &path("/mirrors/{name}/resume"), Some("play"), "Resume"))
                } @else {
                    (parts::press(visit, &path("/mirrors/{name}/run"), Some("play"), "Run now"))
                    (parts::press(visit, &path("/mirrors/{name}/pause"), Some("pause"), "Pause"))
                }
                @if visit.may(Role::Admin) {
                    a class="button danger" href=(visit.at("/mirrors/{name}/remove", &self.mirror.name)) { (parts::icon(visit, "trash")) "Delete" }
                }
            }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            section class="card" aria-label="How it is doing" { (parts::region("state", &self.state(visit))) }
            (parts::section("streams-title", "Completeness", &parts::region("streams", &self.streams(visit))))
            (parts::section("runs-title", "Runs", &parts::region("runs", &self.runs(visit))))
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        vec![
            ("state", self.state(visit)),
            ("streams", self.streams(visit)),
            ("runs", self.runs(visit)),
        ]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let failed = runs::Shown {
            report: Some(
                serde_json::json!({ "code": "TL0101", "error": "<b>no</b>", "advice": "Grant again." }),
            ),
            ..sample_run(runs::Outcome::Failed)
        };
        let running = runs::Shown {
            finished_at: None,
            report: None,
            ..sample_run(runs::Outcome::Running)
        };
        let paused = Shown {
            is_paused: true,
            streams: Some(vec!["contacts".to_owned()]),
            exclude: vec!["contacts.email".to_owned()],
            ..sample()
        };
        vec![
            (
                "new",
                Self {
                    mirror: sample(),
                    runs: Vec::new(),
                },
            ),
            (
                "usual",
                Self {
                    mirror: sample(),
                    runs: vec![running, failed, sample_run(runs::Outcome::Incomplete)],
                },
            ),
            (
                "paused",
                Self {
                    mirror: paused,
                    runs: vec![sample_run(runs::Outcome::Lost)],
                },
            ),
        ]
    }
}

/// A mirror that is about to be forgotten.
struct Removal {
    name: String,
    to: String,
}

impl View for Removal {
    fn title(&self) -> String {
        format!("Delete {}?", self.name)
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            section class="card narrow" aria-label="Delete" {
                p { "The mirror and its history of runs are forgotten. What it wrote stays in " code { (self.to) } "." }
                div class="actions" {
                    (parts::form(visit, &named("/mirrors/{name}/remove", &self.name), &html! { button class="danger" { (parts::icon(visit, "trash")) "Delete it" } }))
                    (parts::link(visit, &named(ONE, &self.name), None, "Keep it"))
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        vec![(
            "usual",
            Self {
                name: "all".to_owned(),
                to: "sqlite:mirror.db".to_owned(),
            },
        )]
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let Json(all) = mirrors::list(State(asked.shared.clone())).await?;
    let mut items = Vec::new();
    for mirror in all.items {
        let last = newest(&asked, &mirror.name, 1).await?.pop();
        items.push((mirror, last));
    }
    Ok(List { items })
}

async fn newest(asked: &Asked, mirror: &str, limit: u32) -> Result<Vec<runs::Shown>, Refusal> {
    let query = RunsQuery {
        before: None,
        limit: Some(limit),
    };
    let Json(found) = runs::list(
        State(asked.shared.clone()),
        Named(mirror.to_owned()),
        Query(query),
    )
    .await?;
    Ok(found.items)
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(mirror) = mirrors::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let runs = newest(&asked, &mirror.name, RUNS).await?;
    Ok(One { mirror, runs })
}

async fn before_remove(asked: Asked) -> Result<Removal, Refusal> {
    let Json(mirror) = mirrors::show(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Removal {
        name: mirror.name,
        to: mirror.to,
    })
}

async fn remove(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    mirrors::remove(State(asked.shared.clone()), Named(name.clone())).await?;
    let note = format!("{name} is forgotten. What it wrote stays.");
    Ok(Done::to("/mirrors", name, note))
}

async fn run(asked: Asked) -> Result<Done, Again<Infallible>> {
    let (_, Json(mirror)) = mirrors::run(State(asked.shared.clone()), Named(asked.name())).await?;
    Ok(Done::to(named(ONE, &mirror.name), mirror.name, "A run begins."))
}

async fn pause(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(mirror) = mirrors::pause(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = format!("{} is paused: no more runs begin.", mirror.name);
    Ok(Done::to(named(ONE, &mirror.name), mirror.name, note))
}

async fn resume(asked: Asked) -> Result<Done, Again<Infallible>> {
    let Json(mirror) = mirrors::resume(State(asked.shared.clone()), Named(asked.name())).await?;
    let note = format!("{} goes on; a run begins.", mirror.name);
    Ok(Done::to(named(ONE, &mirror.name), mirror.name, note))
}

#[cfg(test)]
pub(super) fn sample() -> Shown {
    let at = "2026-03-01T12:05:00Z".parse().expect("a moment");
    Shown {
        id: "1".to_owned(),
        name: "all".to_owned(),
        connection: "acme".to_owned(),
        streams: None,
        custom_objects: Vec::new(),
        to: "sqlite:mirror.db".to_owned(),
        interval_seconds: 600,
        keeps_history: false,
        exclude: Vec::new(),
        hash: Vec::new(),
        follows_webhooks: true,
        is_paused: false,
        next_run_at: at,
        created_at: at,
        updated_at: at,
    }
}

#[cfg(test)]
fn sample_run(state: runs::Outcome) -> runs::Shown {
    let report = serde_json::json!({
        "requests": 1200, "silence": { "changes": 3 },
        "streams": [
            { "stream": "contacts", "state": "complete", "held": 2000, "stated": 2000, "inserted": 5, "updated": 1, "deleted": 0 },
            { "stream": "tickets", "state": "no_permission", "held": 0, "stated": null, "why": "<i>no</i>", "advice": "Tick it." },
        ],
    });
    runs::Shown {
        id: "1".to_owned(),
        owner: "1".to_owned(),
        state,
        started_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        finished_at: "2026-03-01T11:00:09Z".parse().ok(),
        report: Some(report),
    }
}
