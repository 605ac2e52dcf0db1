//! The records of a stream: narrowed, sorted, page by page.

use axum::{Json, extract::State};
use maud::{Markup, html};
use trunkline_store::Role;

use super::{HOME, STREAM, cell, place, tabs};
use crate::{
    api::{
        data::{self, Records, RecordsQuery},
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::{Asked, Page, View},
        parts,
        visit::{Visit, named},
    },
    reply::Refusal,
};

/// How many columns are shown.
const COLUMNS: usize = 7;
/// Columns that tell records apart, most telling first.
const TELLING: [&str; 24] = [
    "name",
    "title",
    "source_subject",
    "subject",
    "email",
    "external_id",
    "role",
    "state",
    "ticket_state_label",
    "part_type",
    "event_name",
    "activity_type",
    "author_name",
    "source_author_name",
    "label",
    "full_name",
    "category",
    "priority",
    "contact_id",
    "conversation_id",
    "company_id",
    "created_at",
    "updated_at",
    "_deleted_at",
];
const HOW: [(&str, &str); 7] = [
    ("is", "is"),
    ("begins", "begins with"),
    ("contains", "contains"),
    ("below", "is below or before"),
    ("above", "is above or after"),
    ("empty", "is empty"),
    ("filled", "is not empty"),
];

pub(super) fn pages() -> Vec<Page> {
    vec![Page::look("data.records", STREAM, Role::Read, show)]
}

/// Some records of a stream.
struct One {
    mirror: String,
    stream: String,
    page: Records,
    asked: Fields,
    refusal: Option<Refusal>,
}

impl One {
    fn path(&self) -> String {
        named(&named(STREAM, &self.mirror), &self.stream)
    }

    /// The columns that are shown: those of the key, those that tell most, then the others.
    fn shown(&self) -> Vec<&trunkline_mirror::browse::ColumnShape> {
        let mut small: Vec<_> = self
            .page
            .columns
            .iter()
            .filter(|column| !column.is_large)
            .collect();
        let has_value = |name: &str| {
            self.page
                .items
                .iter()
                .any(|row| row.values.get(name).is_some_and(|value| !value.is_null()))
        };
        let chosen = self.asked.get("column");
        let rank = |name: &str| match name {
            "id" => 0,
            _ if name == chosen => 1,
            _ => match TELLING.iter().position(|telling| *telling == name) {
                Some(place) if has_value(name) => 2 + place,
                _ if name.starts_with('_') || !has_value(name) => 200,
                _ => 100,
            },
        };
        small.sort_by_key(|column| rank(&column.name));
        small.truncate(COLUMNS);
        small
    }

    fn filter(&self, visit: &Visit) -> Markup {
        let all: Vec<(&str, &str)> = std::iter::once(("", "nothing"))
            .chain(
                self.page
                    .columns
                    .iter()
                    .map(|column| (column.name.as_str(), column.name.as_str())),
            )
            .collect();
        let sorted: Vec<(&str, &str)> = std::iter::once(("", "as they came"))
            .chain(
                self.page
                    .columns
                    .iter()
                    .filter(|column| column.is_indexed)
                    .map(|column| (column.name.as_str(), column.name.as_str())),
            )
            .collect();
        let order = [
            ("", "largest or newest first"),
            ("rising", "smallest or oldest first"),
        ];
        let kept = [("", "those that exist"), ("yes", "those that are deleted")];
        html! {
            form class="filter pairs" method="get" action=(visit.to(&self.path())) role="search" {
                (parts::choice("column", "Narrow by", self.asked.get("column"), &all))
                (parts::choice("how", "How", self.asked.get("how"), &HOW))
                (parts::Field::text("value", "Value", self.asked.get("value")).wrong(self.refusal.as_ref()))
                (parts::choice("sort", "Sorted by", self.asked.get("sort"), &sorted))
                (parts::choice("order", "Order", self.asked.get("order"), &order))
                (parts::choice("deleted", "Which", self.asked.get("deleted"), &kept))
                button { (parts::icon(visit, "search")) "Show" }
            }
        }
    }

    fn table(&self, visit: &Visit) -> Markup {
        let columns = self.shown();
        let names: Vec<&str> = columns.iter().map(|column| column.name.as_str()).collect();
        let rows = self
            .page
            .items
            .iter()
            .map(|row| {
                let cells = columns.iter().enumerate().map(|(at, column)| {
                    let value = row.values.get(&column.name).unwrap_or(&serde_json::Value::Null);
                    let text = data::query::plain(value);
                    if at == 0 && !text.is_empty() {
                        return html! { a href=(place(visit, &self.mirror, &self.stream, &row.key)) { strong { (text) } } };
                    }
                    cell(visit, &self.mirror, &self.stream, &column.name, &column.kind, value)
                });
                cells.collect()
            })
            .collect();
        parts::table(&self.stream, &names, rows)
    }
}

impl View for One {
    fn title(&self) -> String {
        self.stream.clone()
    }

    fn lead(&self) -> Option<String> {
        Some(format!("Records in the mirror {}.", self.mirror))
    }

    fn main(&self, visit: &Visit) -> Markup {
        let next = self.page.next.as_ref().map(|next| self.asked.with("after", next));
        html! {
            (tabs(visit, &self.mirror, HOME))
            (parts::trouble(visit, self.refusal.as_ref(), &["value"]))
            (self.filter(visit))
            @if !self.page.items.is_empty() {
                (self.table(visit))
                @if let Some(query) = next { p class="more" { a class="button" href={ (visit.to(&self.path())) "?" (query) } { "Next page" } } }
            } @else if self.refusal.is_none() {
                (parts::empty(visit, "table", "No records", "Nothing fits, or the mirror holds nothing of this stream.", None))
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use trunkline_mirror::browse::ColumnShape;
        let column = |name: &str, kind: &str| ColumnShape {
            name: name.to_owned(),
            kind: kind.to_owned(),
            summary: String::new(),
            is_indexed: name == "id",
            is_large: kind == "json",
        };
        let sample = |stream: &str, rows: usize| {
            let row = data::Row {
                key: "k <1>".to_owned(),
                values: serde_json::json!({
                    "id": "k <1>", "name": "<script>alert(1)</script>", "created_at": "2026-03-01T11:00:00Z", "company_id": "c/1",
                    "is_ok": 1, "note": "long ".repeat(60),
                })
                .as_object()
                .cloned()
                .unwrap_or_default(),
            };
            Self {
                mirror: "main".to_owned(),
                stream: stream.to_owned(),
                page: Records {
                    columns: vec![
                        column("id", "text"),
                        column("name", "text"),
                        column("created_at", "time"),
                        column("company_id", "text"),
                        column("is_ok", "boolean"),
                        column("note", "text"),
                        column("record", "json"),
                    ],
                    items: vec![row; rows],
                    next: (rows > 1).then(|| "[\"a\",1]".to_owned()),
                },
                asked: Fields::of(&[("column", "name"), ("value", "\"><i>")]),
                refusal: None,
            }
        };
        let wrong = Self {
            refusal: Some(Refusal::of_field("sort", "is not a column with an index")),
            ..sample("contacts", 0)
        };
        vec![
            ("contacts", sample("contacts", 3)),
            ("tags", sample("tags", 1)),
            ("nothing", sample("tags", 0)),
            ("wrong", wrong),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let [mirror, stream] = <[String; 2]>::try_from(asked.names).map_err(|_| Refusal::unknown_address())?;
    let fields = asked.query;
    let query = RecordsQuery {
        sort: fields.given("sort"),
        order: fields.given("order"),
        column: fields.given("column"),
        // The words of a column that is not chosen are those that the form shows anyway.
        how: fields.given("column").and_then(|_| fields.given("how")),
        value: fields.given("column").and_then(|_| fields.given("value")),
        deleted: fields.given("deleted"),
        after: fields.given("after"),
        limit: None,
    };
    let names = || Named((mirror.clone(), stream.clone()));
    let (page, refusal) = match data::records(State(asked.shared.clone()), names(), Query(query)).await {
        Ok(Json(page)) => (page, None),
        Err(refusal) if refusal.field.is_some() || refusal.code == "TL0984" => {
            // The form is shown again, with the columns of a page without rows that are narrowed.
            let plain = RecordsQuery {
                limit: Some(1),
                ..RecordsQuery::default()
            };
            let Json(page) = data::records(State(asked.shared.clone()), names(), Query(plain)).await?;
            let page = Records {
                items: Vec::new(),
                next: None,
                ..page
            };
            (page, Some(refusal))
        }
        Err(refusal) => return Err(refusal),
    };
    Ok(One {
        mirror,
        stream,
        page,
        asked: fields,
        refusal,
    })
}
