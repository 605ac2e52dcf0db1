//! What a list shows, as a file: all that fits, beyond the page, as lines of JSON or as a table.
//!
//! The one rule: a page of the list after the other is read while the file is sent, so it may be as long as it is; and it asks the same
//! functions as the list, so it holds what the list shows.

use std::{io, sync::Arc};

use axum::{
    Json,
    body::Body,
    extract::State,
    response::{IntoResponse as _, Response},
};
use bytes::Bytes;
use futures::{StreamExt as _, stream};
use http::header;
use maud::{Markup, html};
use serde_json::{Map, Value, json};
use trunkline_store::{Fate, Role};

use super::{letters_query, records, runs};
use crate::{
    api::{
        data::query::{Format, line, plain},
        dead_letters, deliveries, flows,
        read::{Named, Query},
    },
    console::{
        fields::Fields,
        page::{Asked, Page},
        visit::Visit,
    },
    reply::Refusal,
    shared::Shared,
};

pub(super) const LETTERS: &str = "/deliveries/download";
pub(super) const RUNS: &str = "/deliveries/runs/download";
pub(super) const RECORDS: &str = "/deliveries/records/download";
/// How many are read at once.
const AT_ONCE: u32 = 100;
/// The columns of a table of dead letters.
const LETTER_COLUMNS: [&str; 13] = [
    "id",
    "flow",
    "destination",
    "run",
    "key",
    "code",
    "message",
    "attempts",
    "first_at",
    "last_at",
    "state",
    "source_record",
    "record",
];
/// The columns of a table of records.
const RECORD_COLUMNS: [&str; 15] = [
    "id",
    "flow",
    "run",
    "version",
    "origin",
    "record_id",
    "key",
    "destination",
    "outcome",
    "at",
    "attempts",
    "letter",
    "source_record",
    "record",
    "answer",
];
/// The columns of a table of runs.
const RUN_COLUMNS: [&str; 14] = [
    "id",
    "flow",
    "version",
    "cause",
    "state",
    "started_at",
    "ended_at",
    "read",
    "delivered",
    "filtered",
    "dead",
    "retried",
    "queued",
    "note",
];

pub(super) fn pages() -> Vec<Page> {
    vec![
        Page::file("dead_letters.download", LETTERS, Role::Read, async |asked| {
            file(asked, What::Letters).await
        }),
        Page::file("flow_runs.download", RUNS, Role::Read, async |asked| {
            file(asked, What::Runs).await
        }),
        Page::file("deliveries.download", RECORDS, Role::Read, async |asked| {
            file(asked, What::Records).await
        }),
    ]
}

/// The ways to the file of what is shown.
pub(super) fn links(visit: &Visit, path: &str, asked: &Fields) -> Markup {
    let to = |format: &str| {
        format!(
            "{}?{}",
            visit.to(path),
            asked.without("before").with("format", format)
        )
    };
    html! {
        p class="quiet" {
            "All that fits, as a file: "
            a href=(to("jsonl")) download { "JSON lines" } " or " a href=(to("csv")) download { "CSV" } "."
        }
    }
}

/// What is kept as a file.
#[derive(Clone, Copy)]
enum What {
    Letters,
    Runs,
    Records,
}

impl What {
    const fn columns(self) -> &'static [&'static str] {
        match self {
            Self::Letters => &LETTER_COLUMNS,
            Self::Runs => &RUN_COLUMNS,
            Self::Records => &RECORD_COLUMNS,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Letters => "dead-letters",
            Self::Runs => "runs",
            Self::Records => "records",
        }
    }

    /// Some of it, and where the next ones begin.
    async fn page(
        self,
        shared: &Arc<Shared>,
        asked: &Fields,
        before: Option<String>,
    ) -> Result<(Vec<Value>, Option<String>), Refusal> {
        let state = State(Arc::clone(shared));
        match self {
            Self::Letters => {
                let mut query = letters_query(asked);
                query.limit = Some(AT_ONCE);
                query.before = before;
                let Json(found) = dead_letters::list(state, Query(query)).await?;
                let mut rows = Vec::with_capacity(found.items.len());
                for letter in found.items {
                    let state = State(Arc::clone(shared));
                    let Json(whole) = dead_letters::show(state, Named(letter.id)).await?;
                    rows.push(whole_letter(&whole));
                }
                Ok((rows, found.next))
            }
            Self::Runs => {
                let mut query = runs::query(asked);
                query.limit = Some(AT_ONCE);
                query.before = before;
                let Json(found) = flows::runs(state, Query(query)).await?;
                let rows = found.items.iter().map(|run| json!(run)).collect();
                Ok((rows, found.next))
            }
            Self::Records => {
                let (flow, mut query) = records::query(asked);
                query.limit = Some(AT_ONCE);
                query.before = before;
                let (found, next) = deliveries::some(shared, flow, query).await?;
                Ok((found.iter().map(whole_record).collect(), next))
            }
        }
    }
}

/// What became of a record, with its documents, in one object.
fn whole_record(fate: &Fate) -> Value {
    let mut row = json!(fate);
    for name in ["head", "source_record", "record", "answer"] {
        // Documents are kept as text; what is none any more is shown as it is.
        if let Some(value) = row[name]
            .as_str()
            .and_then(|text| serde_json::from_str(text).ok())
        {
            row[name] = value;
        }
    }
    row
}

/// A letter with its record's whole way, in one object.
fn whole_letter(whole: &dead_letters::Whole) -> Value {
    let mut row = json!(whole.letter);
    if let Value::Object(fields) = &mut row {
        fields.extend(Map::from_iter([
            ("source_record".to_owned(), json!(whole.source_record)),
            ("record".to_owned(), json!(whole.record)),
            ("steps".to_owned(), whole.steps.clone()),
            ("request".to_owned(), json!(whole.request)),
            ("answer".to_owned(), json!(whole.answer)),
        ]));
    }
    row
}

async fn file(asked: Asked, what: What) -> Result<Response, Refusal> {
    let (format, kind, end) = match asked.query.get("format") {
        "csv" => (Format::Csv, "text/csv; charset=utf-8", "csv"),
        _ => (Format::Jsonl, "application/jsonl; charset=utf-8", "jsonl"),
    };
    // What is wrong with the question is found out before the first byte.
    let (rows, next) = what.page(&asked.shared, &asked.query, None).await?;
    let mut begin = String::new();
    if format == Format::Csv {
        line(&mut begin, what.columns().iter().copied());
    }
    begin.push_str(&written(what, format, &rows));
    let rest = stream::try_unfold(next, move |next| {
        let (shared, query) = (Arc::clone(&asked.shared), asked.query.clone());
        async move {
            let Some(before) = next else { return Ok(None) };
            let page = what.page(&shared, &query, Some(before)).await;
            let (rows, next) = page.map_err(|refusal| io::Error::other(refusal.message))?;
            Ok::<_, io::Error>(Some((Bytes::from(written(what, format, &rows)), next)))
        }
    });
    let whole = stream::iter([Ok(Bytes::from(begin))]).chain(rest);
    let headers = [
        (header::CONTENT_TYPE, kind.to_owned()),
        (
            header::CONTENT_DISPOSITION,
            format!("attachment; filename=\"{}.{end}\"", what.name()),
        ),
    ];
    Ok((headers, Body::from_stream(whole)).into_response())
}

fn written(what: What, format: Format, rows: &[Value]) -> String {
    let mut text = String::new();
    for row in rows {
        match format {
            Format::Jsonl => {
                text.push_str(&row.to_string());
                text.push('\n');
            }
            Format::Csv => {
                let cells: Vec<String> = what.columns().iter().map(|column| plain(&row[*column])).collect();
                line(&mut text, cells.iter().map(String::as_str));
            }
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_every_column_and_a_line_has_all() {
        let row = json!({ "id": "1", "flow": "a,b", "record": { "x": "=1" }, "steps": [] });
        let table = written(What::Letters, Format::Csv, std::slice::from_ref(&row));
        assert!(table.starts_with("1,\"a,b\","), "{table}");
        assert!(table.contains("\"{\"\"x\"\":\"\"=1\"\"}\""), "{table}");
        let lines = written(What::Runs, Format::Jsonl, &[row.clone(), row]);
        assert_eq!(lines.lines().count(), 2);
    }
}
