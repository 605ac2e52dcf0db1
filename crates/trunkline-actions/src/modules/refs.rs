//! Which object is meant: a contact by id, external id or email, the newest conversation of a contact, a tag by name.
//!
//! The one rule: what is not there, and what is there more than once, is an error that says so; nothing is ever picked by
//! chance.

mod admin;
mod attributes;
mod conversation;

use serde_json::{Value, json};
use trunkline_client::Call;

use super::contacts;
use crate::{ActionError, Input, Run};

pub(crate) use admin::acting_admin;
pub(crate) use attributes::{Attribute, checked_attributes};
pub(crate) use conversation::{before, conversation, newest_of, whole};

/// A contact that was found.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Contact {
    /// Intercom's id.
    pub(crate) id: String,
    /// The whole contact, when it had to be read.
    pub(crate) record: Option<Value>,
}

/// The contact that the fields `contact_id`, `external_id` and `email` name.
pub(crate) async fn contact(run: &mut Run, input: &Input) -> Result<Contact, ActionError> {
    if let Some(id) = input.text("contact_id") {
        return Ok(Contact {
            id: id.to_owned(),
            record: None,
        });
    }
    let (field, value) = ["external_id", "email"]
        .into_iter()
        .find_map(|field| Some((field, input.text(field)?)))
        .ok_or_else(|| {
            ActionError::refused(
                "TL0730",
                "no contact is named",
                "Give one of contact_id, external_id and email.",
            )
        })?;
    contact_by(run, field, value).await
}

/// The one contact with this value in `external_id` or `email`.
pub(crate) async fn contact_by(run: &mut Run, field: &str, value: &str) -> Result<Contact, ActionError> {
    let mut found = search_contacts(run, field, value).await?;
    if found.is_empty() {
        found = contacts::written_lately(run, field, value).await?;
    }
    match found.len() {
        0 => Err(ActionError::refused(
            "TL0730",
            format!("no contact has this {field}"),
            "Check it; a contact that was made a moment ago may take minutes to be found by anything but its id.",
        )),
        1 => {
            let record = found.remove(0);
            Ok(Contact {
                id: id_of(&record).unwrap_or_default(),
                record: Some(record),
            })
        }
        many => Err(ActionError::refused(
            "TL0731",
            format!("{many} contacts have this {field}: {}", ids(&found).join(", ")),
            "Name the one that is meant by contact_id.",
        )),
    }
}

/// The contacts with this value in this field, archived ones left out.
pub(crate) async fn search_contacts(
    run: &mut Run,
    field: &str,
    value: &str,
) -> Result<Vec<Value>, ActionError> {
    let query = json!({ "query": { "field": field, "operator": "=", "value": value } });
    run.rows(Call::new("contacts.search").body(query), None).await
}

/// The tag with this id or name; names differ in more than case.
pub(crate) async fn tag_named(run: &mut Run, name: &str) -> Result<Option<String>, ActionError> {
    let tags = run.rows(Call::new("tags.list"), None).await?;
    let same = |tag: &&Value| {
        tag["name"]
            .as_str()
            .is_some_and(|known| known.to_lowercase() == name.to_lowercase())
    };
    Ok(tags.iter().find(same).and_then(id_of))
}

/// The id of a record, which is text or a number.
pub(crate) fn id_of(record: &Value) -> Option<String> {
    match record.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    }
}

fn ids(records: &[Value]) -> Vec<String> {
    records.iter().filter_map(id_of).collect()
}
