//! What is wanted of a contact, as Intercom takes it, and what of it a contact does not have yet.
//!
//! The one rule: null and the empty text both mean "no value", and two values are the same when Intercom would show them as
//! the same, so that nothing is written for a difference in spelling.

use serde_json::{Map, Number, Value};
use trunkline_catalog::Version;

use super::who::{Who, is_lead};
use crate::{Input, Run};

/// The fields that are taken over as they are.
const PLAIN: [&str; 9] = [
    "role",
    "name",
    "phone",
    "avatar",
    "signed_up_at",
    "last_seen_at",
    "owner_id",
    "unsubscribed_from_emails",
    "language_override",
];

/// Fields of the API before 2.0 that nothing stands for today, and what became of each.
const WITHOUT_COUNTERPART: [(&str, &str); 3] = [
    (
        "last_seen_ip",
        "last_seen_ip has no effect: today's API takes no address; Intercom finds the place by itself when the person uses the Messenger.",
    ),
    (
        "last_seen_user_agent",
        "last_seen_user_agent has no effect: today's API takes no browser; Intercom sees it when the person uses the Messenger.",
    ),
    (
        "new_session",
        "new_session has no effect: today's API counts no sessions; only the Messenger does.",
    ),
];

/// The fields that are wanted, custom attributes left out. What has no effect is noted.
pub(super) fn wanted(run: &mut Run, input: &Input, who: &Who) -> Map<String, Value> {
    let mut wanted = Map::new();
    for (name, value) in [("external_id", &who.external_id), ("email", &who.email)] {
        if let Some(value) = value {
            wanted.insert(name.to_owned(), Value::String(value.clone()));
        }
    }
    for name in PLAIN {
        if let Some(value) = input.value(name) {
            let value = if is_nothing(value) {
                Value::Null
            } else {
                value.clone()
            };
            wanted.insert(name.to_owned(), value);
        }
    }
    if let Some(owner) = wanted.get_mut("owner_id") {
        *owner = owner_for(run.version(), owner);
    }
    if input.flag("update_last_seen_at") == Some(true) {
        if wanted.contains_key("last_seen_at") {
            run.note("last_seen_at is given, so update_last_seen_at has no effect.");
        } else {
            wanted.insert("last_seen_at".to_owned(), run.now().as_second().into());
        }
    }
    for (name, note) in WITHOUT_COUNTERPART {
        if input.value(name).is_some_and(|value| !value.is_null()) {
            run.note(note);
        }
    }
    wanted
}

/// An owner is a number up to 2.15 and text since.
fn owner_for(version: Version, owner: &Value) -> Value {
    match owner.as_str().and_then(|id| id.parse::<i64>().ok()) {
        Some(number) if version < Version::V2_16 => number.into(),
        _ => owner.clone(),
    }
}

/// What is wanted of a contact that exists: a user stays one, and a lead takes an empty text where a user takes null.
pub(super) fn wanted_of(run: &mut Run, wanted: &Map<String, Value>, contact: &Value) -> Map<String, Value> {
    let mut wanted = wanted.clone();
    let stays_lead = is_lead(contact) && wanted.get("role").is_none_or(|role| role != "user");
    if !is_lead(contact) && wanted.get("role").is_some_and(|role| role == "lead") {
        wanted.remove("role");
        run.note("The contact is a user and stays one: a user is not made a lead again.");
    }
    if stays_lead && let Some(Value::Object(attributes)) = wanted.get_mut("custom_attributes") {
        for value in attributes.values_mut().filter(|value| value.is_null()) {
            *value = Value::String(String::new());
        }
    }
    wanted
}

/// What is wanted of a contact that is made: there is nothing to take away.
pub(super) fn wanted_of_new(wanted: &Map<String, Value>) -> Map<String, Value> {
    let mut wanted = wanted.clone();
    wanted.retain(|_, value| !is_nothing(value));
    if let Some(Value::Object(attributes)) = wanted.get_mut("custom_attributes") {
        attributes.retain(|_, value| !is_nothing(value));
        if attributes.is_empty() {
            wanted.remove("custom_attributes");
        }
    }
    wanted
}

/// The part of what is wanted that a contact does not have.
pub(super) fn differences(wanted: &Map<String, Value>, contact: &Value) -> Map<String, Value> {
    let mut different = Map::new();
    for (name, value) in wanted {
        let held = &contact[name.as_str()];
        if name == "custom_attributes" {
            let attributes: Map<String, Value> = value
                .as_object()
                .into_iter()
                .flatten()
                .filter(|(name, value)| !same(value, &held[name.as_str()]))
                .map(|(name, value)| (name.clone(), value.clone()))
                .collect();
            if !attributes.is_empty() {
                different.insert(name.clone(), attributes.into());
            }
        } else if !is_held(name, value, held) {
            different.insert(name.clone(), value.clone());
        }
    }
    different
}

/// The names of fields, those of custom attributes dotted.
pub(super) fn names(fields: &Map<String, Value>) -> Vec<String> {
    let mut names = Vec::new();
    for (name, value) in fields {
        match value {
            Value::Object(inner) if name == "custom_attributes" => {
                names.extend(inner.keys().map(|inner| format!("{name}.{inner}")));
            }
            _ => names.push(name.clone()),
        }
    }
    names
}

fn is_held(name: &str, wanted: &Value, held: &Value) -> bool {
    match name {
        "avatar" if held.is_object() => same(wanted, &held["image_url"]),
        "email" => match (wanted.as_str(), held.as_str()) {
            (Some(wanted), Some(held)) => wanted.to_lowercase() == held.to_lowercase(),
            _ => same(wanted, held),
        },
        "phone" => match (wanted.as_str(), held.as_str()) {
            (Some(wanted), Some(held)) => digits(wanted).eq(digits(held)),
            _ => same(wanted, held),
        },
        // Whoever never said anything is not unsubscribed.
        "unsubscribed_from_emails" => wanted.as_bool().unwrap_or(false) == held.as_bool().unwrap_or(false),
        _ => same(wanted, held),
    }
}

/// A telephone number without what people put between its digits.
fn digits(phone: &str) -> impl Iterator<Item = char> {
    phone
        .chars()
        .filter(|letter| !letter.is_whitespace() && !"-./()".contains(*letter))
}

/// Whether two values are the same to Intercom.
fn same(left: &Value, right: &Value) -> bool {
    if is_nothing(left) || is_nothing(right) {
        return is_nothing(left) && is_nothing(right);
    }
    left == right
        || match (left, right) {
            (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
            (Value::Number(number), Value::String(text)) | (Value::String(text), Value::Number(number)) => {
                spells(number, text)
            }
            _ => false,
        }
}

fn spells(number: &Number, text: &str) -> bool {
    number.to_string() == text
}

fn is_nothing(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn map(value: &Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn only_what_intercom_would_show_otherwise_is_a_difference() {
        let contact = json!({
            "email": "ann@example.com", "phone": "+15550001", "name": "Ann", "owner_id": 7, "avatar": {"image_url": "a.png"},
            "language_override": null, "unsubscribed_from_emails": false, "last_seen_at": 5,
            "custom_attributes": {"plan": "gold", "seats": 5, "note": null},
        });
        for (wanted, expected) in [
            (
                json!({"email": "Ann@Example.com", "phone": "+1 555-00 01"}),
                json!({}),
            ),
            (
                json!({"owner_id": "7", "avatar": "a.png", "name": "Ann"}),
                json!({}),
            ),
            (
                json!({"language_override": "", "unsubscribed_from_emails": null}),
                json!({}),
            ),
            (
                json!({"custom_attributes": {"plan": "gold", "seats": 5.0, "note": "", "absent": null}}),
                json!({}),
            ),
            (
                json!({"name": null, "owner_id": "8", "phone": "+15550002"}),
                json!({"name": null, "owner_id": "8", "phone": "+15550002"}),
            ),
            (
                json!({"custom_attributes": {"plan": "silver", "seats": 5, "note": "x"}}),
                json!({"custom_attributes": {"plan": "silver", "note": "x"}}),
            ),
            (
                json!({"last_seen_at": 6, "avatar": "b.png"}),
                json!({"last_seen_at": 6, "avatar": "b.png"}),
            ),
        ] {
            assert_eq!(
                Value::Object(differences(&map(&wanted), &contact)),
                expected,
                "{wanted}"
            );
        }
    }

    #[test]
    fn nothing_is_taken_away_from_whom_is_new() {
        let wanted = json!({"email": "a@b.example", "name": null, "custom_attributes": {"plan": null}});
        assert_eq!(
            Value::Object(wanted_of_new(&map(&wanted))),
            json!({"email": "a@b.example"})
        );
    }
}
