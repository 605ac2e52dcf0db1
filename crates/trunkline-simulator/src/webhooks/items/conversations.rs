//! Conversations: with only those parts that tell what happened.
//!
//! The one rule: up to 2.14 bodies are HTML and the statistics hold dates; since 2.15 bodies are plain and moments are numbers.

use serde_json::json;

use super::{
    super::{
        ordered::{Node, object},
        outbox::Happening,
        topic::Topic,
    },
    PLAIN_SINCE, contacts, linked, or_empty, zulu,
};
use crate::{
    presenter::{self, View, ai_agent, parts},
    resources::conversation_reads::plain_text,
    texts,
    workspace::conversation::{Author, State},
};

const PART_FIELDS: [&str; 18] = [
    "type",
    "id",
    "part_type",
    "body",
    "created_at",
    "updated_at",
    "notified_at",
    "assigned_to",
    "author",
    "attachments",
    "external_id",
    "redacted",
    "metadata",
    "email_message_metadata",
    "state",
    "tags",
    "event_details",
    "app_package_code",
];

/// The item of most topics about one conversation.
pub(super) fn of_topic(view: View<'_>, topic: Topic, row: u32, parts: &[usize]) -> Node {
    if topic == Topic::ConversationDeleted {
        return object([
            ("type", "conversation".into()),
            ("conversation_id", view.workspace.ids.conversation(row).into()),
        ]);
    }
    whole(view, row, parts)
}

/// A conversation and the tag that came to it.
pub(super) fn with_tag(view: View<'_>, row: u32, tag: u32) -> Node {
    let mut shown = whole(view, row, &[]);
    let tag = &view.workspace.tags[tag as usize];
    let added = object([
        ("type", "tag".into()),
        ("id", tag.id.to_string().into()),
        ("name", tag.name.as_str().into()),
    ]);
    shown.set(
        "tags_added",
        object([("type", "tag.list".into()), ("tags", vec![added].into())]),
    );
    shown
}

fn whole(view: View<'_>, row: u32, indexes: &[usize]) -> Node {
    let held = &view.workspace.conversations[row as usize];
    let is_plain = view.version >= PLAIN_SINCE;
    let mut shown = Node::of(&presenter::conversations::row(view, held));
    shown.set("open", held.state != State::Closed);
    shown.change("source", |mut source| {
        source.change("author", |mut author| {
            author.change("email", or_empty);
            author
        });
        source.change("body", |body| spoken(body, is_plain));
        source
    });
    shown.change("title", or_empty);
    shown.change("statistics", |statistics| statistics_of(statistics, is_plain));
    shown.change("linked_objects", linked);
    shown.change("ticket", |ticket| ticket.in_order(&["type", "id", "ticket_id"]));
    shown.set(
        "topics",
        object([
            ("type", "topic.list".into()),
            ("topics", Node::List(Vec::new())),
            ("total_count", 0_i64.into()),
        ]),
    );
    shown.change("tags", |mut list| {
        list.change("tags", |tags| {
            tags.each(|tag| applied(view, tag, held.updated_at))
        });
        list
    });
    let told: Vec<Node> = indexes
        .iter()
        .filter(|index| **index < held.parts.len())
        .map(|index| part(view, row, *index))
        .collect();
    let total = told.len() as u64;
    shown.set(
        "conversation_parts",
        object([
            ("type", "conversation_part.list".into()),
            ("conversation_parts", told.into()),
            ("total_count", total.into()),
        ]),
    );
    shown
}

/// A tag with the moment since when it is there, as far as the workspace remembers.
fn applied(view: View<'_>, mut tag: Node, at: i64) -> Node {
    tag.set("applied_at", at);
    tag.set(
        "applied_by",
        object([
            ("type", "admin".into()),
            ("id", view.workspace.ids.admin(0).to_string().into()),
        ]),
    );
    tag
}

fn statistics_of(mut statistics: Node, is_plain: bool) -> Node {
    if let Node::Object(fields) = &mut statistics
        && !is_plain
    {
        for (_, value) in fields.iter_mut().filter(|(name, _)| name.ends_with("_at")) {
            *value = zulu(std::mem::replace(value, Node::Null));
        }
    }
    statistics.set("assigned_team_first_response_time", Node::List(Vec::new()));
    statistics.set(
        "assigned_team_first_response_time_in_office_hours",
        Node::List(Vec::new()),
    );
    statistics.set("handling_time", Node::Null);
    statistics
}

/// A body as the version writes it.
fn spoken(body: Node, is_plain: bool) -> Node {
    match body.as_str() {
        Some(html) if is_plain => plain_text(html).into(),
        _ => body,
    }
}

fn part(view: View<'_>, row: u32, index: usize) -> Node {
    let held = &view.workspace.conversations[row as usize];
    let mut shown = Node::of(&parts::of_conversation(view, held, index)).picked(&PART_FIELDS);
    shown.change("body", |body| spoken(body, view.version >= PLAIN_SINCE));
    shown.change("author", |author| {
        let mut author = author.in_order(&["id", "type", "name", "email"]);
        author.change("email", or_empty);
        // Whoever writes a part is called a user, lead or not.
        if author.field("type").as_str() == Some("lead") {
            author.set("type", "user");
        }
        let (from_ai_agent, is_ai_answer) = ai_agent::wrote(held, index);
        author.set("from_ai_agent", from_ai_agent);
        author.set("is_ai_answer", is_ai_answer);
        author
    });
    shown.change("assigned_to", |assignee| assignee.in_order(&["type", "id"]));
    if held.parts[index].redacted {
        shown.set("updated_at", held.updated_at);
    }
    shown.set("tags", Node::List(Vec::new()));
    shown.set("event_details", Node::Object(Vec::new()));
    shown
}

/// A contact that came or went: this topic alone tells rows of the platform's own tables.
pub(super) fn with_contact(
    view: View<'_>,
    row: u32,
    contact: u32,
    actor: Author,
    happening: &Happening,
) -> Node {
    let workspace = view.workspace;
    let held = &workspace.conversations[row as usize];
    let app = texts::mix(workspace.seed, 101, 0) % 9_000_000 + 1_000_000;
    let id = held.id(&workspace.ids).parse::<u64>().unwrap_or_default();
    let at = zulu(happening.at.into());
    let began = zulu(held.created_at.into());
    let owner = match actor {
        Author::Admin(number) => Some(workspace.ids.admin(number)),
        Author::Contact(_) | Author::Bot => None,
    };
    let person = &workspace.contacts[contact as usize];
    let verb = if happening.topic == Topic::ConversationContactAttached {
        "added_by"
    } else {
        "removed_by"
    };
    // JSON inside a text, as the platform has it there.
    let data = json!({
        verb: { "type": "admin", "id": owner },
        "participant": { "type": "user", "id": workspace.ids.contact(contact), "name": person.name(workspace.seed), "email": person.email(workspace.seed) },
        "previous_state": format!("state_{}", held.state.as_str()),
        "state": format!("state_{}", held.state.as_str()),
    });
    let part = object([
        (
            "id",
            held.part_id(&workspace.ids, held.parts.len())
                .parse::<u64>()
                .unwrap_or_default()
                .into(),
        ),
        ("app_id", app.into()),
        ("conversation_id", id.into()),
        ("body", "".into()),
        ("created_at", at.clone()),
        ("updated_at", at.clone()),
        ("owner_id", owner.into()),
        ("closer", false.into()),
        ("admin_only", false.into()),
        ("user_id", Node::Null),
        ("url", Node::Null),
        ("ua", Node::Null),
        ("emailed", false.into()),
        ("markdown", true.into()),
        ("assignee_id", Node::Null),
        ("opener", false.into()),
        ("channel", (-1_i64).into()),
        ("deleted", false.into()),
        ("json_blocks", "[]".into()),
        ("rule_id", Node::Null),
        ("data", data.to_string().into()),
        ("unauthenticated", Node::Null),
        ("facebook_message_id", Node::Null),
        ("client_assigned_uuid", Node::Null),
        ("external_source_id", Node::Null),
        ("identity_verified", Node::Null),
    ]);
    let first = held.contacts.first().copied().unwrap_or(contact);
    let message = held.message_id(&workspace.ids).parse::<u64>().unwrap_or_default();
    let model = object([
        ("app_id", app.into()),
        ("id", id.into()),
        ("user_id", workspace.ids.contact(first).into()),
        ("message_id", message.into()),
        ("created_at", began.clone()),
        ("updated_at", at.clone()),
        ("company_id", "-1".into()),
        ("message_version_id", Node::Null),
        ("message_variation_id", 0_i64.into()),
        ("message_type", "conversation".into()),
        ("read", held.read.into()),
        ("read_at", if held.read { at.clone() } else { Node::Null }),
        ("latest_user_visible_comment_at", at.clone()),
        ("latest_admin_visible_comment_at", at),
        ("first_opened_at", began.clone()),
        ("first_user_comment_at", began.clone()),
        ("message_subclass_type", 3_i64.into()),
        ("deleted", held.deleted.into()),
        ("original_user_id", "-1".into()),
        ("dismissed", false.into()),
        ("delivery_state", "delivered".into()),
        ("sent_at", began),
        ("initiator_id", Node::Null),
        ("initiator_type", Node::Null),
        ("initial_channel", 2_i64.into()),
        ("current_channel", 2_i64.into()),
    ]);
    object([
        (
            "conversation",
            object([
                ("parts", vec![part].into()),
                ("options", object([("expand_for_notification", true.into())])),
                ("model", model),
            ]),
        ),
        ("contact", contacts::beside(view, contact)),
    ])
}
