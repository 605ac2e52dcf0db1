//! A contact who joins a conversation, or leaves it.
//!
//! The one rule: `contact_id`, `external_id` and `email` say who joins or leaves; who does it is a teammate, or another
//! contact with `on_behalf_of`. `last` is the newest conversation of that other contact.

use serde_json::{Value, json};
use trunkline_catalog::Effect;

use super::acting_field;
use crate::{
    Action, ActionError, Field, Group, Input, Inverse, Run, Write,
    modules::refs::{acting_admin, before, contact, id_of, newest_of, search_contacts, whole},
};

pub(super) fn actions() -> Vec<Action> {
    let actor = Group {
        name: "actor",
        required: false,
    };
    let mut who = Field::contact(true);
    who[0].help = "Who joins or leaves, by Intercom's id.";
    who[1].help = "Who joins or leaves, by the id that your own system gave.";
    who[2].help = "Who joins or leaves, by email address.";
    vec![
        Action::module(
            "conversations.participant",
            "Brings a contact into a conversation, or takes one out.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([Field::text(
            "conversation_id",
            "The conversation, or `last` for the newest one of `on_behalf_of`.",
        )
        .required()])
        .takes(who)
        .takes([
            Field::choice(
                "action",
                &["attach", "detach"],
                "Whether the contact joins or leaves.",
            )
            .default_to("attach"),
            acting_field().in_group(actor),
            Field::text(
                "on_behalf_of",
                "The contact, by Intercom's id, in whose name it is done.",
            )
            .in_group(actor)
            .picked_from("contacts"),
            Field::flag(
                "create_lead",
                "Whether an email address that nobody has becomes a lead who joins.",
            )
            .default_to("false"),
        ])
        .calls(&[
            "contacts.search",
            "conversations.search",
            "conversations.get",
            "me.get",
            "conversations.attach_contact",
            "conversations.detach_contact",
        ]),
    ]
}

/// Who joins or leaves.
enum Person {
    Known(String),
    /// An address that becomes a lead.
    New(String),
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let detaches = input.text("action") == Some("detach");
    let id = match (
        input.text("conversation_id").unwrap_or_default(),
        input.text("on_behalf_of"),
    ) {
        ("last", None) => {
            return Err(run.misfit(
                "conversation_id",
                "is `last`, which needs `on_behalf_of`, whose newest conversation it is",
            ));
        }
        ("last", Some(other)) => id_of(&newest_of(run, other).await?).unwrap_or_default(),
        (id, _) => id.to_owned(),
    };
    let person = person(run, &input).await?;
    let found = whole(run, &id).await?;
    let members: Vec<String> = found["contacts"]["contacts"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(id_of)
        .collect();
    match person {
        Person::Known(contact) if detaches => leave(run, &input, &id, &found, &members, contact).await,
        Person::Known(contact) if members.contains(&contact) => {
            run.note("The contact takes part already; nothing was changed.");
            Ok(found)
        }
        Person::Known(contact) => {
            let customer = json!({ "intercom_user_id": contact });
            join(run, &input, &id, &found, customer, Some(contact)).await
        }
        Person::New(_) if detaches => {
            Err(run.misfit("create_lead", "is for joining; somebody who leaves is known"))
        }
        Person::New(email) => {
            run.note("Nobody had this email address; Intercom makes a lead of it.");
            join(run, &input, &id, &found, json!({ "email": email }), None).await
        }
    }
}

async fn person(run: &mut Run, input: &Input) -> Result<Person, ActionError> {
    if let Some(email) = input.text("email")
        && input.flag("create_lead") == Some(true)
        && search_contacts(run, "email", email).await?.is_empty()
    {
        return Ok(Person::New(email.to_owned()));
    }
    Ok(Person::Known(contact(run, input).await?.id))
}

async fn join(
    run: &mut Run,
    input: &Input,
    id: &str,
    found: &Value,
    mut customer: Value,
    contact: Option<String>,
) -> Result<Value, ActionError> {
    let mut payload = json!({});
    let admin = match input.text("on_behalf_of") {
        Some(other) => {
            customer["customer"] = json!({ "intercom_user_id": other });
            None
        }
        None => Some(acting_admin(run, input.text("admin_id")).await?),
    };
    payload["customer"] = customer;
    if let Some(admin) = &admin {
        payload["admin_id"] = json!(admin);
    }
    let inverse = match (contact, &admin) {
        (Some(contact), Some(admin)) => Inverse::Call {
            operation: "conversations.detach_contact".to_owned(),
            path: vec![
                ("conversation_id".to_owned(), id.to_owned()),
                ("contact_id".to_owned(), contact),
            ],
            payload: Some(json!({ "admin_id": admin })),
        },
        (None, _) => Inverse::Cannot("the lead that was made for it is not known by id".to_owned()),
        (_, None) => Inverse::Cannot(
            "only a teammate can take a contact out; use `conversations.participant` with `action=detach`"
                .to_owned(),
        ),
    };
    run.write(
        Write::new("conversations.attach_contact")
            .path("id", id)
            .before(before(found, &["contacts"]))
            .payload(payload)
            .put_back_by(inverse),
    )
    .await
}

async fn leave(
    run: &mut Run,
    input: &Input,
    id: &str,
    found: &Value,
    members: &[String],
    contact: String,
) -> Result<Value, ActionError> {
    if !members.contains(&contact) {
        run.note("The contact does not take part; nothing was changed.");
        return Ok(found.clone());
    }
    if members.len() == 1 {
        return Err(ActionError::refused(
            "TL0748",
            "the last contact of a conversation cannot leave it",
            "Bring another contact in first, or close the conversation.",
        ));
    }
    if input.text("on_behalf_of").is_some() {
        run.note("Intercom lets only teammates take a contact out, so it is done in the name of one.");
    }
    let admin = acting_admin(run, input.text("admin_id")).await?;
    let inverse = Inverse::Call {
        operation: "conversations.attach_contact".to_owned(),
        path: vec![("id".to_owned(), id.to_owned())],
        payload: Some(json!({ "admin_id": admin, "customer": { "intercom_user_id": contact } })),
    };
    run.write(
        Write::new("conversations.detach_contact")
            .path("conversation_id", id)
            .path("contact_id", contact)
            .before(before(found, &["contacts"]))
            .payload(json!({ "admin_id": admin }))
            .put_back_by(inverse),
    )
    .await
}
