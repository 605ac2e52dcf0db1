//! One dead letter: why it was given up, and its record's whole way, step by step.

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;

use super::{DROP, ONE, REDRIVE, destination, flow_link, is_remembered, names, records, run_link, state};
use crate::{
    api::{
        dead_letters::{self, Whole},
        read::Named,
    },
    console::{
        page::{Asked, Page, View, sentence},
        parts,
        visit::Visit,
    },
    reply::Refusal,
};

pub(super) fn pages() -> Vec<Page> {
    vec![Page::look("dead_letters.show", ONE, Role::Read, show)]
}

/// A dead letter.
struct Letter {
    whole: Whole,
    flows: Vec<String>,
    /// Whether its run is still remembered.
    has_run: bool,
}

impl Letter {
    /// A form that does something to this letter alone.
    fn press(&self, visit: &Visit, path: &str, form: &str, button: &Markup) -> Markup {
        let letter = &self.whole.letter;
        parts::form(
            visit,
            path,
            &html! {
                input type="hidden" name="letters" value={ (letter.id) " " (letter.flow) };
                input type="hidden" name="form" value=(form);
                (button)
            },
        )
    }

    fn way(&self) -> Markup {
        let steps = self.whole.steps.as_array().map(Vec::as_slice).unwrap_or_default();
        html! {
            ol class="way-of" {
                @if let Some(source) = &self.whole.source_record {
                    li { h3 { "As the source gave it" } (document(source)) }
                }
                @for step in steps {
                    li {
                        @if let Some(joined) = step.get("joined") {
                            h3 { "Joined from" }
                            (document(joined))
                        } @else {
                            (self::step(step))
                        }
                    }
                }
                @if let Some(record) = &self.whole.record { li { h3 { "As the destination was to take it" } (document(record)) } }
                @if let Some(request) = &self.whole.request { li { h3 { "What was sent" } (document(request)) } }
                @if let Some(answer) = &self.whole.answer { li { h3 { "What was answered" } (document(answer)) } }
            }
        }
    }
}

/// What a transform has before it and gives after it.
pub(super) fn step(step: &Value) -> Markup {
    html! {
        h3 { "After " code { (step["transform"].as_str().unwrap_or("a transform")) } }
        @for error in step["errors"].as_array().into_iter().flatten() { p class="wrong" { (error.as_str().unwrap_or_default()) } }
        div class="pair" {
            div { h4 { "Before" } (document(&step["before"])) }
            div { h4 { "After" } (document(&step["after"])) }
        }
    }
}

/// A document with its lines apart; a list of one is shown as the one.
pub(super) fn document(value: &Value) -> Markup {
    let one = match value.as_array().map(Vec::as_slice) {
        Some([]) => return html! { p class="quiet" { "Nothing." } },
        Some([only]) => only,
        _ => value,
    };
    let text = match one {
        Value::String(text) => text.clone(),
        other => serde_json::to_string_pretty(other).unwrap_or_default(),
    };
    parts::block(&text)
}

impl View for Letter {
    fn title(&self) -> String {
        format!("A dead letter of {}", self.whole.letter.flow)
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let may = visit.may(Role::Operate) && self.whole.letter.state == "waiting";
        may.then(|| {
            html! {
                @if self.whole.source_record.is_some() {
                    (self.press(visit, REDRIVE, "source", &html! { button class="first" { (parts::icon(visit, "again")) "Redrive" } }))
                }
                @if self.whole.record.is_some() {
                    (self.press(visit, REDRIVE, "ready", &html! { button { (parts::icon(visit, "again")) "Redrive as it was" } }))
                }
                (self.press(visit, DROP, "", &html! { button class="danger" { (parts::icon(visit, "trash")) "Drop" } }))
            }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        let letter = &self.whole.letter;
        html! {
            section class="card" aria-labelledby="why" {
                h2 id="why" { "Why" }
                p class="wrong" { (sentence(&letter.message)) " " code { (letter.code) } }
                (parts::facts(vec![
                    ("State", state(&letter.state)),
                    ("Flow", flow_link(visit, &letter.flow, &self.flows)),
                    ("Destination", html! { (destination(&letter.destination)) }),
                    ("Given up", html! { (parts::moment(letter.last_at, visit.now())) ", after " (letter.attempts) @if letter.attempts == 1 { " attempt" } @else { " attempts" } }),
                    ("Failed first", parts::moment(letter.first_at, visit.now())),
                    ("Key", html! { @match &letter.key { Some(key) => code { (key) }, None => span class="quiet" { "none" } } }),
                    ("Run", html! {
                        @match &letter.run { Some(run) => (run_link(visit, run, self.has_run)), None => span class="quiet" { "none" } }
                    }),
                ]))
            }
            (parts::section("way", "The record's way", &html! {
                @if let Some(id) = &self.whole.delivery { p { a href=(visit.at(records::ONE, id)) { "What became of this record everywhere" } } }
                (self.way())
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use serde_json::json;
        let whole = |steps| Whole {
            letter: sample(),
            source_record: Some(json!({ "text": "<script>alert(1)</script>" })),
            record: Some(json!({ "number": 1 })),
            steps,
            request: Some(json!({ "method": "POST" })),
            answer: Some(json!("<b>no</b>")),
            delivery: Some("way-dead".to_owned()),
        };
        let steps = json!([
            { "transform": "map", "before": [{ "number": 1 }], "after": [{ "number": 1 }, { "number": 2 }] },
            { "transform": "filter", "before": [{ "number": 1 }], "after": [], "errors": ["<b>it</b> took too long"] },
        ]);
        let gone = Whole {
            letter: super::Shown {
                state: "dropped".to_owned(),
                run: Some("1".to_owned()),
                key: Some("k".to_owned()),
                attempts: 1,
                ..sample()
            },
            source_record: None,
            request: None,
            delivery: None,
            ..whole(json!([{ "joined": [{ "a": 1 }, { "a": 2 }] }]))
        };
        vec![
            (
                "waits",
                Self {
                    whole: whole(steps),
                    flows: vec!["urgent".to_owned()],
                    has_run: false,
                },
            ),
            (
                "dropped",
                Self {
                    whole: gone,
                    flows: Vec::new(),
                    has_run: true,
                },
            ),
        ]
    }
}

async fn show(asked: Asked) -> Result<Letter, Refusal> {
    let Json(whole) = dead_letters::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let flows = names(&asked).await?;
    let has_run = match &whole.letter.run {
        Some(run) => is_remembered(&asked, run).await?,
        None => false,
    };
    Ok(Letter {
        whole,
        flows,
        has_run,
    })
}

#[cfg(test)]
pub(super) fn sample() -> super::Shown {
    super::Shown {
        id: "1".to_owned(),
        flow: "urgent".to_owned(),
        destination: "file".to_owned(),
        run: None,
        key: None,
        code: "TL0811".to_owned(),
        message: "the <b>disk</b> is full".to_owned(),
        attempts: 8,
        first_at: "2026-03-01T10:00:00Z".parse().expect("a moment"),
        last_at: "2026-03-01T11:00:00Z".parse().expect("a moment"),
        state: "waiting".to_owned(),
    }
}
