//! Custom object instances: records of a workspace's own types, one per outside id (facts 6.10).

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{Handler, records};
use crate::{
    errors::Refusal,
    paging::{self, LastPage},
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, lists::CustomObject},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("custom_object_instances.list", Handler::Read(list)),
    ("custom_object_instances.get", Handler::Read(get)),
    ("custom_object_instances.upsert", Handler::Write(upsert)),
    ("custom_object_instances.delete", Handler::Write(delete)),
    (
        "custom_object_instances.delete_by_external_id",
        Handler::Write(delete_by_external_id),
    ),
];

/// An instance as the API shows it.
pub(crate) fn view(object: &CustomObject) -> Value {
    json!({
        "id": object.id.to_string(),
        "type": object.kind,
        "custom_attributes": object.attributes,
        "external_id": object.external_id,
        "external_created_at": object.external_created_at,
        "external_updated_at": object.external_updated_at,
        "created_at": object.created_at,
        "updated_at": object.updated_at,
    })
}

fn type_name<'r>(request: &'r Request<'_>) -> &'r str {
    request.parameter("custom_object_type_identifier")
}

/// The identifier of the type that the path names, if the workspace has it.
fn kind<'r>(
    workspace: &Workspace,
    request: &'r Request<'_>,
    unknown: impl FnOnce(&str) -> Refusal,
) -> Result<&'r str, Refusal> {
    let name = type_name(request);
    let mut known = workspace.reference.lists.custom_object_types.iter();
    known
        .any(|known| known == name)
        .then_some(name)
        .ok_or_else(|| unknown(name))
}

fn type_unknown(name: &str) -> Refusal {
    Refusal::new(404, "not_found", format!("Custom object type `{name}` not found"))
}

fn instance_unknown() -> Refusal {
    Refusal::new(404, "not_found", "Custom object instance not found")
}

/// The instances that a conversation's attributes point at.
fn of_conversation(workspace: &Workspace, id: &str) -> Vec<String> {
    workspace
        .ids
        .conversation_row(id)
        .and_then(|row| workspace.conversations.get(row as usize))
        .and_then(|found| found.attributes.as_ref())
        .into_iter()
        .flat_map(|attributes| attributes.values())
        .filter_map(Value::as_array)
        .flatten()
        .filter_map(as_text)
        .collect()
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let kind = kind(workspace, request, type_unknown)?;
    let of_type = workspace
        .reference
        .lists
        .custom_objects
        .iter()
        .filter(|object| &*object.kind == kind);
    if let Some(wanted) = request.query("external_id") {
        let found = of_type
            .rev()
            .find(|object| object.external_id.as_deref() == Some(wanted))
            .ok_or_else(instance_unknown)?;
        return Ok(Reply::json(&view(found)));
    }
    if request.version < Version::V2_16 {
        return Err(Refusal::missing("external_id"));
    }
    let contact = request
        .query("references_contact_id")
        .map(|id| workspace.ids.contact_row(id));
    let ids = request
        .query("references_conversation_id")
        .map(|id| of_conversation(workspace, id));
    let rows: Vec<Value> = of_type
        .rev()
        .filter(|object| contact.is_none_or(|row| row.is_some() && object.contact == row))
        .filter(|object| {
            ids.as_ref()
                .is_none_or(|ids| ids.contains(&object.id.to_string()))
        })
        .map(view)
        .collect();
    let page = paging::offset(request, rows.into_iter(), 20, 150, LastPage::Absent)?;
    Ok(Reply::json(&paging::offset_list("list", "data", page)))
}

/// The instance that the path names by Intercom's id or by the outside one.
fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let kind = kind(workspace, request, |_| records::object_unknown())?;
    let id = match request.parameter("custom_object_instance_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let objects = &workspace.reference.lists.custom_objects;
    let by = |matching: &dyn Fn(&CustomObject) -> bool| {
        objects
            .iter()
            .position(|object| &*object.kind == kind && matching(object))
    };
    by(&|object| object.id.to_string() == id)
        .or_else(|| by(&|object| object.external_id.as_deref() == Some(id)))
        .ok_or_else(instance_unknown)
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(Reply::json(&view(
        &workspace.reference.lists.custom_objects[place],
    )))
}

/// A time of the body: absent, cleared, or unix seconds.
fn time(body: &Value, field: &str) -> Result<Option<Option<i64>>, Refusal> {
    match body.get(field) {
        None => Ok(None),
        Some(Value::Null) => Ok(Some(None)),
        Some(value) => value
            .as_i64()
            .map(|at| Some(Some(at)))
            .ok_or_else(|| Refusal::invalid(format!("{field} must be a time in unix seconds"))),
    }
}

fn upsert(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let kind = kind(workspace, request, type_unknown)?;
    let body = &request.body;
    let external_id = request.text("external_id");
    let times = [
        time(body, "external_created_at")?,
        time(body, "external_updated_at")?,
    ];
    let sent = body["custom_attributes"].as_object();
    let owner = sent
        .into_iter()
        .flat_map(Map::values)
        .filter_map(Value::as_str)
        .filter_map(|text| workspace.ids.contact_row(text))
        .find(|row| (*row as usize) < workspace.contacts.len());
    let objects = &mut workspace.reference.lists.custom_objects;
    let held = objects.iter().position(|object| {
        &*object.kind == kind && external_id.is_some() && object.external_id == external_id
    });
    let place = held.unwrap_or_else(|| {
        let id = objects.iter().map(|object| object.id).max().unwrap_or(0) + 1;
        objects.push(CustomObject {
            id,
            kind: kind.into(),
            external_id,
            external_created_at: None,
            external_updated_at: None,
            created_at: request.now,
            updated_at: request.now,
            attributes: Map::new(),
            contact: None,
        });
        objects.len() - 1
    });
    let object = &mut objects[place];
    if let Some(at) = times[0] {
        object.external_created_at = at;
    }
    if let Some(at) = times[1] {
        object.external_updated_at = at;
    }
    object.attributes.extend(
        sent.into_iter()
            .flatten()
            .map(|(name, value)| (name.clone(), value.clone())),
    );
    object.contact = owner.or(object.contact);
    object.updated_at = request.now;
    let shown = view(object);
    workspace.changed();
    Ok(Reply::json(&shown))
}

fn remove(workspace: &mut Workspace, request: &Request<'_>, place: usize) -> Reply {
    let gone = workspace.reference.lists.custom_objects.remove(place);
    workspace.changed();
    records::deleted(&json!(gone.id.to_string()), type_name(request))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(remove(workspace, request, place))
}

fn delete_by_external_id(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let kind = kind(workspace, request, |_| records::object_unknown())?;
    let wanted = request
        .query("external_id")
        .or_else(|| request.query("external_id[external_id]"))
        .ok_or_else(|| Refusal::missing("external_id"))?;
    let place = workspace
        .reference
        .lists
        .custom_objects
        .iter()
        .position(|object| &*object.kind == kind && object.external_id.as_deref() == Some(wanted))
        .ok_or_else(instance_unknown)?;
    Ok(remove(workspace, request, place))
}
