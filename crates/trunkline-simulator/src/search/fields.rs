//! The fields that searches know, and a row's value for each (facts 4.4).

use crate::workspace::{
    Workspace, company,
    contact::{self, Contact},
    conversation::{Conversation, State},
    reference::{admin_id, team_id},
    ticket::Ticket,
};

/// What a field holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Number,
    Time,
    Flag,
}

/// A row's value.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Value {
    Null,
    Text(String),
    Number(i64),
    Flag(bool),
    List(Vec<String>),
}

impl From<Option<String>> for Value {
    fn from(text: Option<String>) -> Self {
        text.map_or(Self::Null, Self::Text)
    }
}

impl From<Option<i64>> for Value {
    fn from(number: Option<i64>) -> Self {
        number.map_or(Self::Null, Self::Number)
    }
}

impl From<&serde_json::Value> for Value {
    fn from(value: &serde_json::Value) -> Self {
        match value {
            serde_json::Value::String(text) => Self::Text(text.clone()),
            serde_json::Value::Bool(flag) => Self::Flag(*flag),
            serde_json::Value::Number(number) => number
                .as_i64()
                .map_or_else(|| Self::Text(number.to_string()), Self::Number),
            _ => Self::Null,
        }
    }
}

/// The kind of a contact's field.
pub(crate) fn contact_kind(field: &str) -> Option<Kind> {
    match field {
        "created_at"
        | "signed_up_at"
        | "updated_at"
        | "last_seen_at"
        | "last_contacted_at"
        | "last_replied_at"
        | "last_email_opened_at"
        | "last_email_clicked_at"
        | "ios_last_seen_at"
        | "android_last_seen_at" => Some(Kind::Time),
        "unsubscribed_from_emails" | "marked_email_as_spam" | "has_hard_bounced" => Some(Kind::Flag),
        "id" | "role" | "name" | "avatar" | "owner_id" | "email" | "email_domain" | "phone"
        | "formatted_phone" | "external_id" | "language_override" | "browser" | "browser_language" | "os"
        | "location.country" | "location.region" | "location.city" | "segment_id" | "tag_id"
        | "company_id" => Some(Kind::Text),
        custom if custom.starts_with("custom_attributes.") => Some(Kind::Text),
        _ => None,
    }
}

/// A contact's value.
pub(crate) fn of_contact(workspace: &Workspace, contact: &Contact, field: &str) -> Value {
    let seed = workspace.seed;
    match field {
        "updated_at" => Value::Number(contact.updated_at),
        "created_at" => Value::Number(contact.created_at),
        "signed_up_at" => contact.signed_up_at().into(),
        "last_seen_at" => contact.last_seen_at().into(),
        "id" => Value::Text(contact.id(seed)),
        "role" => Value::Text(if contact.is_lead { "lead" } else { "user" }.to_owned()),
        "name" => contact.name(seed).into(),
        "email" => contact.email(seed).into(),
        "email_domain" => contact
            .email(seed)
            .and_then(|email| email.split_once('@').map(|(_, domain)| domain.to_owned()))
            .into(),
        "phone" | "formatted_phone" => contact.phone(seed).into(),
        "external_id" => contact.external_id(seed).into(),
        "owner_id" => contact
            .owner
            .checked_sub(1)
            .map(|number| admin_id(number).to_string())
            .into(),
        "browser_language" => Value::Text(contact.language(seed).to_owned()),
        "unsubscribed_from_emails" => Value::Flag(contact.flag("unsubscribed_from_emails")),
        "marked_email_as_spam" | "has_hard_bounced" => Value::Flag(false),
        "tag_id" => Value::List(
            contact
                .tags
                .iter()
                .map(|tag| workspace.tags[*tag as usize].id.to_string())
                .collect(),
        ),
        "company_id" => Value::List(
            contact
                .companies
                .iter()
                .map(|row| company::id(seed, *row))
                .collect(),
        ),
        "segment_id" => Value::List(
            workspace
                .segments_of_contact(contact)
                .map(|segment| segment.id.clone())
                .collect(),
        ),
        "location.city" | "location.region" | "location.country" => {
            let (city, region, country, _) = crate::texts::place(crate::texts::mix(seed, 8, contact.row));
            Value::Text(
                match field {
                    "location.city" => city,
                    "location.region" => region,
                    _ => country,
                }
                .to_owned(),
            )
        }
        custom => custom.strip_prefix("custom_attributes.").map_or_else(
            || contact.written_text(custom).into(),
            |name| {
                contact
                    .custom_attributes(seed)
                    .get(name)
                    .map_or(Value::Null, Value::from)
            },
        ),
    }
}

/// The kind of a conversation's field.
pub(crate) fn conversation_kind(field: &str) -> Option<Kind> {
    match field {
        "created_at"
        | "updated_at"
        | "waiting_since"
        | "snoozed_until"
        | "statistics.last_close_at"
        | "statistics.first_admin_reply_at"
        | "statistics.last_contact_reply_at"
        | "statistics.last_admin_reply_at" => Some(Kind::Time),
        "open" | "read" => Some(Kind::Flag),
        "statistics.count_conversation_parts"
        | "statistics.count_reopens"
        | "statistics.count_assignments"
        | "conversation_rating.score" => Some(Kind::Number),
        "id"
        | "source.type"
        | "source.body"
        | "source.delivered_as"
        | "source.author.id"
        | "source.author.email"
        | "contact_ids"
        | "teammate_ids"
        | "admin_assignee_id"
        | "team_assignee_id"
        | "state"
        | "tag_ids"
        | "priority" => Some(Kind::Text),
        _ => None,
    }
}

/// A conversation's value.
pub(crate) fn of_conversation(workspace: &Workspace, conversation: &Conversation, field: &str) -> Value {
    let seed = workspace.seed;
    let assignee =
        |number: u16, id: fn(u16) -> u64| Value::Text(number.checked_sub(1).map_or(0, id).to_string());
    match field {
        "updated_at" => Value::Number(conversation.updated_at),
        "created_at" => Value::Number(conversation.created_at),
        "waiting_since" => conversation.waiting_since().into(),
        "snoozed_until" => conversation.snoozed_until.into(),
        "open" => Value::Flag(conversation.state == State::Open),
        "read" => Value::Flag(conversation.read),
        "id" => Value::Text(conversation.id()),
        "state" => Value::Text(conversation.state.as_str().to_owned()),
        "source.type" => Value::Text("conversation".to_owned()),
        "source.author.id" => conversation
            .contacts
            .first()
            .map(|row| contact::id(seed, *row))
            .into(),
        "contact_ids" => Value::List(
            conversation
                .contacts
                .iter()
                .map(|row| contact::id(seed, *row))
                .collect(),
        ),
        "tag_ids" => Value::List(
            conversation
                .tags
                .iter()
                .map(|tag| workspace.tags[*tag as usize].id.to_string())
                .collect(),
        ),
        "admin_assignee_id" => assignee(conversation.admin, admin_id),
        "team_assignee_id" => assignee(conversation.team, team_id),
        "statistics.count_conversation_parts" => Value::Number(conversation.parts.len() as i64 + 1),
        "conversation_rating.score" => conversation.rating.map(|(score, _)| i64::from(score)).into(),
        _ => Value::Null,
    }
}

/// The kind of a ticket's field.
pub(crate) fn ticket_kind(field: &str) -> Option<Kind> {
    match field {
        "created_at" | "updated_at" | "snoozed_until" => Some(Kind::Time),
        "open" => Some(Kind::Flag),
        "id" | "title" | "description" | "category" | "ticket_type_id" | "contact_ids" | "teammate_ids"
        | "admin_assignee_id" | "team_assignee_id" | "state" => Some(Kind::Text),
        attribute if attribute.starts_with("ticket_attribute.") => Some(Kind::Text),
        _ => None,
    }
}

/// A ticket's value.
pub(crate) fn of_ticket(workspace: &Workspace, ticket: &Ticket, field: &str) -> Value {
    let lists = &workspace.reference;
    let assignee =
        |number: u16, id: fn(u16) -> u64| Value::Text(number.checked_sub(1).map_or(0, id).to_string());
    match field {
        "updated_at" => Value::Number(ticket.updated_at),
        "created_at" => Value::Number(ticket.created_at),
        "open" => Value::Flag(ticket.open),
        "id" => Value::Text(ticket.id()),
        "category" => Value::from(&lists.ticket_types[usize::from(ticket.ticket_type)]["category"]),
        "ticket_type_id" => Value::from(&lists.ticket_types[usize::from(ticket.ticket_type)]["id"]),
        "state" => Value::from(&lists.ticket_states[usize::from(ticket.state)]["category"]),
        "contact_ids" => Value::List(
            ticket
                .contacts
                .iter()
                .map(|row| contact::id(workspace.seed, *row))
                .collect(),
        ),
        "admin_assignee_id" => assignee(ticket.admin, admin_id),
        "team_assignee_id" => assignee(ticket.team, team_id),
        _ => Value::Null,
    }
}
