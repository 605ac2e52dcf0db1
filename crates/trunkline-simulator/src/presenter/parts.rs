//! Parts of conversations and tickets as the API shows them.

use serde::Serialize;
use serde_json::{Map, Value, json};

use super::View;
use crate::{
    texts,
    workspace::{
        conversation::{Author, Conversation, Part, PartKind, Text},
        reference::admin_id,
        ticket::Ticket,
    },
};

const REDACTED: &str = "<p><i>This message was deleted</i></p>";

/// Who wrote something.
#[derive(Debug, Serialize)]
pub(crate) struct AuthorView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    name: Option<String>,
    email: Option<String>,
}

/// A part of a conversation, in the platform's order.
#[derive(Debug, Serialize)]
pub(crate) struct PartView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    part_type: &'static str,
    body: Option<String>,
    created_at: i64,
    updated_at: i64,
    notified_at: i64,
    assigned_to: Option<Value>,
    author: AuthorView,
    attachments: Vec<Value>,
    external_id: Option<String>,
    redacted: bool,
    email_message_metadata: Option<Value>,
    metadata: Value,
    app_package_code: Option<String>,
}

/// Shows the author of a part or of a first message.
pub(crate) fn author(view: View<'_>, author: Author) -> AuthorView {
    match author {
        Author::Admin(number) => {
            let admin = &view.workspace.reference.admins[usize::from(number)];
            AuthorView {
                kind: "admin",
                id: admin_id(number).to_string(),
                name: admin["name"].as_str().map(str::to_owned),
                email: admin["email"].as_str().map(str::to_owned),
            }
        }
        Author::Contact(row) => {
            let contact = &view.workspace.contacts[row as usize];
            let seed = view.workspace.seed;
            AuthorView {
                kind: if contact.is_lead { "lead" } else { "user" },
                id: contact.id(seed),
                name: contact.name(seed),
                email: contact.email(seed),
            }
        }
    }
}

/// What a part says, as HTML.
pub(crate) fn body(part: &Part) -> Option<String> {
    if part.redacted {
        return Some(REDACTED.to_owned());
    }
    match &part.text {
        Text::None => None,
        Text::Seeded(number) => Some(format!("<p>{}</p>", texts::reply(u64::from(*number)))),
        Text::Written(text) => Some(text.to_string()),
    }
}

/// The files of a part: one generated part in some dozens has one.
fn attachments(part: &Part) -> Vec<Value> {
    match part.text {
        Text::Seeded(number) if number % 37 == 0 => vec![json!({
            "type": "upload",
            "name": format!("screenshot-{}.png", number % 1_000),
            "url": format!("https://downloads.example.com/i/o/{number}/screenshot.png?expires={}", part.at + 1_800),
            "content_type": "image/png",
            "filesize": 20_480 + number % 10_000,
            "width": 1_280,
            "height": 720,
        })],
        _ => Vec::new(),
    }
}

/// Shows a part of a conversation.
pub(crate) fn of_conversation(view: View<'_>, conversation: &Conversation, index: usize) -> PartView {
    let part = &conversation.parts[index];
    PartView {
        kind: "conversation_part",
        id: conversation.part_id(index),
        part_type: part.kind.as_str(),
        body: body(part),
        created_at: part.at,
        updated_at: part.at,
        notified_at: part.at,
        assigned_to: (part.kind == PartKind::Assignment).then(|| match part.author {
            Author::Admin(number) => json!({ "type": "admin", "id": admin_id(number).to_string() }),
            Author::Contact(_) => json!({ "type": "nobody_admin", "id": Value::Null }),
        }),
        author: author(view, part.author),
        attachments: attachments(part),
        external_id: None,
        redacted: part.redacted,
        email_message_metadata: None,
        metadata: json!({}),
        app_package_code: None,
    }
}

/// Shows a part of a ticket; empty fields are left out, unlike in conversations.
pub(crate) fn of_ticket(view: View<'_>, ticket: &Ticket, index: usize) -> Value {
    let part = &ticket.parts[index];
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("type", json!("ticket_part"));
    set("id", json!(ticket.part_id(index)));
    set("part_type", json!(part.kind.as_str()));
    if let Some(body) = body(part) {
        set("body", json!(body));
    }
    if part.kind == PartKind::TicketState {
        set("ticket_state", json!("in_progress"));
        set("previous_ticket_state", json!("submitted"));
    }
    set("created_at", json!(part.at));
    set("updated_at", json!(part.at));
    set("author", super::value(&author(view, part.author)));
    set("attachments", Value::Array(attachments(part)));
    set("redacted", json!(part.redacted));
    Value::Object(fields)
}
