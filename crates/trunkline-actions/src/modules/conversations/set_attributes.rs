//! Custom attributes of a conversation.

use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Input, Run, Write,
    modules::refs::{Attribute, before, checked_attributes, conversation, whole},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.set_attributes",
            "Sets custom attributes of a conversation.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            Field::object(
                "custom_attributes",
                "The values, under the names of the attributes; null takes one away.",
            )
            .required(),
            Field::choice(
                "unknown_attributes",
                &["fail", "create", "leave_out"],
                "What becomes of a name that the workspace does not know; they can be created since 2.16.",
            )
            .default_to("fail"),
        ])
        .calls(&[
            "contacts.search",
            "conversations.search",
            "conversation_attributes.list",
            "conversation_attributes.create",
            "data_attributes.list",
            "conversations.get",
            "conversations.update",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let none = Map::new();
    let given = input.object("custom_attributes").unwrap_or(&none);
    if given.is_empty() {
        return Err(run.misfit("custom_attributes", "is empty; name at least one attribute"));
    }
    let policy = input.text("unknown_attributes").unwrap_or("fail");
    if policy == "create" && run.version() < Version::V2_16 {
        return Err(run.misfit(
            "unknown_attributes",
            format!(
                "cannot be create before version 2.16; the connection speaks {}",
                run.version()
            ),
        ));
    }
    let mut known = definitions(run).await?;
    let id = conversation(run, &input).await?;
    if policy == "create" {
        create(run, given, &mut known).await?;
    }
    let values = checked_attributes(run, "conversations", &known, given, policy == "leave_out")?;
    let found = whole(run, &id).await?;
    if values.is_empty() {
        run.note("No attribute is left to set; nothing was changed.");
        return Ok(found);
    }
    run.write(
        Write::new("conversations.update")
            .path("id", &id)
            .before(before(&found, &["custom_attributes"]))
            .payload(json!({ "custom_attributes": values })),
    )
    .await
}

/// What the workspace says of its conversations' attributes: a list of their own since 2.16.
async fn definitions(run: &mut Run) -> Result<Vec<Attribute>, ActionError> {
    let call = if run.version() < Version::V2_16 {
        Call::new("data_attributes.list").query("model", "conversation")
    } else {
        Call::new("conversation_attributes.list")
    };
    let rows = run.rows(call, None).await?;
    Ok(rows.iter().filter_map(Attribute::read).collect())
}

/// Defines the attributes that are new, each of the type that its value has.
async fn create(
    run: &mut Run,
    given: &Map<String, Value>,
    known: &mut Vec<Attribute>,
) -> Result<(), ActionError> {
    for (name, value) in given {
        if known.iter().any(|attribute| attribute.name == *name) {
            continue;
        }
        let data_type = match value {
            Value::String(_) => "string",
            Value::Bool(_) => "boolean",
            Value::Number(number) if number.is_f64() => "decimal",
            Value::Number(_) => "integer",
            _ => {
                return Err(run.misfit(
                    &format!("custom_attributes.{name}"),
                    "is new, and from this value its type cannot be told",
                ));
            }
        };
        let definition = json!({ "name": name, "data_type": data_type });
        run.write(
            Write::new("conversation_attributes.create")
                .makes_new()
                .payload(definition.clone()),
        )
        .await?;
        known.extend(Attribute::read(&definition));
    }
    Ok(())
}
