//! A conversation that is closed: without a word, with a last one, or after a reply.

use serde_json::{Value, json};
use trunkline_catalog::Effect;

use super::{acting_field, answer, manage};
use crate::{
    Action, ActionError, Field, Input, Run,
    modules::refs::{acting_admin, conversation, whole},
};

const CALLS: &[&str] = &[
    "contacts.search",
    "conversations.search",
    "conversations.get",
    "me.get",
    "conversations.reply",
    "conversations.manage",
];

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.close",
            "Closes a conversation, with or without a last word.",
            Effect::Write,
            |run, input| Box::pin(close(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            acting_field(),
            Field::text("body", "A last word to the contact.").or_named(&["message"]),
        ])
        .calls(CALLS),
        Action::module(
            "conversations.close_with_reply",
            "Replies to a conversation, then closes it.",
            Effect::Write,
            |run, input| Box::pin(close_with_reply(run, input)),
        )
        .takes(Field::conversation())
        .takes([
            acting_field(),
            Field::text("body", "The reply to the contact.")
                .or_named(&["message"])
                .required(),
        ])
        .calls(CALLS),
    ]
}

fn body_of(admin: &str, word: Option<&str>) -> Value {
    let mut body = json!({ "message_type": "close", "type": "admin", "admin_id": admin });
    if let Some(word) = word {
        body["body"] = json!(word);
    }
    body
}

async fn close(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let word = input.text("body").filter(|word| !word.trim().is_empty());
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    if found["state"] == "closed" && word.is_none() {
        run.note("It is closed already; nothing was changed.");
        return Ok(found);
    }
    let admin = acting_admin(run, input.text("admin_id")).await?;
    manage(run, &id, &found, body_of(&admin, word)).await
}

async fn close_with_reply(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let word = input.text("body").unwrap_or_default();
    if word.trim().is_empty() {
        return Err(run.misfit("body", "must not be empty"));
    }
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let reply = json!({ "message_type": "comment", "type": "admin", "admin_id": admin, "body": word });
    answer::reply(run, &id, &found, reply).await?;
    // Undoing it gives back the state from before the reply, which may have opened the conversation.
    manage(run, &id, &found, body_of(&admin, None)).await
}
