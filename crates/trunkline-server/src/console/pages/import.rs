//! Import: a table becomes rows of an action. Here the upload and the list; `import/map.rs` says which column is which field,
//! `import/one.rs` shows one import with its rows.

mod guess;
mod map;
mod one;

use axum::{Json, extract::State};
use bytes::Bytes;
use futures::stream;
use http::StatusCode;
use maud::{Markup, html};
use trunkline_store::Role;

use crate::{
    api::{
        actions::{self, Search},
        batches::{self, Shown, Which},
        connections,
        read::Query,
    },
    console::{
        fields::Fields,
        page::{Again, Asked, Done, Group, Page, View},
        parts::{self, Pick, Tone, badge},
        visit::{Visit, named},
        words,
    },
    imports,
    reply::Refusal,
};

pub(in crate::console) fn pages() -> Vec<Page> {
    let mut pages = vec![
        Page::look("batches.list", "/import", Role::Operate, list)
            .in_menu(Group::Workspace, "into", "Import")
            .live(),
        Page::deed("batches.upload", "/import", Role::Operate, upload).with_file(),
    ];
    pages.extend(map::pages());
    pages.extend(one::pages());
    pages
}

/// How an import is doing.
fn state(word: &str) -> Markup {
    let tone = match word {
        "done" => Tone::Good,
        "running" => Tone::Busy,
        "abandoned" => Tone::Quiet,
        _ => Tone::Warn,
    };
    badge(tone, if word == "running" { "under way" } else { word })
}

/// What became of its rows, in a line.
fn counts(batch: &Shown) -> Markup {
    let parts = [
        (batch.created, "created"),
        (batch.updated, "updated"),
        (batch.unchanged, "unchanged"),
        (batch.skipped, "left out"),
    ];
    html! {
        @for (count, word) in parts { @if count > 0 { (words::count(count)) " " (word) ", " } }
        @if batch.rejected > 0 { span class="wrong" { (words::count(batch.rejected)) " rejected" } } @else { "none rejected" }
    }
}

/// The form of a new import, and the imports that there are.
#[derive(Default)]
struct List {
    items: Vec<Shown>,
    /// Actions that take rows, with what they do.
    actions: Vec<(&'static str, &'static str)>,
    connections: Vec<String>,
    typed: Fields,
    refusal: Option<Refusal>,
}

impl List {
    fn form(&self, visit: &Visit) -> Markup {
        let (action, text) = (self.typed.whole("action"), self.typed.whole("text"));
        let file_wrong = self
            .refusal
            .as_ref()
            .filter(|refusal| refusal.field.as_deref() == Some("file"))
            .map(|refusal| (parts::wrong("The file", &refusal.message), refusal.code));
        parts::file_form(
            visit,
            "/import",
            &html! {
                (parts::Field::text("action", "Action", &action).required().suggests("writing").like("contacts.upsert")
                    .hint("What is done with each row.").wrong(self.refusal.as_ref()))
                datalist id="writing" { @for (id, summary) in &self.actions { option value=(id) { (summary) } } }
                @if self.connections.len() > 1 {
                    (Pick {
                        name: "connection",
                        label: "Connection",
                        options: self.connections.iter().map(|name| (name.clone(), name.clone())).collect(),
                        chosen: vec![self.typed.whole("connection")],
                        is_required: true,
                        ..Pick::default()
                    })
                }
                div class="field" {
                    label for="f-file" { "Table" }
                    input id="f-file" name="file" type="file" accept=".csv,.tsv,.txt,text/csv" aria-describedby="f-file-hint"
                        aria-invalid=[file_wrong.as_ref().map(|_| "true")];
                    @if let Some((wrong, code)) = &file_wrong { p class="wrong" { (wrong) " " code { (code) } } }
                    p class="hint" id="f-file-hint" { "CSV with a header, of any delimiter and encoding, of at most " (imports::LARGEST >> 20) " MB." }
                }
                details class="more-fields" open[!text.is_empty()] {
                    summary { "Or paste it" }
                    (parts::Field::text("text", "Rows", &text).long(6).like("email,name").wrong(self.refusal.as_ref()))
                }
                (parts::submit("Go on"))
            },
        )
    }

    fn table(&self, visit: &Visit) -> Markup {
        let rows = self
            .items
            .iter()
            .map(|batch| {
                vec![
                    html! { a href=(visit.at(one::ONE, &batch.id)) { strong { (batch.name) } } br; span class="quiet" { (batch.action) } },
                    state(batch.state),
                    html! { (words::count(batch.done)) @if let Some(rows) = batch.rows { " of " (words::count(rows)) } },
                    counts(batch),
                    parts::moment(batch.started_at, visit.now()),
                ]
            })
            .collect();
        parts::table(
            "Imports",
            &["Table", "State", "Rows", "What became of them", "Began"],
            rows,
        )
    }
}

impl View for List {
    fn title(&self) -> String {
        "Import".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some("Each row of a table becomes a call of an action. You see what would be written before anything is.".to_owned())
    }

    fn main(&self, visit: &Visit) -> Markup {
        let shown = ["action", "file", "text"];
        html! {
            (parts::trouble(visit, self.refusal.as_ref(), &shown))
            @if self.connections.is_empty() {
                (parts::empty(visit, "into", "No connection yet", "With a connection, tables can be imported into its workspace.",
                    Some(parts::link(visit, "/connections", None, "To the connections"))))
            } @else {
                (parts::section("new", "A new import", &self.form(visit)))
            }
            @if !self.items.is_empty() {
                section aria-labelledby="imports" {
                    h2 id="imports" { "Imports" }
                    @if self.typed.has("before") { (self.table(visit)) } @else { (parts::region("batches", &self.table(visit))) }
                    (parts::older(visit, "/import", self.next()))
                }
            }
        }
    }

    fn live(&self, visit: &Visit) -> Vec<(&'static str, Markup)> {
        if self.items.is_empty() || self.typed.has("before") {
            return Vec::new();
        }
        vec![("batches", self.table(visit))]
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let list = |items, refusal| Self {
            items,
            actions: vec![("contacts.upsert", "Makes a <b>contact</b>.")],
            connections: vec!["acme".to_owned(), "other".to_owned()],
            typed: Fields::of(&[("action", "\"><script>"), ("text", "</textarea><b>")]),
            refusal,
        };
        let states = ["running", "interrupted", "stopped", "done", "abandoned"];
        let some = states.map(|state| Shown {
            state,
            ..one::sample()
        });
        vec![
            ("no connection", Self::default()),
            ("none", list(Vec::new(), None)),
            ("some", list(some.to_vec(), None)),
            (
                "too large",
                list(Vec::new(), Some(Refusal::of_field("file", "is <b>too</b> large"))),
            ),
            (
                "wrong",
                list(Vec::new(), Some(Refusal::of_field("action", "only <b>reads</b>"))),
            ),
        ]
    }
}

impl List {
    fn next(&self) -> Option<String> {
        (self.items.len() >= SHOWN as usize)
            .then(|| {
                self.items
                    .last()
                    .map(|batch| self.typed.with("before", &batch.id))
            })
            .flatten()
    }
}

/// How many imports are on a page.
const SHOWN: u32 = 50;

async fn opened(asked: &Asked, typed: Fields) -> Result<List, Refusal> {
    let which = Which {
        before: typed.given("before"),
        limit: Some(SHOWN),
        ..Which::default()
    };
    let Json(found) = batches::list(State(asked.shared.clone()), Query(which)).await?;
    let Json(all) = connections::list(State(asked.shared.clone())).await?;
    let Json(actions) = actions::list(Query(Search { words: String::new() })).await;
    let chosen = all.items.iter().find(|connection| connection.is_default);
    let typed = match chosen {
        Some(chosen) if !typed.has("connection") => typed.and("connection", &chosen.name),
        _ => typed,
    };
    Ok(List {
        items: found.items,
        actions: actions
            .items
            .into_iter()
            .filter(|line| line.effect != "read")
            .map(|line| (line.id, line.summary))
            .collect(),
        connections: all.items.into_iter().map(|connection| connection.name).collect(),
        typed,
        refusal: None,
    })
}

async fn list(asked: Asked) -> Result<List, Refusal> {
    opened(&asked, asked.query.clone()).await
}

async fn upload(asked: Asked) -> Result<Done, Again<List>> {
    match kept(&asked).await {
        Ok((id, name)) => {
            let query = [
                ("action", asked.form.get("action")),
                ("connection", asked.form.get("connection")),
            ];
            let query = Fields::from_pairs(query).with("name", &name);
            Ok(Done::to(format!("{}?{query}", named(map::MAP, &id)), id, ""))
        }
        Err(refusal) => {
            let mut list = opened(&asked, asked.form.clone()).await?;
            list.refusal = Some(refusal);
            Err(Again::form(list))
        }
    }
}

/// The table, as an upload with its name; the action is one that takes rows.
async fn kept(asked: &Asked) -> Result<(String, String), Refusal> {
    let given = asked.form.get("action");
    let page = actions::show(crate::api::read::Named(given.to_owned())).await;
    match page {
        Ok(Json(page)) if page.line.effect == "read" => {
            let message = format!("{given} only reads, so there is nothing to import with it");
            return Err(Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "TL0794", message).at("action"));
        }
        Ok(_) => {}
        Err(refusal) => return Err(refusal.at("action")),
    }
    match (&asked.file, asked.form.whole("text")) {
        (Some(Ok(file)), _) => Ok((file.id.clone(), file.name.clone())),
        (Some(Err(refusal)), _) => Err(refusal.clone()),
        (None, text) if !text.trim().is_empty() => {
            let pieces = stream::iter([Ok::<_, std::convert::Infallible>(Bytes::from(text))]);
            let id = imports::keep(&asked.shared, pieces).await?;
            Ok((id, "pasted rows".to_owned()))
        }
        (None, _) => Err(Refusal::of_field("file", "is not chosen, and nothing is pasted")),
    }
}
