//! Messages that a teammate or a contact begins (facts 6.5).

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, common, contacts, outbound_messages};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::{Request, as_text},
    workspace::{Workspace, content::Kind, conversation::Author},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("messages.create", Handler::Write(create))];

/// Seconds until a message is read.
const READ: i64 = 30;
/// Messages that became no conversation are numbered from here.
const FIRST_MESSAGE: u64 = 503_000_000;

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let kind = request.text("message_type").unwrap_or_else(|| "inapp".to_owned());
    if kind == "whatsapp" {
        return outbound_messages::send(workspace, request);
    }
    let body = request
        .text("body")
        .filter(|body| !body.is_empty())
        .ok_or_else(|| Refusal::invalid("Body is required"))?;
    let subject = request.text("subject").filter(|subject| !subject.is_empty());
    match kind.as_str() {
        "email" if subject.is_none() => {
            return Err(Refusal::new(
                422,
                "parameter_not_found",
                "No subject supplied for email message",
            ));
        }
        "sms" if body.contains("://") => {
            return Err(Refusal::invalid("Invalid SMS message body"));
        }
        "inapp" | "in_app" | "email" | "conversation" | "sms" => {}
        other => return Err(Refusal::invalid(format!("message_type cannot be {other}"))),
    }
    let from = request.body["from"].clone();
    if from["type"] == "admin" {
        return from_admin(workspace, request, &from, &kind, subject, &body);
    }
    let contact = contacts::find_or_convert(workspace, request, &from)?;
    let created_at = common::created_at(request)?;
    let row = common::begin(
        workspace,
        contact,
        created_at,
        request.now,
        common::paragraph(&body),
    );
    workspace.tell_beginning(row, request.now);
    Ok(Reply::json(&json!({
        "type": "user_message",
        "id": workspace.ids.message(row),
        "created_at": created_at,
        "body": body,
        "message_type": "inapp",
        "conversation_id": workspace.conversations[row as usize].id(&workspace.ids),
    })))
}

/// A teammate's message becomes a conversation only when the contact answers, unless the call asks for one at once.
fn from_admin(
    workspace: &mut Workspace,
    request: &Request<'_>,
    from: &Value,
    kind: &str,
    subject: Option<String>,
    body: &str,
) -> Answer {
    let admin = common::admin(
        workspace,
        &as_text(&from["id"]).ok_or_else(|| Refusal::missing("from.id"))?,
    )?;
    let to = match &request.body["to"] {
        // Several receivers can be named since 2.14.
        Value::Array(_) if request.version < Version::V2_14 => {
            return Err(Refusal::invalid("to must name one contact"));
        }
        Value::Array(several) => several.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    let contact = common::person(workspace, request, &to)?;
    let created_at = common::created_at(request)?;
    let mut message = json!({
        "type": "admin_message",
        "created_at": created_at,
        "subject": subject.clone().unwrap_or_default(),
        "body": body,
        "message_type": if matches!(kind, "email" | "sms") { kind } else { "inapp" },
        "owner": {
            "type": "admin",
            "id": workspace.reference.admins[usize::from(admin)]["id"],
            "name": workspace.reference.admins[usize::from(admin)]["name"],
            "email": workspace.reference.admins[usize::from(admin)]["email"],
            "away_mode_enabled": workspace.reference.admins[usize::from(admin)]["away_mode_enabled"],
            "away_mode_reassign": workspace.reference.admins[usize::from(admin)]["away_mode_reassign"],
        },
    });
    if request.body["create_conversation_without_contact_reply"] == true {
        let row = common::begin(workspace, contact, created_at, request.now, common::html(body));
        let conversation = &mut workspace.conversations[row as usize];
        conversation.title = subject;
        conversation.admin = admin + 1;
        conversation.author = Some(Author::Admin(admin));
        message["conversation_id"] = json!(conversation.id(&workspace.ids));
        message["id"] = json!(workspace.ids.message(row));
        workspace.tell_beginning(row, request.now);
    } else {
        let extra = &mut workspace.reference.extra;
        extra.messages_sent += 1;
        message["id"] = json!((FIRST_MESSAGE + extra.messages_sent).to_string());
        workspace.contacts[contact as usize].write("last_contacted_at", json!(request.now));
        workspace.touch_contact(contact, request.now);
    }
    let (kind, course): (_, &[_]) = match kind {
        "email" => ("email", &[(0, "receipt"), (READ, "open")]),
        "sms" => ("sms", &[(0, "receipt")]),
        _ => ("chat", &[(0, "receipt"), (READ, "open")]),
    };
    if let Some(kind) = Kind::named(kind) {
        let title = message["subject"].as_str().filter(|text| !text.is_empty());
        workspace.content_met(kind, contact, title.unwrap_or("Untitled"), course, request.now);
    }
    Ok(Reply::json(&message))
}
