//! Messages by WhatsApp, and what became of them.
//!
//! The one rule: how far a message is follows from the clock: sent, delivered after some seconds, read after some more.

use serde_json::{Value, json};

use super::{Handler, common, contacts};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::{Request, as_text},
    texts::mix,
    workspace::{Workspace, conversation, extra::OutboundMessage},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("messages.list_status", Handler::Read(list_status)),
    ("messages.get_whatsapp_status", Handler::Read(get_whatsapp_status)),
];

/// The set of messages that single calls belong to.
pub(crate) const RULESET: &str = "12345";
/// Messages of telephones are numbered from here.
const FIRST: u64 = 504_000_000;
/// Seconds until a message is delivered, and until it is read.
const DELIVERED: i64 = 2;
const READ: i64 = 30;

/// The contact with a telephone number; a lead is added when nobody has it.
fn called(workspace: &mut Workspace, request: &Request<'_>, phone: &str) -> u32 {
    let seed = workspace.seed;
    let held = workspace
        .contacts
        .iter()
        .find(|contact| contact.is_listed() && contact.phone(seed).as_deref() == Some(phone))
        .map(|contact| contact.row);
    held.unwrap_or_else(|| {
        let row = contacts::add(workspace, request.now, true);
        let contact = &mut workspace.contacts[row as usize];
        contact.write("phone", json!(phone));
        if let Some(name) = request.body["to"]["name"].as_str() {
            contact.write("name", json!(name));
        }
        workspace.touch_contact(row, request.now);
        row
    })
}

/// Sends a message to a telephone, which begins a conversation.
pub(super) fn send(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let from = request.body["from"].clone();
    let admin = match as_text(&from["id"]) {
        Some(id) => common::admin(workspace, &id)?,
        None => 0,
    };
    let to = match &request.body["to"] {
        Value::Array(several) => several.first().cloned().unwrap_or_default(),
        one => one.clone(),
    };
    let phone = as_text(&to["phone"])
        .map(|phone| format!("+{}", phone.trim_start_matches('+')))
        .ok_or_else(|| Refusal::missing("to.phone"))?;
    let template = request.required("template")?;
    let texts: Vec<String> = request.body["components"]
        .as_array()
        .into_iter()
        .flatten()
        .flat_map(|component| component["parameters"].as_array().into_iter().flatten())
        .filter_map(|parameter| as_text(&parameter["text"]))
        .collect();
    let body = request.text("body").unwrap_or_else(|| texts.join(" "));
    let contact = called(workspace, request, &phone);
    let row = common::begin(
        workspace,
        contact,
        request.now,
        request.now,
        common::paragraph(&body),
    );
    let conversation = &mut workspace.conversations[row as usize];
    conversation.admin = admin + 1;
    conversation.author = Some(conversation::Author::Admin(admin));
    let sent = &mut workspace.reference.extra.outbound_messages;
    let number = sent.len() as u64;
    sent.push(OutboundMessage {
        contact,
        conversation: row,
        template,
        sent_at: request.now,
    });
    workspace.tell_beginning(row, request.now);
    Ok(Reply::json(&json!({
        "type": "admin_message",
        "id": (FIRST + number).to_string(),
        "created_at": request.now,
        "body": body,
        "message_type": "whatsapp",
        "conversation_id": workspace.ids.conversation(row),
    })))
}

/// WhatsApp's own id of a message.
fn whatsapp_id(workspace: &Workspace, place: usize) -> String {
    format!("wamid.{:016x}", mix(workspace.seed, 190, place as u32))
}

/// How far a message is, and since when.
fn progress(message: &OutboundMessage, now: i64) -> (&'static str, i64) {
    match now - message.sent_at {
        ..DELIVERED => ("sent", message.sent_at),
        DELIVERED..READ => ("delivered", message.sent_at + DELIVERED),
        READ.. => ("read", message.sent_at + READ),
    }
}

/// The WhatsApp messages that were sent, newest first, with their places.
fn whatsapp(workspace: &Workspace) -> Vec<(usize, &OutboundMessage)> {
    workspace
        .reference
        .extra
        .outbound_messages
        .iter()
        .enumerate()
        .rev()
        .collect()
}

/// The shape that these two operations show for a missing parameter.
fn flat(message: &str) -> Reply {
    Reply::with_status(
        400,
        &json!({ "type": "error", "request_id": Value::Null, "message": message }),
    )
}

fn list_status(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let Some(ruleset) = request.query("ruleset_id") else {
        return Ok(flat("ruleset_id is required"));
    };
    let per_page = paging::per_page(request.query("per_page"), 50, 100)?;
    let all = if ruleset == RULESET {
        whatsapp(workspace)
    } else {
        Vec::new()
    };
    let first = match request.query("starting_after") {
        None => 0,
        Some(cursor) => {
            all.iter()
                .position(|(place, _)| whatsapp_id(workspace, *place) == cursor)
                .ok_or_else(paging::bad_cursor)?
                + 1
        }
    };
    let shown = &all[first..(first + per_page).min(all.len())];
    let events: Vec<Value> = shown
        .iter()
        .map(|(place, message)| {
            let (status, at) = progress(message, request.now);
            json!({
                "id": format!("event_{}", place + 1),
                "conversation_id": workspace.ids.conversation(message.conversation),
                "user_id": workspace.contacts[message.contact as usize].id(&workspace.ids),
                "status": status,
                "type": "broadcast_outbound",
                "created_at": message.sent_at,
                "updated_at": at,
                "whatsapp_message_id": whatsapp_id(workspace, *place),
                "template_name": message.template,
            })
        })
        .collect();
    let mut pages = json!({
        "type": "pages", "per_page": per_page, "total_pages": all.len().div_ceil(per_page),
    });
    if let (true, Some((place, _))) = (first + per_page < all.len(), shown.last()) {
        pages["next"] = json!({ "starting_after": whatsapp_id(workspace, *place) });
    }
    Ok(Reply::json(&json!({
        "type": "list",
        "ruleset_id": ruleset,
        "pages": pages,
        "total_count": all.len(),
        "events": events,
    })))
}

fn get_whatsapp_status(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let Some(id) = request.query("message_id") else {
        return Ok(flat("message_id is required"));
    };
    let (_, message) = whatsapp(workspace)
        .into_iter()
        .find(|(place, _)| whatsapp_id(workspace, *place) == id)
        .ok_or_else(|| Refusal::new(404, "whatsapp_message_not_found", "Whatsapp message not found"))?;
    let (status, at) = progress(message, request.now);
    Ok(Reply::json(&json!({
        "conversation_id": workspace.ids.conversation(message.conversation),
        "status": status,
        "type": "broadcast_outbound",
        "created_at": message.sent_at,
        "updated_at": at,
        "template_name": message.template,
        "message_id": id,
    })))
}
