//! An event of a contact, with metadata of every type that Intercom knows.
//!
//! The one rule: what Intercom would cut off or take for something else (an eleventh key, a nested object, an amount that is
//! not in cents) is told before the event is sent.

use serde_json::{Map, Value, json};
use trunkline_catalog::Effect;

use crate::{
    Action, ActionError, Field, Input, Problem, Run, Write,
    modules::refs::{id_of, search_contacts},
    time,
};

/// The most keys that Intercom keeps of an event's metadata.
const MOST_KEYS: usize = 10;

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "data_events.submit",
            "Records that a contact did something; the same event in the same second counts once.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::text("event_name", "What happened, such as `ordered-item`.").required(),
            Field::moment("created_at", "When it happened; now when it is left out."),
        ])
        .takes(Field::contact(true))
        .takes([Field::object(
            "metadata",
            "Up to 10 values by name: text, numbers, yes or no, times (in names that end in `_date`), links {url, value}, amounts {amount, currency} in cents.",
        )])
        .calls(&["contacts.search", "data_events.create"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let mut problems = Vec::new();
    let name = input.text("event_name").unwrap_or_default();
    if name.trim().is_empty() {
        problems.push(Problem::new("event_name", "must not be empty"));
    }
    let metadata = input
        .object("metadata")
        .map(|given| metadata(run, given, &mut problems));
    if !problems.is_empty() {
        return Err(run.misfits(problems));
    }
    let at = input.integer("created_at").unwrap_or(run.now().as_second());
    let mut body = json!({ "event_name": name, "created_at": at });
    let (field, who) = whose(run, &input).await?;
    body[field] = json!(who);
    if let Some(metadata) = metadata {
        body["metadata"] = Value::Object(metadata);
    }
    run.write(Write::new("data_events.create").makes_new().payload(body.clone()))
        .await?;
    // Intercom answers with nothing at all.
    Ok(body)
}

/// How Intercom is told whose event it is; an address goes only when it is that of one contact at most.
async fn whose(run: &mut Run, input: &Input) -> Result<(&'static str, String), ActionError> {
    if let Some(id) = input.text("contact_id") {
        return Ok(("id", id.to_owned()));
    }
    if let Some(id) = input.text("external_id") {
        return Ok(("user_id", id.to_owned()));
    }
    let email = input.text("email").unwrap_or_default();
    let found = search_contacts(run, "email", email).await?;
    match found.as_slice() {
        // Search is late; Intercom itself may know the contact already.
        [] => Ok(("email", email.to_owned())),
        [one] => Ok(("id", id_of(one).unwrap_or_default())),
        several => {
            let ids: Vec<String> = several.iter().filter_map(id_of).collect();
            Err(ActionError::refused(
                "TL0731",
                format!("{} contacts have this email: {}", ids.len(), ids.join(", ")),
                "Name the one that is meant by contact_id.",
            ))
        }
    }
}

fn metadata(run: &Run, given: &Map<String, Value>, problems: &mut Vec<Problem>) -> Map<String, Value> {
    if given.len() > MOST_KEYS {
        problems.push(Problem::new(
            "metadata",
            format!("has {} values; Intercom keeps {MOST_KEYS}", given.len()),
        ));
    }
    let mut kept = Map::new();
    for (name, value) in given {
        match entry(run, name, value) {
            Ok(value) => {
                kept.insert(name.clone(), value);
            }
            Err(what) => problems.push(Problem::new(format!("metadata.{name}"), what)),
        }
    }
    kept
}

fn entry(run: &Run, name: &str, value: &Value) -> Result<Value, String> {
    match value {
        Value::Object(parts) => rich(parts),
        Value::Array(_) => {
            Err("must not be a list; Intercom keeps plain values, links and amounts".to_owned())
        }
        Value::Null => Err("must not be null; leave it out".to_owned()),
        value if name.ends_with("_date") => time::read(value, run.now(), run.zone())
            .map(|at| json!(at.as_second()))
            .map_err(|error| error.to_string()),
        value => Ok(value.clone()),
    }
}

/// A link or an amount.
fn rich(parts: &Map<String, Value>) -> Result<Value, String> {
    let mut names: Vec<&str> = parts.keys().map(String::as_str).collect();
    names.sort_unstable();
    match names.as_slice() {
        ["url", "value"] => {
            let url = parts["url"].as_str().unwrap_or_default();
            if !url.starts_with("https://") && !url.starts_with("http://") {
                return Err("must have a `url` that begins with https:// or http://".to_owned());
            }
            if !parts["value"].is_string() && !parts["value"].is_number() {
                return Err("must have a `value` that is the text of the link".to_owned());
            }
            Ok(Value::Object(parts.clone()))
        }
        ["amount", "currency"] => {
            let amount = match &parts["amount"] {
                Value::Number(number) => number.as_i64(),
                Value::String(text) => text.trim().parse().ok(),
                _ => None,
            };
            let Some(amount) = amount else {
                return Err("must have an `amount` in whole cents; 12.50 is 1250".to_owned());
            };
            let currency = parts["currency"].as_str().unwrap_or_default();
            if currency.len() != 3 || !currency.bytes().all(|byte| byte.is_ascii_alphabetic()) {
                return Err("must have a `currency` of three letters, such as eur".to_owned());
            }
            Ok(json!({ "amount": amount, "currency": currency.to_lowercase() }))
        }
        _ => Err(
            "must be a plain value, a link {url, value} or an amount {amount, currency}; Intercom keeps no other objects"
                .to_owned(),
        ),
    }
}
