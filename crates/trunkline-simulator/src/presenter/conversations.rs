//! A conversation as the API shows it.

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{View, parts, value};
use crate::{
    texts,
    workspace::{
        contact,
        conversation::{Author, Conversation, PartKind, Text},
        reference::{admin_id, team_id},
    },
};

const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];
/// The most parts that one answer shows.
const MOST_PARTS: usize = 500;

/// Shows a conversation as lists and searches do, without its parts.
pub(crate) fn row(view: View<'_>, conversation: &Conversation) -> Value {
    Value::Object(fields(view, conversation))
}

/// Shows a conversation with its newest parts.
pub(crate) fn whole(view: View<'_>, conversation: &Conversation) -> Value {
    let mut all = fields(view, conversation);
    let total = conversation.parts.len();
    let first = if view.habits.five_hundred_parts {
        total.saturating_sub(MOST_PARTS)
    } else {
        0
    };
    let shown: Vec<Value> = (first..total)
        .map(|index| value(&parts::of_conversation(view, conversation, index)))
        .collect();
    all.insert(
        "conversation_parts".to_owned(),
        json!({ "type": "conversation_part.list", "conversation_parts": shown, "total_count": total }),
    );
    Value::Object(all)
}

fn fields(view: View<'_>, conversation: &Conversation) -> Map<String, Value> {
    let workspace = view.workspace;
    let seed = workspace.seed;
    let newest = view.version >= Version::V2_16;
    let assignee = |number: u16, id: fn(u16) -> u64| match number.checked_sub(1) {
        Some(number) => json!(id(number)),
        None if newest => json!(0),
        None => Value::Null,
    };
    let priority = match (newest, conversation.priority) {
        (true, priority) => PRIORITIES[usize::from(priority)],
        (false, 0) => "not_priority",
        (false, _) => "priority",
    };
    let contacts: Vec<Value> = conversation
        .contacts
        .iter()
        .map(|row| {
            let external_id = workspace.contacts[*row as usize].external_id(seed);
            json!({ "type": "contact", "id": contact::id(seed, *row), "external_id": external_id })
        })
        .collect();
    let tags: Vec<Value> = conversation
        .tags
        .iter()
        .map(|tag| &workspace.tags[*tag as usize])
        .map(|tag| json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }))
        .collect();
    let teammates: Vec<Value> = conversation
        .admin
        .checked_sub(1)
        .map(|number| json!({ "type": "admin", "id": admin_id(number).to_string() }))
        .into_iter()
        .collect();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("type", json!("conversation"));
    set("id", json!(conversation.id()));
    set("created_at", json!(conversation.created_at));
    set("updated_at", json!(conversation.updated_at));
    set("waiting_since", json!(conversation.waiting_since()));
    set("snoozed_until", json!(conversation.snoozed_until));
    set("source", source(view, conversation));
    set(
        "contacts",
        json!({ "type": "contact.list", "contacts": contacts }),
    );
    set(
        "first_contact_reply",
        json!({ "created_at": conversation.created_at, "type": "conversation", "url": Value::Null }),
    );
    set("admin_assignee_id", assignee(conversation.admin, admin_id));
    set("team_assignee_id", assignee(conversation.team, team_id));
    set(
        "open",
        json!(conversation.state == crate::workspace::conversation::State::Open),
    );
    set("state", json!(conversation.state.as_str()));
    set("read", json!(conversation.read));
    set("tags", json!({ "type": "tag.list", "tags": tags }));
    set("priority", json!(priority));
    set("sla_applied", sla(conversation));
    set("statistics", statistics(conversation));
    set("conversation_rating", rating(view, conversation));
    set("teammates", json!({ "type": "admin.list", "admins": teammates }));
    set("title", json!(conversation.title));
    set("custom_attributes", Value::Object(attributes(conversation)));
    set("topics", json!({}));
    set("ticket", Value::Null);
    set(
        "linked_objects",
        json!({ "type": "list", "data": [], "total_count": 0, "has_more": false }),
    );
    if view.version >= Version::V2_12 {
        set("ai_agent", Value::Null);
        set("ai_agent_participated", json!(false));
    }
    fields
}

fn source(view: View<'_>, conversation: &Conversation) -> Value {
    let first = conversation.contacts.first().copied();
    let body = match &conversation.source {
        Text::None => None,
        Text::Written(text) => Some(text.to_string()),
        Text::Seeded(number) => {
            let language = first.map_or("en", |row| {
                view.workspace.contacts[row as usize].language(view.workspace.seed)
            });
            Some(format!("<p>{}</p>", texts::opening(language, u64::from(*number))))
        }
    };
    json!({
        "type": "conversation",
        "id": (u64::from(conversation.row) + 403_000_000).to_string(),
        "delivered_as": "customer_initiated",
        "subject": "",
        "body": body,
        "author": first.map(|row| value(&parts::author(view, Author::Contact(row)))),
        "attachments": [],
        "url": "https://app.example.com/settings",
        "redacted": false,
    })
}

fn sla(conversation: &Conversation) -> Value {
    if conversation.row % 9 != 4 {
        return Value::Null;
    }
    json!({ "type": "conversation_sla_summary", "sla_name": "Four hours", "sla_status": if conversation.row % 2 == 0 { "hit" } else { "missed" } })
}

fn rating(view: View<'_>, conversation: &Conversation) -> Value {
    let Some((score, at)) = conversation.rating else {
        return Value::Null;
    };
    json!({
        "rating": score,
        "remark": if score > 3 { "Quick and kind" } else { "" },
        "created_at": at,
        "contact": conversation.contacts.first().map(|row| json!({ "type": "contact", "id": contact::id(view.workspace.seed, *row) })),
        "teammate": conversation.admin.checked_sub(1).map(|number| json!({ "type": "admin", "id": admin_id(number) })),
    })
}

fn attributes(conversation: &Conversation) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert("Has attachments".to_owned(), json!(false));
    all.insert(
        "Topic".to_owned(),
        json!(["Login", "Billing", "Import"][conversation.row as usize % 3]),
    );
    if let Some(written) = &conversation.attributes {
        all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    all
}

fn statistics(conversation: &Conversation) -> Value {
    let at = |found: Option<&crate::workspace::conversation::Part>| found.map(|part| part.at);
    let is_admin = |part: &&crate::workspace::conversation::Part| matches!(part.author, Author::Admin(_));
    let comments = || {
        conversation
            .parts
            .iter()
            .filter(|part| part.kind == PartKind::Comment)
    };
    let first_reply = at(comments().find(is_admin));
    let closes = || {
        conversation
            .parts
            .iter()
            .filter(|part| part.kind == PartKind::Close)
    };
    let assignments = || {
        conversation
            .parts
            .iter()
            .filter(|part| part.kind == PartKind::Assignment)
    };
    let since = |moment: Option<i64>| moment.map(|moment| moment - conversation.created_at);
    json!({
        "type": "conversation_statistics",
        "time_to_assignment": since(at(assignments().next())),
        "time_to_admin_reply": since(first_reply),
        "time_to_first_close": since(at(closes().next())),
        "time_to_last_close": since(at(closes().next_back())),
        "median_time_to_reply": since(first_reply),
        "first_contact_reply_at": conversation.created_at,
        "first_assignment_at": at(assignments().next()),
        "first_admin_reply_at": first_reply,
        "first_close_at": at(closes().next()),
        "last_assignment_at": at(assignments().next_back()),
        "last_assignment_admin_reply_at": Value::Null,
        "last_contact_reply_at": at(comments().rfind(|part| !is_admin(part))),
        "last_admin_reply_at": at(comments().rfind(is_admin)),
        "last_close_at": at(closes().next_back()),
        "last_closed_by_id": conversation.admin.checked_sub(1).filter(|_| closes().next().is_some()).map(admin_id),
        "count_reopens": conversation.parts.iter().filter(|part| part.kind == PartKind::Open).count(),
        "count_assignments": assignments().count(),
        // The first message counts too.
        "count_conversation_parts": conversation.parts.len() + 1,
    })
}
