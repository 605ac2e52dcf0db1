//! The builder: a flow's text as cards, a step each, with a form made of the step's own schema.
//!
//! The one rule: the builder and the editor are two views of one text. Every button sends the whole form: what was typed goes into the text,
//! and the text alone is checked, tried and saved, by the same functions; where nothing was changed, it stays letter by letter.
//! Read `build/tree.rs` for steps, `build/control.rs` for settings, `build/when.rs` for times, `build/card.rs` for how it looks.

mod card;
mod control;
mod tree;
mod when;

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::Value;
use trunkline_flow::document::{Kind, Node};
use trunkline_store::Role;

use self::{
    control::Change,
    tree::{End, Place},
    when::When,
};
use super::{
    ONE, choose,
    edit::{self, Editor, Trial},
};
use crate::{
    api::{
        actions,
        flows::{self, Component, Mistake, NewText, Text},
        read::{Body, Named, Query},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        parts::{self, Field},
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

/// Not below `/flows/`, where programs send records to flows by their names.
pub(super) const NEW: &str = "/flow-builder";
pub(super) const EDIT: &str = "/flows/{flow}/build";
/// The list of paths that a sample has.
const PATHS: &str = "paths";
/// How many paths are offered, and how deep they go.
const MOST_PATHS: usize = 80;
const DEEPEST: usize = 4;
/// What a new flow begins as.
const FIRST: &str = "flow: my-first\nsource:\n  webhook:\n    topics: [conversation.admin.closed]\n\
                     destinations:\n  - file:\n      path: closed.jsonl\n";

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("flows.build_new", NEW, Role::Admin, begin),
        Page::deed("flows.apply_built", NEW, Role::Admin, edit),
        Page::look("flows.build", EDIT, Role::Admin, open),
        Page::deed("flows.change_built", EDIT, Role::Admin, edit),
    ]
}

/// The builder.
pub(super) struct Builder {
    /// The flow that is edited; none for a new one.
    name: Option<String>,
    text: String,
    /// The version that was opened.
    replaces: Option<i64>,
    components: Vec<Component>,
    connections: Vec<String>,
    /// Actions that read, and all of them.
    reads: Vec<&'static str>,
    actions: Vec<&'static str>,
    when: Option<When>,
    /// What could not be read: what was typed, by the field, and why.
    wrong: BTreeMap<String, (String, String)>,
    /// What is wrong with the text, and at which step; none when it was not checked.
    mistakes: Vec<(Option<Place>, Mistake)>,
    is_fine: bool,
    refusal: Option<Refusal>,
    trial: Trial,
}

impl Builder {
    fn path(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| NEW.to_owned(), |name| named(EDIT, name))
    }

    fn root(&self) -> Option<Node> {
        Node::parse(&self.text)
            .ok()
            .filter(|root| matches!(root.kind, Kind::Map(_)))
    }

    fn component(&self, kind: &str, name: &str) -> Option<&Component> {
        self.components
            .iter()
            .find(|one| one.kind == kind && one.name == name)
    }

    fn of_kind(&self, kind: &str) -> impl Iterator<Item = &Component> {
        self.components.iter().filter(move |one| one.kind == kind)
    }

    /// What was typed into a field that could not be read.
    fn typed(&self, field: &str) -> Option<String> {
        self.wrong.get(field).map(|(typed, _)| typed.clone())
    }

    fn steps(&self, visit: &Visit, root: &Node) -> Markup {
        let sources = self.of_kind("source");
        let (source, _) = tree::item(root, Place::Source)
            .map_or_else(|| (String::new(), Node::of_json(Value::Null)), tree::part);
        html! {
            section class="card" aria-labelledby="about" {
                h2 id="about" { "The flow" }
                @if self.name.is_none() {
                    (Field::text("flow", "Name", &control::Control::Text.typed(root.get("flow"))).needed().hint("Small letters, digits and hyphens."))
                }
                (Field::text("description", "What it is for", &control::Control::Text.typed(root.get("description"))))
                (self.when.clone().unwrap_or_else(|| When::of(root.get("schedule"))).form(self.wrong.get("when").map(|(_, reason)| reason.as_str())))
            }
            ol class="steps" {
                li {
                    (self.card(visit, root, Place::Source))
                    div class="palette inline" {
                        label for="f-source" { "Another source" }
                        select id="f-source" name="source" {
                            @for one in sources { option value=(one.name) selected[one.name == source] { (one.name) " – " (one.summary) } }
                        }
                        button name="do" value="source" formaction={ (visit.to(&self.path())) "#step-s" } { "Take this one" }
                    }
                }
                @for at in 0..tree::items(root, "transforms").len() { li { (self.card(visit, root, Place::Transform(at))) } }
                li { (self.palette(visit, End::Transforms, "Add a transform")) }
                @for (way, item) in tree::items(root, "destinations").iter().enumerate() {
                    li {
                        @for at in 0..tree::items(item, "transforms").len() { (self.card(visit, root, Place::Own(way, at))) }
                        (self.card(visit, root, Place::Destination(way)))
                        (self.palette(visit, End::Own(way), "Add a transform for this destination only"))
                    }
                }
                li { (self.palette(visit, End::Destinations, "Add a destination")) }
            }
            details class="more-fields" open[self.wrong.contains_key("policy")] {
                summary { "How deliveries are tried" }
                div class="field" {
                    label for="f-policy" { "Policy" span class="quiet" { " optional" } }
                    textarea id="f-policy" name="policy" rows="4" spellcheck="false" {
                        (self.typed("policy").unwrap_or_else(|| control::Control::Yaml.typed(root.get("policy"))))
                    }
                    @if let Some((_, reason)) = self.wrong.get("policy") { p class="wrong" { "Policy " (reason) "." } }
                    p class="hint" { "As YAML: attempts, order, concurrency, and whether deliveries wait in a queue." }
                }
            }
        }
    }

    fn lists(&self, root: &Node) -> Markup {
        let uses = |key: &str| {
            tree::places(root)
                .into_iter()
                .filter_map(|place| tree::item(root, place))
                .any(|item| {
                    let (kind, settings) = tree::part(item);
                    settings.get(key).is_some() || (kind == "intercom" || kind == "enrich")
                })
        };
        html! {
            datalist id=(PATHS) { @for path in self.paths() { option value=(path) {} } }
            @if uses("operation") { datalist id="reads" { @for id in &self.reads { option value=(id) {} } } }
            @if uses("action") { datalist id="writes" { @for id in &self.actions { option value=(id) {} } } }
        }
    }

    /// The paths of the sample, and of what the steps made of it.
    fn paths(&self) -> Vec<String> {
        let mut paths = Vec::new();
        for record in super::tried::typed("sample", &self.trial.sample)
            .ok()
            .flatten()
            .into_iter()
            .flatten()
        {
            paths_of(&Value::Object(record), "", 0, &mut paths);
        }
        if let Some(tried) = &self.trial.tried {
            for record in tried.steps.iter().flat_map(|step| &step.after) {
                paths_of(record, "", 0, &mut paths);
            }
        }
        paths
    }

    fn said(&self, visit: &Visit) -> Markup {
        let elsewhere: Vec<&Mistake> = self
            .mistakes
            .iter()
            .filter(|(place, _)| place.is_none())
            .map(|(_, mistake)| mistake)
            .collect();
        let count = (self.mistakes.len() + self.wrong.len()) as u64;
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &[]))
            div id="checked" role="status" {
                @if self.is_fine { (parts::notice(visit, true, &html! { "The flow is in order." })) }
                @if count > 0 {
                    (parts::notice(visit, false, &html! {
                        strong { (words::some(count, "mistake")) } ". Nothing was saved; each is shown at its step."
                        @for mistake in elsewhere { p { (mistake.message) ". " (mistake.advice) } }
                    }))
                }
            }
        }
    }
}

/// The jq paths of a value.
fn paths_of(value: &Value, before: &str, depth: usize, paths: &mut Vec<String>) {
    let Some(fields) = value.as_object().filter(|_| depth < DEEPEST) else {
        return;
    };
    for (name, value) in fields {
        let is_plain = !name.is_empty()
            && name
                .bytes()
                .all(|byte| byte.is_ascii_alphanumeric() || byte == b'_')
            && !name.as_bytes()[0].is_ascii_digit();
        let step = if is_plain {
            format!("{before}.{name}")
        } else {
            format!("{before}.{}", Value::from(name.as_str()))
        };
        if paths.len() >= MOST_PATHS {
            return;
        }
        if !paths.contains(&step) {
            paths.push(step.clone());
        }
        match value {
            Value::Array(all) => {
                if let Some(first) = all.first() {
                    paths_of(first, &format!("{step}[]"), depth + 1, paths);
                }
            }
            other => paths_of(other, &step, depth + 1, paths),
        }
    }
}

impl View for Builder {
    fn title(&self) -> String {
        self.name
            .as_ref()
            .map_or_else(|| "New flow".to_owned(), |name| format!("Build {name}"))
    }

    fn lead(&self) -> Option<String> {
        Some("Step by step: where records come from, what becomes of them, where they go.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let back = self
            .name
            .as_ref()
            .map_or_else(|| "/flows".to_owned(), |name| named(ONE, name));
        let root = self.root();
        let has_comments = self
            .text
            .lines()
            .any(|line| line.trim_start().starts_with('#') || line.contains(" # "));
        let path = visit.to(&self.path());
        html! {
            (self.said(visit))
            (parts::form(visit, &self.path(), &html! {
                // What a browser presses when somebody types Enter: nothing is saved by that.
                button class="hidden" name="do" value="check" tabindex="-1" { "Check" }
                @if let Some(version) = self.replaces { input type="hidden" name="replaces" value=(version); }
                textarea class="hidden" name="text" aria-label="The flow's text" tabindex="-1" readonly { (self.text) }
                @match &root {
                    Some(root) => {
                        @if has_comments {
                            p class="quiet" { "The text has comments. They stay as long as nothing is changed here; a change writes the text anew, without them. To keep them, change the text itself." }
                        }
                        (self.steps(visit, root))
                        (self.lists(root))
                        @let paths = self.paths();
                        @if !paths.is_empty() {
                            details class="more-fields" open {
                                summary { "Values of the last sample" }
                                p class="hint" { "Put the cursor into a field that takes an expression; a press puts the path there." }
                                p { @for path in &paths { button type="button" class="plain path" data-insert=(path) { code { (path) } } " " } }
                            }
                        }
                        (self.trial.shown(visit, &self.path(), self.name.as_deref(), &self.text))
                    }
                    None => (parts::notice(visit, false, &html! { "This text cannot be shown as steps: it is no YAML, or no flow. Mend it as text." })),
                }
                div class="actions sticky" {
                    @if root.is_some() {
                        button class="first" name="do" value="save" { (if self.name.is_some() { "Save" } else { "Save and switch on" }) }
                        button name="do" value="check" { "Check" }
                    }
                    button name="do" value="text" formaction=(path) { "As text" }
                    (parts::link(visit, &back, None, "Cancel"))
                }
            }))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let text = "flow: urgent # <b>\nsource: { intercom: { operation: contacts.list } }\ntransforms:\n  - filter: '.a > 2'\n  - map: { set: { a: .b } }\n\
                    destinations:\n  - name: big\n    when: .a\n    transforms: [ { jq: .b } ]\n    http: { url: { env: HOOK } }\n  - unknown: {}\n";
        let builder = |name: Option<&str>, text: &str| Self {
            name: name.map(str::to_owned),
            text: text.to_owned(),
            replaces: name.map(|_| 3),
            components: described(),
            connections: vec!["acme".to_owned()],
            reads: vec!["contacts.list"],
            actions: vec!["contacts.upsert"],
            when: None,
            wrong: BTreeMap::new(),
            mistakes: Vec::new(),
            is_fine: false,
            refusal: None,
            trial: Trial::default(),
        };
        let mistakes = edit::sample_mistakes();
        let wrong = Self {
            wrong: [(
                "t1.rename".to_owned(),
                ("\"><b>".to_owned(), "is no <b>map</b>".to_owned()),
            )]
            .into(),
            mistakes: [Some(Place::Source), None].into_iter().zip(mistakes).collect(),
            trial: Trial::sample(),
            ..builder(Some("urgent"), text)
        };
        let fine = Self {
            is_fine: true,
            ..builder(Some("urgent"), text)
        };
        vec![
            ("new", builder(None, FIRST)),
            ("fine", fine),
            ("wrong", wrong),
            ("no flow", builder(Some("urgent"), "[")),
        ]
    }
}

#[cfg(test)]
fn described() -> Vec<Component> {
    let all = trunkline_components::described();
    let own = all.into_iter().map(|one| Component {
        kind: one.kind.to_owned(),
        name: one.name.to_owned(),
        summary: one.summary.to_owned(),
        settings: one.settings,
    });
    own.collect()
}

/// The builder, or the editor with the same text.
pub(super) enum Either {
    Steps(Box<Builder>),
    Text(Box<Editor>),
}

impl View for Either {
    fn title(&self) -> String {
        match self {
            Self::Steps(builder) => builder.title(),
            Self::Text(editor) => editor.title(),
        }
    }

    fn lead(&self) -> Option<String> {
        match self {
            Self::Steps(builder) => builder.lead(),
            Self::Text(editor) => editor.lead(),
        }
    }

    fn main(&self, visit: &Visit) -> Markup {
        match self {
            Self::Steps(builder) => builder.main(visit),
            Self::Text(editor) => editor.main(visit),
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let builders = Builder::samples().into_iter();
        builders
            .map(|(name, builder)| (name, Self::Steps(Box::new(builder))))
            .collect()
    }
}

async fn begin(asked: Asked) -> Result<Builder, Refusal> {
    of_text(&asked, FIRST.to_owned(), None).await
}

async fn open(asked: Asked) -> Result<Builder, Refusal> {
    let Json(whole) = flows::show(State(asked.shared.clone()), Named(asked.name())).await?;
    of_text(&asked, whole.text, Some(whole.flow.version)).await
}

pub(super) async fn of_text(asked: &Asked, text: String, replaces: Option<i64>) -> Result<Builder, Refusal> {
    let Json(components) = flows::components().await;
    let every = actions::Search { words: String::new() };
    let Json(all) = actions::list(Query(every)).await;
    Ok(Builder {
        name: asked.names.first().cloned(),
        text,
        replaces,
        components: components.items,
        connections: choose::connections(asked).await?,
        reads: all
            .items
            .iter()
            .filter(|one| one.effect == "read")
            .map(|one| one.id)
            .collect(),
        actions: all.items.iter().map(|one| one.id).collect(),
        when: None,
        wrong: BTreeMap::new(),
        mistakes: Vec::new(),
        is_fine: false,
        refusal: None,
        trial: Trial::typed(&asked.form),
    })
}

impl Builder {
    /// Takes what was typed into the text, and does what a button says to its steps.
    fn take(&mut self, form: &Fields) {
        let Some(mut root) = self.root() else { return };
        let before = root.clone();
        self.about(form, &mut root);
        for name in form.all("steps") {
            if let Some(place) = Place::of(&name) {
                self.step(form, &mut root, place);
            }
        }
        let (deed, place) = {
            let wanted = form.get("do").to_owned();
            let (deed, place) = wanted.split_once(' ').unwrap_or((&wanted, ""));
            (deed.to_owned(), place.to_owned())
        };
        match (deed.as_str(), Place::of(&place), End::of(&place)) {
            ("source", ..) if self.component("source", form.get("source")).is_some() => {
                tree::replace_source(&mut root, form.get("source"));
            }
            ("remove", Some(place), _) => tree::remove(&mut root, place),
            ("up", Some(place), _) => tree::shift(&mut root, place, true),
            ("down", Some(place), _) => tree::shift(&mut root, place, false),
            ("add", _, Some(end)) => {
                let kind = form.get(&format!("add-{}", end.name())).to_owned();
                if self.component(end.kind(), &kind).is_some() {
                    tree::add(&mut root, end, &kind);
                }
            }
            _ => {}
        }
        if !root.is_same(&before) {
            match root.to_yaml() {
                Some(text) => self.text = text,
                None => {
                    let message = "this cannot be written as YAML; change it as text";
                    self.refusal = Some(Refusal::of_field("text", message));
                }
            }
        }
    }

    fn about(&mut self, form: &Fields, root: &mut Node) {
        for key in ["flow", "description"] {
            if !form.has(key) {
                continue;
            }
            match form.given(key) {
                Some(typed) if control::Control::Text.typed(root.get(key)) != typed => {
                    root.set(key, Node::of_json(typed.into()));
                }
                None => root.remove(key),
                Some(_) => {}
            }
        }
        if form.has("when") {
            let typed = When::typed(form);
            let before = When::of(root.get("schedule"));
            if typed != before {
                if let Err(reason) = typed.put(root) {
                    self.wrong.insert("when".to_owned(), (String::new(), reason));
                }
                self.when = Some(typed);
            }
        }
        let policy = root.get("policy").cloned();
        let made = control::change(&control::Control::Yaml, policy.as_ref(), "policy", form);
        self.put(form, "policy", made, |change| match change {
            Change::To(policy) => root.set("policy", policy),
            Change::Gone => root.remove("policy"),
            Change::Same => {}
        });
    }

    fn put(&mut self, form: &Fields, field: &str, made: Result<Change, String>, put: impl FnOnce(Change)) {
        match made {
            Ok(change) => put(change),
            Err(reason) => {
                let typed = if form.has(field) {
                    form.whole(field)
                } else {
                    control::typed_rows(field, form)
                };
                self.wrong.insert(field.to_owned(), (typed, reason));
            }
        }
    }

    fn step(&mut self, form: &Fields, root: &mut Node, place: Place) {
        let Some((kind, mut settings)) = tree::item(root, place).map(tree::part) else {
            return;
        };
        let Some(schema) = self
            .component(place.kind(), &kind)
            .map(|one| one.settings.clone())
        else {
            return;
        };
        let before = settings.clone();
        for setting in control::settings(&schema) {
            let field = card::field_of(place, &setting);
            let was = card::value_of(&settings, &setting).cloned();
            let made = control::change(&setting.control, was.as_ref(), &field, form);
            self.put(form, &field, made, |change| match (change, &setting.key) {
                (Change::Same, _) => {}
                (Change::To(value), Some(key)) => settings.set(key, value),
                (Change::Gone, Some(key)) => settings.remove(key),
                (Change::To(value), None) => settings = value,
                (Change::Gone, None) => settings = Node::of_json(serde_json::json!({})),
            });
        }
        if !settings.is_same(&before) {
            tree::put(root, place, &kind, settings);
        }
        if let Place::Destination(_) = place {
            for key in ["name", "when", "route"] {
                let field = format!("{}:{key}", place.name());
                let was = tree::item(root, place).and_then(|item| item.get(key)).cloned();
                if form.has(&field) && control::Control::Text.typed(was.as_ref()) != form.get(&field) {
                    tree::put_beside(root, place, key, form.given(&field).as_deref());
                }
            }
        }
    }

    /// Mistakes with the steps that they are in.
    fn at_steps(&mut self, mistakes: Vec<Mistake>) {
        let root = self.root();
        self.is_fine = mistakes.is_empty();
        let place = |mistake: &Mistake| tree::place_at(root.as_ref()?, mistake.line);
        self.mistakes = mistakes
            .into_iter()
            .map(|mistake| (place(&mistake), mistake))
            .collect();
    }
}

async fn edit(asked: Asked) -> Result<Done, Again<Either>> {
    let again = |builder| Err(Again::form(Either::Steps(Box::new(builder))));
    let replaces = asked.form.get("replaces").parse().ok();
    let mut builder = of_text(&asked, asked.form.whole("text"), replaces).await?;
    if asked.form.has("open") {
        return again(builder);
    }
    builder.take(&asked.form);
    if asked.form.get("do") == "text" && builder.wrong.is_empty() {
        let editor = Editor::with(&asked, builder.text);
        return Err(Again::form(Either::Text(Box::new(editor))));
    }
    if let Some(take) = asked.form.given("try") {
        builder.trial = Trial::made(&asked, &builder.text, &take).await?;
        return again(builder);
    }
    if !["save", "check"].contains(&asked.form.get("do")) {
        return again(builder);
    }
    let given = Text {
        text: builder.text.clone(),
    };
    let Json(checked) = flows::check(State(asked.shared.clone()), Body(given)).await?;
    builder.at_steps(checked.mistakes);
    builder.is_fine &= builder.wrong.is_empty() && builder.refusal.is_none();
    let Some(name) = checked
        .name
        .filter(|_| builder.is_fine && asked.form.get("do") == "save")
    else {
        return again(builder);
    };
    builder.is_fine = false;
    if let Some(opened) = asked.names.first().filter(|opened| **opened != name) {
        let reason = format!("is the name of another flow: this one is {opened}, and a name stays");
        builder.refusal = Some(Refusal::of_field("flow", reason));
        return again(builder);
    }
    let new = NewText {
        text: builder.text.clone(),
        replaces,
    };
    match flows::apply(&asked.shared, new, asked.visit.name()).await {
        Ok(put) => Ok(Done::to(
            named(ONE, &put.name),
            put.name.clone(),
            edit::told(&put),
        )),
        Err(refusal) => {
            builder.refusal = Some(refusal);
            again(builder)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_paths_of_a_record_are_those_that_jq_reads() {
        let record = serde_json::json!({ "id": 1, "a b": { "c": 2 }, "tags": [{ "name": "x" }], "1x": true });
        let mut paths = Vec::new();
        paths_of(&record, "", 0, &mut paths);
        assert_eq!(
            paths,
            [
                ".\"1x\"",
                ".\"a b\"",
                ".\"a b\".c",
                ".id",
                ".tags",
                ".tags[].name"
            ]
        );
        for path in paths {
            trunkline_flow::document::Jq::compile(&path).unwrap();
        }
    }
}
