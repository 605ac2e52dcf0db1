//! One record: every field, custom attributes, its versions, the whole as it came.

use axum::{Json, extract::State};
use maud::{Markup, html};
use serde_json::{Map, Value};
use trunkline_mirror::browse::Record;
use trunkline_store::Role;

use super::{HOME, RECORD, STREAM, cell, tabs, within};
use crate::{
    api::{
        data::{self, KeyQuery},
        read::{Named, Query},
    },
    console::{
        page::{Asked, Page, View},
        parts,
        visit::Visit,
    },
    reply::Refusal,
};

/// Columns that the mirror keeps for its own work, and that say nothing of the record.
const OWN: [&str; 5] = [
    "_hash",
    "_needs",
    "_parts_stated",
    "_parts_held",
    "_parts_fetched",
];

pub(super) fn pages() -> Vec<Page> {
    vec![Page::look("data.record", RECORD, Role::Read, show)]
}

/// A record of a stream.
struct One {
    mirror: String,
    stream: String,
    key: String,
    record: Record,
}

/// The fields of a record that hold something, the others, and what stands in `aside`, which is shown elsewhere on the page.
pub(super) fn fields(visit: &Visit, mirror: &str, stream: &str, record: &Record) -> Markup {
    let (full, empty): (Vec<_>, Vec<_>) = record
        .fields
        .iter()
        .filter(|field| !field.name.ends_with("_text") && !OWN.contains(&field.name.as_str()))
        .partition(|field| {
            !field.value.is_null() && !["", "[]", "{}"].iter().any(|empty| field.value == *empty)
        });
    html! {
        dl class="facts" {
            @for field in full {
                div {
                    dt title=(field.summary) { (field.name) }
                    dd {
                        @match json(field.kind.as_str(), &field.value) {
                            Some(document) => (parts::block(&document)),
                            None => (cell(visit, mirror, stream, &field.name, &field.kind, &field.value)),
                        }
                    }
                }
            }
        }
        @if !empty.is_empty() {
            p class="quiet" { "Empty: " @for (at, field) in empty.iter().enumerate() { @if at > 0 { ", " } span title=(field.summary) { (field.name) } } "." }
        }
    }
}

/// A column of JSON, a line for each part.
fn json(kind: &str, value: &Value) -> Option<String> {
    if kind != "json" {
        return None;
    }
    let value: Value = serde_json::from_str(value.as_str()?).ok()?;
    serde_json::to_string_pretty(&value).ok()
}

/// Custom attributes as facts.
pub(super) fn custom(attributes: &Map<String, Value>) -> Markup {
    html! {
        dl class="facts" {
            @for (name, value) in attributes {
                div { dt { (name) } dd { @if value.is_null() { span class="quiet" { "none" } } @else { (data::query::plain(value)) } } }
            }
        }
    }
}

/// Custom attributes, versions and the whole, each where there is any.
pub(super) fn rest(visit: &Visit, record: &Record) -> Markup {
    html! {
        @if !record.custom.is_empty() { (parts::section("custom", "Custom attributes", &custom(&record.custom))) }
        @if let Some(history) = &record.history {
            (parts::section("history", "How it became what it is", &html! {
                ol class="way-of" {
                    @for version in history {
                        li {
                            p class="quiet" {
                                @match version.from.parse() { Ok(at) => (parts::moment(at, visit.now())), Err(_) => (version.from) }
                            }
                            @if version.changes.is_empty() { p { "As it first came, or nothing that has a column of its own." } }
                            @for change in &version.changes {
                                p { strong { (change.column) } ": " (clipped(&change.before)) " → " (clipped(&change.after)) }
                            }
                        }
                    }
                }
            }))
        }
        @if let Some(whole) = &record.record {
            details class="more-fields" {
                summary { "The record as it came" }
                (parts::block(&serde_json::to_string_pretty(whole).unwrap_or_default()))
            }
        }
    }
}

fn clipped(value: &Value) -> Markup {
    let text = data::query::plain(value);
    html! {
        @if text.is_empty() { span class="quiet" { "nothing" } }
        @else if text.chars().count() > 200 { (text.chars().take(200).collect::<String>()) "…" }
        @else { (text) }
    }
}

impl View for One {
    fn title(&self) -> String {
        let named = ["name", "title", "email"].iter().find_map(|name| {
            let field = self.record.fields.iter().find(|field| field.name == *name)?;
            field.value.as_str().filter(|text| !text.is_empty())
        });
        named.unwrap_or(&self.key).to_owned()
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (tabs(visit, &self.mirror, HOME))
            p { a href=(within(visit, STREAM, &self.mirror, &self.stream)) { (self.stream) } " · " code { (self.key) } }
            section class="card" aria-label="Fields" { (fields(visit, &self.mirror, &self.stream, &self.record)) }
            (rest(visit, &self.record))
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        let sample = |stream: &str, record| Self {
            mirror: "main".to_owned(),
            stream: stream.to_owned(),
            key: "k<1>".to_owned(),
            record,
        };
        let plain = Record {
            fields: Vec::new(),
            custom: Map::new(),
            record: None,
            history: None,
        };
        vec![
            ("usual", sample("tags", sample_record())),
            ("pair", sample("contact_tags", plain)),
        ]
    }
}

/// A record with something of everything.
#[cfg(test)]
pub(super) fn sample_record() -> Record {
    use trunkline_mirror::browse::{Difference, Field, Version};
    let field = |name: &str, kind: &str, value: Value| Field {
        name: name.to_owned(),
        kind: kind.to_owned(),
        summary: "What it <means>.".to_owned(),
        value,
    };
    let version = |changes| Version {
        from: "2026-03-01T11:00:00Z".to_owned(),
        to: None,
        changes,
    };
    Record {
        fields: vec![
            field("id", "text", "k<1>".into()),
            field("name", "text", "<img src=x onerror=alert(1)>".into()),
            field("contact_id", "text", "k/2".into()),
            field("created_at", "time", "2026-03-01T11:00:00Z".into()),
            field("metadata", "json", "{\"a\":[1,\"</pre><script>\"]}".into()),
            field("city", "text", Value::Null),
        ],
        custom: serde_json::json!({ "plan <b>": "pro", "seats": 3, "none": null })
            .as_object()
            .cloned()
            .unwrap_or_default(),
        record: Some(serde_json::json!({ "id": "k<1>", "name": "<script>" })),
        history: Some(vec![
            version(vec![Difference {
                column: "name".to_owned(),
                before: Value::Null,
                after: "<i>new</i>".into(),
            }]),
            version(Vec::new()),
        ]),
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let [mirror, stream] = <[String; 2]>::try_from(asked.names).map_err(|_| Refusal::unknown_address())?;
    let key = asked.query.get("key").to_owned();
    let query = KeyQuery {
        key: Some(key.clone()),
    };
    let names = Named((mirror.clone(), stream.clone()));
    let Json(record) = data::record(State(asked.shared), names, Query(query)).await?;
    Ok(One {
        mirror,
        stream,
        key,
        record,
    })
}
