//! A conversation as the API shows it.
//!
//! The one rule: the fields are written straight from the row, because pages of conversations are what a mirror reads most.

use serde::Serialize;
use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{
    Shown, View,
    ai_agent::{self, AiAgentView},
    companies,
    parts::{self, AuthorView, PartView},
    value,
};
use crate::{
    texts,
    workspace::{
        conversation::{Author, Conversation, State, Text},
        ids::Ids,
        kept,
        statistics::Statistics,
    },
};

const PRIORITIES: [&str; 5] = ["none", "low", "medium", "high", "urgent"];
/// The most parts that one answer shows.
const MOST_PARTS: usize = 500;

/// A conversation, in the platform's order of fields.
#[derive(Debug, Serialize)]
pub(crate) struct ConversationView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    created_at: i64,
    updated_at: i64,
    waiting_since: Option<i64>,
    snoozed_until: Option<i64>,
    source: SourceView,
    contacts: People,
    first_contact_reply: Option<FirstReply>,
    admin_assignee_id: Option<u64>,
    team_assignee_id: Option<u64>,
    open: bool,
    state: &'static str,
    read: bool,
    tags: Tags<'a>,
    priority: &'static str,
    sla_applied: Option<Sla>,
    statistics: StatisticsView,
    conversation_rating: Option<Rating>,
    teammates: Teammates,
    title: Option<&'a str>,
    custom_attributes: Map<String, Value>,
    topics: Map<String, Value>,
    /// Since 2.9; null unless it became a ticket.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket: Option<Value>,
    /// Since 2.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_objects: Option<Value>,
    /// Since 2.15; null without a company.
    #[serde(skip_serializing_if = "Option::is_none")]
    company: Option<Value>,
    /// Since 2.12; null where Fin took no part.
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_agent: Option<Option<AiAgentView<'a>>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ai_agent_participated: Option<bool>,
    /// Only when one conversation is asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    conversation_parts: Option<Parts>,
}

#[derive(Debug, Serialize)]
struct SourceView {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    delivered_as: &'static str,
    subject: &'static str,
    body: Option<String>,
    author: Option<AuthorView>,
    attachments: Vec<Value>,
    url: Option<&'static str>,
    redacted: bool,
}

#[derive(Debug, Serialize)]
struct Person {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    external_id: Option<String>,
}

#[derive(Debug, Serialize)]
struct People {
    #[serde(rename = "type")]
    kind: &'static str,
    contacts: Vec<Person>,
}

#[derive(Debug, Serialize)]
struct FirstReply {
    created_at: i64,
    #[serde(rename = "type")]
    kind: &'static str,
    url: Option<&'static str>,
}

#[derive(Debug, Serialize)]
struct TagView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    name: &'a str,
}

#[derive(Debug, Serialize)]
struct Tags<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    tags: Vec<TagView<'a>>,
}

#[derive(Debug, Serialize)]
struct Sla {
    #[serde(rename = "type")]
    kind: &'static str,
    sla_name: &'static str,
    sla_status: &'static str,
}

#[derive(Debug, Serialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
}

#[derive(Debug, Serialize)]
struct Rating {
    rating: u8,
    remark: &'static str,
    created_at: i64,
    contact: Option<Reference>,
    teammate: Reference,
}

#[derive(Debug, Serialize)]
struct Teammates {
    #[serde(rename = "type")]
    kind: &'static str,
    admins: Vec<Reference>,
}

#[derive(Debug, Serialize)]
struct Parts {
    #[serde(rename = "type")]
    kind: &'static str,
    conversation_parts: Vec<Shown<PartView>>,
    total_count: usize,
}

#[derive(Debug, Serialize)]
struct StatisticsView {
    #[serde(rename = "type")]
    kind: &'static str,
    time_to_assignment: Option<i64>,
    time_to_admin_reply: Option<i64>,
    time_to_first_close: Option<i64>,
    time_to_last_close: Option<i64>,
    median_time_to_reply: Option<i64>,
    first_contact_reply_at: Option<i64>,
    first_assignment_at: Option<i64>,
    first_admin_reply_at: Option<i64>,
    first_close_at: Option<i64>,
    last_assignment_at: Option<i64>,
    last_assignment_admin_reply_at: Option<i64>,
    last_contact_reply_at: Option<i64>,
    last_admin_reply_at: Option<i64>,
    last_close_at: Option<i64>,
    last_closed_by_id: Option<u64>,
    count_reopens: u32,
    count_assignments: u32,
    count_conversation_parts: u32,
}

/// Shows a conversation with its newest parts.
pub(crate) fn whole<'a>(view: View<'a>, conversation: &'a Conversation) -> Shown<ConversationView<'a>> {
    let total_count = conversation.parts.len();
    let first = if view.habits.five_hundred_parts {
        total_count.saturating_sub(MOST_PARTS)
    } else {
        0
    };
    let shown = (first..total_count)
        .map(|index| parts::of_conversation(view, conversation, index))
        .collect();
    let parts = Parts {
        kind: "conversation_part.list",
        conversation_parts: shown,
        total_count,
    };
    let whole = ConversationView {
        conversation_parts: Some(parts),
        ..plain(view, conversation)
    };
    Shown::of(whole, &conversation.kept)
}

/// Shows a conversation as lists and searches do, without its parts.
pub(crate) fn row<'a>(view: View<'a>, conversation: &'a Conversation) -> Shown<ConversationView<'a>> {
    Shown::of(plain(view, conversation), &conversation.kept)
}

fn plain<'a>(view: View<'a>, conversation: &'a Conversation) -> ConversationView<'a> {
    let is_newest = view.version >= Version::V2_16;
    let ids = &view.workspace.ids;
    let assignee = |number: u16, id: fn(&Ids, u16) -> u64| match number.checked_sub(1) {
        Some(number) => Some(id(ids, number)),
        None => is_newest.then_some(0),
    };
    let [old_priority, new_priority] = priorities(conversation);
    let statistics = Statistics::of(conversation);
    ConversationView {
        kind: "conversation",
        id: conversation.id(&view.workspace.ids),
        created_at: conversation.created_at,
        updated_at: conversation.updated_at,
        waiting_since: conversation.waiting_since(),
        snoozed_until: conversation.snoozed_until,
        source: source(view, conversation),
        contacts: people(view, conversation),
        first_contact_reply: statistics.first_contact_reply_at.map(|created_at| FirstReply {
            created_at,
            kind: "conversation",
            url: None,
        }),
        admin_assignee_id: assignee(conversation.admin, Ids::admin),
        team_assignee_id: assignee(conversation.team, Ids::team),
        open: conversation.state == State::Open,
        state: conversation.state.as_str(),
        read: conversation.read,
        tags: tags(view, conversation),
        priority: if is_newest { new_priority } else { old_priority },
        sla_applied: sla(conversation),
        statistics: shown(ids, &statistics),
        conversation_rating: rating(view, conversation),
        teammates: Teammates {
            kind: "admin.list",
            admins: teammates(view, conversation),
        },
        title: conversation.title.as_deref(),
        custom_attributes: attributes(conversation),
        topics: Map::new(),
        ticket: (view.version >= Version::V2_9).then(|| ticket(view, conversation).unwrap_or(Value::Null)),
        linked_objects: (view.version >= Version::V2_10).then(|| linked(view, conversation)),
        company: (view.version >= Version::V2_15).then(|| company(view, conversation)),
        ai_agent: (view.version >= Version::V2_12).then(|| ai_agent::view(view, conversation)),
        ai_agent_participated: (view.version >= Version::V2_12).then_some(conversation.ai_agent.is_some()),
        conversation_parts: None,
    }
}

/// The priority as versions before 2.16 call it, and as 2.16 does.
pub(crate) fn priorities(conversation: &Conversation) -> [&'static str; 2] {
    let old = if conversation.priority == 0 {
        "not_priority"
    } else {
        "priority"
    };
    [old, PRIORITIES[usize::from(conversation.priority)]]
}

/// The files of a first message.
pub(crate) fn source_files(view: View<'_>, conversation: &Conversation) -> Vec<Value> {
    if conversation.redacted {
        return Vec::new();
    }
    if let Some(source) = kept::field(&conversation.kept, "source") {
        return source["attachments"].as_array().cloned().unwrap_or_default();
    }
    parts::files(view, conversation.files.as_deref(), &conversation.source)
}

/// How many files the first message has.
pub(crate) fn count_source_files(conversation: &Conversation) -> usize {
    if conversation.redacted {
        return 0;
    }
    if let Some(source) = kept::field(&conversation.kept, "source") {
        return source["attachments"].as_array().map_or(0, Vec::len);
    }
    parts::count_files(conversation.files.as_deref(), &conversation.source)
}

fn source(view: View<'_>, conversation: &Conversation) -> SourceView {
    let first = conversation.contacts.first().copied();
    let body = match &conversation.source {
        _ if conversation.redacted => Some(parts::REDACTED.to_owned()),
        Text::None => None,
        Text::Written(text) => Some(text.to_string()),
        Text::Seeded(number) => Some(format!("<p>{}</p>", opening(view, first, *number))),
    };
    let author = conversation.author.or_else(|| first.map(Author::Contact));
    SourceView {
        kind: "conversation",
        id: conversation.message_id(&view.workspace.ids),
        delivered_as: if conversation.author.is_some() {
            "admin_initiated"
        } else {
            "customer_initiated"
        },
        subject: "",
        body,
        author: author.map(|author| parts::author(view, author)),
        attachments: source_files(view, conversation),
        url: source_url(conversation),
        redacted: conversation.redacted,
    }
}

/// Where the first message was written.
pub(crate) fn source_url(conversation: &Conversation) -> Option<&'static str> {
    conversation
        .is_generated()
        .then_some("https://app.example.com/settings")
}

/// The generated first message, in the language of its writer.
pub(crate) fn opening(view: View<'_>, contact: Option<u32>, number: u32) -> &'static str {
    let language = contact.map_or("en", |row| {
        view.workspace.contacts[row as usize].language(view.workspace.seed)
    });
    texts::opening(language, u64::from(number))
}

fn people(view: View<'_>, conversation: &Conversation) -> People {
    let seed = view.workspace.seed;
    let contacts = conversation
        .contacts
        .iter()
        .map(|row| Person {
            kind: "contact",
            id: view.workspace.ids.contact(*row),
            external_id: view.workspace.contacts[*row as usize].external_id(seed),
        })
        .collect();
    People {
        kind: "contact.list",
        contacts,
    }
}

fn tags<'a>(view: View<'a>, conversation: &Conversation) -> Tags<'a> {
    let tags = conversation
        .tags
        .iter()
        .map(|tag| &view.workspace.tags[*tag as usize])
        .map(|tag| TagView {
            kind: "tag",
            id: tag.id.to_string(),
            name: &tag.name,
        })
        .collect();
    Tags {
        kind: "tag.list",
        tags,
    }
}

fn teammates(view: View<'_>, conversation: &Conversation) -> Vec<Reference> {
    let mut numbers: Vec<u16> = conversation.admin.checked_sub(1).into_iter().collect();
    for part in &conversation.parts {
        if let Author::Admin(number) = part.author
            && !numbers.contains(&number)
        {
            numbers.push(number);
        }
    }
    numbers
        .into_iter()
        .map(|number| Reference {
            kind: "admin",
            id: view.workspace.ids.admin(number).to_string(),
        })
        .collect()
}

fn sla(conversation: &Conversation) -> Option<Sla> {
    (conversation.is_generated() && conversation.row % 9 == 4).then_some(Sla {
        kind: "conversation_sla_summary",
        sla_name: "Four hours",
        sla_status: if conversation.row.is_multiple_of(2) {
            "hit"
        } else {
            "missed"
        },
    })
}

/// What people say along with a rating.
pub(crate) fn remark(score: u8) -> &'static str {
    if score > 3 { "Quick and kind" } else { "" }
}

fn rating(view: View<'_>, conversation: &Conversation) -> Option<Rating> {
    let (score, created_at) = conversation.rating?;
    let first = conversation.contacts.first();
    let last = conversation
        .parts
        .iter()
        .rev()
        .find_map(|part| match part.author {
            Author::Admin(number) => Some(number),
            _ => None,
        });
    let teammate = conversation.admin.checked_sub(1).or(last).unwrap_or(0);
    Some(Rating {
        rating: score,
        remark: remark(score),
        created_at,
        contact: first.map(|row| Reference {
            kind: "contact",
            id: view.workspace.ids.contact(*row),
        }),
        teammate: Reference {
            kind: "admin",
            id: view.workspace.ids.admin(teammate).to_string(),
        },
    })
}

/// Custom attributes: the platform's own, the generated ones and what calls have written.
pub(crate) fn attributes(conversation: &Conversation) -> Map<String, Value> {
    let mut all = Map::new();
    all.insert(
        "Has attachments".to_owned(),
        json!(conversation.files.is_some() || conversation.parts.iter().any(|part| part.files.is_some())),
    );
    if conversation.is_generated() {
        let topic = ["Login", "Billing", "Import"][conversation.row as usize % 3];
        all.insert("Topic".to_owned(), json!(topic));
    }
    if let Some(written) = &conversation.attributes {
        all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    all
}

/// The ticket that the conversation became.
fn ticket(view: View<'_>, conversation: &Conversation) -> Option<Value> {
    let row = view.workspace.reference.extra.converted.get(&conversation.row)?;
    let ticket = &view.workspace.tickets[*row as usize];
    (!ticket.deleted).then(|| json!({ "type": "ticket", "id": ticket.id(&view.workspace.ids), "ticket_id": ticket.ticket_id(&view.workspace.ids) }))
}

/// The tickets that the conversation is linked to.
fn linked(view: View<'_>, conversation: &Conversation) -> Value {
    let workspace = view.workspace;
    let data: Vec<Value> = workspace
        .reference
        .extra
        .links
        .iter()
        .filter(|(_, conversations)| conversations.contains(&conversation.row))
        .map(|(ticket, _)| &workspace.tickets[*ticket as usize])
        .filter(|ticket| !ticket.deleted)
        .map(|ticket| {
            let kind = &workspace.reference.ticket_types[usize::from(ticket.ticket_type)];
            json!({ "type": "ticket", "id": ticket.id(&view.workspace.ids), "category": kind["category"] })
        })
        .collect();
    json!({ "type": "list", "total_count": data.len(), "has_more": false, "data": data })
}

fn company(view: View<'_>, conversation: &Conversation) -> Value {
    let company = view
        .workspace
        .reference
        .extra
        .company_of_conversation
        .get(&conversation.row);
    let company = company
        .map(|row| &view.workspace.companies[*row as usize])
        .filter(|company| !company.deleted);
    company.map_or(Value::Null, |company| value(&companies::view(view, company)))
}

fn shown(ids: &Ids, statistics: &Statistics) -> StatisticsView {
    StatisticsView {
        kind: "conversation_statistics",
        time_to_assignment: statistics.since(statistics.first_assignment_at),
        time_to_admin_reply: statistics.since(statistics.first_admin_reply_at),
        time_to_first_close: statistics.since(statistics.first_close_at),
        time_to_last_close: statistics.since(statistics.last_close_at),
        median_time_to_reply: statistics.median_time_to_reply,
        first_contact_reply_at: statistics.first_contact_reply_at,
        first_assignment_at: statistics.first_assignment_at,
        first_admin_reply_at: statistics.first_admin_reply_at,
        first_close_at: statistics.first_close_at,
        last_assignment_at: statistics.last_assignment_at,
        last_assignment_admin_reply_at: statistics.last_assignment_admin_reply_at,
        last_contact_reply_at: statistics.last_contact_reply_at,
        last_admin_reply_at: statistics.last_admin_reply_at,
        last_close_at: statistics.last_close_at,
        last_closed_by_id: statistics.last_closed_by.map(|number| ids.admin(number)),
        count_reopens: statistics.count_reopens,
        count_assignments: statistics.count_assignments,
        count_conversation_parts: statistics.count_conversation_parts,
    }
}
