//! Ticket types and their attributes; a type is never deleted, only archived (facts 6.6).

use serde_json::{Map, Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    presenter,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("ticket_types.create", Handler::Write(create)),
    ("ticket_types.get", Handler::Read(get)),
    ("ticket_types.update", Handler::Write(update)),
    ("ticket_types.create_attribute", Handler::Write(create_attribute)),
    ("ticket_types.update_attribute", Handler::Write(update_attribute)),
];

const CATEGORIES: [&str; 3] = ["Customer", "Back-office", "Tracker"];
const DATA_TYPES: [&str; 7] = [
    "string", "list", "integer", "decimal", "boolean", "datetime", "files",
];
/// What an attribute's body may set beside its name and type.
const SETTINGS: [&str; 6] = [
    "name",
    "description",
    "required_to_create",
    "required_to_create_for_contacts",
    "visible_on_create",
    "visible_to_contacts",
];

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let id = match request.parameter("ticket_type_id") {
        "" => request.parameter("id"),
        id => id,
    };
    reference::position(&workspace.reference.ticket_types, id)
        .ok_or_else(|| Refusal::new(404, "not_found", "Ticket type not found"))
}

fn shown(workspace: &Workspace, request: &Request<'_>, place: usize) -> Reply {
    let lists = &workspace.reference;
    Reply::json(&presenter::reference::ticket_type(
        lists,
        &lists.ticket_types[place],
        request.version,
    ))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(shown(workspace, request, place))
}

fn check_category(body: &Value) -> Result<(), Refusal> {
    match body["category"].as_str() {
        Some(category) if !CATEGORIES.contains(&category) => Err(Refusal::invalid(format!(
            "category must be one of {}",
            CATEGORIES.join(", ")
        ))),
        _ => Ok(()),
    }
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let name = request.required("name")?;
    check_category(&request.body)?;
    let id = workspace.reference.next_id();
    let defaults: Vec<Value> = ["_default_title_", "_default_description_"]
        .iter()
        .enumerate()
        .map(|(order, name)| {
            let settings =
                json!({ "name": name, "description": "", "data_type": "string", "multiline": order == 1 });
            let mut made = attribute(workspace, request.now, id, order, &settings);
            made["default"] = json!(true);
            made["required_to_create"] = json!(order == 0);
            made
        })
        .collect();
    let mut made = Map::new();
    for (field, value) in [
        ("type", json!("ticket_type")),
        ("id", json!(id.to_string())),
        ("name", json!(name)),
        ("description", json!("")),
        ("icon", json!("🎟️")),
        ("workspace_id", json!(workspace.id_code)),
        ("archived", json!(false)),
        ("created_at", json!(request.now)),
        ("updated_at", json!(request.now)),
        ("is_internal", json!(false)),
        (
            "ticket_type_attributes",
            json!({ "type": "list", "data": defaults }),
        ),
        ("category", json!("Customer")),
    ] {
        made.insert(field.to_owned(), value);
    }
    common::copy(
        &mut made,
        &request.body,
        &["description", "icon", "category", "is_internal"],
    );
    let made = Value::Object(made);
    workspace.reference.ticket_types.push(made);
    workspace.changed();
    Ok(shown(
        workspace,
        request,
        workspace.reference.ticket_types.len() - 1,
    ))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    check_category(&request.body)?;
    let row = &mut workspace.reference.ticket_types[place];
    common::copy(
        reference::fields(row),
        &request.body,
        &[
            "name",
            "description",
            "icon",
            "category",
            "archived",
            "is_internal",
        ],
    );
    row["updated_at"] = json!(request.now);
    workspace.changed();
    Ok(shown(workspace, request, place))
}

fn attribute(workspace: &mut Workspace, now: i64, ticket_type: u64, order: usize, settings: &Value) -> Value {
    let id = workspace.reference.next_id();
    let mut made = json!({
        "type": "ticket_type_attribute",
        "id": id.to_string(),
        "workspace_id": workspace.id_code,
        "name": settings["name"],
        "description": settings["description"],
        "data_type": settings["data_type"],
        "input_options": input_options(settings),
        "order": order,
        "required_to_create": false,
        "required_to_create_for_contacts": false,
        "visible_on_create": true,
        "visible_to_contacts": true,
        "default": false,
        "ticket_type_id": ticket_type,
        "archived": false,
        "created_at": now,
        "updated_at": now,
    });
    common::copy(reference::fields(&mut made), settings, &SETTINGS);
    made
}

/// How an attribute is filled in: several lines, a list to choose from, or nothing special.
fn input_options(settings: &Value) -> Value {
    match settings["data_type"].as_str() {
        Some("string") => json!({ "multiline": settings["multiline"].as_bool().unwrap_or(false) }),
        Some("list") => {
            let items: Vec<Value> = settings["list_items"]
                .as_str()
                .unwrap_or_default()
                .split(',')
                .map(str::trim)
                .filter(|item| !item.is_empty())
                .enumerate()
                .map(|(number, name)| json!({ "id": (number + 1).to_string(), "name": name }))
                .collect();
            let several = settings["allow_multiple_values"].as_bool().unwrap_or(false);
            json!({ "list_options": items, "allow_multiple_values": several })
        }
        _ => json!({}),
    }
}

fn create_attribute(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let name = request.required("name")?;
    if !request.body["description"].is_string() {
        return Err(Refusal::missing("description"));
    }
    let data_type = request.required("data_type")?;
    if !DATA_TYPES.contains(&data_type.as_str()) {
        return Err(Refusal::invalid(format!(
            "data_type must be one of {}",
            DATA_TYPES.join(", ")
        )));
    }
    if data_type == "list" && request.text("list_items").is_none_or(|items| items.is_empty()) {
        return Err(Refusal::missing("list_items"));
    }
    let row = &workspace.reference.ticket_types[place];
    let held = row["ticket_type_attributes"]["data"]
        .as_array()
        .cloned()
        .unwrap_or_default();
    if held.iter().any(|attribute| attribute["name"] == name.as_str()) {
        return Err(Refusal::invalid(format!(
            "There is an attribute '{name}' already"
        )));
    }
    let ticket_type = row["id"]
        .as_str()
        .and_then(|id| id.parse().ok())
        .unwrap_or_default();
    let made = attribute(workspace, request.now, ticket_type, held.len(), &request.body);
    let row = &mut workspace.reference.ticket_types[place];
    if let Some(list) = row["ticket_type_attributes"]["data"].as_array_mut() {
        list.push(made.clone());
    }
    row["updated_at"] = json!(request.now);
    workspace.changed();
    Ok(Reply::json(&made))
}

fn update_attribute(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let unknown = || Refusal::new(404, "not_found", "Ticket type attribute not found");
    let id = match request.parameter("attribute_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let row = &mut workspace.reference.ticket_types[place];
    let list = row["ticket_type_attributes"]["data"]
        .as_array_mut()
        .ok_or_else(unknown)?;
    let found = reference::position(list, id).ok_or_else(unknown)?;
    let attribute = &mut list[found];
    let fields = reference::fields(attribute);
    common::copy(fields, &request.body, &SETTINGS);
    common::copy(fields, &request.body, &["archived"]);
    if ["multiline", "list_items", "allow_multiple_values"]
        .iter()
        .any(|field| request.body.get(field).is_some())
    {
        let mut settings = request.body.clone();
        settings["data_type"] = attribute["data_type"].clone();
        attribute["input_options"] = input_options(&settings);
    }
    attribute["updated_at"] = json!(request.now);
    let shown = attribute.clone();
    row["updated_at"] = json!(request.now);
    workspace.changed();
    Ok(Reply::json(&shown))
}
