//! Questions in SQL: the editor with what can be asked beside it, the answer as a table and a chart, and as a file.

use axum::{
    Json,
    extract::State,
    response::{IntoResponse as _, Response},
};
use http::header;
use maud::{Markup, html};
use serde_json::Value;
use trunkline_mirror::browse::TableShape;
use trunkline_store::Role;

use super::{NOTHING_YET, SQL, tabs};
use crate::{
    api::{
        data::{
            self,
            query::{self, Answer, Format, Question},
        },
        read::{Body, Named},
    },
    console::{
        fields::Fields,
        page::{Asked, Page, View},
        parts,
        visit::{Visit, named},
        words,
    },
    reply::Refusal,
};

const FILE: &str = "/data/{name}/sql/file";
/// How many rows are shown; a file has them all.
const ROWS: usize = 200;
/// How many bars a chart has.
const BARS: usize = 40;
/// The longest text in a cell, in letters.
const LONGEST: usize = 300;
/// Questions to begin with.
const EXAMPLES: [(&str, &str); 4] = [
    (
        "Conversations by state",
        "SELECT state, count(*) AS conversations\nFROM conversations\nWHERE _deleted_at IS NULL\nGROUP BY state\nORDER BY 2 DESC",
    ),
    (
        "Who answers fastest",
        "SELECT name, count_first_responses, median_minutes_to_first_response\nFROM admin_metrics\nORDER BY 3",
    ),
    (
        "Newest conversations",
        "SELECT conversation_id, title, state, admin_assignee_name, tag_names\nFROM conversation_enhanced\nORDER BY created_at DESC\nLIMIT 50",
    ),
    (
        "Companies that write most",
        "SELECT name, count_conversations, average_rating\nFROM company_metrics\nORDER BY 2 DESC\nLIMIT 20",
    ),
];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::look("data.sql", SQL, Role::Read, show),
        Page::file("data.export", FILE, Role::Read, file),
    ]
}

/// A question and its answer.
#[derive(Default)]
struct One {
    mirror: String,
    asked: Fields,
    tables: Vec<TableShape>,
    answer: Option<Answer>,
    refusal: Option<Refusal>,
}

impl One {
    fn sql(&self) -> String {
        self.asked.whole("sql")
    }

    fn query_with(&self, name: &str, value: &str) -> String {
        Fields::from_pairs([("sql", &self.sql())]).with(name, value)
    }

    fn editor(&self, visit: &Visit) -> Markup {
        let sql = self.sql();
        html! {
            form method="get" action=(visit.to(&named(SQL, &self.mirror))) class="editor" {
                (parts::Field::text("sql", "Question", &sql).long(9).required().hint("SQLite's SQL. It can only read, and takes twenty seconds at most.").wrong(self.refusal.as_ref()))
                div class="actions" { (parts::submit("Ask")) }
            }
            @if sql.is_empty() {
                p class="quiet" { "To begin with: "
                    @for (at, (words, sql)) in EXAMPLES.iter().enumerate() {
                        @if at > 0 { " · " }
                        a href={ (visit.to(&named(SQL, &self.mirror))) "?" (Fields::from_pairs([("sql", sql)]).with("chart", "")) } { (words) }
                    }
                }
            }
        }
    }

    fn answer(&self, visit: &Visit, answer: &Answer) -> Markup {
        let rows = answer
            .rows
            .iter()
            .take(ROWS)
            .map(|row| row.iter().map(shown).collect())
            .collect();
        let columns: Vec<&str> = answer.columns.iter().map(String::as_str).collect();
        let file = |format: &str| {
            format!(
                "{}?{}",
                visit.to(&named(FILE, &self.mirror)),
                self.query_with("format", format)
            )
        };
        let is_cut = answer.is_cut || answer.rows.len() > ROWS;
        html! {
            (self.chart(visit, answer))
            @if answer.rows.is_empty() {
                (parts::empty(visit, "table", "No rows", "The question was understood, and nothing fits.", None))
            } @else {
                p class="quiet" role="status" {
                    @if is_cut { "The first " (words::some(answer.rows.len().min(ROWS) as u64, "row")) ", there are more" } @else { (words::some(answer.rows.len() as u64, "row")) }
                    ", in " (words::count(answer.took_ms)) " ms. All of them: "
                    a href=(file("csv")) download { "CSV" } " or " a href=(file("jsonl")) download { "JSON lines" } "."
                }
                (parts::table("Answer", &columns, rows))
            }
        }
    }

    /// The chart of an answer that has a column of numbers.
    fn chart(&self, visit: &Visit, answer: &Answer) -> Markup {
        let is_number = |at: usize| {
            let mut cells = answer
                .rows
                .iter()
                .map(|row| &row[at])
                .filter(|cell| !cell.is_null())
                .peekable();
            cells.peek().is_some() && cells.all(Value::is_number)
        };
        let numbers: Vec<usize> = (0..answer.columns.len()).filter(|at| is_number(*at)).collect();
        let chosen = |name: &str| {
            answer
                .columns
                .iter()
                .position(|column| column == self.asked.get(name))
        };
        let number = chosen("number")
            .filter(|at| numbers.contains(at))
            .or_else(|| numbers.first().copied());
        let label = chosen("label").or_else(|| (0..answer.columns.len()).find(|at| Some(*at) != number));
        let (Some(number), Some(label)) = (number, label) else {
            return html! {};
        };
        let values: Vec<(String, f64)> = answer
            .rows
            .iter()
            .take(BARS)
            .map(|row| (query::plain(&row[label]), row[number].as_f64().unwrap_or(0.0)))
            .collect();
        let all: Vec<(&str, &str)> = answer
            .columns
            .iter()
            .map(|name| (name.as_str(), name.as_str()))
            .collect();
        let some: Vec<(&str, &str)> = numbers.iter().map(|at| all[*at]).collect();
        let title = format!("{} by {}", answer.columns[number], answer.columns[label]);
        html! {
            details class="more-fields" open[self.asked.has("number")] {
                summary { "Chart: " (title) }
                form class="filter" method="get" action=(visit.to(&named(SQL, &self.mirror))) {
                    input type="hidden" name="sql" value=(self.sql());
                    (parts::choice("number", "Number", &answer.columns[number], &some))
                    (parts::choice("label", "Label", &answer.columns[label], &all))
                    button { "Draw" }
                }
                (parts::ranked(&title, &values))
                @if answer.rows.len() > BARS { p class="quiet" { "The first " (BARS) " rows." } }
            }
        }
    }

    fn shapes(&self) -> Markup {
        // What the mirror keeps for its own work is asked seldom.
        let (own, tables): (Vec<_>, Vec<_>) =
            self.tables.iter().partition(|table| table.name.starts_with('_'));
        html! {
            section class="card" aria-labelledby="tables" {
                h2 id="tables" { "What can be asked" }
                @for table in tables { (shape(table)) }
                @if !own.is_empty() {
                    details class="shape" {
                        summary { "The mirror's own tables" }
                        @for table in own { (shape(table)) }
                    }
                }
            }
        }
    }
}

/// A table or view with its columns.
fn shape(table: &TableShape) -> Markup {
    html! {
        details class="shape" {
            summary { code { (table.name) } @if table.is_view { " " span class="quiet" { "view" } } }
            @if !table.summary.is_empty() { p class="quiet" { (table.summary) } }
            ul {
                @for column in &table.columns {
                    li title=(column.summary) { code { (column.name) } " " span class="quiet" { (column.kind) @if column.is_indexed { ", indexed" } } }
                }
            }
        }
    }
}

fn shown(cell: &Value) -> Markup {
    let text = query::plain(cell);
    html! {
        @if cell.is_null() { span class="quiet" { "none" } }
        @else if text.chars().count() > LONGEST { (text.chars().take(LONGEST).collect::<String>()) "…" }
        @else { (text) }
    }
}

impl View for One {
    fn title(&self) -> String {
        "SQL".to_owned()
    }

    fn lead(&self) -> Option<String> {
        Some(format!("Questions to the mirror {}.", self.mirror))
    }

    fn main(&self, visit: &Visit) -> Markup {
        html! {
            (tabs(visit, &self.mirror, SQL))
            (parts::trouble(visit, self.refusal.as_ref(), &["sql"]))
            div class="columns" {
                div {
                    (self.editor(visit))
                    @if let Some(answer) = &self.answer { (self.answer(visit, answer)) }
                }
                (self.shapes())
            }
        }
    }

    #[cfg(test)]
    fn samples() -> Vec<(&'static str, Self)> {
        use trunkline_mirror::browse::ColumnShape;
        let table = |name: &str, is_view| TableShape {
            name: name.to_owned(),
            is_view,
            summary: "What it <holds>.".to_owned(),
            columns: vec![ColumnShape {
                name: "id <b>".to_owned(),
                kind: "text".to_owned(),
                summary: "Its \"id\".".to_owned(),
                is_indexed: true,
                is_large: false,
            }],
        };
        let sample = |sql: &str| One {
            mirror: "ma in".to_owned(),
            asked: Fields::of(&[("sql", sql)]),
            tables: vec![table("contacts", false), table("admin_metrics", true)],
            ..One::default()
        };
        let rows = |count: i64| {
            (0..count)
                .map(|at| {
                    vec![
                        Value::from(format!("<script>{at}")),
                        Value::from(at - 2),
                        Value::Null,
                    ]
                })
                .collect()
        };
        let answer = |count| Answer {
            columns: vec!["state <b>".to_owned(), "n".to_owned(), "none".to_owned()],
            rows: rows(count),
            is_cut: count > 100,
            took_ms: 1_200,
        };
        let with = |count| One {
            answer: Some(answer(count)),
            ..sample("SELECT '</textarea><script>'")
        };
        vec![
            ("new", sample("")),
            ("answer", with(3)),
            ("long", with(250)),
            ("nothing", with(0)),
            (
                "wrong",
                One {
                    refusal: Some(Refusal::of_field("sql", "no such table: <b>x")),
                    ..sample("SELECT * FROM x")
                },
            ),
        ]
    }
}

async fn show(asked: Asked) -> Result<One, Refusal> {
    let mirror = asked.name();
    let tables = match data::tables(State(asked.shared.clone()), Named(mirror.clone())).await {
        Ok(Json(tables)) => tables.items,
        Err(refusal) if refusal.code == NOTHING_YET => {
            return Ok(One {
                mirror,
                refusal: Some(refusal),
                ..One::default()
            });
        }
        Err(refusal) => return Err(refusal),
    };
    let mut one = One {
        mirror,
        asked: asked.query,
        tables,
        ..One::default()
    };
    let sql = one.sql();
    if sql.trim().is_empty() {
        return Ok(one);
    }
    let question = Question {
        sql,
        limit: Some(ROWS + 1),
    };
    match query::query(State(asked.shared), Named(one.mirror.clone()), Body(question)).await {
        Ok(Json(answer)) => one.answer = Some(answer),
        Err(refusal) if refusal.field.is_some() => one.refusal = Some(refusal),
        Err(refusal) => return Err(refusal),
    }
    Ok(one)
}

async fn file(asked: Asked) -> Result<Response, Refusal> {
    let (format, kind, name) = match asked.query.get("format") {
        "jsonl" => (Format::Jsonl, "application/jsonl; charset=utf-8", "answer.jsonl"),
        _ => (Format::Csv, "text/csv; charset=utf-8", "answer.csv"),
    };
    let body = query::export(&asked.shared, &asked.name(), asked.query.whole("sql"), format).await?;
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{name}\""),
        ),
    ];
    Ok((headers, body).into_response())
}
