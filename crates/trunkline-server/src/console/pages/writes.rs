//! The history: what actions wrote, one run with everything before and after, and putting it back.

mod undo;

use axum::{Json, extract::State};
use jiff::Timestamp;
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use super::actions::{self, shown};
use crate::{
    api::{
        read::{Named, Query},
        writes::{self, Which},
    },
    console::{
        fields::Fields,
        page::{Asked, Group, Page, View, sentence},
        parts::{self, Tone, badge},
        visit::Visit,
    },
    reply::Refusal,
};

/// One run.
pub(super) const ONE: &str = "/writes/{id}";
/// How many runs are on a page.
const SHOWN: u32 = 50;

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("action_runs.list", "/writes", Role::Operate, list)
            .in_menu(Group::Workspace, "log", "History")
            .live(),
        Page::look("action_runs.show", ONE, Role::Operate, show),
    ];
    pages.extend(undo::pages());
    pages
}

/// How a run is doing.
fn state(word: &str) -> Markup {
    let (tone, said) = match word {
        "done" => (Tone::Good, "done"),
        "running" => (Tone::Busy, "under way"),
        "failed" => (Tone::Bad, "failed"),
        "interrupted" => (Tone::Warn, "interrupted"),
        _ => (Tone::Warn, "not known"),
    };
    badge(tone, said)
}

fn text<'v>(value: &'v Value, name: &str) -> &'v str {
    value[name].as_str().unwrap_or_default()
}

fn moment(value: &Value, name: &str) -> Option<Timestamp> {
    text(value, name).parse().ok()
}

/// Some runs, and what they were narrowed by.
#[derive(Default)]
struct List {
    items: Vec<Value>,
    asked: Fields,
    refusal: Option<Refusal>,
}

const STATES: [(&str, &str); 6] = [
    ("", "any"),
    ("done", "done"),
    ("failed", "failed"),
    ("running", "under way"),
    ("interrupted", "interrupted"),
    ("unknown", "not known"),
];

impl List {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|run| {
                let id = text(run, "id");
                vec![
                    html! { a href=(visit.at(ONE, id)) { (parts::moment_or(moment(run, "started_at"), visit.now(), "at some time")) } },
                    html! {
                        strong { (text(run, "action")) }
                        @if !text(run, "undo_of").is_empty() { br; span class="quiet" { "puts back another run" } }
                        @if !text(run, "undone_by").is_empty() { br; span class="quiet" { "was put back" } }
                    },
                    state(text(run, "state")),
                    html! { (run["writes"].as_i64().unwrap_or(0)) },
                    html! { (text(run, "by_whom")) },
                ]
            })
            .collect();
        parts::table(
            "Runs of actions",
            &["When", "Action", "State", "Writes", "By whom"],
            rows,
        )
    }

    fn is_moving(&self) -> bool {
        !self.items.is_empty() && !self.asked.has("before")
    }

    fn next(&self) -> Option<String> {
        (self.items.len() >= SHOWN as usize)
            .then(|| {
                self.items
                    .last()
                    .map(|run| self.asked.with("before", text(run, "id")))
            })
            .flatten()
    }
}

impl View for List {
    fn title(&self) -> String {
        "History".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What actions wrote into workspaces, with what was there before. What can be put back is put back from here.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let field = |name: &'static str| self.asked.whole(name);
        let (action, subject, key) = (field("action"), field("subject"), field("key"));
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to("/writes")) role="search" {
                (parts::Field::text("action", "Action", &action).like("contacts.upsert"))
                (parts::choice("state", "State", self.asked.get("state"), &STATES))
                (parts::Field::text("subject", "What was written to", &subject).like("contacts/6723ab"))
                (parts::Field::text("key", "Key", &key))
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if !self.items.is_empty() {
                @if self.is_moving() { (parts::region("runs", &self.table(visit))) } @else { (self.table(visit)) }
                (parts::older(visit, "/writes", self.next()))
            } @else if self.asked.is_empty() {
                (parts::empty(visit, "log", "Nothing was written yet", "An action that changes a workspace is kept here, with what was there before, however it was called: here, by the API, on the command line or by a flow.",
                    Some(parts::link(visit, "/actions", None, "To the actions"))))
            } @else {
                (parts::empty(visit, "log", "Nothing fits", "No run that is kept is like this.", Some(parts::link(visit, "/writes", None, "All runs"))))
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.is_moving() {
            vec![("runs", self.table(visit))]
        } else {
            Vec::new()
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let run = |state: &str| {
            let mut run = sample();
            run["state"] = state.into();
            run
        };
        let items = || {
            ["done", "running", "failed", "interrupted", "unknown"]
                .map(run)
                .to_vec()
        };
        vec![
            ("nothing", Self::default()),
            (
                "some",
                Self {
                    items: items(),
                    ..Self::default()
                },
            ),
            (
                "older",
                Self {
                    items: std::iter::repeat_with(sample).take(50).collect(),
                    asked: Fields::of(&[("before", "1"), ("action", "<b>")]),
                    refusal: None,
                },
            ),
            (
                "nothing fits",
                Self {
                    asked: Fields::of(&[("state", "lost")]),
                    refusal: Some(Refusal::of_field("state", "is <b>not</b> one")),
                    ..Self::default()
                },
            ),
        ]
    }
}

/// One run with everything that is kept of it.
struct One {
    run: Value,
    /// The connection of its workspace.
    connection: Option<String>,
}

impl One {
    /// Whether there is something that could be put back.
    fn can_be_undone(&self) -> bool {
        let has_written = self.run["journal"]
            .as_array()
            .is_some_and(|writes| writes.iter().any(|write| text(write, "state") == "done"));
        has_written && text(&self.run, "state") != "running" && self.connection.is_some()
    }
}

impl View for One {
    fn title(&self) -> String {
        format!("A run of {}", text(&self.run, "action"))
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let id = text(&self.run, "id");
        let path = crate::console::visit::named(undo::UNDO, id);
        (self.can_be_undone() && text(&self.run, "undone_by").is_empty())
            .then(|| parts::link(visit, &path, Some("again"), "Undo"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let run = &self.run;
        let other = |name: &str, words: &str| {
            let id = text(run, name);
            html! { @if id.is_empty() { span class="quiet" { "no" } } @else { a href=(visit.at(ONE, id)) { (words) } } }
        };
        let error = &run["error"];
        html! {
            section class="card" aria-labelledby="about" {
                h2 id="about" { "What it was" }
                @if !error.is_null() {
                    p class="wrong" { (sentence(error["message"].as_str().or(error.as_str()).unwrap_or("it failed"))) " " code { (text(error, "code")) } }
                }
                (parts::facts(vec![
                    ("State", state(text(run, "state"))),
                    ("Action", html! { a href=(visit.at(actions::ONE, text(run, "action"))) { (text(run, "action")) } }),
                    ("Began", parts::moment_or(moment(run, "started_at"), visit.now(), "not known")),
                    ("Ended", parts::moment_or(moment(run, "ended_at"), visit.now(), "not yet")),
                    ("By whom", html! { (text(run, "by_whom")) }),
                    ("Workspace", html! { @match &self.connection {
                        Some(name) => { a href=(visit.at("/connections/{name}", name)) { (name) } " " span class="quiet" { (text(run, "workspace")) } },
                        None => code { (text(run, "workspace")) },
                    } }),
                    ("Key", html! { @if text(run, "key").is_empty() { span class="quiet" { "none" } } @else { code { (text(run, "key")) } } }),
                    ("Puts back", other("undo_of", "another run")),
                    ("Was put back", other("undone_by", "by another run")),
                    ("Run", html! { code { (text(run, "id")) } }),
                ]))
            }
            (parts::section("writes", "What it wrote", &html! {
                @match run["journal"].as_array().map(Vec::as_slice) {
                    None | Some([]) => p class="quiet" { "Nothing." },
                    Some(writes) => ol class="way-of" {
                        @for write in writes {
                            li {
                                (Self::write_head(visit, write))
                                @if !write["payload"].is_null() { details { summary { "What was sent" } (shown::document(&write["payload"])) } }
                                div class="pair" {
                                    div { h4 { "Before" } (there(&write["before"])) }
                                    div { h4 { "After" } (there(&write["after"])) }
                                }
                            }
                        }
                    },
                }
            }))
            @if !run["input"].is_null() { (parts::section("input", "What was given", &shown::document(&run["input"]))) }
            @if !run["outcome"].is_null() { (parts::section("outcome", "What it gave", &shown::document(&run["outcome"]))) }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let failed = serde_json::json!({
            "id": "0190b", "workspace": "abcd1234", "action": "contacts.tag", "state": "failed", "writes": 0, "started_at": "2026-03-01T11:00:00Z",
            "error": { "code": "TL0702", "message": "the <b>input</b> does not fit" }, "undo_of": "0190a", "undone_by": "0190c",
            "by_whom": "flow urgent", "journal": [],
        });
        vec![
            (
                "done",
                Self {
                    run: sample(),
                    connection: Some("acme".to_owned()),
                },
            ),
            (
                "failed, of a workspace that is not connected",
                Self {
                    run: failed,
                    connection: None,
                },
            ),
        ]
    }
}

impl One {
    fn write_head(visit: &Visit, write: &Value) -> Markup {
        let subject = text(write, "subject");
        let (tone, word) = match text(write, "state") {
            "done" => (Tone::Good, "done"),
            "refused" => (Tone::Bad, "refused"),
            "sending" => (Tone::Busy, "being sent"),
            _ => (Tone::Warn, "not known"),
        };
        html! {
            h3 { code { (text(write, "operation")) } " " (badge(tone, word)) }
            p class="quiet" {
                @if subject.is_empty() { "Makes something new" }
                @else { "On " a href={ (visit.to("/writes")) "?" (Fields::default().with("subject", subject)) } { (subject) } }
            }
        }
    }
}

fn there(value: &Value) -> Markup {
    html! { @if value.is_null() { p class="quiet" { "Nothing, or it is not kept." } } @else { (shown::document(value)) } }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let which = Which {
        action: asked.query.given("action"),
        state: asked.query.given("state"),
        subject: asked.query.given("subject"),
        key: asked.query.given("key"),
        before: asked.query.given("before"),
        limit: Some(SHOWN),
    };
    let (items, refusal) = match writes::list(State(asked.shared), Query(which)).await {
        Ok(Json(found)) => (found.items, None),
        Err(refusal) if refusal.field.is_some() => (Vec::new(), Some(refusal)),
        Err(refusal) => return Err(refusal),
    };
    Ok(List {
        items,
        asked: asked.query,
        refusal,
    })
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(found) = writes::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let connection = undo::connection_of(&asked, text(&found.run, "workspace")).await?;
    Ok(One {
        run: found.run,
        connection,
    })
}

#[cfg(test)]
fn sample() -> Value {
    serde_json::json!({
        "id": "0190a", "workspace": "abcd1234", "action": "contacts.upsert", "key": "k<b>", "state": "done", "writes": 2,
        "outcome": { "outcome": "</code><script>" }, "error": null, "started_at": "2026-03-01T11:00:00Z", "ended_at": "2026-03-01T11:00:01Z",
        "undo_of": null, "undone_by": null, "by_whom": "ann@example.com", "input": { "email": "<b>" },
        "journal": [
            { "seq": 1, "operation": "contacts.update", "subject": "contacts/1", "payload": { "name": "<i>" }, "before": { "name": "a" },
              "after": { "name": "b" }, "state": "done" },
            { "seq": 2, "operation": "tags.create", "subject": null, "payload": null, "before": null, "after": null, "state": "refused" },
            { "seq": 3, "operation": "tags.create", "subject": "tags/1", "payload": null, "before": null, "after": null, "state": "sending" },
            { "seq": 4, "operation": "tags.create", "subject": null, "payload": null, "before": null, "after": null, "state": "unknown" },
        ],
    })
}
