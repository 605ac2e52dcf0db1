//! A conversation marked as read.

use serde_json::{Value, json};
use trunkline_catalog::Effect;

use crate::{
    Action, ActionError, Field, Input, Run, Write,
    modules::refs::{before, conversation, whole},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.mark_read",
            "Marks a conversation as read.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .calls(&[
            "contacts.search",
            "conversations.search",
            "conversations.get",
            "conversations.update",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    if found["read"] == true {
        run.note("It is read already; nothing was changed.");
        return Ok(found);
    }
    run.write(
        Write::new("conversations.update")
            .path("id", &id)
            .before(before(&found, &["read"]))
            .payload(json!({ "read": true })),
    )
    .await
}
