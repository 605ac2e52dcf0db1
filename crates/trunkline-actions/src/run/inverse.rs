//! What puts a write back.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use trunkline_catalog::{Catalog, Operation};

/// What puts a write back.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Inverse {
    /// This call.
    Call {
        /// The operation's id.
        operation: String,
        /// The path parameters.
        path: Vec<(String, String)>,
        /// The body.
        payload: Option<Value>,
    },
    /// Nothing needs to be put back.
    Nothing,
    /// It cannot be put back, for this reason.
    Cannot(String),
}

impl Inverse {
    fn call(operation: &str, path: Vec<(String, String)>, payload: Option<Value>) -> Self {
        Self::Call {
            operation: operation.to_owned(),
            path,
            payload,
        }
    }

    fn cannot(reason: &str) -> Self {
        Self::Cannot(reason.to_owned())
    }
}

/// What puts back a write that was carried out, from what is known before and after it.
pub(crate) fn of(
    operation: &Operation,
    path: &[(String, String)],
    payload: Option<&Value>,
    before: Option<&Value>,
    is_new: bool,
    after: &Value,
) -> Inverse {
    let verb = operation.id.split_once('.').map_or("", |(_, verb)| verb);
    match operation.id {
        "conversations.attach_contact" | "conversations.detach_contact" => {
            return member(operation, path, payload);
        }
        "conversations.create" => return begun(after),
        "conversations.reply" | "tickets.reply" | "messages.create" => {
            return Inverse::cannot("what was sent cannot be unsent");
        }
        _ => {}
    }
    if let Some(rest) = verb.strip_prefix("attach_") {
        return turned(
            operation,
            &format!("detach_{}", detached(rest)),
            path,
            payload,
            before,
        );
    }
    if let Some(rest) = verb.strip_prefix("detach_") {
        return turned(
            operation,
            &format!("attach_{}", attached(rest)),
            path,
            payload,
            before,
        );
    }
    match operation.id {
        "contacts.archive" => Inverse::call("contacts.unarchive", path.to_vec(), None),
        "contacts.unarchive" => Inverse::call("contacts.archive", path.to_vec(), None),
        "conversations.manage" => managed(path, payload, before, after),
        "admins.set_away" | "contacts.update" | "tickets.update" | "conversations.update" => {
            restored(operation, path, payload, before)
        }
        _ if verb == "update" || verb.starts_with("update_") => restored(operation, path, payload, before),
        "data_attributes.create" => put_away(after),
        _ if verb == "create" || (verb == "upsert" && is_new) => removed(operation, after),
        "companies.upsert" => company(payload, before),
        _ if operation.effect == trunkline_catalog::Effect::Destructive => {
            Inverse::cannot("Intercom keeps nothing of what was removed")
        }
        _ => Inverse::cannot("Intercom has no operation that takes it back"),
    }
}

/// `to_contact` becomes `from_contact`.
fn detached(rest: &str) -> String {
    rest.replacen("to_", "from_", 1)
}

fn attached(rest: &str) -> String {
    rest.replacen("from_", "to_", 1)
}

/// Attaching and detaching are each other's inverse; what was so before stays.
fn turned(
    operation: &Operation,
    verb: &str,
    path: &[(String, String)],
    payload: Option<&Value>,
    before: Option<&Value>,
) -> Inverse {
    match was_on(operation, path, payload, before) {
        Some(true) if verb.starts_with("detach_") => return Inverse::Nothing,
        Some(false) if verb.starts_with("attach_") => return Inverse::Nothing,
        _ => {}
    }
    let id = format!("{}.{verb}", operation.family());
    let Some(inverse) = Catalog::embedded().operation(&id) else {
        return Inverse::cannot("Intercom has no operation that takes it back");
    };
    // The one that owns is first in both paths, under whichever name; another id may have the same name in the body.
    let Some((_, owner)) = path.first() else {
        return Inverse::cannot("what it was put on is not known");
    };
    let mut values: Map<String, Value> = payload.and_then(Value::as_object).cloned().unwrap_or_default();
    for (name, value) in &path[1..] {
        values.insert(name.clone(), Value::String(value.clone()));
    }
    let mut own = Vec::new();
    for (place, parameter) in inverse
        .path
        .split('/')
        .filter_map(|segment| segment.strip_prefix('{')?.strip_suffix('}'))
        .enumerate()
    {
        let value = match place {
            0 => Some(owner.clone()),
            _ => values.get(parameter).map(text),
        };
        let Some(value) = value else {
            return Inverse::cannot("what it was put on is not known");
        };
        own.push((parameter.to_owned(), value));
    }
    let fields: Map<String, Value> = inverse
        .body_fields
        .iter()
        .filter_map(|field| Some((field.name.to_owned(), values.get(field.name)?.clone())))
        .collect();
    Inverse::call(&id, own, (!fields.is_empty()).then_some(Value::Object(fields)))
}

/// Whether what is attached or detached was on its object before; none when that is not known, as a contact shows ten of each.
fn was_on(
    operation: &Operation,
    path: &[(String, String)],
    payload: Option<&Value>,
    before: Option<&Value>,
) -> Option<bool> {
    let list = before?.get(operation.family())?;
    let rows = list
        .get(operation.family())
        .or_else(|| list.get("data"))?
        .as_array()?;
    let asked = match payload.and_then(|payload| payload.get("id")) {
        Some(id) => text(id),
        None => path.last()?.1.clone(),
    };
    let is_there = rows
        .iter()
        .any(|row| row.get("id").is_some_and(|id| text(id) == asked));
    let is_whole = list.get("has_more").and_then(Value::as_bool) != Some(true);
    (is_there || is_whole).then_some(is_there)
}

/// The fields that were written, as they were.
fn restored(
    operation: &Operation,
    path: &[(String, String)],
    payload: Option<&Value>,
    before: Option<&Value>,
) -> Inverse {
    let (Some(Value::Object(written)), Some(before)) = (payload, before) else {
        return Inverse::cannot("what it was before is not known");
    };
    let mut old = Map::new();
    for (name, value) in written {
        old.insert(name.clone(), earlier(value, before.get(name)));
    }
    Inverse::call(operation.id, path.to_vec(), Some(Value::Object(old)))
}

/// The part of what was before that was written over.
fn earlier(written: &Value, before: Option<&Value>) -> Value {
    match (written, before) {
        (Value::Object(written), Some(Value::Object(before))) => written
            .iter()
            .map(|(name, value)| (name.clone(), earlier(value, before.get(name))))
            .collect::<Map<_, _>>()
            .into(),
        (_, Some(before)) => before.clone(),
        (_, None) => Value::Null,
    }
}

/// A company that is known by the caller's own id is put back by Intercom's, so that it is looked at first.
fn company(payload: Option<&Value>, before: Option<&Value>) -> Inverse {
    let id = before.and_then(|before| before.get("id")?.as_str());
    let (Some(Value::Object(written)), Some(before), Some(id)) = (payload, before, id) else {
        return Inverse::cannot("what it was before is not known");
    };
    let old: Map<String, Value> = written
        .iter()
        // These two can be set when a company is made, and never be changed.
        .filter(|(name, _)| !["company_id", "remote_created_at"].contains(&name.as_str()))
        .map(|(name, value)| (name.clone(), earlier(value, before.get(name))))
        .collect();
    if old.is_empty() {
        return Inverse::Nothing;
    }
    let path = vec![("id".to_owned(), id.to_owned())];
    Inverse::call("companies.update", path, Some(Value::Object(old)))
}

/// An attribute cannot be removed, but put away.
fn put_away(after: &Value) -> Inverse {
    let Some(id) = after.get("id") else {
        return Inverse::cannot("Intercom did not say which one it made");
    };
    let path = vec![("id".to_owned(), text(id))];
    Inverse::call(
        "data_attributes.update",
        path,
        Some(serde_json::json!({ "archived": true })),
    )
}

/// What was made is removed, where that is possible.
fn removed(operation: &Operation, after: &Value) -> Inverse {
    let id = format!("{}.delete", operation.family());
    let made = after.get("id").and_then(|id| match id {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    });
    match (Catalog::embedded().operation(&id), made) {
        (Some(delete), Some(made)) if delete.path_parameters.len() == 1 => {
            Inverse::call(&id, vec![(delete.path_parameters[0].name.to_owned(), made)], None)
        }
        _ => Inverse::cannot("Intercom has no operation that removes it"),
    }
}

/// Who joined a conversation leaves it, and the other way round.
fn member(operation: &Operation, path: &[(String, String)], payload: Option<&Value>) -> Inverse {
    let value = |name: &str| {
        path.iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.clone())
    };
    let admin = payload.and_then(|payload| payload.get("admin_id")).cloned();
    if operation.id == "conversations.detach_contact" {
        let (Some(id), Some(contact)) = (value("conversation_id"), value("contact_id")) else {
            return Inverse::cannot("who left is not known");
        };
        let body = serde_json::json!({ "admin_id": admin, "customer": { "intercom_user_id": contact } });
        return Inverse::call(
            "conversations.attach_contact",
            vec![("id".to_owned(), id)],
            Some(body),
        );
    }
    let contact = payload
        .and_then(|payload| payload.pointer("/customer/intercom_user_id"))
        .and_then(Value::as_str);
    let (Some(id), Some(contact), Some(admin)) = (value("id"), contact, admin) else {
        return Inverse::cannot(
            "who joined is not known by id, or no teammate is known who could take them out",
        );
    };
    let path = vec![
        ("conversation_id".to_owned(), id),
        ("contact_id".to_owned(), contact.to_owned()),
    ];
    let body = serde_json::json!({ "admin_id": admin });
    Inverse::call("conversations.detach_contact", path, Some(body))
}

/// The answer to a new conversation is its first message, which has another id.
fn begun(after: &Value) -> Inverse {
    match after.get("conversation_id").map(text).filter(|id| !id.is_empty()) {
        Some(id) => Inverse::call("conversations.delete", vec![("id".to_owned(), id)], None),
        None => Inverse::cannot("which conversation was made is not known"),
    }
}

/// A conversation's state, assignee and end of a snooze, as they were.
fn managed(
    path: &[(String, String)],
    payload: Option<&Value>,
    before: Option<&Value>,
    after: &Value,
) -> Inverse {
    let Some(before) = before else {
        return Inverse::cannot("what it was before is not known");
    };
    let field = |name: &str| payload.and_then(|payload| payload.get(name));
    let admin = field("admin_id").cloned().unwrap_or_default();
    let kind = field("message_type").and_then(Value::as_str).unwrap_or_default();
    let body = if kind == "assignment" {
        let (sort, id) = unassigned(field("type").and_then(Value::as_str), before, after);
        serde_json::json!({
            "message_type": "assignment", "type": sort, "admin_id": admin, "assignee_id": id,
        })
    } else {
        match before.get("state").and_then(Value::as_str) {
            Some("open") => serde_json::json!({ "message_type": "open", "admin_id": admin }),
            Some("closed") => {
                serde_json::json!({ "message_type": "close", "type": "admin", "admin_id": admin })
            }
            Some("snoozed") => serde_json::json!({
                "message_type": "snoozed", "admin_id": admin, "snoozed_until": before.get("snoozed_until"),
            }),
            _ => return Inverse::cannot("what it was before is not known"),
        }
    };
    Inverse::call("conversations.manage", path.to_vec(), Some(body))
}

/// Whom it is given back to: a teammate and a team are told apart, and what the write left alone stays.
fn unassigned(written: Option<&str>, before: &Value, after: &Value) -> (&'static str, String) {
    let held = |conversation: &Value, kind: &str| match conversation.get(format!("{kind}_assignee_id")) {
        Some(Value::Null) | None => "0".to_owned(),
        Some(id) => text(id),
    };
    let own = if written == Some("team") { "team" } else { "admin" };
    let other = if own == "team" { "admin" } else { "team" };
    let changed = |kind: &str| held(before, kind) != held(after, kind);
    let kind = if !changed(own) && changed(other) {
        other
    } else {
        own
    };
    (kind, held(before, kind))
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
