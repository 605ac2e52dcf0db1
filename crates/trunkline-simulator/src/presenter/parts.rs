//! Parts of conversations and tickets as the API shows them.

use serde::Serialize;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Shown, View};
use crate::{
    texts,
    workspace::{
        conversation::{Assignee, Author, Conversation, Part, PartKind, Text},
        kept,
        ticket::Ticket,
    },
};

pub(super) const REDACTED: &str = "<p><i>This message was deleted</i></p>";

/// Who wrote something.
#[derive(Debug, Serialize)]
pub(crate) struct AuthorView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    name: Option<String>,
    email: Option<String>,
}

impl AuthorView {
    /// A field by the name that searches use.
    pub(crate) fn field(self, name: &str) -> Option<String> {
        match name {
            "id" => Some(self.id),
            "type" => Some(self.kind.to_owned()),
            "name" => self.name,
            "email" => self.email,
            _ => None,
        }
    }
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
    metadata: Value,
    email_message_metadata: Option<Value>,
    state: &'static str,
    tags: Vec<Value>,
    /// Since 2.13, null as nothing that apps do is simulated; so is the next one.
    #[serde(skip_serializing_if = "Option::is_none")]
    event_details: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    app_package_code: Option<Value>,
}

/// Shows the author of a part or of a first message.
pub(crate) fn author(view: View<'_>, author: Author) -> AuthorView {
    match author {
        Author::Admin(number) => {
            let admin = &view.workspace.reference.admins[usize::from(number)];
            AuthorView {
                kind: "admin",
                id: view.workspace.ids.admin(number).to_string(),
                name: admin["name"].as_str().map(str::to_owned),
                email: admin["email"].as_str().map(str::to_owned),
            }
        }
        Author::Bot => AuthorView {
            kind: "bot",
            id: view.workspace.ids.bot().to_string(),
            name: Some("Operator".to_owned()),
            email: Some(format!("operator+{}@intercom.io", view.workspace.id_code)),
        },
        Author::Contact(row) => {
            let contact = &view.workspace.contacts[row as usize];
            let seed = view.workspace.seed;
            AuthorView {
                kind: if contact.is_lead { "lead" } else { "user" },
                id: contact.id(&view.workspace.ids),
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
        Text::Seeded(number) => Some(format!("<p>{}</p>", texts::replies::line(u64::from(*number)))),
        Text::Written(text) => Some(text.to_string()),
    }
}

/// Whom a part assigned its conversation to.
fn assigned_to(view: View<'_>, kind: PartKind) -> Option<Value> {
    let PartKind::Assignment(assignee) = kind else {
        return None;
    };
    Some(match assignee {
        Assignee::Nobody => json!({ "type": "nobody_admin", "id": Value::Null }),
        Assignee::Admin(number) => {
            json!({ "type": "admin", "id": view.workspace.ids.admin(number).to_string() })
        }
        Assignee::Team(number) => {
            json!({ "type": "team", "id": view.workspace.ids.team(number).to_string() })
        }
    })
}

/// The files of a part.
pub(crate) fn attachments(part: &Part) -> Vec<Value> {
    if let Some(files) = kept::field(&part.kept, "attachments") {
        return files.as_array().cloned().unwrap_or_default();
    }
    if let Some(files) = &part.files {
        return files.iter().map(|url| attached(url)).collect();
    }
    match part.text {
        Text::Seeded(number) => generated_files(number, part.at),
        _ => Vec::new(),
    }
}

/// The files of a generated message: one message in some dozens has one.
pub(super) fn generated_files(number: u32, at: i64) -> Vec<Value> {
    if !number.is_multiple_of(37) {
        return Vec::new();
    }
    vec![json!({
        "type": "upload",
        "name": format!("screenshot-{}.png", number % 1_000),
        "url": format!("https://downloads.example.com/i/o/{number}/screenshot.png?expires={}", at + 1_800),
        "content_type": "image/png",
        "filesize": 20_480 + number % 10_000,
        "width": 1_280,
        "height": 720,
    })]
}

/// A file that a call attached by its address.
fn attached(url: &str) -> Value {
    let name = url.rsplit('/').next().unwrap_or(url);
    let content_type = match name.rsplit('.').next() {
        Some("png") => "image/png",
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("pdf") => "application/pdf",
        _ => "application/octet-stream",
    };
    json!({
        "type": "upload", "name": name, "url": url, "content_type": content_type,
        "filesize": 1_024, "width": Value::Null, "height": Value::Null,
    })
}

/// What state the conversation was in after the part at an index: the last part up to it that decides.
fn state_after(conversation: &Conversation, index: usize) -> &'static str {
    let deciding = conversation.parts[..=index]
        .iter()
        .rev()
        .find_map(|part| match part.kind {
            PartKind::Close => Some("closed"),
            PartKind::Snoozed => Some("snoozed"),
            PartKind::Note
            | PartKind::QuickReply
            | PartKind::Assignment(_)
            | PartKind::Priority
            | PartKind::MergedPrimary
            | PartKind::Other => None,
            _ => Some("open"),
        });
    deciding.unwrap_or("open")
}

/// Shows a part of a conversation.
pub(crate) fn of_conversation(view: View<'_>, conversation: &Conversation, index: usize) -> Shown<PartView> {
    let part = &conversation.parts[index];
    let plain = PartView {
        kind: "conversation_part",
        id: conversation.part_id(&view.workspace.ids, index),
        part_type: part.kind.as_str(),
        body: body(part),
        created_at: part.at,
        updated_at: part.at,
        notified_at: part.at,
        assigned_to: assigned_to(view, part.kind),
        author: author(view, part.author),
        attachments: attachments(part),
        external_id: None,
        redacted: part.redacted,
        metadata: json!({}),
        email_message_metadata: None,
        state: state_after(conversation, index),
        tags: Vec::new(),
        event_details: (view.version >= Version::V2_13).then_some(Value::Null),
        app_package_code: (view.version >= Version::V2_13).then_some(Value::Null),
    };
    Shown::of(plain, &part.kept)
}

/// A part of a ticket; empty fields are left out, unlike in conversations.
#[derive(Debug, Serialize)]
pub(crate) struct TicketPartView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    part_type: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    body: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_state: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_ticket_state: Option<Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    assigned_to: Option<Value>,
    created_at: i64,
    updated_at: i64,
    author: AuthorView,
    attachments: Vec<Value>,
    redacted: bool,
}

/// Shows a part of a ticket.
pub(crate) fn of_ticket(view: View<'_>, ticket: &Ticket, index: usize) -> Shown<TicketPartView> {
    let part = &ticket.parts[index];
    let category =
        |number: u16| view.workspace.reference.ticket_states[usize::from(number)]["category"].clone();
    let states = match part.kind {
        PartKind::TicketState { from, to } => Some((category(from), category(to))),
        _ => None,
    };
    let (previous_ticket_state, ticket_state) = states.unzip();
    let plain = TicketPartView {
        kind: "ticket_part",
        id: ticket.part_id(&view.workspace.ids, index),
        part_type: part.kind.as_str(),
        body: body(part),
        ticket_state,
        previous_ticket_state,
        assigned_to: assigned_to(view, part.kind),
        created_at: part.at,
        updated_at: part.at,
        author: author(view, part.author),
        attachments: attachments(part),
        redacted: part.redacted,
    };
    Shown::of(plain, &part.kept)
}
