//! The simulator: what happens in a simulated workspace, its faults, its clock.

use std::convert::Infallible;

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::{Map, Value};
use trunkline_store::Role;

use crate::{
    api::{
        connections,
        read::{Body, Named},
        simulator::{self, Activity, ClockChange, NewFault, Simulator},
    },
    console::{
        page::{Again, Asked, Done, Group, Page, View},
        parts,
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const PATH: &str = "/simulator";
const ACTIVITY: &str = "/simulator/{name}/activity";
const CLOCK: &str = "/simulator/{name}/clock";
const FAULT: &str = "/simulator/{name}/faults";
const REMOVE: &str = "/simulator/{name}/faults/remove";
/// Faults that are worth knowing.
const USUAL: [(&str, &str); 5] = [
    ("503, three times", r#"{"operation":"*","status":503,"times":3}"#),
    (
        "429 for ten calls",
        r#"{"operation":"*","status":429,"times":10,"retry_after":2}"#,
    ),
    (
        "two seconds late, always",
        r#"{"operation":"*","latency_ms":2000,"probability":1.0}"#,
    ),
    (
        "answers that are cut, five times",
        r#"{"operation":"*","body":"cut","times":5}"#,
    ),
    (
        "a contact made, and no answer",
        r#"{"operation":"contacts.create","status":504,"applied":true}"#,
    ),
];
const STEPS: [(&str, &str); 4] = [
    ("10", "10"),
    ("100", "100"),
    ("1000", "1,000"),
    ("10000", "10,000"),
];
const AHEAD: [(&str, &str); 4] = [
    ("60", "a minute"),
    ("3600", "an hour"),
    ("86400", "a day"),
    ("604800", "a week"),
];

pub(in crate::console) fn pages() -> Vec<Page> {
    vec![
        Page::look("simulator.show", PATH, Role::Read, show).in_menu(Group::Workspace, "bolt", "Simulator"),
        Page::deed("simulator.activity", ACTIVITY, Role::Operate, activity),
        Page::deed("simulator.clock", CLOCK, Role::Operate, clock),
        Page::deed("simulator.add_fault", FAULT, Role::Operate, add_fault),
        Page::deed("simulator.remove_fault", REMOVE, Role::Operate, remove_fault),
    ]
}

/// The simulated workspaces, and connections to this machine where none answers; a fault that was typed and cannot be.
#[derive(Default)]
struct All {
    found: Vec<Simulator>,
    silent: Vec<String>,
    typed: Option<(String, String, Refusal)>,
}

impl All {
    fn one(&self, visit: &Visit, at: usize, one: &Simulator) -> Markup {
        let title = format!("simulator-{at}");
        let typed = self
            .typed
            .as_ref()
            .filter(|(connection, _, _)| *connection == one.connection);
        html! {
            (parts::section(&title, &one.workspace, &html! {
                (parts::facts(vec![
                    ("Connection", html! { a href=(visit.at("/connections/{name}", &one.connection)) { (one.connection) } }),
                    ("Answers at", html! { code { (one.address) } }),
                    ("Its time", html! { @match one.now { Some(now) => (words::exact(now)), None => span class="quiet" { "not told" } } }),
                    ("Answered", html! { (words::some(one.answered, "request")) }),
                    ("Holds", html! { @for (at, count) in one.counts.iter().enumerate() { @if at > 0 { ", " } (words::count(count.count)) " " (count.name.to_lowercase()) } }),
                ]))
            }))
            @if visit.may(Role::Operate) {
                div class="columns" {
                    section class="card" aria-label={ "Faults of " (one.connection) } {
                        h3 { "Faults" }
                        (faults(visit, one))
                        (parts::form(visit, &named(FAULT, &one.connection), &html! {
                            div class="field" {
                                @let id = format!("usual-{at}");
                                label for=(id) { "A usual one" }
                                select id=(id) name="usual" {
                                    option value="" { "none: the one below" }
                                    @for (words, fault) in USUAL { option value=(fault) { (words) } }
                                }
                            }
                            div class="field" {
                                @let id = format!("fault-{at}");
                                @let wrong = format!("fault-{at}-wrong");
                                label for=(id) { "Or one as JSON" }
                                textarea id=(id) name="fault" rows="3" placeholder="{\"operation\": \"contacts.search\", \"status\": 500}"
                                    aria-describedby=[typed.map(|_| &wrong)] aria-invalid=[typed.map(|_| "true")] { @if let Some((_, text, _)) = typed { (text) } }
                                @if let Some((_, _, refusal)) = typed { p class="wrong" id=(wrong) { (crate::console::page::sentence(&refusal.message)) } }
                            }
                            button { "Set this fault" }
                        }))
                    }
                    div {
                        section class="card" aria-label={ "Activity of " (one.connection) } {
                            h3 { "Let things happen" }
                            p class="quiet" { "Messages, answers, new contacts, tickets: as in a workspace where people work." }
                            (press(visit, &named(ACTIVITY, &one.connection), &format!("steps-{at}"), "steps", "How many", &STEPS, "Let them happen"))
                        }
                        section class="card" aria-label={ "Clock of " (one.connection) } {
                            h3 { "Put the clock on" }
                            p class="quiet" { "What is planned until then happens: snoozed conversations wake, webhooks are sent again." }
                            (press(visit, &named(CLOCK, &one.connection), &format!("clock-{at}"), "advance_seconds", "By", &AHEAD, "Put it on"))
                        }
                    }
                }
            }
        }
    }
}

/// A choice and a button.
fn press(
    visit: &Visit,
    path: &str,
    id: &str,
    name: &str,
    label: &str,
    options: &[(&str, &str)],
    words: &str,
) -> Markup {
    parts::form(
        visit,
        path,
        &html! {
            div class="field" {
                label for=(id) { (label) }
                select id=(id) name=(name) { @for (value, words) in options { option value=(value) { (words) } } }
            }
            button { (words) }
        },
    )
}

fn faults(visit: &Visit, one: &Simulator) -> Markup {
    html! {
        @if one.faults.is_empty() {
            p class="quiet" { "None: everything is answered as it should be." }
        } @else {
            ul class="rows" {
                @for (at, fault) in one.faults.iter().enumerate() {
                    li {
                        code { (told(fault)) }
                        (parts::form(visit, &named(REMOVE, &one.connection), &html! {
                            input type="hidden" name="place" value=(at);
                            button class="plain" aria-label={ "Take back fault " (at + 1) } { (parts::icon(visit, "trash")) }
                        }))
                    }
                }
            }
        }
    }
}

/// A fault without what is as usual.
fn told(fault: &Value) -> String {
    let said: Map<String, Value> = fault
        .as_object()
        .into_iter()
        .flatten()
        .filter(|(_, value)| !value.is_null() && **value != 0 && **value != false)
        .map(|(name, value)| (name.clone(), value.clone()))
        .collect();
    Value::Object(said).to_string()
}

impl View for All {
    fn title(&self) -> String {
        "Simulator".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some(
            "Workspaces that are simulated on this machine: for trying things without an account.".to_owned(),
        )
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            @for name in &self.silent {
                (parts::notice(visit, false, &html! {
                    "The connection " a href=(visit.at("/connections/{name}", name)) { (name) } " leads to this machine, and no simulator answers there."
                }))
            }
            @if self.found.is_empty() {
                (parts::empty(visit, "bolt", "No simulator is connected",
                    "Start one beside this process, and connect to it as to any workspace: its address is http://127.0.0.1:7071, and any token will do.",
                    Some(parts::copyable(visit, "the command", "trunkline simulate --control"))))
            }
            @for (at, one) in self.found.iter().enumerate() { (self.one(visit, at, one)) }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |faults| Simulator {
            connection: "ac me".to_owned(),
            address: "http://127.0.0.1:7071".to_owned(),
            workspace: "Ducks <b>".to_owned(),
            now: "2026-03-01T11:00:00Z".parse().ok(),
            answered: 1_200,
            counts: vec![simulator::Count {
                name: "Contacts".to_owned(),
                count: 10_000,
            }],
            faults,
        };
        let fault = serde_json::json!({ "operation": "<script>", "status": 503, "times": 3, "after": 0, "body": null });
        let typed = (
            "ac me".to_owned(),
            "{</textarea>".to_owned(),
            Refusal::of_field("fault", "is no <JSON>"),
        );
        vec![
            ("none", Self::default()),
            (
                "silent",
                Self {
                    silent: vec!["ac me".to_owned()],
                    ..Self::default()
                },
            ),
            (
                "two",
                Self {
                    found: vec![
                        sample(vec![fault]),
                        Simulator {
                            connection: "second".to_owned(),
                            workspace: "Geese".to_owned(),
                            ..sample(Vec::new())
                        },
                    ],
                    ..Self::default()
                },
            ),
            (
                "wrong",
                Self {
                    found: vec![sample(Vec::new())],
                    typed: Some(typed),
                    ..Self::default()
                },
            ),
        ]
    }
}

async fn look(asked: &Asked) -> Result<All, Refusal> {
    let Json(connections) = connections::list(State(asked.shared.clone())).await?;
    let mut all = All::default();
    for connection in connections.items {
        if simulator::may_be_one(&connection.base_url).is_none() {
            continue;
        }
        match simulator::show(State(asked.shared.clone()), Named(connection.name.clone())).await {
            Ok(Json(found)) => all.found.push(found),
            Err(refusal) if refusal.status.is_server_error() || refusal.code == "TL0987" => {
                all.silent.push(connection.name);
            }
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(all)
}

async fn show(asked: Asked) -> Result<All, Refusal> {
    look(&asked).await
}

async fn activity(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    let steps = asked.form.get("steps").parse().unwrap_or(0);
    let body = Body(Activity { steps });
    let Json(_) = simulator::activity(State(asked.shared), Named(name.clone()), body).await?;
    let note = format!("{} happened.", words::some(u64::from(steps), "thing"));
    Ok(Done::to(PATH, name, note))
}

async fn clock(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    let advance_seconds = asked.form.get("advance_seconds").parse().unwrap_or(0);
    let body = Body(ClockChange { advance_seconds });
    let Json(now) = simulator::clock(State(asked.shared), Named(name.clone()), body).await?;
    let note = now.now.map_or_else(String::new, |now| {
        format!("It is {} there now.", words::exact(now))
    });
    Ok(Done::to(PATH, name, note))
}

async fn add_fault(asked: Asked) -> Result<Done, Again<All>> {
    let name = asked.name();
    let typed = asked.form.whole("fault");
    let text = asked.form.given("usual").unwrap_or_else(|| typed.clone());
    let outcome = match serde_json::from_str::<Map<String, Value>>(&text) {
        Ok(fault) => {
            let body = Body(NewFault { fault });
            simulator::add_fault(State(asked.shared.clone()), Named(name.clone()), body).await
        }
        Err(error) => Err(Refusal::of_field(
            "fault",
            format!("this is no object of JSON: {error}"),
        )),
    };
    match outcome {
        Ok(Json(_)) => Ok(Done::to(PATH, name, "The fault is set.")),
        Err(refusal) if refusal.field.is_some() => {
            let mut all = look(&asked).await?;
            all.typed = Some((name, typed, refusal));
            Err(Again::form(all))
        }
        Err(refusal) => Err(refusal.into()),
    }
}

async fn remove_fault(asked: Asked) -> Result<Done, Again<Infallible>> {
    let name = asked.name();
    let names = Named((name.clone(), asked.form.get("place").to_owned()));
    simulator::remove_fault(State(asked.shared), names).await?;
    Ok(Done::to(PATH, name, "The fault is taken back."))
}
