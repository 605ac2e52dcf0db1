//! `trunkline requests`: the calls and grants that were kept for connections with a request log.

use std::{collections::BTreeMap, process::ExitCode};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, value::RawValue};
use trunkline_store::{Request, RequestFilter, Store, StoreError};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
    store,
};

/// A request for machines.
#[derive(Serialize)]
struct Shown<'r> {
    number: i64,
    connection: &'r str,
    #[serde(flatten)]
    record: BTreeMap<String, Box<RawValue>>,
}

/// What people are shown of a record.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Line {
    operation: String,
    method: String,
    path: String,
    attempt: u32,
    duration_ms: u64,
    request_id: Option<String>,
    error: Option<String>,
}

/// Prints what fits, newest first.
pub(crate) async fn run(arguments: cli::Requests) -> Result<ExitCode, Failure> {
    let status = arguments.status.as_deref().map(status).transpose()?;
    let since = arguments
        .since
        .as_deref()
        .map(super::notifications::moment)
        .transpose()?;
    let filter = RequestFilter {
        status,
        since,
        ..RequestFilter::default()
    };
    let Some(store) = store::open_if_there(&arguments.data).await? else {
        return match arguments.connection {
            Some(name) => Err(StoreError::NotFound {
                kind: "connection",
                name,
            }
            .into()),
            None => print(&[], &BTreeMap::new(), &arguments).map(|()| ExitCode::SUCCESS),
        };
    };
    let outcome = list(&store, &arguments, filter).await;
    store.close().await;
    outcome.map(|()| ExitCode::SUCCESS)
}

async fn list(store: &Store, arguments: &cli::Requests, mut filter: RequestFilter) -> Result<(), Failure> {
    if let Some(name) = &arguments.connection {
        filter.connection = Some(store.connection(name).await?.id);
    }
    let names: BTreeMap<String, String> = store
        .connections()
        .await?
        .into_iter()
        .map(|connection| (connection.id, connection.name))
        .collect();
    let found = store.requests(&filter, arguments.limit).await?;
    print(&found, &names, arguments)
}

fn print(
    found: &[Request],
    names: &BTreeMap<String, String>,
    arguments: &cli::Requests,
) -> Result<(), Failure> {
    // A connection that was removed is shown by its id.
    let name = |request: &Request| {
        names
            .get(&request.connection)
            .unwrap_or(&request.connection)
            .clone()
    };
    if arguments.more.is_any() {
        return arguments
            .more
            .open(arguments.json)?
            .all(found.iter().map(|request| {
                let mut record: Map<String, Value> =
                    serde_json::from_str(&request.record).unwrap_or_default();
                record.insert("number".to_owned(), request.seq.into());
                record.insert("connection".to_owned(), name(request).into());
                Value::Object(record)
            }));
    }
    if arguments.json {
        for request in found {
            json::print_line(&Shown {
                number: request.seq,
                connection: &name(request),
                record: serde_json::from_str(&request.record).unwrap_or_default(),
            })?;
        }
        return Ok(());
    }
    if found.is_empty() {
        return json::line(
            "No request fits. Calls are kept for connections with a request log: `trunkline connections set NAME --log-requests`.",
        );
    }
    let mut table = tables::new(&[
        "ended",
        "connection",
        "operation",
        "call",
        "status",
        "ms",
        "request id",
    ]);
    for request in found {
        let line: Line = serde_json::from_str(&request.record).unwrap_or_default();
        let mut outcome = request
            .status
            .map_or_else(String::new, |status| status.to_string());
        if let Some(error) = &line.error {
            outcome = format!("{outcome} {error}").trim().to_owned();
        }
        if line.attempt > 1 {
            outcome = format!("{outcome} (attempt {})", line.attempt);
        }
        table.add_row([
            super::connections::moment(request.at),
            name(request),
            line.operation,
            format!("{} {}", line.method, line.path),
            outcome,
            line.duration_ms.to_string(),
            line.request_id.unwrap_or_default(),
        ]);
    }
    json::line(&table.to_string())
}

/// `429`, `4xx`, `200-299`, or `none` for what had no answer.
fn status(text: &str) -> Result<(u16, u16), Failure> {
    let wrong = || {
        Failure::usage(
            "TL0007",
            format!("`{text}` is not a status"),
            "Write a status (429), a hundred (4xx), a range (200-299), or none for calls without an answer.",
        )
    };
    let one = |text: &str| -> Option<u16> {
        let is_number = text.len() == 3 && text.bytes().all(|byte| byte.is_ascii_digit());
        let status = text.parse().ok().filter(|_| is_number)?;
        (100..=599).contains(&status).then_some(status)
    };
    if text == "none" {
        return Ok((0, 0));
    }
    if let Some(hundred) = text.strip_suffix("xx") {
        let low = one(&format!("{hundred}00")).ok_or_else(wrong)?;
        return Ok((low, low + 99));
    }
    let (low, high) = text.split_once('-').unwrap_or((text, text));
    match (one(low), one(high)) {
        (Some(low), Some(high)) if low <= high => Ok((low, high)),
        _ => Err(wrong()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_a_number_a_hundred_a_range_or_none() {
        for (text, range) in [
            ("429", (429, 429)),
            ("4xx", (400, 499)),
            ("200-299", (200, 299)),
            ("none", (0, 0)),
        ] {
            assert_eq!(status(text).unwrap(), range, "{text}");
        }
        for text in [
            "",
            "0",
            "99",
            "600",
            "6xx",
            "xx",
            "44xx",
            "299-200",
            "200-",
            "-200",
            "+42",
            "4XX",
            "ok",
            "200-299-300",
        ] {
            assert_eq!(status(text).unwrap_err().code, "TL0007", "{text}");
        }
    }
}
