//! The wizard: what is read of Intercom and where it goes, or what comes from elsewhere and what Intercom does with it.
//!
//! The one rule: one page, sent at once; what was typed stays. A preview reads the source really, and sends nothing.

use std::collections::BTreeMap;

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::{Value, json};
use trunkline_flow::document::{Key, Kind, Node, Spot};
use trunkline_store::Role;

use super::{
    Way,
    reads::{self, Reads},
};
use crate::{
    api::{
        actions,
        flows::{self, Component, NewText, Text, Tried, Try},
        read::{Body, Query},
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Page, View},
        pages::flows::{ONE, build, choose, edit, tried},
        parts::{self, Field},
        visit::{Visit, named},
    },
    reply::Refusal,
};

/// Rows of names and values that a form has.
const ROWS: usize = 4;
/// How often a source that ends is read.
const TIMES: [(&str, &str); 5] = [
    ("5m", "every 5 minutes"),
    ("15m", "every 15 minutes"),
    ("1h", "every hour"),
    ("1d", "every day"),
    ("", "as its source says, or by hand"),
];

pub(super) fn pages() -> Vec<Page> {
    let look = |id, way: Way| {
        Page::look(id, way.wizard(), Role::Admin, move |asked: Asked| async move {
            fresh(&asked, way).await
        })
    };
    let deed = |id, way: Way| {
        Page::deed(id, way.wizard(), Role::Admin, move |asked: Asked| async move {
            put(asked, way).await
        })
    };
    vec![
        look("flows.new_incoming", Way::In),
        deed("flows.apply_incoming", Way::In),
        look("flows.new_outgoing", Way::Out),
        deed("flows.apply_outgoing", Way::Out),
    ]
}

/// The wizard.
struct Wizard {
    way: Way,
    typed: Fields,
    connections: Vec<String>,
    /// What can be read besides operations, in groups.
    streams: Vec<(&'static str, Vec<(String, String)>)>,
    /// Actions with what each does, by what they are about.
    actions: BTreeMap<String, Vec<(String, String)>>,
    /// What stands at the other end.
    others: Vec<Component>,
    refusal: Option<Refusal>,
    /// The text that came of it, and what became of records with it.
    made: Option<(String, Tried)>,
}

impl Wizard {
    fn value(&self, name: &str, usual: &str) -> String {
        if self.typed.has(name) {
            self.typed.whole(name)
        } else {
            usual.to_owned()
        }
    }

    fn action(&self) -> Markup {
        let (label, usual) = match self.way {
            Way::In => ("What is read", "contacts.search"),
            Way::Out => ("What is done with each record", "contacts.upsert"),
        };
        let chosen = self.value("action", usual);
        html! {
            div class="field" {
                label for="f-action" { (label) }
                select id="f-action" name="action" {
                    @for (title, all) in &self.streams {
                        optgroup label=(title) {
                            @for (word, summary) in all { option value=(word) selected[*word == chosen] { (summary) } }
                        }
                    }
                    @for (entity, all) in &self.actions {
                        optgroup label=(entity.replace('_', " ")) {
                            @for (id, summary) in all { option value=(id) selected[*id == chosen] { (id) " – " (summary) } }
                        }
                    }
                }
                @if let Some(refusal) = self.refusal.as_ref().filter(|refusal| refusal.field.as_deref() == Some("action")) {
                    p class="wrong" { (refusal.message) }
                }
            }
        }
    }

    fn rows(&self, field: &str, title: &str, hint: &str, likes: (&str, &str)) -> Markup {
        html! {
            div class="field" {
                fieldset {
                    legend { (title) span class="quiet" { " optional" } }
                    @for at in 0..ROWS {
                        @let (key, value) = (format!("{field}.k{at}"), format!("{field}.v{at}"));
                        div class="row" {
                            input name=(key) value=(self.typed.get(&key)) aria-label={ (title) ": name " (at + 1) } placeholder=(likes.0) autocomplete="off" spellcheck="false";
                            input name=(value) value=(self.typed.get(&value)) aria-label={ (title) ": value " (at + 1) } placeholder=(likes.1) autocomplete="off" spellcheck="false";
                        }
                    }
                }
                p class="hint" { (hint) }
            }
        }
    }

    fn other(&self) -> Markup {
        let (label, usual, settings) = match self.way {
            Way::In => ("Where it goes", "file", "path: records.jsonl"),
            Way::Out => ("Where records come from", "file", "path: records.jsonl"),
        };
        let refusal = self.refusal.as_ref();
        let chosen = self.value("other", usual);
        let options: Vec<(String, String)> = self
            .others
            .iter()
            .map(|one| (one.name.clone(), format!("{} – {}", one.name, one.summary)))
            .collect();
        let options: Vec<(&str, &str)> = options
            .iter()
            .map(|(name, words)| (name.as_str(), words.as_str()))
            .collect();
        html! {
            (parts::choice("other", label, &chosen, &options))
            (Field::text("settings", "Its settings", &self.value("settings", settings)).long(3).needed()
                .hint("As YAML, such as `path: records.jsonl`. Step by step, each setting has a field.").wrong(refusal))
        }
    }

    fn request(&self) -> Markup {
        let refusal = self.refusal.as_ref();
        html! {
            @if self.way == Way::In {
                details class="more-fields" open[self.has_any(&["path.k0", "query.k0", "payload", "request"])] {
                    summary { "Parameters" }
                    (self.rows("path", "Of the path", "Values for what the address names, such as `id`.", ("id", "123")))
                    (self.rows("query", "Of the query", "What stands behind the `?`.", ("per_page", "50")))
                    (Field::text("payload", "The body", &self.value("payload", "")).long(3).hint("As JSON or YAML.").wrong(refusal))
                    (Field::text("request", "The request, as an expression", &self.value("request", "")).long(3)
                        .hint("Over `{now, last_success, checkpoint, trigger}`; it gives `{path, query, payload}`, laid over what stands above.").wrong(refusal))
                    (Field::text("checkpoint", "What the next run begins behind", &self.value("checkpoint", "")).like(".updated_at")
                        .hint("An expression over a record.").wrong(refusal))
                }
                (parts::tick("paginate", "All pages", !self.typed.has("name") || self.typed.is_ticked("paginate"), Some("Otherwise the first page only.")))
            } @else {
                (self.rows("with", "Its fields", "Each with an expression over the record. Without any, the record itself is what the action gets: its fields, or `path`, `query` and `payload`.", ("email", ".email")))
                (Field::text("key", "What tells a record from others", &self.value("key", "")).like(".id")
                    .hint("An expression: with the same key the action runs once.").wrong(refusal))
            }
            (Field::text("transform", "Transformer", &self.value("transform", "")).long(2).like(". + {source: \"crm\"}")
                .hint("An expression that makes of each record what goes on: nothing, one, or several.").wrong(refusal))
        }
    }

    fn has_any(&self, fields: &[&str]) -> bool {
        fields.iter().any(|field| !self.typed.get(field).is_empty())
    }
}

impl View for Wizard {
    fn title(&self) -> String {
        match self.way {
            Way::In => "New subscriber".to_owned(),
            Way::Out => "New publisher".to_owned(),
        }
    }

    fn lead(&self) -> Option<String> {
        Some(match self.way {
            Way::In => "What Intercom has, brought to where it is needed.".to_owned(),
            Way::Out => "Records of yours, brought into Intercom.".to_owned(),
        })
    }

    fn main(&self, visit: &Visit) -> Markup {
        let known = [
            "name",
            "action",
            "settings",
            "payload",
            "request",
            "checkpoint",
            "transform",
            "key",
        ];
        let way = format!("{}#tried", visit.to(self.way.wizard()));
        let refusal = self.refusal.as_ref();
        let usual = match self.way {
            Way::In => "my-subscriber",
            Way::Out => "my-publisher",
        };
        let preview = match self.way {
            Way::In => "Preview the first records",
            Way::Out => "Preview what would be sent",
        };
        html! {
            (parts::form(visit, self.way.wizard(), &html! {
                (parts::trouble(visit, refusal, &known))
                (Field::text("name", "Name of the flow", &self.value("name", usual)).needed().hint("Small letters, digits and hyphens.").wrong(refusal))
                @if self.way == Way::Out { (self.other()) }
                (choose::connection(visit, "connection", self.typed.get("connection"), &self.connections))
                (self.action())
                (self.request())
                @if self.way == Way::In { (self.other()) }
                (parts::choice("every", "How often", &self.value("every", "15m"), &TIMES))
                @if self.way == Way::In { p class="hint" { "What is read as it happens needs no time." } }
                div class="actions" {
                    button class="first" name="do" value="preview" formaction=(way) { (parts::icon(visit, "search")) (preview) }
                    button name="do" value="save" { "Save and switch on" }
                    button name="do" value="build" { "Go on step by step" }
                    (parts::link(visit, self.way.list(), None, "Cancel"))
                }
                p class="hint" { "A preview reads really, and brings nothing anywhere." }
            }))
            div id="tried" role="status" {
                @if let Some((text, tried)) = &self.made {
                    section class="card" aria-labelledby="tried-title" {
                        h2 id="tried-title" { "What would happen" }
                        (tried::shown(visit, tried, text))
                    }
                    details class="more-fields" { summary { "The flow's text" } (parts::block(text)) }
                }
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let wizard = |way, typed, refusal, made| Self {
            way,
            typed,
            connections: vec!["acme".to_owned()],
            streams: if way == Way::In {
                reads::offered()
            } else {
                Vec::new()
            },
            actions: [(
                "contacts".to_owned(),
                vec![("contacts.search".to_owned(), "Finds <b>contacts</b>.".to_owned())],
            )]
            .into(),
            others: vec![Component {
                kind: "destination".to_owned(),
                name: "file".to_owned(),
                summary: "Keeps records.".to_owned(),
                settings: json!({}),
            }],
            refusal,
            made,
        };
        let typed = Fields::of(&[
            ("name", "\"><b>"),
            ("payload", "{"),
            ("with.k0", "email"),
            ("with.v0", ".a"),
        ]);
        let wrong = Refusal::of_field("payload", "is no YAML");
        let made = ("flow: x\n".to_owned(), tried::sample());
        vec![
            ("in", wizard(Way::In, Fields::default(), None, None)),
            ("out", wizard(Way::Out, Fields::default(), None, None)),
            ("wrong", wizard(Way::In, typed.clone(), Some(wrong), None)),
            ("previewed", wizard(Way::Out, typed, None, Some(made))),
        ]
    }
}

/// The wizard, or the builder with the text that it made.
enum Sheet {
    Wizard(Box<Wizard>),
    Steps(Box<build::Builder>),
}

impl View for Sheet {
    fn title(&self) -> String {
        match self {
            Self::Wizard(wizard) => wizard.title(),
            Self::Steps(builder) => builder.title(),
        }
    }

    fn lead(&self) -> Option<String> {
        match self {
            Self::Wizard(wizard) => wizard.lead(),
            Self::Steps(builder) => builder.lead(),
        }
    }

    fn main(&self, visit: &Visit) -> Markup {
        match self {
            Self::Wizard(wizard) => wizard.main(visit),
            Self::Steps(builder) => builder.main(visit),
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let wizards = Wizard::samples().into_iter();
        wizards
            .map(|(name, wizard)| (name, Self::Wizard(Box::new(wizard))))
            .collect()
    }
}

async fn fresh(asked: &Asked, way: Way) -> Result<Wizard, Refusal> {
    let every = actions::Search { words: String::new() };
    let Json(all) = actions::list(Query(every)).await;
    let mut by_entity: BTreeMap<String, Vec<(String, String)>> = BTreeMap::new();
    for one in all.items {
        if (one.effect == "read") == (way == Way::In) {
            let entity = one.id.split('.').next().unwrap_or_default().to_owned();
            let line = (one.id.to_owned(), one.summary.to_owned());
            by_entity.entry(entity).or_default().push(line);
        }
    }
    let Json(components) = flows::components().await;
    let wanted = match way {
        Way::In => "destination",
        Way::Out => "source",
    };
    Ok(Wizard {
        way,
        typed: asked.form.clone(),
        connections: choose::connections(asked).await?,
        streams: match way {
            Way::In => reads::offered(),
            Way::Out => Vec::new(),
        },
        actions: by_entity,
        others: components
            .items
            .into_iter()
            .filter(|one| one.kind == wanted)
            .collect(),
        refusal: None,
        made: None,
    })
}

/// The rows of a form as a map; none when all are empty.
fn map(form: &Fields, field: &str) -> Result<Option<Node>, Refusal> {
    let mut entries: Vec<(Key, Node)> = Vec::new();
    for at in 0..ROWS {
        let name = form.get(&format!("{field}.k{at}"));
        let value = form.get(&format!("{field}.v{at}"));
        if name.is_empty() && value.is_empty() {
            continue;
        }
        if name.is_empty() || entries.iter().any(|(key, _)| key.text == name) {
            let reason = format!("the value {value} needs a name of its own");
            return Err(Refusal::of_field(field, reason));
        }
        entries.push((Key::of(name), Node::of_json(value.into())));
    }
    Ok((!entries.is_empty()).then(|| Node {
        kind: Kind::Map(entries),
        spot: Spot::default(),
    }))
}

fn yaml(form: &Fields, field: &str) -> Result<Option<Node>, Refusal> {
    let text = form.whole(field);
    if text.trim().is_empty() {
        return Ok(None);
    }
    Node::parse(&text)
        .map(Some)
        .map_err(|mistake| Refusal::of_field(field, format!("is no YAML: {}", mistake.message)))
}

fn text(form: &Fields, field: &str) -> Option<Node> {
    let typed = form.whole(field);
    (!typed.trim().is_empty()).then(|| Node::of_json(typed.trim().into()))
}

/// The text of the flow that a form means.
fn composed(form: &Fields, way: Way) -> Result<String, Refusal> {
    let mut own = Node::of_json(json!({}));
    let put = |node: &mut Node, key: &str, value: Option<Node>| {
        if let Some(value) = value {
            node.set(key, value);
        }
    };
    put(&mut own, "connection", text(form, "connection"));
    let action_key = match way {
        Way::In => "operation",
        Way::Out => "action",
    };
    put(&mut own, action_key, text(form, "action"));
    match way {
        Way::In => {
            put(&mut own, "path", map(form, "path")?);
            put(&mut own, "query", map(form, "query")?);
            put(&mut own, "payload", yaml(form, "payload")?);
            put(&mut own, "request", text(form, "request"));
            put(&mut own, "checkpoint", text(form, "checkpoint"));
            if !form.is_ticked("paginate") {
                own.set("paginate", Node::of_json(Value::Bool(false)));
            }
        }
        Way::Out => {
            put(&mut own, "with", map(form, "with")?);
            put(&mut own, "key", text(form, "key"));
        }
    }
    let own = Node {
        kind: Kind::Map(vec![(Key::of("intercom"), own)]),
        spot: Spot::default(),
    };
    let reads = match way {
        Way::In => Reads::of(form.get("action")),
        Way::Out => Reads::Operation,
    };
    let own = reads.source(form)?.unwrap_or(own);
    let settings = yaml(form, "settings")?.unwrap_or_else(|| Node::of_json(json!({})));
    if !matches!(settings.kind, Kind::Map(_)) {
        return Err(Refusal::of_field(
            "settings",
            "is no map of settings, such as `path: records.jsonl`",
        ));
    }
    let other = Node {
        kind: Kind::Map(vec![(Key::of(form.get("other")), settings)]),
        spot: Spot::default(),
    };
    let (source, destination) = match way {
        Way::In => (own, other),
        Way::Out => (other, own),
    };
    let list = |node| Node {
        kind: Kind::List(vec![node]),
        spot: Spot::default(),
    };
    let mut root = Node::of_json(json!({}));
    root.set("flow", Node::of_json(form.get("name").into()));
    root.set("source", source);
    if let Some(every) = form.given("every").filter(|_| !reads.is_endless()) {
        root.set("schedule", Node::of_json(json!({ "every": every })));
    }
    if let Some(expression) = text(form, "transform") {
        let mut step = Node::of_json(json!({}));
        step.set("jq", expression);
        root.set("transforms", list(step));
    }
    root.set("destinations", list(destination));
    root.to_yaml()
        .ok_or_else(|| Refusal::of_field("settings", "cannot be written as YAML"))
}

async fn put(asked: Asked, way: Way) -> Result<Done, Again<Sheet>> {
    let mut wizard = fresh(&asked, way).await?;
    let again = |wizard| Err(Again::form(Sheet::Wizard(Box::new(wizard))));
    let text = match composed(&asked.form, way) {
        Ok(text) => text,
        Err(refusal) => {
            wizard.refusal = Some(refusal);
            return again(wizard);
        }
    };
    match asked.form.get("do") {
        "build" => {
            let builder = build::of_text(&asked, text, None).await?;
            return Err(Again::form(Sheet::Steps(Box::new(builder))));
        }
        "save" => {}
        _ => {
            let body = Try {
                text: text.clone(),
                take: Some("source".to_owned()),
                ..Try::default()
            };
            let Json(tried) = flows::try_text(State(asked.shared.clone()), Body(body)).await?;
            wizard.made = Some((text, tried));
            return again(wizard);
        }
    }
    let given = Text { text: text.clone() };
    let Json(checked) = flows::check(State(asked.shared.clone()), Body(given)).await?;
    if !checked.mistakes.is_empty() {
        let tried = Tried {
            mistakes: checked.mistakes,
            ..Tried::default()
        };
        wizard.made = Some((text, tried));
        return again(wizard);
    }
    let new = NewText { text, replaces: None };
    match flows::apply(&asked.shared, new, asked.visit.name()).await {
        Ok(put) => Ok(Done::to(
            named(ONE, &put.name),
            put.name.clone(),
            edit::told(&put),
        )),
        Err(refusal) if refusal.code == "TL0816" => {
            let reason = "is the name of a flow that is there already; choose another";
            wizard.refusal = Some(Refusal::of_field("name", reason));
            again(wizard)
        }
        Err(refusal) => Err(refusal.into()),
    }
}
