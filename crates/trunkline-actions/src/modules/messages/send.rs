//! A message that a teammate sends to a contact: in the app, by email, by WhatsApp or by SMS.
//!
//! The one rule: a message in the app is no conversation until the contact answers; the outcome says so.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::Call;

use crate::{
    Action, ActionError, Field, Input, Inverse, Run, Write,
    modules::refs::{acting_admin, contact, contact_by},
};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "messages.send",
            "Sends a contact a message in the app, by email, by WhatsApp or by SMS.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([Field::choice(
            "type",
            &["in_app", "email", "whatsapp", "sms"],
            "How it is sent; whatsapp since 2.16, sms in Preview.",
        )
        .or_named(&["message_type"])
        .default_to("in_app")])
        .takes(Field::contact(true))
        .takes([
            Field::text("body", "What is said; markup is kept.").or_named(&["message"]),
            Field::text("subject", "The subject of an email, which needs one."),
            Field::list("cc", "For email: contacts that get a copy, each by id or email address.")
                .since(Version::V2_14),
            Field::list("bcc", "For email: contacts that get a copy that nobody else sees, in the same form.")
                .since(Version::V2_14),
            Field::text(
                "template",
                "The look of an email, `plain` (the default) or `personal`; for whatsapp the name of the approved template.",
            ),
            Field::list("components", "For whatsapp: the values of the template's parts.").since(Version::V2_16),
            Field::text("from_admin_id", "Who sends it; whose token it is when left out.")
                .or_named(&["admin_id"])
                .picked_from("admins"),
            Field::flag(
                "create_conversation_without_contact_reply",
                "Whether there is a conversation at once, before the contact answers.",
            ),
            Field::moment("created_at", "When it was sent; now when left out.").since(Version::V2_11),
        ])
        .calls(&["contacts.search", "contacts.get", "me.get", "messages.create"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let kind = input.text("type").unwrap_or("in_app");
    check(run, &input, kind)?;
    let found = contact(run, &input).await?;
    let person = match found.record {
        Some(record) => record,
        None => run.read(Call::new("contacts.get").path("id", &found.id)).await?,
    };
    let needed = match kind {
        "email" => Some("email"),
        "whatsapp" | "sms" => Some("phone"),
        _ => None,
    };
    if let Some(field) = needed
        && person[field].as_str().is_none_or(str::is_empty)
    {
        return Err(ActionError::refused(
            "TL0753",
            format!("the contact has no {field}, so nothing can be sent by {kind}"),
            "Give the contact one with `contacts.upsert`, or send it another way.",
        ));
    }
    let admin = acting_admin(run, input.text("from_admin_id")).await?;
    let mut payload = payload(&input, kind, &admin, &person);
    for field in ["cc", "bcc"] {
        if let Some(names) = input.list(field) {
            payload[field] = copies(run, field, names).await?;
        }
    }
    let waits = kind == "in_app" && input.flag("create_conversation_without_contact_reply") != Some(true);
    if waits {
        run.note(
            "No list shows it as a conversation until the contact answers; `create_conversation_without_contact_reply=true` makes one at once.",
        );
    }
    let expected = json!({ "type": "admin_message", "id": "(new)", "body": payload["body"] });
    run.write(
        Write::new("messages.create")
            .makes_new()
            .payload(payload)
            .expecting(expected)
            .put_back_by(Inverse::Cannot(
                "a message that was sent cannot be unsent".to_owned(),
            )),
    )
    .await
}

/// The contacts that get a copy, in the operation's own form.
async fn copies(run: &mut Run, field: &str, names: &[Value]) -> Result<Value, ActionError> {
    let mut copies = Vec::with_capacity(names.len());
    for (at, name) in names.iter().enumerate() {
        let place = format!("{field}[{at}]");
        let Some(name) = name.as_str().filter(|name| !name.trim().is_empty()) else {
            return Err(run.misfit(&place, "must be text: the id or the email address of a contact"));
        };
        let record = if name.contains('@') {
            let found = contact_by(run, "email", name).await;
            let found = found.map_err(|error| match error.code() {
                "TL0730" => run.misfit(&place, "is the address of no contact"),
                "TL0731" => run.misfit(&place, "is the address of several contacts; give the id of one"),
                _ => error,
            })?;
            found.record
        } else {
            Some(run.read(Call::new("contacts.get").path("id", name)).await?)
        };
        let record = record.unwrap_or_default();
        copies.push(json!({ "type": record["role"].as_str().unwrap_or("user"), "id": record["id"] }));
    }
    Ok(Value::Array(copies))
}

fn payload(input: &Input, kind: &str, admin: &str, person: &Value) -> Value {
    let mut to = json!({ "type": person["role"].as_str().unwrap_or("user"), "id": person["id"] });
    if kind == "whatsapp" {
        to["phone"] = person["phone"].clone();
    }
    // Admins are numbers here and text elsewhere.
    let from = admin.parse::<u64>().map_or_else(|_| json!(admin), |id| json!(id));
    let mut payload = json!({
        // The description spells it with a line, every example and recorded call without.
        "message_type": if kind == "in_app" { "inapp" } else { kind },
        "from": { "type": "admin", "id": from },
        "to": to,
    });
    let fields = [
        "body",
        "subject",
        "template",
        "components",
        "create_conversation_without_contact_reply",
        "created_at",
    ];
    for (name, value) in input.only(&fields) {
        payload[name] = value;
    }
    if kind == "email" && payload["template"].is_null() {
        payload["template"] = json!("plain");
    }
    payload
}

fn check(run: &Run, input: &Input, kind: &str) -> Result<(), ActionError> {
    let since = match kind {
        "whatsapp" => Version::V2_16,
        "sms" => Version::Preview,
        _ => Version::ALL[0],
    };
    if run.version() < since {
        return Err(run.misfit(
            "type",
            format!(
                "cannot be {kind} before version {since}; the connection speaks {}",
                run.version()
            ),
        ));
    }
    let is_empty = |field: &str| input.text(field).is_none_or(|text| text.trim().is_empty());
    if is_empty("body") && kind != "whatsapp" {
        return Err(run.misfit("body", "is missing; it is string"));
    }
    match kind {
        "email" => {
            if is_empty("subject") {
                return Err(run.misfit("subject", "is missing; an email needs one"));
            }
            if input
                .text("template")
                .is_some_and(|look| !matches!(look, "plain" | "personal"))
            {
                return Err(run.misfit("template", "must be one of plain, personal"));
            }
        }
        "whatsapp" if is_empty("template") => {
            return Err(run.misfit("template", "is missing; whatsapp sends approved templates only"));
        }
        "whatsapp" => {}
        _ => {
            for field in ["subject", "template"] {
                if input.text(field).is_some() {
                    return Err(run.misfit(field, format!("does not go with `type={kind}`")));
                }
            }
        }
    }
    for field in ["cc", "bcc"] {
        if kind != "email" && input.list(field).is_some() {
            return Err(run.misfit(field, format!("does not go with `type={kind}`")));
        }
    }
    if kind != "whatsapp" && input.list("components").is_some() {
        return Err(run.misfit("components", format!("does not go with `type={kind}`")));
    }
    Ok(())
}
