//! What a contact wants to receive: consent given or refused for one kind of message, or the choice taken back.

use serde_json::{Value, json};
use trunkline_catalog::Effect;
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Input, Inverse, Problem, Run, Write,
    modules::refs::{contact, id_of},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.attach_subscription",
            "Records a contact's choice about a kind of message, or takes the choice back.",
            Effect::IdempotentWrite,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(Field::contact(true))
        .takes([
            Field::text("subscription_id", "The kind of message, by id.")
                .required()
                .picked_from("subscription_types"),
            Field::choice(
                "consent",
                &["opt_in", "opt_out"],
                "What the contact wants; left out, it is what the kind itself asks for.",
            )
            .or_named(&["consent_type"]),
            Field::choice(
                "action",
                &["attach", "detach"],
                "Whether the choice is recorded or taken back.",
            )
            .default_to("attach"),
        ])
        .calls(&[
            "contacts.search",
            "contacts.list_subscriptions",
            "subscription_types.list",
            "subscription_types.attach_to_contact",
            "subscription_types.detach_from_contact",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let contact = contact(run, &input).await?.id;
    let wanted = input.text("subscription_id").unwrap_or_default();
    let kinds = run.rows(Call::new("subscription_types.list"), None).await?;
    let named = |kind: &&Value| id_of(kind).as_deref() == Some(wanted);
    let Some(kind) = kinds.iter().find(named) else {
        let what =
            "is no kind of message of this workspace; `trunkline lookup subscription_types` lists them";
        return Err(run.misfits(vec![Problem::new("subscription_id", what)]));
    };
    let own = kind["consent_type"].as_str().unwrap_or("opt_out").to_owned();
    // Only what differs from the kind's default is listed: who opted in to an opt-in kind, out of an opt-out kind.
    let listed = run
        .rows(
            Call::new("contacts.list_subscriptions").path("contact_id", &contact),
            None,
        )
        .await?
        .iter()
        .any(|kind| id_of(kind).as_deref() == Some(wanted));
    let before = json!({ "type": "contact", "id": contact, "subscription": wanted, "chosen": listed });
    if input.text("action") == Some("detach") {
        if !listed {
            run.note("The contact made no choice about these messages; nothing was taken back.");
            return Ok(Value::Null);
        }
        return run
            .write(
                Write::new("subscription_types.detach_from_contact")
                    .path("contact_id", &contact)
                    .path("id", wanted)
                    .before(before)
                    .put_back_by(attached(&contact, wanted, &own)),
            )
            .await;
    }
    let consent = input.text("consent").unwrap_or(&own).to_owned();
    let inverse = match (listed, consent == own) {
        (true, true) | (false, false) => Inverse::Nothing,
        (true, false) => attached(&contact, wanted, &own),
        (false, true) => Inverse::Call {
            operation: "subscription_types.detach_from_contact".to_owned(),
            path: vec![
                ("contact_id".to_owned(), contact.clone()),
                ("id".to_owned(), wanted.to_owned()),
            ],
            payload: None,
        },
    };
    run.write(
        Write::new("subscription_types.attach_to_contact")
            .path("contact_id", &contact)
            .payload(json!({ "id": wanted, "consent_type": consent }))
            .before(before)
            .put_back_by(inverse),
    )
    .await
}

fn attached(contact: &str, subscription: &str, consent: &str) -> Inverse {
    Inverse::Call {
        operation: "subscription_types.attach_to_contact".to_owned(),
        path: vec![("contact_id".to_owned(), contact.to_owned())],
        payload: Some(json!({ "id": subscription, "consent_type": consent })),
    }
}
