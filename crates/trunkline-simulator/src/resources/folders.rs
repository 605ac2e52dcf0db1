//! Folders of internal content, which only Preview has.

use serde_json::{Value, json};

use super::{Handler, common, records};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("folders.list", Handler::Read(list)),
    ("folders.get", Handler::Read(get)),
    ("folders.create", Handler::Write(create)),
    ("folders.update", Handler::Write(update)),
    ("folders.delete", Handler::Write(delete)),
];

const FIELDS: [&str; 4] = ["name", "description", "emoji", "parent_folder_id"];

/// A folder with the number of articles in it.
fn shown(workspace: &Workspace, folder: &Value) -> Value {
    let id = as_text(&folder["id"]);
    let count = workspace
        .reference
        .internal_articles
        .iter()
        .filter(|article| as_text(&article["folder_id"]) == id)
        .count();
    let mut shown = folder.clone();
    shown["content_count"] = json!(count);
    shown
}

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let rows = &workspace.reference.lists.folders;
    records::place(rows, request.parameter("id"), records::resource_unknown)
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let parent = request.query("parent_folder_id");
    let rows: Vec<Value> = workspace
        .reference
        .lists
        .folders
        .iter()
        .filter(|folder| {
            parent.is_none_or(|parent| as_text(&folder["parent_folder_id"]).as_deref() == Some(parent))
        })
        .map(|folder| shown(workspace, folder))
        .collect();
    let page = paging::offset(request, rows.into_iter(), 25, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let folder = &workspace.reference.lists.folders[place];
    Ok(Reply::json(&shown(workspace, folder)))
}

/// Refuses a parent that does not exist or that is the folder itself.
fn check(workspace: &Workspace, body: &Value, own: Option<&Value>) -> Result<(), Refusal> {
    if body
        .get("name")
        .is_some_and(|name| name.as_str().is_none_or(|name| name.trim().is_empty()))
    {
        return Err(Refusal::invalid("name must not be blank"));
    }
    match as_text(&body["parent_folder_id"]) {
        None => Ok(()),
        Some(id) => reference::find(&workspace.reference.lists.folders, &id)
            .filter(|parent| own != Some(&parent["id"]))
            .map(|_| ())
            .ok_or_else(|| Refusal::invalid("parent_folder_id is not another folder")),
    }
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let body = &request.body["folder"];
    if !body["name"].is_string() {
        return Err(Refusal::missing("name"));
    }
    check(workspace, body, None)?;
    let mut made = json!({
        "id": workspace.reference.next_id(),
        "name": "",
        "description": Value::Null,
        "emoji": Value::Null,
        "parent_folder_id": Value::Null,
        "created_at": request.now,
        "updated_at": request.now,
    });
    common::copy(reference::fields(&mut made), body, &FIELDS);
    workspace.reference.lists.folders.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&shown(workspace, &made)))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let body = &request.body["folder"];
    let own = workspace.reference.lists.folders[place]["id"].clone();
    check(workspace, body, Some(&own))?;
    let row = &mut workspace.reference.lists.folders[place];
    common::copy(reference::fields(row), body, &FIELDS);
    row["updated_at"] = json!(request.now);
    workspace.changed();
    get(workspace, request)
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let folder = shown(workspace, &workspace.reference.lists.folders[place]);
    if folder["content_count"] != 0 {
        return Err(Refusal::new(422, "parameter_invalid", "The folder is not empty"));
    }
    workspace.reference.lists.folders.remove(place);
    workspace.changed();
    Ok(records::deleted(&folder["id"], "folder"))
}
