//! One recipe: what it needs, what is filled in, what becomes of its sample, and switching it on.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;
use url::form_urlencoded;

use super::{LIST, ONE};
use crate::{
    api::{
        flows::{self, NewText, Text, Tried, Try},
        read::{Body, Named},
        recipes::{self, Blank, Fill, OneFlow, Whole},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        pages::flows::{choose, tried},
        parts::{self, Field, Tone, badge},
        visit::{Visit, named},
    },
    reply::Refusal,
};

/// What the fields of values begin with.
const VALUE: &str = "values.";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("recipes.show", ONE, Role::Read, show),
        Page::deed("recipes.use", ONE, Role::Admin, put),
    ]
}

/// A recipe, with one of its flows that is filled in.
struct One {
    whole: Whole,
    /// The flow's place among those of the recipe.
    at: usize,
    typed: Fields,
    connections: Vec<String>,
    refusal: Option<Refusal>,
    /// The text that came of it, and what is wrong with that.
    text: Option<String>,
    tried: Option<Tried>,
}

impl One {
    fn flow(&self) -> Option<&OneFlow> {
        self.whole.flows.get(self.at)
    }

    fn tabs(&self, visit: &Visit) -> Markup {
        html! {
            @if self.whole.flows.len() > 1 {
                nav class="tabs" aria-label="Flows of this recipe" {
                    @for (at, flow) in self.whole.flows.iter().enumerate() {
                        a href={ (visit.at(ONE, &self.whole.name)) "?" (of_file(&flow.file)) } aria-current=[(at == self.at).then_some("page")] {
                            (flow.name)
                        }
                    }
                }
            }
        }
    }

    fn needs(flow: &OneFlow, needs: &[String]) -> Markup {
        html! {
            ul class="plain-list" {
                @for need in needs { li { (need) } }
                @for (name, is_set) in &flow.environment {
                    li {
                        "The variable " code { (name) } " of the environment of this process "
                        @if *is_set { (badge(Tone::Good, "is set")) } @else { (badge(Tone::Warn, "is not set")) }
                    }
                }
            }
        }
    }

    fn form(&self, visit: &Visit, flow: &OneFlow) -> Markup {
        let refusal = self.refusal.as_ref();
        let typed = |name: &str, usual: &str| {
            if self.typed.has(name) {
                self.typed.get(name).to_owned()
            } else {
                usual.to_owned()
            }
        };
        let name = typed("name", &flow.name);
        let fields: Vec<(String, &Blank)> = flow
            .values
            .iter()
            .map(|blank| (format!("{VALUE}{}", blank.name), blank))
            .collect();
        let mut known = vec!["name", "connection"];
        known.extend(fields.iter().map(|(field, _)| field.as_str()));
        let way = format!("{}#tried", visit.at(ONE, &self.whole.name));
        parts::form(
            visit,
            &named(ONE, &self.whole.name),
            &html! {
                (parts::trouble(visit, refusal, &known))
                input type="hidden" name="file" value=(flow.file);
                (Field::text("name", "Name of the flow", &name).needed().hint("Small letters, digits and hyphens.").wrong(refusal))
                (choose::connection(visit, "connection", self.typed.get("connection"), &self.connections))
                @for (field, blank) in &fields {
                    (Field::text(field, &blank.label, &typed(field, &blank.usual)).needed().hint(&blank.hint).wrong(refusal))
                }
                div class="actions" {
                    button class="first" { (parts::icon(visit, "play")) "Switch it on" }
                    button name="do" value="try" formaction=(way) { "Try it with its sample" }
                    button name="do" value="source" formaction=(way) { "Try it with records of the source" }
                }
                p class="hint" { "Trying brings nothing anywhere. With its sample nobody is called; with records of the source that is really read." }
            },
        )
    }
}

fn of_file(file: &str) -> String {
    form_urlencoded::Serializer::new(String::new())
        .append_pair("flow", file)
        .finish()
}

impl View for One {
    fn title(&self) -> String {
        self.whole.title.clone()
    }

    fn lead(&self) -> Option<String> {
        self.flow().map(|flow| flow.summary.clone())
    }

    fn actions(&self, visit: &Visit) -> Option<Markup> {
        Some(parts::link(visit, LIST, None, "All recipes"))
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (self.tabs(visit))
            @if let Some(flow) = self.flow() {
                (parts::section("needs", "What it needs", &Self::needs(flow, &self.whole.needs)))
                @if visit.may(Role::Admin) {
                    (parts::section("fill", "Fill in", &self.form(visit, flow)))
                } @else {
                    p class="quiet" { "Somebody with the role admin can fill it in and switch it on." }
                }
                div id="tried" role="status" {
                    @if let Some(tried) = &self.tried {
                        section class="card" aria-labelledby="tried-title" {
                            h2 id="tried-title" { "What would happen" }
                            (tried::shown(visit, tried, self.text.as_deref().unwrap_or_default()))
                        }
                    }
                }
                details class="more-fields" { summary { "The flow's text" } (parts::block(self.text.as_deref().unwrap_or(&flow.text))) }
                details class="more-fields" { summary { "The recipe's README" } (parts::block(&self.whole.readme)) }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let flow = |file: &str| OneFlow {
            file: file.to_owned(),
            name: file.trim_end_matches(".yaml").to_owned(),
            summary: "Every <b>article</b> as a file.".to_owned(),
            environment: [("SET".to_owned(), true), ("UNSET".to_owned(), false)].into(),
            values: vec![Blank {
                name: "folder".to_owned(),
                label: "Folder".to_owned(),
                hint: "Where the files are.".to_owned(),
                usual: "articles".to_owned(),
            }],
            text: "flow: x\n# <script>\n".to_owned(),
            records: Vec::new(),
        };
        let one = |typed, refusal: Option<Refusal>, tried: Option<Tried>| Self {
            whole: Whole {
                name: "help-center".to_owned(),
                title: "Help center".to_owned(),
                needs: vec!["A connection.".to_owned()],
                readme: "# Help <b>center</b>".to_owned(),
                flows: vec![flow("flow.yaml"), flow("back.yaml")],
            },
            at: 0,
            typed,
            connections: vec!["acme".to_owned()],
            text: tried.is_none().then(|| format!("flow: {}\n", refusal.is_some())),
            refusal,
            tried,
        };
        let typed = Fields::of(&[("values.folder", "\"><b>"), ("connection", "acme"), ("name", "x")]);
        let wrong = Refusal::of_field("values.folder", "is not a path");
        vec![
            ("fresh", one(Fields::default(), None, None)),
            ("wrong", one(typed.clone(), Some(wrong), None)),
            ("tried", one(typed, None, Some(tried::sample()))),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let file = asked.query.get("flow").to_owned();
    view(&asked, &file).await
}

async fn view(asked: &Asked, file: &str) -> Result<One, Refusal> {
    let Json(whole) = recipes::show(Named(asked.name())).await?;
    let at = whole.flows.iter().position(|flow| flow.file == file).unwrap_or(0);
    Ok(One {
        whole,
        at,
        typed: asked.form.clone(),
        connections: choose::connections(asked).await?,
        refusal: None,
        text: None,
        tried: None,
    })
}

/// The text that came of what was typed.
async fn filled(asked: &Asked, one: &One) -> Result<String, Refusal> {
    let Some(flow) = one.flow() else {
        return Ok(String::new());
    };
    let values: BTreeMap<String, String> = flow
        .values
        .iter()
        .map(|blank| {
            let typed = asked.form.get(&format!("{VALUE}{}", blank.name));
            (blank.name.clone(), typed.to_owned())
        })
        .collect();
    let body = Fill {
        file: Some(flow.file.clone()),
        name: Some(asked.form.get("name").to_owned()),
        connection: asked.form.given("connection"),
        values,
    };
    let state = State(asked.shared.clone());
    let Json(filled) = recipes::fill(state, Named(one.whole.name.clone()), Body(body)).await?;
    Ok(filled.text)
}

async fn attempt(asked: &Asked, one: &OneFlow, text: &str, takes_source: bool) -> Result<Tried, Refusal> {
    let objects = one
        .records
        .iter()
        .filter_map(|record| record.as_object().cloned());
    let records: Vec<_> = objects.collect();
    let body = Try {
        text: text.to_owned(),
        records: (!takes_source && !records.is_empty()).then_some(records),
        take: takes_source.then(|| "source".to_owned()),
        ..Try::default()
    };
    let Json(tried) = flows::try_text(State(asked.shared.clone()), Body(body)).await?;
    Ok(tried)
}

async fn put(asked: Asked) -> Result<Done, Again<One>> {
    let mut one = view(&asked, asked.form.get("file")).await?;
    let text = match filled(&asked, &one).await {
        Ok(text) => text,
        Err(refusal) if refusal.status.is_client_error() => {
            one.refusal = Some(refusal);
            return Err(Again::form(one));
        }
        Err(refusal) => return Err(refusal.into()),
    };
    one.text = Some(text.clone());
    let wanted = asked.form.get("do");
    if let ("try" | "source", Some(flow)) = (wanted, one.flow()) {
        match attempt(&asked, flow, &text, wanted == "source").await {
            Ok(tried) => one.tried = Some(tried),
            Err(refusal) if refusal.status.is_client_error() => one.refusal = Some(refusal),
            Err(refusal) => return Err(refusal.into()),
        }
        return Err(Again::form(one));
    }
    let given = Text { text: text.clone() };
    let Json(checked) = flows::check(State(asked.shared.clone()), Body(given)).await?;
    if !checked.mistakes.is_empty() {
        one.tried = Some(Tried {
            mistakes: checked.mistakes,
            ..Tried::default()
        });
        return Err(Again::form(one));
    }
    let new = NewText { text, replaces: None };
    match flows::apply(&asked.shared, new, asked.visit.name()).await {
        Ok(put) => Ok(Done::to(
            named("/flows/{flow}", &put.name),
            put.name,
            "The flow is on. Its text is yours now: change it as you like.",
        )),
        Err(refusal) if refusal.code == "TL0816" => {
            let reason = "is the name of a flow that is there already; choose another";
            one.refusal = Some(Refusal::of_field("name", reason));
            Err(Again::form(one))
        }
        Err(refusal) => Err(refusal.into()),
    }
}
