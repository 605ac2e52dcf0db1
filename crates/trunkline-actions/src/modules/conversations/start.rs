//! A conversation that a contact begins.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};

use super::answer::check_urls;
use crate::{Action, ActionError, Field, Input, Run, Write, modules::refs::contact};

pub(super) fn actions() -> Vec<Action> {
    let mut who = Field::contact(true);
    who[0].help = "The contact, by Intercom's id; or a visitor, by id or user id, who becomes a lead.";
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
        .calls(&["contacts.search", "conversations.create"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    check_urls(run, &input)?;
    if input.text("body").is_some_and(|body| body.trim().is_empty()) {
        return Err(run.misfit("body", "must not be empty"));
    }
    let contact = contact(run, &input).await?;
    // A visitor is no contact yet, and whether an id is one's is not known before: the general word suits both.
    let role = contact
        .record
        .as_ref()
        .and_then(|record| record["role"].as_str())
        .unwrap_or("contact");
    let mut payload = json!({ "from": { "type": role, "id": contact.id } });
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
