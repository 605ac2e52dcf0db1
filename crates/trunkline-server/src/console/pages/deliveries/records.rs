//! What became of records whose whole way is kept: a list to narrow, and one record from its source to each destination.

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_store::Role;
use url::form_urlencoded;

use super::{Tab, destination, download, flow_choice, is_remembered, letter, names, run_link, tabs};
use crate::{
    api::{
        deliveries::{self, DeliveriesQuery, Shown},
        read::Named,
    },
    console::{
        fields::Fields,
        page::{Asked, Page, View},
        parts::{self, Field, Tone},
        visit::Visit,
        words,
    },
    flows::{RecordPlace, RecordWay},
    reply::Refusal,
};

pub(super) const LIST: &str = "/deliveries/records";
pub(super) const ONE: &str = "/deliveries/records/{id}";
const OUTCOMES: [(&str, &str); 4] = [
    ("", "any"),
    ("delivered", "delivered"),
    ("let_go", "let go"),
    ("dead", "dead letter"),
];
/// What the list is narrowed by, besides its page.
const NARROWS: [&str; 6] = ["flow", "outcome", "destination", "record", "key", "run"];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("deliveries.list", LIST, Role::Read, list),
        Page::look("deliveries.show", ONE, Role::Read, show),
    ]
}

/// What became of a record.
fn badge(outcome: &str) -> Markup {
    match outcome {
        "delivered" => parts::badge(Tone::Good, outcome),
        "dead" => parts::badge(Tone::Bad, "dead letter"),
        _ => parts::badge(Tone::Quiet, "let go"),
    }
}

/// The address of the ways of a run's records.
pub(super) fn of_run(visit: &Visit, flow: &str, run: &str) -> String {
    let query = form_urlencoded::Serializer::new(String::new())
        .append_pair("flow", flow)
        .append_pair("run", run)
        .finish();
    format!("{}?{query}", visit.to(LIST))
}

/// Some of what became of records, and what that was narrowed by.
#[derive(Default)]
struct Records {
    items: Vec<Shown>,
    next: Option<String>,
    asked: Fields,
    flows: Vec<String>,
    refusal: Option<Refusal>,
}

impl Records {
    fn table(&self, visit: &Visit) -> Markup {
        let rows = self.items.iter().map(|one| {
            vec![
                html! { a href=(visit.at(ONE, &one.id)) { (parts::moment(one.at, visit.now())) } },
                html! { a href=(visit.at("/flows/{flow}", &one.flow)) { (one.flow) } },
                html! { @match &one.record_id { Some(id) => (id), None => span class="quiet" { "number " (words::count(one.origin + 1)) " of its run" } } },
                badge(&one.outcome),
                html! { (place_name(&one.destination, &one.outcome)) @if one.joined > 1 { span class="quiet" { ", one of " (words::count(one.joined)) } } },
                html! { (one.attempts) },
            ]
        });
        let columns = ["When", "Flow", "Record", "Outcome", "Destination", "Attempts"];
        parts::table("What became of records", &columns, rows.collect())
    }
}

/// Where something became of a record, in words.
fn place_name<'p>(name: &'p str, outcome: &str) -> &'p str {
    if outcome == "let_go" {
        "none"
    } else {
        destination(name)
    }
}

impl View for Records {
    fn title(&self) -> String {
        "Runs and deliveries".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("What became of records, each from its source to every destination. Of how many of a run this is kept, the run says.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let is_narrowed = NARROWS.iter().any(|name| !self.asked.get(name).is_empty());
        html! {
            (tabs(visit, Tab::Records))
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to(LIST)) role="search" {
                (flow_choice(&self.asked, &self.flows))
                (parts::choice("outcome", "Outcome", self.asked.get("outcome"), &OUTCOMES))
                (Field::text("destination", "Destination", self.asked.get("destination")).like("its name"))
                (Field::text("record", "Record", self.asked.get("record")).like("its id"))
                (Field::text("key", "Key", self.asked.get("key")).like("as the flow's policy makes it"))
                @if let Some(run) = self.asked.given("run") { input type="hidden" name="run" value=(run); }
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if self.items.is_empty() {
                @if is_narrowed {
                    (parts::empty(visit, "search", "Nothing fits", "No record whose way is kept is like that.", Some(parts::link(visit, LIST, None, "Show all"))))
                } @else {
                    (parts::empty(visit, "clock", "No records", "No flow has brought any yet, or none keeps their ways.", Some(parts::link(visit, "/flows", None, "To the flows"))))
                }
            } @else {
                (self.table(visit))
                (parts::older(visit, LIST, self.next.as_ref().map(|next| self.asked.with("before", next))))
                (download::links(visit, download::RECORDS, &self.asked))
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let of = |asked, items| Self {
            items,
            asked,
            flows: vec!["urgent".to_owned()],
            ..Self::default()
        };
        vec![
            ("none", Self::default()),
            (
                "nothing fits",
                of(Fields::of(&[("record", "\"><b>")]), Vec::new()),
            ),
            (
                "some",
                Self {
                    next: Some("1".to_owned()),
                    ..of(
                        Fields::of(&[("flow", "urgent"), ("run", "run-done")]),
                        ["delivered", "let_go", "dead"].map(sample).into(),
                    )
                },
            ),
            (
                "wrong",
                Self {
                    refusal: Some(Refusal::of_field("outcome", "is no outcome")),
                    ..Self::default()
                },
            ),
        ]
    }
}

/// One record.
struct One {
    way: RecordWay,
    /// Whether its run is still remembered.
    has_run: bool,
}

impl One {
    fn place(place: &RecordPlace, visit: &Visit) -> Markup {
        html! {
            li {
                h3 {
                    @match place.outcome.as_str() {
                        "let_go" => "Let go: no destination wanted it",
                        "dead" => { "Given up on the way to " (destination(&place.destination)) }
                        _ => { "Delivered to " (place.destination) }
                    }
                }
                p {
                    (badge(&place.outcome)) " " (parts::moment(place.at, visit.now()))
                    @if place.attempts > 0 { ", after " (place.attempts) @if place.attempts == 1 { " attempt" } @else { " attempts" } }
                    @if let Some(key) = &place.key { ", key " code { (key) } }
                    @if place.joined > 1 { ", made of " (words::count(place.joined)) " records" }
                    @if let Some(id) = &place.letter { ": " a href=(visit.at(super::ONE, id)) { "the dead letter" } }
                }
                (steps(&place.steps))
                @if let Some(record) = &place.record { h4 { "As it was delivered" } (letter::document(record)) }
                @if let Some(answer) = &place.answer { h4 { "What was answered" } (letter::document(answer)) }
            }
        }
    }
}

/// What transforms have before them and give after them.
fn steps(steps: &Value) -> Markup {
    html! { @for step in steps.as_array().into_iter().flatten() { (letter::step(step)) } }
}

impl View for One {
    fn title(&self) -> String {
        format!("A record of {}", self.way.flow)
    }

    fn main(&self, visit: &Visit) -> Markup {
        let way = &self.way;
        html! {
            section class="card" aria-label="The record" {
                (parts::facts(vec![
                    ("Record", html! { @match &way.record_id { Some(id) => a href={ (visit.to(LIST)) "?" (form_urlencoded::Serializer::new(String::new()).append_pair("record", id).finish()) } { (id) }, None => span class="quiet" { "without an id" } } }),
                    ("Flow", html! { a href=(visit.at("/flows/{flow}", &way.flow)) { (way.flow) } @if way.version > 0 { ", version " (way.version) } }),
                    ("Run", html! { (run_link(visit, &way.run, self.has_run)) ", record " (words::count(way.origin + 1)) }),
                ]))
            }
            (parts::section("way", "The record's way", &html! {
                @if let Some(note) = &way.note { p class="quiet" { (note) } }
                ol class="way-of" {
                    @if let Some(source) = &way.source_record { li { h3 { "As the source gave it" } (letter::document(source)) } }
                    @for step in way.steps.as_array().into_iter().flatten() { li { (letter::step(step)) } }
                    @for place in &way.places { (Self::place(place, visit)) }
                }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use serde_json::json;
        let place = |outcome: &str| {
            let row = sample(outcome);
            RecordPlace {
                id: row.id,
                destination: row.destination,
                outcome: row.outcome,
                at: row.at,
                key: row.key,
                attempts: row.attempts,
                joined: row.joined,
                steps: json!([]),
                record: None,
                answer: None,
                letter: row.letter,
            }
        };
        let delivered = RecordPlace {
            steps: json!([{ "transform": "map", "before": [{ "number": 1 }], "after": [{ "number": 2 }], "destination": "file" }]),
            record: Some(json!({ "number": 2 })),
            answer: Some(json!("<b>yes</b>")),
            joined: 3,
            ..place("delivered")
        };
        let way = |places| RecordWay {
            flow: "urgent".to_owned(),
            run: "run-done".to_owned(),
            version: 3,
            origin: 4,
            record_id: Some("<i>7</i>".to_owned()),
            source_record: Some(json!({ "text": "<script>alert(1)</script>" })),
            steps: json!([{ "transform": "filter", "before": [{ "number": 1 }], "after": [], "errors": ["<b>it</b> took too long"] }]),
            note: Some("These are the steps of another version.".to_owned()),
            places,
        };
        let bare = RecordWay {
            record_id: None,
            source_record: None,
            steps: json!([]),
            version: 0,
            note: None,
            ..way(vec![place("let_go")])
        };
        vec![
            (
                "of two places",
                Self {
                    way: way(vec![delivered, place("dead")]),
                    has_run: true,
                },
            ),
            (
                "let go, of a run that is forgotten",
                Self {
                    way: bare,
                    has_run: false,
                },
            ),
        ]
    }
}

/// Which records are asked for.
pub(super) fn query(asked: &Fields) -> (Option<String>, DeliveriesQuery) {
    let given = |name| asked.given(name);
    let query = DeliveriesQuery {
        run: given("run"),
        destination: given("destination"),
        outcome: given("outcome"),
        record: given("record"),
        key: given("key"),
        before: given("before"),
        ..DeliveriesQuery::default()
    };
    (given("flow"), query)
}

async fn list(asked: Asked) -> Result<Records, Refusal> {
    let (flow, query) = query(&asked.query);
    let mut view = Records {
        flows: names(&asked).await?,
        ..Records::default()
    };
    match deliveries::some(&asked.shared, flow, query).await {
        Ok((found, next)) => {
            view.items = found.into_iter().map(Shown::from).collect();
            view.next = next;
        }
        Err(refusal) if refusal.field.is_some() => view.refusal = Some(refusal),
        Err(refusal) => return Err(refusal),
    }
    view.asked = asked.query;
    Ok(view)
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let Json(way) = deliveries::show(State(asked.shared.clone()), Named(asked.name())).await?;
    let has_run = is_remembered(&asked, &way.run).await?;
    Ok(One { way, has_run })
}

#[cfg(test)]
fn sample(outcome: &str) -> Shown {
    let is_let_go = outcome == "let_go";
    Shown {
        id: format!("way-{outcome}"),
        flow: "urgent".to_owned(),
        run: "run-done".to_owned(),
        version: 3,
        origin: 1_233,
        record_id: (!is_let_go).then(|| "<b>c-1</b>".to_owned()),
        key: (outcome == "delivered").then(|| "<b>k</b>".to_owned()),
        destination: if is_let_go { "-" } else { "file" }.to_owned(),
        outcome: outcome.to_owned(),
        joined: if outcome == "delivered" { 1 } else { 12 },
        letter: (outcome == "dead").then(|| "1".to_owned()),
        attempts: i64::from(!is_let_go),
        at: "2026-03-01T11:00:30Z".parse().expect("a moment"),
    }
}
