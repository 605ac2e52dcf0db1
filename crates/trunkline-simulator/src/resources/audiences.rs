//! Audiences: named rules about people (facts 6.9).

use serde_json::{Value, json};

use super::{Handler, common, records};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    webhooks::topic::Topic,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("audiences.list", Handler::Read(list)),
    ("audiences.get", Handler::Read(get)),
    ("audiences.create", Handler::Write(create)),
    ("audiences.update", Handler::Write(update)),
    ("audiences.delete", Handler::Write(delete)),
];

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    records::flat_page(request, &workspace.reference.lists.audiences, 50, 50)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.audiences;
    records::one(request, rows, records::resource_unknown)
}

/// Refuses predicates that are not complete.
fn check(body: &Value) -> Result<(), Refusal> {
    for list in ["predicates", "role_predicates"] {
        for predicate in body[list].as_array().into_iter().flatten() {
            for field in ["attribute", "type", "comparison"] {
                if !predicate[field].is_string() {
                    return Err(invalid(&format!("Each of the {list} needs {field}")));
                }
            }
        }
    }
    Ok(())
}

fn invalid(message: &str) -> Refusal {
    Refusal::new(422, "validation_error", message)
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let name = request
        .text("name")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(|| invalid("Name is required"))?;
    check(&request.body)?;
    let mut made = json!({
        "type": "audience",
        "id": workspace.reference.next_id().to_string(),
        "name": name,
        "predicates": [],
        "role_predicates": [],
        "created_at": request.now,
        "updated_at": request.now,
    });
    common::copy(
        reference::fields(&mut made),
        &request.body,
        &["predicates", "role_predicates"],
    );
    workspace.reference.lists.audiences.push(made.clone());
    workspace.changed();
    workspace.tell_shown(Topic::AudienceCreated, &made, request.now);
    Ok(Reply::with_status(201, &made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.audiences;
    let place = records::place(rows, request.parameter("id"), records::resource_unknown)?;
    if request.text("name").is_some_and(|name| name.trim().is_empty()) {
        return Err(invalid("Name must not be blank"));
    }
    check(&request.body)?;
    let row = &mut rows[place];
    common::copy(
        reference::fields(row),
        &request.body,
        &["name", "predicates", "role_predicates"],
    );
    row["updated_at"] = json!(request.now);
    let shown = row.clone();
    workspace.changed();
    workspace.tell_shown(Topic::AudienceUpdated, &shown, request.now);
    Ok(Reply::json(&shown))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.audiences;
    let place = records::place(rows, request.parameter("id"), records::resource_unknown)?;
    let gone = rows.remove(place);
    workspace.changed();
    workspace.tell_gone(Topic::AudienceDeleted, &gone, request.now);
    Ok(Reply::empty(204))
}

/// Refuses audiences that do not exist.
pub(super) fn check_known(workspace: &Workspace, ids: &Value) -> Result<(), Refusal> {
    let unknown: Vec<String> = ids
        .as_array()
        .into_iter()
        .flatten()
        .map(|id| crate::request::as_text(id).unwrap_or_default())
        .filter(|id| reference::find(&workspace.reference.lists.audiences, id).is_none())
        .collect();
    if unknown.is_empty() {
        return Ok(());
    }
    Err(Refusal::new(
        404,
        "parameter_invalid",
        format!(
            "audience_ids contains unknown audience IDs: {}",
            unknown.join(", ")
        ),
    ))
}
