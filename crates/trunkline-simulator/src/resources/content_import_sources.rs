//! Content import sources: where Fin's outside knowledge comes from (facts 6.9).

use serde_json::{Value, json};

use super::{Handler, common, records};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::Request,
    webhooks::topic::Topic,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("content_import_sources.list", Handler::Read(list)),
    ("content_import_sources.get", Handler::Read(get)),
    ("content_import_sources.create", Handler::Write(create)),
    ("content_import_sources.update", Handler::Write(update)),
    ("content_import_sources.delete", Handler::Write(delete)),
];

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = workspace.reference.lists.content_import_sources.iter().cloned();
    let page = paging::offset(request, rows, 50, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.content_import_sources;
    records::one(request, rows, records::resource_unknown)
}

/// One audience or several, as a list.
pub(super) fn audiences(body: &Value) -> Option<Value> {
    match &body["audience_ids"] {
        Value::Null => None,
        Value::Array(all) => Some(json!(all)),
        one => Some(json!([one])),
    }
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let made = json!({
        "id": workspace.reference.next_id(),
        "type": "content_import_source",
        "last_synced_at": request.now,
        "status": request.text("status").unwrap_or_else(|| "active".to_owned()),
        "url": request.required("url")?,
        "sync_behavior": request.required("sync_behavior")?,
        "created_at": request.now,
        "updated_at": request.now,
        "audience_ids": audiences(&request.body).unwrap_or_else(|| json!([])),
    });
    workspace
        .reference
        .lists
        .content_import_sources
        .push(made.clone());
    workspace.changed();
    workspace.tell_shown(Topic::ContentImportSourceCreated, &made, request.now);
    Ok(Reply::json(&made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.content_import_sources;
    let place = records::place(rows, request.parameter("id"), records::resource_unknown)?;
    let row = &mut rows[place];
    common::copy(reference::fields(row), &request.body, &["url", "status"]);
    if let Some(behavior) = request.text("sync_behavior") {
        // The request has another word for it than the answer.
        let behavior = if behavior == "automated" {
            "automatic"
        } else {
            &behavior
        };
        row["sync_behavior"] = json!(behavior);
    }
    if let Some(audiences) = audiences(&request.body) {
        row["audience_ids"] = audiences;
    }
    row["updated_at"] = json!(request.now);
    let shown = row.clone();
    workspace.changed();
    workspace.tell_shown(Topic::ContentImportSourceUpdated, &shown, request.now);
    Ok(Reply::json(&shown))
}

/// Removes a source with the pages that came from it.
fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let lists = &mut workspace.reference.lists;
    let place = records::place(
        &lists.content_import_sources,
        request.parameter("id"),
        records::resource_unknown,
    )?;
    let gone = lists.content_import_sources.remove(place);
    lists
        .external_pages
        .retain(|page| page["source_id"] != gone["id"]);
    workspace.changed();
    workspace.tell_gone(Topic::ContentImportSourceDeleted, &gone, request.now);
    Ok(Reply::empty(204))
}

/// The id of the source that a body names, as a number.
pub(super) fn of_body(workspace: &Workspace, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.required("source_id")?;
    let rows = &workspace.reference.lists.content_import_sources;
    reference::find(rows, &id)
        .map(|row| row["id"].clone())
        .ok_or_else(records::resource_unknown)
}
