//! A tag on a ticket: put on or taken off, by id or by name.
//!
//! The one rule: a ticket does not tell its tags, so both ways are sent as they are asked; each may be repeated.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};

use crate::{
    Action, ActionError, Field, Input, Run, Write,
    modules::{
        contacts::tag::{create, tag_fields},
        refs::{acting_admin, tag_named},
    },
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "tickets.tag",
            "Puts a tag on a ticket, or takes it off.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([Field::text("ticket_id", "The ticket, by Intercom's long id.")
            .or_named(&["id"])
            .required()])
        .takes(tag_fields())
        .takes([Field::text(
            "admin_id",
            "The teammate in whose name it is done; whose token it is when left out.",
        )
        .picked_from("admins")])
        .calls(&[
            "tickets.get",
            "tags.list",
            "tags.upsert",
            "me.get",
            "tags.attach_to_ticket",
            "tags.detach_from_ticket",
        ])
        .since(Version::V2_10),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let detaches = input.text("action") == Some("detach") || input.flag("untag") == Some(true);
    let ticket = input.text("ticket_id").unwrap_or_default();
    let known = match (input.text("tag_id"), input.text("tag_name")) {
        (Some(tag), _) => Some(tag.to_owned()),
        (None, Some(name)) => tag_named(run, name).await?,
        (None, None) => None,
    };
    let tag = match known {
        Some(tag) => tag,
        None if detaches => {
            run.note("There is no such tag; nothing was taken off.");
            return Ok(Value::Null);
        }
        None => create(run, &input).await?,
    };
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let write = if detaches {
        Write::new("tags.detach_from_ticket")
            .path("ticket_id", ticket)
            .path("id", tag)
            .payload(json!({ "admin_id": admin }))
    } else {
        Write::new("tags.attach_to_ticket")
            .path("ticket_id", ticket)
            .payload(json!({ "id": tag, "admin_id": admin }))
    };
    run.write(write).await
}
