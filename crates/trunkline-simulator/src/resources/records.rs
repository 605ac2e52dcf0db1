//! What the resources that are plain lists of records share: finding a record and cutting lists into pages.

use base64::{Engine as _, engine::general_purpose::STANDARD};
use serde_json::{Value, json};

use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    workspace::reference,
};

/// The place of the record with this id.
pub(super) fn place(rows: &[Value], id: &str, unknown: impl FnOnce() -> Refusal) -> Result<usize, Refusal> {
    reference::position(rows, id).ok_or_else(unknown)
}

/// The record that the path's `id` names, as the answer.
pub(super) fn one(request: &Request<'_>, rows: &[Value], unknown: impl FnOnce() -> Refusal) -> Answer {
    reference::find(rows, request.parameter("id"))
        .map(Reply::json)
        .ok_or_else(unknown)
}

/// The platform's general refusal of an id that nothing has.
pub(super) fn resource_unknown() -> Refusal {
    Refusal::not_found("Resource")
}

/// The refusal of the families that call their rows objects.
pub(super) fn object_unknown() -> Refusal {
    Refusal::new(404, "not_found", "Object not found")
}

/// `{"id", "object", "deleted": true}`.
pub(super) fn deleted(id: &Value, object: &str) -> Reply {
    Reply::json(&json!({ "id": id, "object": object, "deleted": true }))
}

/// A page of a list whose numbers stand beside the rows instead of in `pages` (facts 4.2).
pub(super) fn flat_page(request: &Request<'_>, rows: &[Value], default: usize, max: usize) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), default, max)?;
    let page = paging::page_number(request)?;
    let data: Vec<&Value> = rows
        .iter()
        .skip((page - 1).saturating_mul(per_page))
        .take(per_page)
        .collect();
    Ok(Reply::json(&json!({
        "type": "list",
        "data": data,
        "total_count": rows.len(),
        "page": page,
        "per_page": per_page,
        "total_pages": rows.len().div_ceil(per_page).max(1),
    })))
}

/// A page of rows that are in the order of `key`, largest first; the cursor is `[moment, id]` (facts 4.1).
pub(super) fn keyset_page(
    request: &Request<'_>,
    rows: &[(i64, Value)],
    default: usize,
    max: usize,
) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), default, max)?;
    let first = match request.query("starting_after") {
        None => 0,
        Some(text) => {
            let (at, id) = read_cursor(text).ok_or_else(paging::bad_cursor)?;
            // Whatever moved since is where it belongs now; the page goes on behind the place that was given out.
            rows.partition_point(|(moment, row)| (*moment, number(row)) >= (at, id))
        }
    };
    let shown = &rows[first..(first + per_page).min(rows.len())];
    let mut pages = json!({ "type": "pages", "per_page": per_page });
    if let (true, Some((at, last))) = (first + per_page < rows.len(), shown.last()) {
        let cursor = STANDARD.encode(json!([*at as f64, number(last)]).to_string());
        pages["next"] = json!({ "starting_after": cursor });
    }
    let data: Vec<&Value> = shown.iter().map(|(_, row)| row).collect();
    Ok(Reply::json(
        &json!({ "type": "list", "data": data, "pages": pages }),
    ))
}

fn number(row: &Value) -> u64 {
    row["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default()
}

fn read_cursor(text: &str) -> Option<(i64, u64)> {
    let (at, id): (f64, u64) = serde_json::from_slice(&STANDARD.decode(text).ok()?).ok()?;
    Some((at as i64, id))
}

/// The moment of an ISO 8601 text, in unix seconds.
pub(super) fn seconds(iso: &Value) -> i64 {
    iso.as_str()
        .and_then(|text| text.parse::<jiff::Timestamp>().ok())
        .map_or(0, jiff::Timestamp::as_second)
}

/// Whole numbers in a list of a query parameter: separated by commas, repeated, or with `[]` behind the name.
pub(super) fn listed(request: &Request<'_>, name: &str) -> Vec<String> {
    request
        .query
        .iter()
        .filter(|(known, _)| known.strip_suffix("[]").unwrap_or(known) == name)
        .flat_map(|(_, value)| value.split(','))
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}
