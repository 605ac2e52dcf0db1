//! A lead merged into a user, and which rule stands against it.
//!
//! The one rule: a merge cannot be taken back, so everything that can be known is looked at before it is sent.

use serde_json::{Value, json};
use trunkline_catalog::{Effect, Version};
use trunkline_client::{Call, CallError};

use super::known::by_id;
use crate::{Action, ActionError, Field, Input, Run, Write};

pub(super) fn actions() -> Vec<Action> {
    vec![
        Action::module(
            "contacts.merge_lead",
            "Merges a lead into a user; the lead is gone afterwards, and the user has what it lacked.",
            Effect::Destructive,
            |run, input| Box::pin(work(run, input)),
        )
        .takes([
            Field::text("lead_id", "The lead, by Intercom's id; it is gone afterwards.")
                .required()
                .picked_from("contacts"),
            Field::text("user_id", "The user, by Intercom's id; it stays.")
                .required()
                .picked_from("contacts"),
            Field::flag(
                "skip_duplicate_validation",
                "Merges also two contacts that share neither email nor phone.",
            )
            .default_to("false"),
        ])
        .calls(&["contacts.get", "contacts.preview_merge", "contacts.merge"]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    let (lead_id, user_id) = (
        input.text("lead_id").unwrap_or_default(),
        input.text("user_id").unwrap_or_default(),
    );
    if lead_id == user_id {
        return Err(refused("both ids name the same contact", "Name two contacts."));
    }
    if let Some(merged) = run.done_earlier("contacts.merge").pop() {
        // The lead is gone by now.
        return Ok(merged.after.unwrap_or_default());
    }
    let lead = by_id(run, "lead_id", lead_id).await?;
    let user = by_id(run, "user_id", user_id).await?;
    roles(&lead, &user)?;
    let skips = input.flag("skip_duplicate_validation") == Some(true);
    let mut body = json!({ "from": lead_id, "into": user_id });
    if run.version() >= Version::V2_16 {
        body["skip_duplicate_validation"] = json!(skips);
        if !skips && !share(&lead, &user) && run.version() != Version::Preview {
            run.note("The two share neither email nor phone; Intercom may refuse to merge them.");
        }
    } else if skips {
        run.note("Before version 2.16 nothing is validated, so there is nothing to skip.");
    }
    if run.version() == Version::Preview {
        preview(run, &body).await?;
    }
    let survivor = user.clone();
    let merge = Write::new("contacts.merge")
        .payload(body)
        .before(json!({ "lead": lead.clone(), "user": user.clone() }))
        .expecting(survivor);
    match run.write(merge).await {
        Err(ActionError::Call(error)) if error.intercom_code.as_deref() == Some("invalid_merge") => {
            Err(explained(&error, &lead, &user))
        }
        other => other,
    }
}

/// Asks whether it would go, where that can be asked.
async fn preview(run: &mut Run, body: &Value) -> Result<(), ActionError> {
    let told = run
        .read(Call::new("contacts.preview_merge").body(body.clone()))
        .await?;
    if told["allowed"] != false {
        return Ok(());
    }
    let reason = told["reasons"][0]["code"].as_str().unwrap_or_default();
    Err(match reason {
        "invalid_merge_role_pair" => wrong_roles(),
        "no_shared_identifier" => no_duplicates(),
        "facebook_user" => refused(
            "a user that came from Facebook cannot take a lead in",
            "Keep the two, or merge the lead into another user of the person.",
        ),
        "external_lead_channel_not_allowed" => refused(
            "the lead came over a channel of which Intercom merges no leads",
            "Keep the lead; what is asked in its channel is answered there.",
        ),
        "mailing_list" => refused(
            "one of the two is a mailing list",
            "Keep the two; Intercom merges no mailing lists.",
        ),
        other => refused(
            format!("Intercom gives the reason {other:?}"),
            "Look at both contacts in Intercom.",
        ),
    })
}

fn roles(lead: &Value, user: &Value) -> Result<(), ActionError> {
    match (lead["role"].as_str(), user["role"].as_str()) {
        (Some("lead") | None, Some("user") | None) => Ok(()),
        (Some("user"), Some("lead")) => Err(refused(
            "`lead_id` names a user and `user_id` a lead",
            "Swap the two ids.",
        )),
        (Some("user"), _) => Err(refused(
            "`lead_id` names a user; only a lead can be merged away",
            "Name the lead that is to go. Two users cannot be merged.",
        )),
        _ => Err(refused(
            "`user_id` names a lead; only a user can take a lead in",
            "Make the one that stays a user first, with `contacts.upsert` and `role=user`.",
        )),
    }
}

/// Which rule was broken, from what the two are.
fn explained(error: &CallError, lead: &Value, user: &Value) -> ActionError {
    if share(lead, user) || error.message.contains("lead can be merged") {
        return refused(
            format!("Intercom refuses it: {}", error.message),
            "Neither the roles nor a missing shared address explain it: users from Facebook, leads of some channels and mailing lists cannot be merged.",
        );
    }
    no_duplicates()
}

fn wrong_roles() -> ActionError {
    refused(
        "only a lead can be merged, and only into a user",
        "Check the roles of both.",
    )
}

fn no_duplicates() -> ActionError {
    refused(
        "the two share neither an email address nor a phone number",
        "If they are the same person all the same, merge with `skip_duplicate_validation=true`.",
    )
}

fn refused(rule: impl Into<String>, advice: &str) -> ActionError {
    ActionError::refused(
        "TL0740",
        format!("the two cannot be merged: {}", rule.into()),
        advice,
    )
}

/// Whether the two have an email address or a phone number in common.
fn share(lead: &Value, user: &Value) -> bool {
    ["email", "phone"].iter().any(|field| {
        let value = |contact: &Value| {
            contact[*field]
                .as_str()
                .filter(|text| !text.is_empty())
                .map(str::to_lowercase)
        };
        value(lead).is_some() && value(lead) == value(user)
    })
}
