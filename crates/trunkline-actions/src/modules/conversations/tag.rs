//! A tag on a conversation: put on or taken off, by id or by name.

use serde_json::{Value, json};
use trunkline_catalog::Effect;

use super::acting_field;
use crate::{
    Action, ActionError, Field, Input, Run, Write,
    modules::{
        contacts::tag::{create, tag_fields},
        refs::{acting_admin, before, conversation, id_of, tag_named, whole},
    },
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "conversations.tag",
            "Puts a tag on a conversation, or takes it off.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::conversation())
        .takes(tag_fields())
        .takes([acting_field()])
        .calls(&[
            "contacts.search",
            "conversations.search",
            "conversations.get",
            "tags.list",
            "tags.upsert",
            "me.get",
            "tags.attach_to_conversation",
            "tags.detach_from_conversation",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let detaches = input.text("action") == Some("detach") || input.flag("untag") == Some(true);
    let id = conversation(run, &input).await?;
    let found = whole(run, &id).await?;
    let known = match (input.text("tag_id"), input.text("tag_name")) {
        (Some(tag), _) => Some(tag.to_owned()),
        (None, Some(name)) => tag_named(run, name).await?,
        (None, None) => None,
    };
    let worn = found["tags"]["tags"]
        .as_array()
        .into_iter()
        .flatten()
        .find(|tag| known.is_some() && id_of(tag) == known);
    match (detaches, worn, known) {
        (true, Some(_), Some(tag)) => {
            let admin = acting_admin(run, input.text("admin_id")).await?;
            run.write(
                Write::new("tags.detach_from_conversation")
                    .path("conversation_id", &id)
                    .path("id", tag)
                    .before(before(&found, &["tags"]))
                    .payload(json!({ "admin_id": admin })),
            )
            .await
        }
        (true, _, _) => {
            run.note("The conversation does not have this tag; nothing was taken off.");
            Ok(Value::Null)
        }
        (false, Some(worn), _) => {
            run.note("The conversation has this tag already; nothing was changed.");
            Ok(worn.clone())
        }
        (false, None, known) => {
            let tag = match known {
                Some(tag) => tag,
                None => create(run, &input).await?,
            };
            let admin = acting_admin(run, input.text("admin_id")).await?;
            run.write(
                Write::new("tags.attach_to_conversation")
                    .path("conversation_id", &id)
                    .before(before(&found, &["tags"]))
                    .payload(json!({ "id": tag, "admin_id": admin })),
            )
            .await
        }
    }
}
