//! Rows of the small lists in the shapes of older versions.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::workspace::{
    people::Tag,
    reference::{Reference, fields},
};

/// An article: one parent instead of several before 2.16.
pub(crate) fn article(article: &Value, version: Version) -> Value {
    let mut shown = article.clone();
    if version < Version::V2_16 {
        let map = fields(&mut shown);
        let parent = map
            .remove("parent_ids")
            .and_then(|parents| parents.get(0).cloned());
        map.insert(
            "parent_type".to_owned(),
            parent.as_ref().map_or(Value::Null, |_| json!("collection")),
        );
        map.insert("parent_id".to_owned(), parent.unwrap_or(Value::Null));
        map.remove("tags");
    }
    shown
}

/// A tag outside any tagging.
pub(crate) fn tag(tag: &Tag) -> Value {
    json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name, "applied_at": Value::Null, "applied_by": Value::Null })
}

/// A ticket type with the states that its tickets can be in, which is how the list of types shows it.
pub(crate) fn ticket_type(lists: &Reference, ticket_type: &Value) -> Value {
    let mut shown = ticket_type.clone();
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
    json!({
        "type": "data_attribute",
        "id": attribute["id"],
        "model": "conversation",
        "name": attribute["name"],
        "full_name": format!("custom_attributes.{}", attribute["name"].as_str().unwrap_or_default()),
        "label": attribute["name"],
        "description": attribute["description"],
        "data_type": if attribute["data_type"] == "list" { json!("string") } else { attribute["data_type"].clone() },
        "api_writable": true,
        "messenger_writable": false,
        "ui_writable": true,
        "custom": true,
        "archived": attribute["archived"],
        "admin_id": attribute["admin_id"],
        "created_at": attribute["created_at"],
        "updated_at": attribute["updated_at"],
    })
}
