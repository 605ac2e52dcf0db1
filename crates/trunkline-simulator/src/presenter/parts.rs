//! Parts of conversations and tickets as the API shows them.

use serde::Serialize;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Shown, View, ai_agent};
use crate::{
    files, texts,
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
    /// Of parts of conversations since 2.14.
    #[serde(skip_serializing_if = "Option::is_none")]
    from_ai_agent: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    is_ai_answer: Option<bool>,
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
    let nobody = AuthorView {
        kind: "bot",
        id: String::new(),
        name: None,
        email: None,
        from_ai_agent: None,
        is_ai_answer: None,
    };
    match author {
        Author::Admin(number) => {
            let admin = &view.workspace.reference.admins[usize::from(number)];
            AuthorView {
                kind: "admin",
                id: view.workspace.ids.admin(number).to_string(),
                name: admin["name"].as_str().map(str::to_owned),
                email: admin["email"].as_str().map(str::to_owned),
                ..nobody
            }
        }
        Author::Bot => AuthorView {
            id: view.workspace.ids.bot().to_string(),
            name: Some("Operator".to_owned()),
            email: Some(format!("operator+{}@intercom.io", view.workspace.id_code)),
            ..nobody
        },
        Author::Contact(row) => {
            let contact = &view.workspace.contacts[row as usize];
            let seed = view.workspace.seed;
            AuthorView {
                kind: if contact.is_lead { "lead" } else { "user" },
                id: contact.id(&view.workspace.ids),
                name: contact.name(seed),
                email: contact.email(seed),
                ..nobody
            }
        }
    }
}

/// The parts of tickets tell teammates, bots, teams and users apart, and nobody else.
fn ticket_author(author: AuthorView) -> AuthorView {
    let kind = if author.kind == "lead" {
        "user"
    } else {
        author.kind
    };
    AuthorView { kind, ..author }
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
pub(crate) fn attachments(view: View<'_>, part: &Part) -> Vec<Value> {
    if let Some(files) = kept::field(&part.kept, "attachments") {
        return files.as_array().cloned().unwrap_or_default();
    }
    files(view, part.files.as_deref(), &part.text)
}

/// The files of a message: those that a call attached, or the one that a generated text has.
pub(super) fn files(view: View<'_>, attached: Option<&[u32]>, text: &Text) -> Vec<Value> {
    match (attached, text) {
        (Some(places), _) => places
            .iter()
            .filter_map(|place| files::attached(view.workspace, view.files, *place))
            .collect(),
        (None, Text::Seeded(number)) => files::generated(view.workspace, view.files, *number)
            .into_iter()
            .collect(),
        _ => Vec::new(),
    }
}

/// How many files a part has.
pub(crate) fn count(part: &Part) -> usize {
    match kept::field(&part.kept, "attachments") {
        Some(files) => files.as_array().map_or(0, Vec::len),
        None => count_files(part.files.as_deref(), &part.text),
    }
}

/// How many files a message has.
pub(crate) fn count_files(attached: Option<&[u32]>, text: &Text) -> usize {
    match (attached, text) {
        (Some(places), _) => places.len(),
        (None, Text::Seeded(number)) => usize::from(files::is_there(*number)),
        _ => 0,
    }
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
    let (from_ai_agent, is_ai_answer) = (view.version >= Version::V2_14)
        .then(|| ai_agent::wrote(conversation, index))
        .unzip();
    let plain = PartView {
        kind: "conversation_part",
        id: conversation.part_id(&view.workspace.ids, index),
        part_type: part.kind.as_str(),
        body: body(part),
        created_at: part.at,
        updated_at: part.at,
        notified_at: part.at,
        assigned_to: assigned_to(view, part.kind),
        author: AuthorView {
            from_ai_agent,
            is_ai_answer,
            ..author(view, part.author)
        },
        attachments: attachments(view, part),
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
    #[serde(skip_serializing_if = "Option::is_none")]
    updated_attribute_data: Option<Value>,
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
    let changes = &view.workspace.reference.extra.attribute_changes;
    let updated_attribute_data = (view.version >= Version::V2_14)
        .then(|| changes.get(&(ticket.row, index as u32)).cloned())
        .flatten();
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
        author: ticket_author(author(view, part.author)),
        attachments: attachments(view, part),
        redacted: part.redacted,
        updated_attribute_data,
    };
    Shown::of(plain, &part.kept)
}
