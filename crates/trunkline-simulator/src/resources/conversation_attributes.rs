//! Attributes of conversations and the options of their lists, since 2.16.

use serde_json::{Map, Value, json};

use super::{Handler, common};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::Request,
    texts,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("conversation_attributes.get", Handler::Read(get)),
    ("conversation_attributes.create", Handler::Write(create)),
    ("conversation_attributes.update", Handler::Write(update)),
    ("conversation_attributes.delete", Handler::Write(delete)),
    (
        "conversation_attributes.create_option",
        Handler::Write(create_option),
    ),
    (
        "conversation_attributes.update_option",
        Handler::Write(update_option),
    ),
    (
        "conversation_attributes.delete_option",
        Handler::Write(delete_option),
    ),
];

const TYPES: [&str; 8] = [
    "string",
    "integer",
    "list",
    "decimal",
    "boolean",
    "datetime",
    "relationship",
    "files",
];
/// A list to choose from needs at least so many active options.
const FEWEST_OPTIONS: usize = 2;

fn invalid(message: &str) -> Refusal {
    Refusal::new(422, "parameter_invalid", message)
}

fn unknown(message: &str) -> Refusal {
    Refusal::new(404, "conversation_attribute_not_found", message)
}

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    reference::position(
        &workspace.reference.conversation_attributes,
        request.parameter("id"),
    )
    .ok_or_else(|| unknown("Conversation attribute not found"))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    Ok(Reply::json(&workspace.reference.conversation_attributes[place]))
}

fn option(workspace: &mut Workspace, label: &str) -> Value {
    let number = workspace.reference.next_id();
    let id = texts::uuid(texts::mix(workspace.seed, 14, number as u32), number as u32);
    json!({ "id": id, "label": label, "archived": false })
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let name = request
        .text("name")
        .filter(|name| !name.is_empty())
        .ok_or_else(|| invalid("name is required"))?;
    let data_type = request.text("data_type").unwrap_or_default();
    if !TYPES.contains(&data_type.as_str()) {
        let allowed = TYPES.join(", ");
        return Err(invalid(&format!(
            "data_type '{data_type}' is not valid. Allowed types: {allowed}"
        )));
    }
    let lists = &workspace.reference.conversation_attributes;
    if lists
        .iter()
        .any(|held| held["archived"] != true && held["name"] == name.as_str())
    {
        return Err(invalid(&format!("There is an attribute '{name}' already")));
    }
    let labels: Vec<String> = request.body["options"]
        .as_array()
        .map(|all| {
            all.iter()
                .filter_map(|entry| {
                    entry["label"]
                        .as_str()
                        .or_else(|| entry.as_str())
                        .map(str::to_owned)
                })
                .collect()
        })
        .unwrap_or_default();
    if data_type == "list" && labels.len() < FEWEST_OPTIONS {
        return Err(invalid("A list attribute must have at least 2 active options"));
    }
    let mut made = Map::new();
    for (field, value) in [
        ("type", json!("conversation_attribute")),
        ("id", json!(workspace.reference.next_id())),
        ("name", json!(name)),
        ("description", json!("")),
        ("data_type", json!(data_type)),
        ("required", json!(false)),
        ("visible_to_team_ids", json!([])),
        ("archived", json!(false)),
        ("created_at", json!(request.now)),
        ("updated_at", json!(request.now)),
        ("admin_id", workspace.reference.admins[0]["id"].clone()),
    ] {
        made.insert(field.to_owned(), value);
    }
    common::copy(
        &mut made,
        &request.body,
        &["description", "required", "visible_to_team_ids"],
    );
    match data_type.as_str() {
        "string" => {
            made.insert(
                "multiline".to_owned(),
                json!(request.body["multiline"].as_bool().unwrap_or(false)),
            );
        }
        "list" => {
            let options: Vec<Value> = labels.iter().map(|label| option(workspace, label)).collect();
            made.insert("options".to_owned(), Value::Array(options));
        }
        _ => {}
    }
    let made = Value::Object(made);
    workspace.reference.conversation_attributes.push(made.clone());
    workspace.changed();
    Ok(Reply::json(&made))
}

/// Changes the attribute of the path and shows it.
fn change(
    workspace: &mut Workspace,
    request: &Request<'_>,
    change: impl FnOnce(&mut Map<String, Value>) -> Result<(), Refusal>,
) -> Answer {
    let place = place(workspace, request)?;
    let row = reference::fields(&mut workspace.reference.conversation_attributes[place]);
    change(row)?;
    row.insert("updated_at".to_owned(), json!(request.now));
    let shown = Reply::json(row);
    workspace.changed();
    Ok(shown)
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    change(workspace, request, |row| {
        common::copy(
            row,
            &request.body,
            &[
                "name",
                "description",
                "required",
                "visible_to_team_ids",
                "multiline",
                "archived",
            ],
        );
        Ok(())
    })
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    change(workspace, request, |row| {
        row.insert("archived".to_owned(), json!(true));
        Ok(())
    })
}

fn label(request: &Request<'_>) -> Result<String, Refusal> {
    let sent = request.body.as_object();
    if sent.is_some_and(|sent| sent.keys().any(|key| key != "label")) {
        return Err(invalid("only 'label' is accepted"));
    }
    match &request.body["label"] {
        Value::Null => Err(invalid("label is required")),
        Value::String(label) => Ok(label.clone()),
        _ => Err(invalid("label must be a string")),
    }
}

fn options_of(row: &mut Map<String, Value>) -> Result<&mut Vec<Value>, Refusal> {
    row.get_mut("options")
        .and_then(Value::as_array_mut)
        .ok_or_else(|| invalid("Options can only be managed on list attributes"))
}

fn create_option(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    place(workspace, request)?;
    let made = option(workspace, &label(request)?);
    change(workspace, request, |row| {
        options_of(row)?.push(made);
        Ok(())
    })
}

fn option_of_path<'a>(options: &'a mut [Value], request: &Request<'_>) -> Result<&'a mut Value, Refusal> {
    let place = reference::position(options, request.parameter("option_id"))
        .ok_or_else(|| unknown("List option not found"))?;
    Ok(&mut options[place])
}

fn update_option(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    place(workspace, request)?;
    let label = label(request)?;
    change(workspace, request, |row| {
        option_of_path(options_of(row)?, request)?["label"] = json!(label);
        Ok(())
    })
}

fn delete_option(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    change(workspace, request, |row| {
        let options = options_of(row)?;
        option_of_path(options, request)?;
        if options.iter().filter(|option| option["archived"] != true).count() <= FEWEST_OPTIONS {
            return Err(invalid("A list attribute must have at least 2 active options"));
        }
        option_of_path(options, request)?["archived"] = json!(true);
        Ok(())
    })
}
