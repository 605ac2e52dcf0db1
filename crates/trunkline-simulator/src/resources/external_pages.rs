//! External pages: what Fin knows from elsewhere, one row per source and outside id (facts 6.9).

use serde_json::{Value, json};

use super::{Handler, common, content_import_sources, records};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("external_pages.list", Handler::Read(list)),
    ("external_pages.get", Handler::Read(get)),
    ("external_pages.create", Handler::Write(create)),
    ("external_pages.update", Handler::Write(update)),
    ("external_pages.delete", Handler::Write(delete)),
];

/// What a body may set as it is.
const FIELDS: [&str; 7] = [
    "title",
    "html",
    "url",
    "locale",
    "ai_agent_availability",
    "ai_copilot_availability",
    "fin_availability",
];

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = workspace.reference.lists.external_pages.iter().rev().cloned();
    let page = paging::offset(request, rows, 50, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.external_pages;
    records::one(request, rows, records::resource_unknown)
}

fn write(row: &mut Value, request: &Request<'_>) {
    common::copy(reference::fields(row), &request.body, &FIELDS);
    row["updated_at"] = json!(request.now);
    row["last_ingested_at"] = json!(request.now);
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let source = content_import_sources::of_body(workspace, request)?;
    let external_id = request.required("external_id")?;
    let held = workspace
        .reference
        .lists
        .external_pages
        .iter()
        .position(|page| page["source_id"] == source && page["external_id"] == external_id.as_str());
    let place = match held {
        Some(place) => place,
        None => {
            let id = workspace.reference.next_id().to_string();
            let pages = &mut workspace.reference.lists.external_pages;
            pages.push(json!({
                "id": id,
                "type": "external_page",
                "title": "",
                "html": "",
                "url": Value::Null,
                "ai_agent_availability": true,
                "ai_copilot_availability": true,
                "ai_sales_agent_availability": true,
                "fin_availability": true,
                "locale": "en",
                "source_id": source,
                "external_id": external_id,
                "created_at": request.now,
            }));
            pages.len() - 1
        }
    };
    let row = &mut workspace.reference.lists.external_pages[place];
    write(row, request);
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let source = content_import_sources::of_body(workspace, request)?;
    let lists = &mut workspace.reference.lists;
    let place = records::place(
        &lists.external_pages,
        request.parameter("id"),
        records::resource_unknown,
    )?;
    let origin = lists.external_pages[place]["source_id"].to_string();
    let by_api = reference::find(&lists.content_import_sources, &origin)
        .is_some_and(|held| held["sync_behavior"] == "api");
    if !by_api {
        return Err(Refusal::invalid(
            "Only pages of a source that is synchronized by the API can be updated",
        ));
    }
    let row = &mut lists.external_pages[place];
    row["source_id"] = source;
    common::copy(reference::fields(row), &request.body, &["external_id"]);
    write(row, request);
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

/// Removes a page; the answer shows it without its text.
fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.external_pages;
    let place = records::place(rows, request.parameter("id"), records::resource_unknown)?;
    let mut gone = rows.remove(place);
    gone["html"] = json!("");
    workspace.changed();
    Ok(Reply::json(&gone))
}
