//! Questions in SQL: a table of the first rows, or all of them as a file.
//!
//! The one rule: a question only reads, is ended when it takes too long or when nobody waits for it, and its answer is cut or streamed,
//! never gathered whole.

use std::{sync::Arc, time::Duration};

use axum::{Json, body::Body as HttpBody, extract::State};
use bytes::Bytes;
use futures::stream;
use http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::{sync::mpsc, time::Instant};
use trunkline_mirror::browse::{Brake, BrowseError, Reader};
use trunkline_store::Role;
use utoipa::ToSchema;

use super::look;
use crate::{
    api::{
        read::{Body, Named},
        route::{Route, Verb},
    },
    reply::Refusal,
    shared::Shared,
};

/// How long a question may take whose first rows are shown.
const PATIENCE: Duration = Duration::from_secs(20);
/// How long one may take whose rows are streamed into a file.
const EXPORT_PATIENCE: Duration = Duration::from_mins(10);
/// How many rows are shown when nobody says how many, and at most.
const USUAL: usize = 1_000;
const MOST: usize = 10_000;
/// How many bytes of values are shown at most.
const MOST_BYTES: usize = 8 << 20;
/// How many bytes are gathered before they are sent.
const CHUNK: usize = 64 << 10;

/// A question.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Question {
    /// One statement that reads.
    pub(crate) sql: String,
    /// How many rows at most, from 1 to 10000; 1000 when it is left out.
    #[schema(minimum = 1, maximum = 10_000)]
    pub(crate) limit: Option<usize>,
}

/// The first rows of an answer.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = QueryAnswer)]
pub(crate) struct Answer {
    /// What the columns are called.
    pub(crate) columns: Vec<String>,
    /// The rows, each with a value for every column.
    pub(crate) rows: Vec<Vec<Value>>,
    /// Whether there are more rows than were asked for, or than fit into an answer.
    pub(crate) is_cut: bool,
    /// How long it took, in milliseconds.
    pub(crate) took_ms: u64,
}

pub(super) fn routes() -> Vec<Route> {
    vec![
        Route::new(
            Role::Read,
            Verb::Post,
            "/mirrors/{name}/query",
            "data.query",
            "Asks a mirror a question in SQL, which may only read and takes twenty seconds at most.",
            query,
        )
        .takes::<Question>()
        .answers::<Answer>(StatusCode::OK),
    ]
}

/// Asks a question.
pub(crate) async fn query(
    State(shared): State<Arc<Shared>>,
    Named(name): Named<String>,
    Body(question): Body<Question>,
) -> Result<Json<Answer>, Refusal> {
    let limit = question.limit.unwrap_or(USUAL);
    if !(1..=MOST).contains(&limit) {
        return Err(Refusal::of_field("limit", format!("is not from 1 to {MOST}")));
    }
    let begun = Instant::now();
    let rows = look::look(&shared, &name, PATIENCE, move |reader| {
        reader.first_rows(&question.sql, limit, MOST_BYTES)
    })
    .await
    .map_err(|refusal| match refusal.code {
        "TL0984" => refusal.at("sql"),
        _ => refusal,
    })?;
    Ok(Json(Answer {
        columns: rows.columns,
        rows: rows.rows,
        is_cut: rows.is_cut,
        took_ms: u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX),
    }))
}

/// How rows are written into a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Comma-separated values with a line of names.
    Csv,
    /// An object for each row, one in a line.
    Jsonl,
}

/// All rows of an answer, as they are read. What is wrong with the statement is found out before the first byte.
pub(crate) async fn export(
    shared: &Shared,
    name: &str,
    sql: String,
    format: Format,
) -> Result<HttpBody, Refusal> {
    let path = look::file(shared, name).await?;
    let place = shared.readers.place().await?;
    let brake = Brake::default();
    let own = brake.clone();
    // The file is read no faster than it is taken.
    let (send, mut chunks) = mpsc::channel::<Result<Bytes, BrowseError>>(4);
    let wait = tokio::runtime::Handle::current();
    tokio::task::spawn_blocking(move || {
        let _place = place;
        let put = |chunk| wait.block_on(send.send(chunk)).is_ok();
        let outcome = Reader::open(&path, &own).and_then(|reader| write(&reader, &sql, format, &put));
        if let Err(error) = outcome {
            put(Err(error));
        }
    });
    let pull = look::Pull(brake);
    let first = chunks.recv().await;
    let first = match first {
        Some(Err(error)) => return Err(look::refusal(&error)),
        Some(Ok(first)) => first,
        None => Bytes::new(),
    };
    let until = Instant::now() + EXPORT_PATIENCE;
    let rest = stream::unfold((chunks, pull), move |(mut chunks, pull)| async move {
        let chunk = match tokio::time::timeout_at(until, chunks.recv()).await {
            Ok(chunk) => chunk?,
            Err(_) => Err(BrowseError::TooLong),
        };
        Some((chunk, (chunks, pull)))
    });
    let whole = futures::StreamExt::chain(stream::iter([Ok(first)]), rest);
    Ok(HttpBody::from_stream(whole))
}

fn write(
    reader: &Reader,
    sql: &str,
    format: Format,
    put: &dyn Fn(Result<Bytes, BrowseError>) -> bool,
) -> Result<(), BrowseError> {
    let names = std::cell::RefCell::new(Vec::new());
    let buffer = std::cell::RefCell::new(String::new());
    reader.query(
        sql,
        |columns| {
            *names.borrow_mut() = columns.to_vec();
            if format == Format::Csv {
                line(&mut buffer.borrow_mut(), columns.iter().map(String::as_str));
            }
        },
        |cells| {
            let mut buffer = buffer.borrow_mut();
            match format {
                Format::Csv => {
                    let texts: Vec<String> = cells.iter().map(plain).collect();
                    line(&mut buffer, texts.iter().map(String::as_str));
                }
                Format::Jsonl => {
                    let object: Map<String, Value> = names.borrow().iter().cloned().zip(cells).collect();
                    buffer.push_str(&Value::Object(object).to_string());
                    buffer.push('\n');
                }
            }
            buffer.len() < CHUNK || put(Ok(Bytes::from(std::mem::take(&mut *buffer))))
        },
    )?;
    put(Ok(Bytes::from(buffer.into_inner())));
    Ok(())
}

/// A value as a cell of a table.
pub(crate) fn plain(cell: &Value) -> String {
    match cell {
        Value::Null => String::new(),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

/// A line of comma-separated values. A text that a spreadsheet would take for a formula is given as text.
pub(crate) fn line<'c>(out: &mut String, cells: impl Iterator<Item = &'c str>) {
    for (at, cell) in cells.enumerate() {
        if at > 0 {
            out.push(',');
        }
        // Numbers, telephone numbers among them, stay what they are.
        let is_number = |rest: &str| {
            rest.chars()
                .all(|letter| letter.is_ascii_digit() || " .()/-".contains(letter))
        };
        let is_formula = cell.starts_with(['=', '@', '\t', '\r'])
            || cell.strip_prefix(['+', '-']).is_some_and(|rest| !is_number(rest));
        if is_formula || cell.contains([',', '"', '\n', '\r']) {
            out.push('"');
            if is_formula {
                out.push('\'');
            }
            out.push_str(&cell.replace('"', "\"\""));
            out.push('"');
        } else {
            out.push_str(cell);
        }
    }
    out.push_str("\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cell_stays_one_cell_and_is_no_formula() {
        let mut out = String::new();
        line(
            &mut out,
            [
                "a",
                "b,c",
                "say \"no\"",
                "-1.5",
                "",
                "=1+1",
                "-cmd|x",
                "+49 30 12",
                "two\nlines",
            ]
            .into_iter(),
        );
        assert_eq!(
            out,
            "a,\"b,c\",\"say \"\"no\"\"\",-1.5,,\"'=1+1\",\"'-cmd|x\",+49 30 12,\"two\nlines\"\r\n"
        );
    }
}
