//! Attributes that a workspace adds to its contacts and companies (facts 6.8).

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, common};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("data_attributes.create", Handler::Write(create)),
    ("data_attributes.update", Handler::Write(update)),
];

const TYPES: [&str; 7] = [
    "string", "integer", "float", "boolean", "datetime", "date", "options",
];

/// The words to choose from, as the body gives them: `[{"value": ".."}]`.
fn options(body: &Value) -> Result<Option<Vec<Value>>, Refusal> {
    let list = match body.get("options") {
        None | Some(Value::Null) => return Ok(None),
        Some(Value::Array(list)) => list,
        Some(_) => return Err(Refusal::invalid("Options isn't an array")),
    };
    list.iter()
        .map(|option| match option {
            Value::String(_) => Ok(option.clone()),
            Value::Object(fields) => fields
                .get("value")
                .cloned()
                .ok_or_else(|| Refusal::missing("options.value")),
            _ => Err(Refusal::invalid("an option must be an object with a value")),
        })
        .collect::<Result<Vec<_>, _>>()
        .map(Some)
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let model = request.text("model").unwrap_or_default();
    let data_of = |model: &str| if model == "company" { "company" } else { "people" };
    if !["contact", "company"].contains(&model.as_str()) {
        return Err(Refusal::invalid(
            "The Data Attribute model field must be either contact or company",
        ));
    }
    let name = request.required("name")?;
    let data_type = request.required("data_type")?;
    if !TYPES.contains(&data_type.as_str()) {
        return Err(Refusal::invalid("Data Type isn't an option"));
    }
    if name.contains(['.', '$', '<', '>', '@', '!', '#']) {
        return Err(Refusal::invalid(
            "Your name for this attribute must only contain alphanumeric characters, currency symbols, and hyphens",
        ));
    }
    // A name is taken for people and companies together.
    let taken = workspace.reference.data_attributes.iter().find(|held| {
        held["name"]
            .as_str()
            .is_some_and(|held| held.eq_ignore_ascii_case(&name))
    });
    if let Some(held) = taken {
        return Err(Refusal::invalid(format!(
            "You already have '{name}' in your {} data. To save this as new {} data, use a different name.",
            data_of(held["model"].as_str().unwrap_or_default()),
            data_of(&model)
        )));
    }
    let options = options(&request.body)?;
    if data_type == "options" && options.as_ref().is_none_or(Vec::is_empty) {
        return Err(Refusal::missing("options"));
    }
    let is_writable_by_default = request.version < Version::V2_11;
    let mut made = json!({
        "id": workspace.reference.next_id(),
        "type": "data_attribute",
        "name": name,
        "full_name": format!("custom_attributes.{name}"),
        "label": name,
        "description": request.text("description").unwrap_or_default(),
        "data_type": if data_type == "options" { "string" } else { &data_type },
        "api_writable": true,
        "ui_writable": false,
        "messenger_writable": request.body["messenger_writable"].as_bool().unwrap_or(is_writable_by_default),
        "custom": true,
        "archived": false,
        "admin_id": workspace.reference.admins[0]["id"],
        "created_at": request.now,
        "updated_at": request.now,
        "model": model,
    });
    if let Some(options) = options {
        made["options"] = Value::Array(options);
    }
    workspace.reference.data_attributes.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let id = match request.parameter("data_attribute_id") {
        "" => request.parameter("id"),
        id => id,
    };
    let place = reference::position(&workspace.reference.data_attributes, id).ok_or_else(|| {
        Refusal::new(
            404,
            "field_not_found",
            "We couldn't find that data attribute to update",
        )
    })?;
    let options = options(&request.body)?;
    let row = &mut workspace.reference.data_attributes[place];
    common::copy(
        reference::fields(row),
        &request.body,
        &["archived", "description", "messenger_writable"],
    );
    if let Some(options) = options {
        row["options"] = Value::Array(options);
    }
    row["updated_at"] = json!(request.now);
    let shown = row.clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}
