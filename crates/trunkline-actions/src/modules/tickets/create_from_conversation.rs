//! A conversation that becomes a ticket.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use super::change_state::state_named;
use crate::{
    Action, ActionError, Field, Input, Inverse, Run, Write,
    modules::refs::{Attribute, before, checked_attributes, conversation, id_of, whole},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "tickets.create_from_conversation",
            "Turns a conversation into a customer's ticket.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            Field::text("ticket_type_id", "The type of ticket, by id or name; one for customers.")
                .or_named(&["ticket_type"])
                .picked_from("ticket_types")
                .required(),
            Field::object(
                "attributes",
                "The ticket's attributes, under their names; `title` and `description` are the two that every type has.",
            )
            .or_named(&["ticket_attributes"]),
            Field::text("state", "The state that it begins in: an id, a label or a category.")
                .or_named(&["ticket_state_id"])
                .picked_from("ticket_states")
                .since(Version::V2_16),
        ])
        .calls(&[
            "contacts.search",
            "conversations.search",
            "ticket_types.list",
            "ticket_states.list",
            "conversations.get",
            "conversations.convert_to_ticket",
        ])
        .since(Version::V2_10),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let kind = type_named(run, input.text("ticket_type_id").unwrap_or_default()).await?;
    let known: Vec<Attribute> = ["data", "ticket_type_attributes"]
        .iter()
        .find_map(|list| kind["ticket_type_attributes"][*list].as_array())
        .into_iter()
        .flatten()
        .filter_map(Attribute::read)
        .collect();
    let given = by_their_names(&known, input.object("attributes"));
    let name = kind["name"].as_str().unwrap_or_default();
    let attributes = checked_attributes(run, &format!("tickets of type {name}"), &known, &given, false)?;
    let mut payload = json!({ "ticket_type_id": id_of(&kind) });
    if !attributes.is_empty() {
        payload["attributes"] = Value::Object(attributes);
    }
    if let Some(state) = input.text("state") {
        payload["ticket_state_id"] = json!(state_named(run, state).await?);
    }
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    if !found["ticket"].is_null() {
        run.note("The conversation is a ticket already; nothing was changed.");
        return Ok(found["ticket"].clone());
    }
    run.write(
        Write::new("conversations.convert_to_ticket")
            .path("id", &id)
            .before(before(&found, &["ticket"]))
            .payload(payload)
            .expecting(json!({ "type": "ticket", "id": "(new)" }))
            .put_back_by(Inverse::Cannot(
                "Intercom does not turn a ticket back into a conversation".to_owned(),
            )),
    )
    .await
}

/// The two attributes of every type have odd names; their plain ones mean them, where no attribute is called so.
fn by_their_names(known: &[Attribute], given: Option<&Map<String, Value>>) -> Map<String, Value> {
    let mut named = Map::new();
    for (name, value) in given.into_iter().flatten() {
        let odd = format!("_default_{name}_");
        let is_known = |wanted: &str| known.iter().any(|attribute| attribute.name == wanted);
        let name = if !is_known(name) && is_known(&odd) {
            odd
        } else {
            name.clone()
        };
        named.insert(name, value.clone());
    }
    named
}

/// The type of ticket with this id or name, which must be one for customers.
async fn type_named(run: &mut Run, name: &str) -> Result<Value, ActionError> {
    let mut types = run.rows(Call::new("ticket_types.list"), None).await?;
    types.retain(|kind| kind["archived"] != true);
    let is_called = |kind: &&Value| {
        kind["name"]
            .as_str()
            .is_some_and(|known| known.to_lowercase() == name.to_lowercase())
    };
    let usable = || -> Vec<&str> {
        types
            .iter()
            .filter(|kind| is_for_customers(kind))
            .filter_map(|kind| kind["name"].as_str())
            .collect()
    };
    let found = types
        .iter()
        .find(|kind| id_of(kind).as_deref() == Some(name))
        .or_else(|| types.iter().find(is_called));
    match found {
        Some(kind) if is_for_customers(kind) => Ok(kind.clone()),
        Some(kind) => Err(ActionError::refused(
            "TL0752",
            format!(
                "the ticket type {name:?} is of the category {}, and a conversation becomes a customer's ticket only",
                kind["category"].as_str().unwrap_or("of another kind")
            ),
            format!("Types for customers: {}.", usable().join(", ")),
        )),
        None => Err(ActionError::refused(
            "TL0752",
            format!("there is no ticket type {name:?}"),
            format!("Types for customers: {}.", usable().join(", ")),
        )),
    }
}

/// Types had no category before 2.10's tickets were told apart; one without it passes.
fn is_for_customers(kind: &Value) -> bool {
    kind["category"]
        .as_str()
        .is_none_or(|category| category == "Customer")
}
