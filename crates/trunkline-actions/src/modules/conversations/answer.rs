//! A reply to a conversation: by a teammate or a contact; a comment, a note, or quick replies to choose from.
//!
//! The one rule: what is sent cannot be unsent, so everything that can be wrong with it is found before.

use base64::Engine as _;
use serde_json::{Map, Value, json};
use trunkline_catalog::{Effect, Version};

use super::acting_field;
use crate::{
    Action, ActionError, Field, Input, Inverse, Run, Write,
    modules::refs::{acting_admin, before, contact, conversation, id_of, newest_of, whole},
};

/// The most files of a reply.
const MOST_FILES: usize = 10;

pub(super) fn actions() -> Vec<Action> {
    let mut who = Field::conversation();
    who[1].help = "The contact, by Intercom's id: who writes with `as=contact`, and whose newest conversation `last` is.";
    vec![
        Action::module(
            "conversations.answer",
            "Replies to a conversation as a teammate or as a contact, or notes something on it.",
            Effect::Write,
            |run, input| Box::pin(work(run, input)),
        )
        .takes(who)
        .takes([
            Field::choice("as", &["admin", "contact"], "Who writes.")
                .or_named(&["type"])
                .default_to("admin"),
            Field::choice(
                "kind",
                &["comment", "note", "quick_reply"],
                "What is written: a comment for everybody, a note for teammates, or replies to choose from.",
            )
            .or_named(&["message_type"])
            .default_to("comment"),
            acting_field(),
            Field::text("body", "What is written; markup is kept for teammates.").or_named(&["message", "text"]),
            Field::list("attachment_urls", "Addresses of files to attach, at most 10."),
            Field::list(
                "attachment_files",
                "Files to attach, at most 10, each with name, content_type and data in Base64; on the command line also `@photo.png,@plan.pdf`.",
            ),
            Field::list("reply_options", "The quick replies, each with text and uuid.").since(Version::V2_14),
            Field::flag("skip_notifications", "Whether nobody is told of a teammate's reply.").since(Version::V2_15),
            Field::moment("created_at", "When it was written; now when left out.").since(Version::V2_11),
        ])
        .calls(&[
            "contacts.search",
            "conversations.search",
            "conversations.get",
            "me.get",
            "conversations.reply",
        ]),
    ]
}

async fn work(run: &mut Run, input: Input) -> Result<Value, ActionError> {
    check(run, &input)?;
    let as_contact = input.text("as") == Some("contact");
    let (id, writer) = if as_contact {
        conversation_of_writer(run, &input).await?
    } else {
        (conversation(run, &input).await?, None)
    };
    let found = whole(run, &id).await?;
    let mut payload = if as_contact {
        let writer = match writer {
            Some(writer) => writer,
            None => only_contact(run, &found)?,
        };
        json!({ "type": "user", "message_type": "comment", "intercom_user_id": writer })
    } else {
        let admin = acting_admin(run, input.text("admin_id")).await?;
        json!({ "type": "admin", "message_type": input.text("kind").unwrap_or("comment"), "admin_id": admin })
    };
    let fields = [
        "body",
        "attachment_urls",
        "attachment_files",
        "reply_options",
        "skip_notifications",
        "created_at",
    ];
    for (name, value) in input.only(&fields) {
        payload[name] = value;
    }
    reply(run, &id, &found, payload).await
}

/// Sends a reply to a conversation that was read before.
pub(super) async fn reply(
    run: &mut Run,
    id: &str,
    conversation: &Value,
    payload: Value,
) -> Result<Value, ActionError> {
    let inverse = Inverse::Cannot(
        "what was sent cannot be unsent; `conversations.redact` blanks the text for good".to_owned(),
    );
    run.write(
        Write::new("conversations.reply")
            .path("id", id)
            .before(before(conversation, &["state"]))
            .payload(payload)
            .put_back_by(inverse),
    )
    .await
}

/// The conversation and the contact who writes in it; none when nobody is named.
async fn conversation_of_writer(
    run: &mut Run,
    input: &Input,
) -> Result<(String, Option<String>), ActionError> {
    let id = input.text("conversation_id").unwrap_or_default();
    let is_named = ["contact_id", "external_id", "email"]
        .iter()
        .any(|field| input.text(field).is_some());
    if !is_named {
        // `last` of nobody is refused there.
        return Ok((conversation(run, input).await?, None));
    }
    let writer = contact(run, input).await?.id;
    let id = if id == "last" {
        id_of(&newest_of(run, &writer).await?).unwrap_or_default()
    } else {
        id.to_owned()
    };
    Ok((id, Some(writer)))
}

/// The contact of a conversation that has no other.
fn only_contact(run: &Run, conversation: &Value) -> Result<String, ActionError> {
    let contacts = conversation["contacts"]["contacts"].as_array();
    match contacts.map(Vec::as_slice) {
        Some([one]) => Ok(id_of(one).unwrap_or_default()),
        _ => Err(run.misfit(
            "contact_id`, `external_id`, `email",
            "are missing; the conversation has several contacts, so say who writes",
        )),
    }
}

fn check(run: &Run, input: &Input) -> Result<(), ActionError> {
    let kind = input.text("kind").unwrap_or("comment");
    if input.text("as") == Some("contact") {
        if input.text("admin_id").is_some() {
            return Err(run.misfit("admin_id", "does not go with `as=contact`"));
        }
        if input.flag("skip_notifications").is_some() {
            return Err(run.misfit("skip_notifications", "does not go with `as=contact`"));
        }
        if kind != "comment" {
            return Err(run.misfit(
                "kind",
                "must be comment with `as=contact`; notes and quick replies are a teammate's",
            ));
        }
    }
    let options = input.list("reply_options").unwrap_or_default();
    if kind == "quick_reply" && options.is_empty() {
        return Err(run.misfit(
            "reply_options",
            "is missing; quick replies need some to choose from",
        ));
    }
    for (number, option) in options.iter().enumerate() {
        for name in ["text", "uuid"] {
            if option[name].as_str().is_none_or(str::is_empty) {
                return Err(run.misfit(
                    &format!("reply_options[{number}].{name}"),
                    "is missing; it is string",
                ));
            }
        }
    }
    check_urls(run, input)?;
    check_files(run, input)?;
    let has_files = ["attachment_urls", "attachment_files"]
        .iter()
        .any(|field| input.list(field).is_some_and(|files| !files.is_empty()));
    let has_body = input.text("body").is_some_and(|body| !body.trim().is_empty());
    if !has_body && !has_files && kind != "quick_reply" {
        return Err(run.misfit("body", "is missing; without it there must be files"));
    }
    Ok(())
}

/// Whether the addresses of files can be addresses, and are not too many.
pub(super) fn check_urls(run: &Run, input: &Input) -> Result<(), ActionError> {
    let urls = input.list("attachment_urls").unwrap_or_default();
    if urls.len() > MOST_FILES {
        return Err(run.misfit("attachment_urls", format!("can hold {MOST_FILES} addresses")));
    }
    for (number, url) in urls.iter().enumerate() {
        let is_address = url.as_str().is_some_and(|url| {
            ["https://", "http://"]
                .iter()
                .any(|scheme| url.strip_prefix(scheme).is_some_and(|rest| !rest.is_empty()))
        });
        if !is_address {
            let field = format!("attachment_urls[{number}]");
            return Err(run.misfit(&field, "must be an address that begins with https:// or http://"));
        }
    }
    Ok(())
}

fn check_files(run: &Run, input: &Input) -> Result<(), ActionError> {
    let files = input.list("attachment_files").unwrap_or_default();
    if files.len() > MOST_FILES {
        return Err(run.misfit("attachment_files", format!("can hold {MOST_FILES} files")));
    }
    // Intercom takes the files then, and drops the addresses without a word.
    if !files.is_empty() && input.list("attachment_urls").is_some_and(|urls| !urls.is_empty()) {
        return Err(run.misfit(
            "attachment_urls`, `attachment_files",
            "exclude each other; give one of them",
        ));
    }
    let none = Map::new();
    for (number, file) in files.iter().enumerate() {
        let file = file.as_object().unwrap_or(&none);
        for name in ["name", "content_type", "data"] {
            let text = file.get(name).and_then(Value::as_str).unwrap_or_default();
            let field = format!("attachment_files[{number}].{name}");
            if text.is_empty() {
                return Err(run.misfit(&field, "is missing; it is string"));
            }
            if name == "data" && base64::engine::general_purpose::STANDARD.decode(text).is_err() {
                return Err(run.misfit(&field, "must be the file's content in Base64"));
            }
        }
    }
    Ok(())
}
