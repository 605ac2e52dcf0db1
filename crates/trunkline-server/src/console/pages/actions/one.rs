//! One action: its form, what it would do, what it did, and the same call in other languages.
//!
//! The one rule: whatever was typed is there again after every answer; what destroys is carried out only as a plan that somebody has
//! looked at.

use std::collections::BTreeMap;

use axum::{Extension, Json, extract::State};
use maud::{Markup, html};
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use trunkline_actions::Plan;
use trunkline_catalog::Version;
use trunkline_store::Role;

use super::{
    ONE, effect,
    form::{self, Leaf},
    shown,
};
use crate::{
    api::{
        actions::{self, ActionPage, Apply, Call, Done as Outcome, Planned, Spelling},
        connections,
        guard::Caller,
        lookups::Picks,
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Page, View, sentence},
        parts::{self, Pick, Tone, badge},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const PLAN: &str = "/actions/{id}/plan";
const RUN: &str = "/actions/{id}/run";
const APPLY: &str = "/actions/{id}/apply";
/// So many rows are asked for unless somebody types another number.
const ROWS: &str = "50";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("actions.show", ONE, Role::Read, show),
        Page::deed("actions.plan", PLAN, Role::Operate, plan),
        Page::deed("actions.call", RUN, Role::Operate, run),
        Page::deed("plans.apply", APPLY, Role::Operate, apply),
    ]
}

/// An action with its form.
struct One {
    page: ActionPage,
    leaves: Vec<Leaf>,
    /// Connections that can be chosen.
    connections: Vec<String>,
    connection: Option<String>,
    typed: Fields,
    picks: BTreeMap<&'static str, Result<Picks, String>>,
    /// Tells this form from others, so that sending it twice does nothing twice.
    word: String,
    refusal: Option<Refusal>,
    plan: Option<Plan>,
    done: Option<Outcome>,
    spelling: Option<Spelling>,
}

impl One {
    fn path(&self, path: &str) -> String {
        named(path, self.page.line.id)
    }

    fn reads(&self) -> bool {
        self.page.line.effect == "read"
    }

    fn destroys(&self) -> bool {
        self.page.line.effect == "destructive"
    }

    /// Which workspace it is for.
    fn chooser(&self, visit: &Visit) -> Markup {
        let options = self.connections.iter().map(|name| (name.clone(), name.clone()));
        html! {
            @if self.connections.len() > 1 {
                form class="filter" method="get" action=(visit.to(&self.path(ONE))) {
                    (Pick {
                        name: "connection",
                        label: "Connection",
                        options: options.collect(),
                        chosen: self.connection.clone().into_iter().collect(),
                        is_required: true,
                        is_sent: true,
                        ..Pick::default()
                    })
                    button class="scriptless" { "Choose" }
                }
            }
        }
    }

    /// What a form carries along.
    fn carried(&self) -> Markup {
        html! {
            @if let Some(connection) = &self.connection { input type="hidden" name="connection" value=(connection); }
            input type="hidden" name="word" value=(self.word);
        }
    }

    fn form(&self, visit: &Visit) -> Markup {
        let zone = self.typed.whole("time_zone");
        let first = if self.reads() { RUN } else { PLAN };
        let fields = html! {
            (form::markup(&self.leaves, &self.typed, self.refusal.as_ref(), &self.picks))
            @if form::has_times(&self.leaves) {
                (parts::Field::text("time_zone", "Time zone", &zone).like("UTC").hint("Where the times above are, such as Europe/Dublin.").wrong(self.refusal.as_ref()))
            }
        };
        if !visit.may(Role::Operate) {
            return html! { (fields) p class="quiet" { "Running it needs the role " code { "operate" } "." } };
        }
        parts::form(
            visit,
            &self.path(first),
            &html! {
                (self.carried())
                (fields)
                @if self.connections.is_empty() {
                    p class="quiet" { "There is no connection to run it with yet." }
                } @else {
                    div class="actions" {
                        @if self.reads() {
                            button class="first" { (parts::icon(visit, "play")) "Run" }
                        } @else {
                            button class="first" { (parts::icon(visit, "search")) "Show the request" }
                            @if !self.destroys() {
                                button formaction=(visit.to(&self.path(RUN))) { (parts::icon(visit, "play")) "Run" }
                            }
                        }
                    }
                    @if self.destroys() { p class="hint" { "What it destroys does not come back. It can be run after you have seen the request." } }
                }
            },
        )
    }

    /// What it would do, and the button that does exactly that.
    fn planned(&self, visit: &Visit, plan: &Plan) -> Markup {
        let text = serde_json::to_string(plan).unwrap_or_default();
        let body = html! {
            (shown::plan(visit, plan))
            @if !plan.writes.is_empty() && visit.may(Role::Operate) {
                (parts::form(visit, &self.path(APPLY), &html! {
                    (self.carried())
                    input type="hidden" name="plan" value=(text);
                    @for (name, value) in self.typed.pairs().filter(|(name, _)| name.starts_with("input.") || *name == "time_zone") {
                        input type="hidden" name=(name) value=(value);
                    }
                    @if self.destroys() {
                        div class="tick" {
                            input id="f-sure" name="sure" type="checkbox" value="yes" required;
                            label for="f-sure" { "I know that this cannot be undone" }
                        }
                    }
                    div class="actions" {
                        button class=(if self.destroys() { "danger" } else { "first" }) { (parts::icon(visit, "play")) "Do exactly this" }
                    }
                }))
            }
        };
        parts::section("plan", "The request", &body)
    }

    fn answered(&self, visit: &Visit, done: &Outcome) -> Markup {
        let body = html! {
            p {
                @if done.repeated { (badge(Tone::Quiet, "done before")) " This form was sent before; nothing was done twice. " }
                @else if done.writes > 0 { (badge(Tone::Good, "done")) " " }
                (words::some(done.reads.into(), "call")) " to read, " (words::some(done.writes.into(), "call")) " to write."
                @if let Some(run) = done.run.as_deref().filter(|run| !run.is_empty() && visit.may(Role::Operate)) {
                    " " a href=(visit.at("/writes/{id}", run)) { "See it in the history" }
                    ", where it can be undone."
                }
            }
            (shown::notes(&done.notes))
            @if let Value::Array(rows) = &done.output { p class="quiet" { (words::some(rows.len() as u64, "row")) } }
            (shown::document(&done.output))
        };
        parts::section("answer", "The answer", &body)
    }

    /// The same call for those who do not click.
    fn spelled(&self, visit: &Visit) -> Markup {
        let Some(spelling) = &self.spelling else {
            return html! {};
        };
        let forms = [
            ("Command line", &spelling.command),
            ("HTTP", &spelling.http),
            ("Rust", &spelling.rust),
            ("Step of a flow", &spelling.flow),
        ];
        let body = html! {
            p class="hint" { "What is in the form now, for elsewhere. The key of the API stands in " code { "TRUNKLINE_KEY" } "." }
            @for (name, text) in forms {
                details class="spelling" {
                    summary { (name) }
                    (parts::copy_button(visit, &format!("Copy as {name}"), text))
                    (parts::block(text))
                }
            }
        };
        parts::section("copy", "Copy as", &body)
    }

    fn known_as(&self) -> Markup {
        let modules: Vec<_> = self
            .page
            .names
            .iter()
            .filter(|name| name.field.is_empty())
            .collect();
        html! {
            @if !modules.is_empty() {
                p class="hint" {
                    "Elsewhere it is called "
                    @for (index, name) in modules.iter().enumerate() {
                        @if index > 0 { ", " } strong { (name.module) } " (" (name.system) ")"
                    }
                    "."
                }
            }
        }
    }
}

impl View for One {
    fn title(&self) -> String {
        self.page.line.id.to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some(self.page.line.summary.to_owned())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        let resource = super::resource(self.page.line.id);
        Some(html! {
            (effect(self.page.line.effect))
            (parts::link(visit, &format!("/actions?resource={resource}"), None, "Others like it"))
            @if visit.may(Role::Operate) && !self.reads() {
                (parts::link(visit, &format!("/import?action={}", self.page.line.id), Some("into"), "Import rows"))
            }
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        let trouble = self.refusal.as_ref().and_then(|refusal| {
            let is_of_zone = refusal.field.as_deref() == Some("time_zone");
            let said = form::general(&self.leaves, refusal).filter(|_| !is_of_zone)?;
            Some(html! { (sentence(&said)) " " span class="quiet" { (refusal.code) } })
        });
        html! {
            @if let Some(trouble) = trouble { (parts::notice(visit, false, &trouble)) }
            (self.chooser(visit))
            @if let Some(done) = &self.done { (self.answered(visit, done)) }
            @if let Some(plan) = &self.plan { (self.planned(visit, plan)) }
            section class="card" aria-label="What it takes" {
                (self.form(visit))
                (self.known_as())
            }
            (self.spelled(visit))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        samples::all()
    }
}

/// The action with what was typed, before anything is done.
async fn opened(asked: &Asked, typed: Fields, is_first: bool) -> Result<One, Refusal> {
    let Json(page) = actions::show(Named(asked.name())).await?;
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let wanted = typed.given("connection");
    let chosen = all.items.iter().find(|connection| match &wanted {
        Some(name) => connection.name == *name,
        None => connection.is_default,
    });
    let version = chosen
        .and_then(|connection| connection.api_version.parse::<Version>().ok())
        .unwrap_or(Version::DEFAULT);
    let leaves = form::leaves(&page.fields, version);
    let connection = chosen.map(|connection| connection.name.clone());
    let picks = if asked.visit.may(Role::Operate) && connection.is_some() {
        form::picks(asked, connection.as_deref(), &leaves).await
    } else {
        BTreeMap::new()
    };
    let typed = if is_first && page.returns == "rows" && !typed.has("input.limit") {
        typed.and("input.limit", ROWS)
    } else {
        typed
    };
    Ok(One {
        page,
        leaves,
        connections: all.items.into_iter().map(|connection| connection.name).collect(),
        connection: connection.or(wanted),
        typed,
        picks,
        word: asked.shared.store.entropy().word(),
        refusal: None,
        plan: None,
        done: None,
        spelling: None,
    })
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let mut one = opened(&asked, asked.query.clone(), true).await?;
    if let Ok(call) = one.call() {
        one.spelling = spelled(&asked, &one, call).await;
    }
    Ok(one)
}

impl One {
    fn input(&self) -> Result<Map<String, Value>, Refusal> {
        form::input(&self.leaves, &self.typed, self.page.line.is_operation)
    }

    fn call(&self) -> Result<Call, Refusal> {
        Ok(Call {
            connection: self.connection.clone(),
            input: self.input()?,
            key: None,
            time_zone: self.typed.given("time_zone"),
            allow_unknown: false,
        })
    }

    fn again(mut self, refusal: Refusal) -> Again<Self> {
        self.refusal = Some(refusal);
        Again::form(self)
    }

    fn shown(self) -> Again<Self> {
        let subject = self.page.line.id;
        Again::shown(self, subject)
    }
}

/// Whoever visits, as the API knows callers.
pub(in crate::console) fn caller(visit: &Visit) -> Caller {
    Caller {
        key: None,
        person: Some(visit.name().to_owned()),
        role: visit.role(),
    }
}

async fn spelled(asked: &Asked, one: &One, call: Call) -> Option<Spelling> {
    let id = Named(one.page.line.id.to_owned());
    let spelled = actions::spell(State(asked.shared.clone()), id, Body(call)).await;
    spelled.ok().map(|Json(spelling)| spelling)
}

async fn plan(asked: Asked) -> Result<crate::console::page::Done, Again<One>> {
    let mut one = opened(&asked, asked.form.clone(), false).await?;
    let call = match one.call() {
        Ok(call) => call,
        Err(refusal) => return Err(one.again(refusal)),
    };
    one.spelling = spelled(&asked, &one, call).await;
    let Ok(call) = one.call() else {
        return Err(one.shown());
    };
    let id = Named(one.page.line.id.to_owned());
    let who = Extension(caller(&asked.visit));
    match actions::plan(State(asked.shared), who, id, Body(call)).await {
        Ok(Json(Planned { plan })) => {
            one.plan = Some(plan);
            Err(one.shown())
        }
        Err(refusal) => Err(one.again(refusal)),
    }
}

async fn run(asked: Asked) -> Result<crate::console::page::Done, Again<One>> {
    let mut one = opened(&asked, asked.form.clone(), false).await?;
    let mut call = match one.call() {
        Ok(call) => call,
        Err(refusal) => return Err(one.again(refusal)),
    };
    if one.destroys() {
        let message = "what destroys is run after somebody has looked at the request";
        return Err(one.again(Refusal::new(http::StatusCode::CONFLICT, "TL0960", message)));
    }
    if let Ok(same) = one.call() {
        one.spelling = spelled(&asked, &one, same).await;
    }
    call.key = (!one.reads()).then(|| key(asked.form.get("word"), &Value::Object(call.input.clone())));
    let id = Named(one.page.line.id.to_owned());
    let who = Extension(caller(&asked.visit));
    match actions::call(State(asked.shared), who, id, Body(call)).await {
        Ok(Json(done)) => {
            one.done = Some(done);
            Err(one.shown())
        }
        Err(refusal) => Err(one.again(refusal)),
    }
}

async fn apply(asked: Asked) -> Result<crate::console::page::Done, Again<One>> {
    let mut one = opened(&asked, asked.form.clone(), false).await?;
    if let Ok(call) = one.call() {
        one.spelling = spelled(&asked, &one, call).await;
    }
    if one.destroys() && !asked.form.is_ticked("sure") {
        let message = "the box that says that you are sure was not ticked; look at the request again";
        return Err(one.again(Refusal::new(http::StatusCode::CONFLICT, "TL0960", message)));
    }
    let plan: Plan = match serde_json::from_str(&asked.form.whole("plan")) {
        Ok(plan) => plan,
        Err(_) => return Err(one.again(Refusal::of_field("plan", "is not one that this page made"))),
    };
    if plan.action != one.page.line.id {
        return Err(one.again(Refusal::of_field("plan", "is one of another action")));
    }
    let apply = Apply {
        connection: one.connection.clone(),
        key: Some(key(asked.form.get("word"), &plan.input)),
        plan,
    };
    let who = Extension(caller(&asked.visit));
    match actions::apply(State(asked.shared), who, Body(apply)).await {
        Ok(Json(done)) => {
            one.done = Some(done);
            Err(one.shown())
        }
        Err(refusal) => Err(one.again(refusal)),
    }
}

/// The key of a form that is sent: the same form with the same values runs once.
fn key(word: &str, input: &Value) -> String {
    let digest = Sha256::digest(format!("{word} {input}").as_bytes());
    let short: String = digest.iter().take(16).map(|byte| format!("{byte:02x}")).collect();
    format!("console/{short}")
}

#[cfg(test)]
mod samples;
