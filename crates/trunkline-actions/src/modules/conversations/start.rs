//! A conversation that a contact begins.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use super::answer::check_urls;
use crate::{
    Action, ActionError, Field, Input, Run, Write,
    modules::refs::{Contact, contact},
};

pub(super) fn actions() -> Vec<Action> {
    let mut who = Field::contact(true);
    who[0].help = "The contact, by Intercom's id; or a visitor, by id, who becomes a lead.";
    who[1].help = "The contact, by the id that your own system gave; or a visitor, by user id.";
    vec![
        Action::module(
            "conversations.start",
            "Starts a conversation in the name of a contact.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(who)
        .takes([
            Field::text(
                "body",
                "What the contact says, as plain text; markup is not supported.",
            )
            .or_named(&["message"])
            .required(),
            Field::text("subject", "The title of the conversation."),
            Field::list("attachment_urls", "Addresses of files to attach, at most 10."),
            Field::moment("created_at", "When it was said; now when left out.").since(Version::V2_11),
        ])
        .calls(&["contacts.search", "visitors.get", "conversations.create"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    check_urls(run, &input)?;
    if input.text("body").is_some_and(|body| body.trim().is_empty()) {
        return Err(run.misfit("body", "must not be empty"));
    }
    let from = match contact(run, &input).await {
        Ok(contact) => author(&contact),
        Err(refusal) => visitor(run, &input).await?.ok_or(refusal)?,
    };
    let mut payload = json!({ "from": from });
    for (name, value) in input.only(&["body", "subject", "attachment_urls", "created_at"]) {
        payload[name] = value;
    }
    let expected =
        json!({ "type": "user_message", "id": "(new)", "conversation_id": "(new)", "body": payload["body"] });
    run.write(
        Write::new("conversations.create")
            .makes_new()
            .payload(payload)
            .expecting(expected),
    )
    .await
}

/// A visitor is no contact yet, and whether an id is one's is not known before: the general word suits both.
fn author(contact: &Contact) -> Value {
    let role = contact.record.as_ref().and_then(|record| record["role"].as_str());
    json!({ "type": role.unwrap_or("contact"), "id": contact.id })
}

/// The visitor whose user id stands where a contact's external id does.
async fn visitor(run: &mut Run, input: &Input) -> Result<Option<Value>, ActionError> {
    let Some(user_id) = input.text("external_id") else {
        return Ok(None);
    };
    let found = run
        .find(Call::new("visitors.get").query("user_id", user_id))
        .await?;
    Ok(found.map(|visitor| json!({ "type": "contact", "id": visitor["id"] })))
}
