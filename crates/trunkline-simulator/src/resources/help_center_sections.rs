//! Sections of the help center, which went in 2.10: they are the collections that lie within another one.
//!
//! The one rule: nothing is kept for them alone, so that a section made at 2.9 is a nested collection at 2.16. That they
//! live on so is assumed; the facts only say that sections went as collections became nested (facts 1.4).

use serde_json::{Value, json};

use super::{Handler, collections};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    presenter::reference::{is_section, section},
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("help_center_sections.list", Handler::Read(list)),
    ("help_center_sections.get", Handler::Read(get)),
    ("help_center_sections.create", Handler::Write(create)),
    ("help_center_sections.update", Handler::Write(update)),
    ("help_center_sections.delete", Handler::Write(delete)),
];

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let mut rows: Vec<&Value> = workspace
        .reference
        .collections
        .iter()
        .filter(|row| is_section(row))
        .collect();
    rows.sort_by_key(|row| std::cmp::Reverse(row["updated_at"].as_i64()));
    let page = paging::offset(request, rows.into_iter().map(section), 20, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = match request.parameter("section_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let rows = &workspace.reference.collections;
    reference::position(rows, id)
        .filter(|place| is_section(&rows[*place]))
        .ok_or_else(collections::unknown)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(Reply::json(&section(&workspace.reference.collections[place])))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let parent = request.required("parent_id")?;
    let made = collections::make(workspace, request, Some(&parent))?;
    Ok(Reply::json(&section(&made)))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let parent = match request.body.get("parent_id") {
        None => None,
        Some(Value::Null) => return Err(Refusal::invalid("a section lies within a collection")),
        Some(id) => Some(as_text(id)),
    };
    let written = collections::write(workspace, request, place, parent)?;
    Ok(Reply::json(&section(&written)))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.collections.remove(place);
    workspace.changed();
    Ok(Reply::json(
        &json!({ "id": gone["id"], "object": "section", "deleted": true }),
    ))
}
