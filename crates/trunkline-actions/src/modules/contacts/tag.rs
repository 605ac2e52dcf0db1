//! A tag on a contact: put on or taken off, by id or by name.

use serde_json::{Value, json};
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Group, Input, Run, Write,
    modules::refs::{contact, id_of, tag_named},
};

const CALLS: &[&str] = &[
    "contacts.search",
    "contacts.list_tags",
    "tags.list",
    "tags.upsert",
    "tags.attach_to_contact",
    "tags.detach_from_contact",
];

pub(super) fn actions() -> Vec<Action> {
    let by = |id: &'static str, summary: &'static str, field: Field| {
        Action::module(id, summary, Effect::IdempotentWrite, |run, input| {
            Box::pin(work(run, input))
        })
        .takes([field.required()])
        .takes(tag_fields())
        .calls(CALLS)
    };
    vec![
        Action::module(
            "contacts.tag",
            "Puts a tag on a contact, or takes it off.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .takes(tag_fields())
        .calls(CALLS),
        by(
            "contacts.tag_by_id",
            "Puts a tag on the contact with this id, or takes it off.",
            Field::text("contact_id", "The contact, by Intercom's id.").or_named(&["id"]),
        ),
        by(
            "contacts.tag_by_external_id",
            "Puts a tag on the contact with this id of your own system, or takes it off.",
            Field::text("external_id", "The contact, by the id that your own system gave.")
                .or_named(&["user_id"]),
        ),
        by(
            "contacts.tag_by_email",
            "Puts a tag on the contact with this email address, or takes it off.",
            Field::text("email", "The contact, by email address."),
        ),
    ]
}

/// A tag by id or name, and whether it is put on or taken off.
pub(in crate::modules) fn tag_fields() -> Vec<Field> {
    let tag = Group {
        name: "tag",
        required: true,
    };
    let way = Group {
        name: "way",
        required: false,
    };
    vec![
        Field::text("tag_id", "The tag, by id.")
            .in_group(tag)
            .picked_from("tags"),
        Field::text(
            "tag_name",
            "The tag, by name; upper and lower case do not matter.",
        )
        .or_named(&["name"])
        .in_group(tag),
        Field::flag("create_tag", "Whether a tag of a name that is new is made.").default_to("true"),
        Field::choice(
            "action",
            &["attach", "detach"],
            "Whether the tag is put on or taken off.",
        )
        .in_group(way)
        .default_to("attach"),
        Field::flag("untag", "The same as a yes or no: true takes the tag off.").in_group(way),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let detaches = input.text("action") == Some("detach") || input.flag("untag") == Some(true);
    let contact = contact(run, &input).await?;
    let known = match (input.text("tag_id"), input.text("tag_name")) {
        (Some(id), _) => Some(id.to_owned()),
        (None, Some(name)) => tag_named(run, name).await?,
        (None, None) => None,
    };
    if detaches {
        return detach(run, &contact.id, known).await;
    }
    let tag = match known {
        Some(id) => id,
        None => create(run, &input).await?,
    };
    run.write(
        Write::new("tags.attach_to_contact")
            .path("contact_id", &contact.id)
            .payload(json!({ "id": tag })),
    )
    .await
}

/// Takes it off; what is not on is no error.
async fn detach(run: &mut Run, contact: &str, tag: Option<String>) -> Result<Value, ActionError> {
    let on = run
        .rows(Call::new("contacts.list_tags").path("contact_id", contact), None)
        .await?;
    let worn = on.into_iter().find(|worn| tag.is_some() && id_of(worn) == tag);
    let (Some(tag), Some(_)) = (tag, worn) else {
        run.note("The contact does not have this tag; nothing was taken off.");
        return Ok(Value::Null);
    };
    run.write(
        Write::new("tags.detach_from_contact")
            .path("contact_id", contact)
            .path("id", &tag),
    )
    .await
}

/// The id of a tag of a new name, which is made unless that is not wanted.
pub(in crate::modules) async fn create(run: &mut Run, input: &Input) -> Result<String, ActionError> {
    let name = input.text("tag_name").unwrap_or_default();
    if input.flag("create_tag") == Some(false) {
        return Err(ActionError::refused(
            "TL0732",
            format!("there is no tag named {name:?}"),
            "Check the name (`trunkline lookup tags`), or let it be made with `create_tag=true`.",
        ));
    }
    let made = run
        .write(
            Write::new("tags.upsert")
                .makes_new()
                .payload(json!({ "name": name })),
        )
        .await?;
    Ok(id_of(&made).unwrap_or_default())
}
