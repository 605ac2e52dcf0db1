//! Rows of the small lists in the shapes of older versions.

use std::borrow::Cow;

use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::{
    request::as_text,
    workspace::{
        people::Tag,
        reference::{Reference, fields, find},
    },
};

/// A row without what came after `version`.
fn without(row: &Value, version: Version, came: &[(&str, Version)]) -> Value {
    let mut shown = row.clone();
    for (field, since) in came {
        if version < *since {
            fields(&mut shown).remove(*field);
        }
    }
    shown
}

/// A teammate.
pub(crate) fn admin(admin: &Value, version: Version) -> Value {
    let came = [
        ("team_priority_level", Version::V2_8),
        ("away_status_reason_id", Version::V2_14),
    ];
    without(admin, version, &came)
}

/// A team.
pub(crate) fn team(team: &Value, version: Version) -> Value {
    without(team, version, &[("admin_priority_level", Version::V2_8)])
}

/// The name of an activity's type: up to 2.13 assignment limits had one for conversations and tickets together.
pub(crate) fn activity_type(kind: &str, version: Version) -> &str {
    match kind {
        "admin_conversation_assignment_limit_change" | "admin_ticket_assignment_limit_change"
            if version < Version::V2_14 =>
        {
            "admin_assignment_limit_change"
        }
        _ => kind,
    }
}

/// An entry of the activity log.
pub(crate) fn activity(log: &Value, version: Version) -> Value {
    let mut shown = log.clone();
    if let Some(kind) = log["activity_type"].as_str() {
        shown["activity_type"] = json!(activity_type(kind, version));
    }
    shown
}

/// An article: its first parent stands beside all of them before 2.16.
pub(crate) fn article(lists: &Reference, article: &Value, version: Version) -> Value {
    let mut shown = without(article, version, &[("tags", Version::V2_13)]);
    if version < Version::V2_16 {
        let parent = shown["parent_ids"].get(0).cloned().unwrap_or(Value::Null);
        let held = as_text(&parent).and_then(|id| find(&lists.collections, &id));
        shown["parent_type"] = match held {
            _ if parent.is_null() => Value::Null,
            Some(held) if version < Version::V2_10 && is_section(held) => json!("section"),
            _ => json!("collection"),
        };
        shown["parent_id"] = parent;
    }
    shown
}

/// Whether a collection was a section before 2.10, when collections did not lie in each other yet.
pub(crate) fn is_section(collection: &Value) -> bool {
    !collection["parent_id"].is_null()
}

/// The collections that a version knows as such.
pub(crate) fn collections(lists: &Reference, version: Version) -> Vec<Value> {
    lists
        .collections
        .iter()
        .filter(|row| version >= Version::V2_10 || !is_section(row))
        .map(|row| collection(row, version))
        .collect()
}

/// A collection.
pub(crate) fn collection(collection: &Value, version: Version) -> Value {
    let mut shown = without(collection, version, &[("parent_id", Version::V2_10)]);
    if version < Version::V2_10 {
        shown["type"] = json!("collection");
    }
    shown
}

/// A collection within another one, as versions before 2.10 show it.
pub(crate) fn section(collection: &Value) -> Value {
    let mut shown = collection.clone();
    shown["type"] = json!("section");
    shown["parent_id"] = json!(as_text(&collection["parent_id"]).and_then(|id| id.parse::<u64>().ok()));
    let map = fields(&mut shown);
    for field in ["description", "icon", "help_center_id"] {
        map.remove(field);
    }
    shown
}

/// A tag outside any tagging.
pub(crate) fn tag(tag: &Tag) -> Value {
    json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name, "applied_at": Value::Null, "applied_by": Value::Null })
}

/// A ticket type as tickets show it.
pub(crate) fn ticket_type_of_ticket(ticket_type: &Value, version: Version) -> Cow<'_, Value> {
    if version < Version::V2_10 {
        Cow::Owned(without(ticket_type, version, &[("category", Version::V2_10)]))
    } else {
        Cow::Borrowed(ticket_type)
    }
}

/// A ticket type with the states that its tickets can be in, which came in 2.12.
pub(crate) fn ticket_type(lists: &Reference, ticket_type: &Value, version: Version) -> Value {
    let mut shown = ticket_type_of_ticket(ticket_type, version).into_owned();
    if version < Version::V2_12 {
        return shown;
    }
    let states: Vec<Value> = lists
        .ticket_states
        .iter()
        .filter(|state| state["archived"] != true)
        .map(|state| {
            let mut state = state.clone();
            fields(&mut state).remove("archived");
            state
        })
        .collect();
    shown["ticket_states"] = json!({ "type": "list", "data": states });
    shown
}

/// A ticket state with the types that have it.
pub(crate) fn ticket_state(lists: &Reference, state: &Value) -> Value {
    const SHOWN: [&str; 8] = [
        "type",
        "id",
        "name",
        "description",
        "icon",
        "archived",
        "is_internal",
        "category",
    ];
    let types: Vec<Value> = lists
        .ticket_types
        .iter()
        .map(|kind| {
            let picked = SHOWN
                .iter()
                .map(|field| ((*field).to_owned(), kind[*field].clone()));
            Value::Object(picked.collect())
        })
        .collect();
    let mut shown = state.clone();
    shown["ticket_types"] = json!({ "type": "list", "data": types });
    shown
}

/// An attribute of conversations as a data attribute, which it was until it got a family of its own in 2.16.
pub(crate) fn conversation_attribute_of_old(attribute: &Value) -> Value {
    let mut shown = json!({
        "type": "data_attribute",
        "id": attribute["id"],
        "model": "conversation",
        "name": attribute["name"],
        "full_name": format!("custom_attributes.{}", attribute["name"].as_str().unwrap_or_default()),
        "label": attribute["name"],
        "description": attribute["description"],
        "data_type": match attribute["data_type"].as_str() {
            Some("list") => json!("string"),
            Some("decimal") => json!("float"),
            Some("datetime") => json!("date"),
            _ => attribute["data_type"].clone(),
        },
        "api_writable": true,
        "messenger_writable": false,
        "ui_writable": true,
        "custom": true,
        "archived": attribute["archived"],
        "admin_id": attribute["admin_id"],
        "created_at": attribute["created_at"],
        "updated_at": attribute["updated_at"],
    });
    if let Some(options) = attribute["options"].as_array() {
        let open = options.iter().filter(|option| option["archived"] != true);
        shown["options"] = open.map(|option| option["label"].clone()).collect();
    }
    shown
}
