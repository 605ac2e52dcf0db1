//! Runs and deliveries: dead letters with a filter, redriven or dropped, one or many; runs of all flows. `deliveries/letter.rs` has one
//! letter with its whole way, `deliveries/records.rs` what became of the other records, `deliveries/runs.rs` the runs.
//!
//! The one rule: many are redriven or dropped only of a flow, or by choosing each, so that nobody empties everything by a slip.

mod download;
mod letter;
mod records;
mod runs;

use std::{collections::BTreeMap, convert::Infallible};

use axum::{Json, extract::State};
use http::StatusCode;
use maud::{Markup, html};
use trunkline_store::Role;
use url::form_urlencoded;

use crate::{
    api::{
        dead_letters::{self, Chosen, DeadLettersQuery, Redrive, Shown},
        flows,
        read::{Body, Named, Query},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Field, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};
#[cfg(test)]
pub(super) use runs::sample as sample_run;
pub(super) use runs::{badge as run_badge, table as run_table};

const LIST: &str = "/deliveries";
const ONE: &str = "/deliveries/{id}";
const REDRIVE: &str = "/deliveries/redrive";
const DROP: &str = "/deliveries/drop";
/// What a list is narrowed by, besides its page.
const NARROWS: [&str; 4] = ["destination", "code", "text", "run"];
const STATES: [(&str, &str); 3] = [
    ("waiting", "waiting"),
    ("redriven", "redriven"),
    ("dropped", "dropped"),
];

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("dead_letters.list", LIST, Role::Read, list).in_menu(
            Group::Flow,
            "again",
            "Runs and deliveries",
        ),
        Page::deed("dead_letters.redrive", REDRIVE, Role::Operate, redrive),
        Page::deed("dead_letters.drop", DROP, Role::Operate, drop_some),
    ];
    pages.extend(download::pages());
    // Before the page of a letter, whose address fits any word.
    pages.extend(records::pages());
    pages.extend(letter::pages());
    pages.extend(runs::pages());
    pages
}

/// The query of the dead letters of a flow.
pub(super) fn of_flow(flow: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("flow", flow)
        .finish()
}

/// A list of what flows did.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tab {
    Letters,
    Records,
    Runs,
}

/// The ways between the lists.
fn tabs(visit: &Visit, tab: Tab) -> Markup {
    let current = |own: Tab| (own == tab).then_some("page");
    html! {
        nav class="tabs" aria-label="Runs and deliveries" {
            a href=(visit.to(LIST)) aria-current=[current(Tab::Letters)] { "Dead letters" }
            a href=(visit.to(records::LIST)) aria-current=[current(Tab::Records)] { "Records" }
            a href=(visit.to(runs::LIST)) aria-current=[current(Tab::Runs)] { "Runs" }
        }
    }
}

/// Names to choose a flow by.
fn flow_choice(asked: &Fields, flows: &[String]) -> Markup {
    let mut names: Vec<(&str, &str)> = vec![("", "any")];
    names.extend(flows.iter().map(|name| (name.as_str(), name.as_str())));
    parts::choice("flow", "Flow", asked.get("flow"), &names)
}

/// The way to a flow; only its name where it is none of those that are there.
fn flow_link(visit: &Visit, name: &str, flows: &[String]) -> Markup {
    html! {
        @if flows.iter().any(|flow| flow == name) { a href=(visit.at("/flows/{flow}", name)) { (name) } }
        @else { (name) " " span class="quiet" { "(removed)" } }
    }
}

/// The way to a run; only its id where it is no longer remembered.
fn run_link(visit: &Visit, run: &str, is_there: bool) -> Markup {
    html! {
        @if is_there { a href=(visit.to(&named(runs::ONE, run))) { (run) } }
        @else { (run) " " span class="quiet" { "(no longer remembered)" } }
    }
}

/// Whether a run is still remembered.
async fn is_remembered(asked: &Asked, run: &str) -> Result<bool, Refusal> {
    match flows::run(State(asked.shared.clone()), Named(run.to_owned())).await {
        Ok(_) => Ok(true),
        Err(refusal) if refusal.status == StatusCode::NOT_FOUND => Ok(false),
        Err(refusal) => Err(refusal),
    }
}

/// Some dead letters, and what they were narrowed by.
#[derive(Default)]
struct List {
    items: Vec<Shown>,
    next: Option<String>,
    asked: Fields,
    flows: Vec<String>,
    refusal: Option<Refusal>,
}

impl List {
    fn may_choose(&self, visit: &Visit) -> bool {
        visit.may(Role::Operate) && self.items.iter().any(|letter| letter.state == "waiting")
    }

    fn table(&self, visit: &Visit) -> Markup {
        let chooses = self.may_choose(visit);
        let rows = self
            .items
            .iter()
            .map(|letter| {
                let mut row = vec![
                    html! { a href=(visit.at(ONE, &letter.id)) { (parts::moment(letter.last_at, visit.now())) } },
                    flow_link(visit, &letter.flow, &self.flows),
                    html! { (destination(&letter.destination)) },
                    html! { code { (letter.code) } " " (letter.message) },
                    html! { (letter.attempts) },
                    state(&letter.state),
                ];
                if chooses {
                    row.insert(0, html! {
                        input type="checkbox" name="letters" value={ (letter.id) " " (letter.flow) } aria-label={ "Choose the letter of " (words::exact(letter.last_at)) };
                    });
                }
                row
            })
            .collect();
        let mut columns = vec!["Given up", "Flow", "Destination", "Why", "Attempts", "State"];
        if chooses {
            columns.insert(0, "Choose");
        }
        parts::table("Dead letters", &columns, rows)
    }

    /// The table with what can be done to what is chosen in it.
    fn chosen(&self, visit: &Visit) -> Markup {
        parts::form(
            visit,
            REDRIVE,
            &html! {
                (self.table(visit))
                div class="actions" {
                    button { (parts::icon(visit, "again")) "Redrive what is chosen" }
                    button class="danger" formaction=(visit.to(DROP)) { (parts::icon(visit, "trash")) "Drop what is chosen" }
                }
            },
        )
    }

    /// What can be done to all that fit.
    fn all(&self, visit: &Visit) -> Markup {
        let flow = self.asked.get("flow");
        let kept = html! {
            input type="hidden" name="flow" value=(flow);
            @for name in NARROWS { @if let Some(value) = self.asked.given(name) { input type="hidden" name=(name) value=(value); } }
        };
        html! {
            section class="card" aria-labelledby="all-title" {
                h2 id="all-title" { "All of " (flow) " that fit" }
                p class="quiet" { "Also those that are not on this page. Each goes back once, however often this is pressed." }
                (parts::form(visit, REDRIVE, &html! {
                    (kept)
                    (parts::choice("form", "Begin with", "", &[
                        ("", "the source's record, or what there is"),
                        ("source", "the source's record, through the transforms again"),
                        ("ready", "the record as the destination was to take it"),
                    ]))
                    div class="actions" {
                        button class="first" { (parts::icon(visit, "again")) "Redrive all" }
                        button class="danger" formaction=(visit.to(DROP)) { (parts::icon(visit, "trash")) "Drop all" }
                    }
                }))
            }
        }
    }
}

/// A destination in words.
fn destination(name: &str) -> &str {
    if name == "-" { "before any" } else { name }
}

/// What became of a letter.
fn state(word: &str) -> Markup {
    match word {
        "waiting" => badge(Tone::Bad, "waits for you"),
        "redriven" => badge(Tone::Good, word),
        _ => badge(Tone::Quiet, word),
    }
}

impl View for List {
    fn title(&self) -> String {
        "Runs and deliveries".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Records that a flow gave up, each with its whole way. None is lost: mend what was wrong, and redrive.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let is_narrowed = NARROWS
            .iter()
            .chain(&["flow", "state"])
            .any(|name| !self.asked.get(name).is_empty());
        let may_do_all =
            self.may_choose(visit) && !self.asked.get("flow").is_empty() && !self.asked.has("before");
        html! {
            (tabs(visit, Tab::Letters))
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            form class="filter" method="get" action=(visit.to(LIST)) role="search" {
                (flow_choice(&self.asked, &self.flows))
                (parts::choice("state", "State", self.asked.get("state"), &STATES))
                (Field::text("code", "Code", self.asked.get("code")).like("TL0863"))
                (Field::text("text", "Text", self.asked.get("text")).like("in the record or the error"))
                @if let Some(run) = self.asked.given("run") { input type="hidden" name="run" value=(run); }
                button { (parts::icon(visit, "search")) "Find" }
            }
            @if self.items.is_empty() {
                @if let Some(next) = &self.next {
                    (parts::empty(visit, "search", "Nothing among the newest", "Of those that fit otherwise the newest were read, and none holds the text. Name a flow or a code to look through fewer.", Some(html! {
                        a class="button" href={ (visit.to(LIST)) "?" (self.asked.with("before", next)) } { "Look through older ones" }
                    })))
                } @else if is_narrowed {
                    (parts::empty(visit, "search", "Nothing fits", "No dead letter is like that.", Some(parts::link(visit, LIST, None, "Show all that wait"))))
                } @else {
                    (parts::empty(visit, "good", "No dead letters", "Every record arrived, was left out, or waits for its turn.", Some(parts::link(visit, "/flows", None, "To the flows"))))
                }
            } @else {
                @if self.may_choose(visit) { (self.chosen(visit)) } @else { (self.table(visit)) }
                (parts::older(visit, LIST, self.next.as_ref().map(|next| self.asked.with("before", next))))
                (download::links(visit, download::LETTERS, &self.asked))
                @if may_do_all { (self.all(visit)) }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let gone = Shown {
            id: "2".to_owned(),
            state: "redriven".to_owned(),
            destination: "-".to_owned(),
            ..letter::sample()
        };
        let of = |asked, items| Self {
            items,
            asked,
            flows: vec!["urgent".to_owned()],
            ..Self::default()
        };
        vec![
            ("none", Self::default()),
            ("nothing fits", of(Fields::of(&[("code", "TL0001")]), Vec::new())),
            (
                "some",
                Self {
                    next: Some("1".to_owned()),
                    ..of(Fields::default(), vec![letter::sample(), gone.clone()])
                },
            ),
            (
                "a text that the newest do not hold",
                Self {
                    next: Some("1".to_owned()),
                    ..of(Fields::of(&[("text", "needle")]), Vec::new())
                },
            ),
            (
                "of a flow",
                of(
                    Fields::of(&[("flow", "urgent"), ("text", "\"><b>")]),
                    vec![letter::sample()],
                ),
            ),
            ("redriven", of(Fields::of(&[("state", "redriven")]), vec![gone])),
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

/// The names of all flows.
async fn names(asked: &Asked) -> Result<Vec<String>, Refusal> {
    let Json(all) = flows::list(State(asked.shared.clone())).await?;
    Ok(all.items.into_iter().map(|flow| flow.name).collect())
}

/// Which letters are asked for.
fn letters_query(asked: &Fields) -> DeadLettersQuery {
    let given = |name| asked.given(name);
    DeadLettersQuery {
        flow: given("flow"),
        destination: given("destination"),
        run: given("run"),
        code: given("code"),
        state: given("state"),
        text: given("text"),
        before: given("before"),
        ..DeadLettersQuery::default()
    }
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    let query = letters_query(&asked.query);
    let mut view = List {
        flows: names(&asked).await?,
        ..List::default()
    };
    match dead_letters::list(State(asked.shared.clone()), Query(query)).await {
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

/// What a form means: all of a flow that fit, or those that are chosen, by their flows.
fn meant(form: &Fields) -> Result<BTreeMap<String, Chosen>, Refusal> {
    let mut meant: BTreeMap<String, Chosen> = BTreeMap::new();
    if let Some(flow) = form.given("flow") {
        let fitting = Chosen {
            destination: form.given("destination"),
            code: form.given("code"),
            text: form.given("text"),
            ..Chosen::default()
        };
        meant.insert(flow, fitting);
        return Ok(meant);
    }
    for letter in form.all("letters") {
        let Some((id, flow)) = letter.split_once(' ') else {
            return Err(Refusal::of_field("letters", "names no letter of a flow"));
        };
        let ids = meant
            .entry(flow.to_owned())
            .or_default()
            .ids
            .get_or_insert_default();
        ids.push(id.to_owned());
    }
    if meant.is_empty() {
        return Err(Refusal::of_field(
            "letters",
            "none is chosen: tick those that you mean",
        ));
    }
    Ok(meant)
}

async fn redrive(asked: Asked) -> Result<Done, Again<Infallible>> {
    let mut redriven = 0;
    let meant = meant(&asked.form)?;
    let subject = meant.keys().cloned().collect::<Vec<_>>().join(", ");
    for (flow, letters) in meant {
        let body = Redrive {
            letters,
            form: asked.form.given("form"),
        };
        let Json(done) = dead_letters::redrive(State(asked.shared.clone()), Named(flow), Body(body)).await?;
        redriven += done.redriven;
    }
    let note = format!("{} in the queue again.", words::some(redriven, "record"));
    Ok(Done::to(LIST, subject, note))
}

async fn drop_some(asked: Asked) -> Result<Done, Again<Infallible>> {
    let mut dropped = 0;
    let meant = meant(&asked.form)?;
    let subject = meant.keys().cloned().collect::<Vec<_>>().join(", ");
    for (flow, letters) in meant {
        let Json(done) =
            dead_letters::drop_some(State(asked.shared.clone()), Named(flow), Body(letters)).await?;
        dropped += done.dropped;
    }
    let note = format!("{} dropped.", words::some(dropped, "dead letter"));
    Ok(Done::to(LIST, subject, note))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_meant_by_their_flows_or_by_what_a_flow_s_have_in_common() {
        let chosen = meant(&Fields::of(&[
            ("letters", "1 a"),
            ("letters", "2 b"),
            ("letters", "3 a"),
        ]))
        .ok()
        .unwrap();
        assert_eq!(
            chosen["a"].ids.as_deref(),
            Some(["1".to_owned(), "3".to_owned()].as_slice())
        );
        assert_eq!(chosen["b"].ids.as_deref(), Some(["2".to_owned()].as_slice()));
        let fitting = meant(&Fields::of(&[("flow", "a"), ("code", "TL0811")]))
            .ok()
            .unwrap();
        assert_eq!(
            (fitting["a"].code.as_deref(), &fitting["a"].ids),
            (Some("TL0811"), &None)
        );
        for bad in [Fields::default(), Fields::of(&[("letters", "1")])] {
            assert_eq!(meant(&bad).err().unwrap().field.as_deref(), Some("letters"));
        }
    }
}
