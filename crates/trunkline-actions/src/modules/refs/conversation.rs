//! Which conversation is meant: one by its id, or the newest one of a contact.
//!
//! The one rule: the newest conversation is the one that began last; of several that began at once, the one with the
//! highest id.

use serde_json::{Map, Value, json};
use trunkline_client::Call;

use super::{contact, id_of};
use crate::{ActionError, Input, Run};

/// The id of the conversation that `conversation_id` and, for `last`, the contact's fields name.
pub(crate) async fn conversation(run: &mut Run, input: &Input) -> Result<String, ActionError> {
    let id = input.text("conversation_id").unwrap_or_default();
    let named = ["contact_id", "external_id", "email"]
        .into_iter()
        .find(|field| input.text(field).is_some());
    match (id, named) {
        ("last", None) => Err(run.misfit(
            "conversation_id",
            "is `last`, which needs one of contact_id, external_id and email",
        )),
        ("last", Some(_)) => {
            let contact = contact(run, input).await?;
            let newest = newest_of(run, &contact.id).await?;
            Ok(id_of(&newest).unwrap_or_default())
        }
        (_, Some(field)) => Err(run.misfit(
            field,
            "has no use beside the id of a conversation; it is for `last`",
        )),
        (id, None) => Ok(id.to_owned()),
    }
}

/// The conversation of a contact that began last, as lists show it.
pub(crate) async fn newest_of(run: &mut Run, contact: &str) -> Result<Value, ActionError> {
    /// One page; who has had more conversations than fit depends on Intercom's own order.
    const PAGE: usize = 150;
    let body = json!({
        "query": { "field": "contact_ids", "operator": "=", "value": contact },
        "sort": { "field": "created_at", "order": "descending" },
    });
    let found = run
        .rows(Call::new("conversations.search").body(body), Some(PAGE))
        .await?;
    let age = |row: &Value| {
        let id = id_of(row).and_then(|id| id.parse::<u64>().ok());
        (row["created_at"].as_i64(), id)
    };
    found.into_iter().max_by_key(age).ok_or_else(|| {
        ActionError::refused(
            "TL0746",
            "this contact has no conversation",
            "Start one with `conversations.start`; one that began seconds ago may not be found yet.",
        )
    })
}

/// A conversation with its parts.
pub(crate) async fn whole(run: &mut Run, id: &str) -> Result<Value, ActionError> {
    run.read(Call::new("conversations.get").path("id", id)).await
}

/// What a write to a conversation relies on: these of its fields, and which part was the last.
///
/// A conversation holds what people wrote, so the journal is given no more of it than undoing and finding out need.
pub(crate) fn before(conversation: &Value, fields: &[&str]) -> Value {
    let mut kept = Map::new();
    for name in ["id"].iter().chain(fields) {
        kept.insert((*name).to_owned(), conversation[*name].clone());
    }
    let parts = conversation["conversation_parts"]["conversation_parts"].as_array();
    let last = parts
        .into_iter()
        .flatten()
        .filter_map(id_of)
        .max_by_key(|id| (id.len(), id.clone()));
    kept.insert("last_part".to_owned(), json!(last));
    Value::Object(kept)
}
