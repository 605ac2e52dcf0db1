//! The fields that a search for conversations knows.

use super::fields::{Kind, Value};
use crate::{
    files::Addresses,
    habits::Habits,
    presenter::{View, ai_agent::outcomes, conversations, parts},
    workspace::{
        Workspace,
        ai_agent::{Answer, Source},
        conversation::{Author, Conversation, State, Text},
        ids::Ids,
        statistics::Statistics,
    },
};

/// The kind of a field; `None` when there is no such field.
pub(crate) fn kind(field: &str) -> Option<Kind> {
    Some(match field {
        "created_at"
        | "updated_at"
        | "waiting_since"
        | "snoozed_until"
        | "conversation_rating.requested_at"
        | "conversation_rating.replied_at" => Kind::Time,
        "open" | "read" | "ai_agent_participated" => Kind::Flag,
        "conversation_rating.score" | "ai_agent.rating" => Kind::Number,
        "source.body" | "source.subject" => Kind::Words,
        "id"
        | "source.type"
        | "source.id"
        | "source.delivered_as"
        | "source.author.id"
        | "source.author.type"
        | "source.author.name"
        | "source.author.email"
        | "source.url"
        | "contact_ids"
        | "teammate_ids"
        | "admin_assignee_id"
        | "team_assignee_id"
        | "channel_initiated"
        | "state"
        | "tag_ids"
        | "priority"
        | "conversation_rating.remark"
        | "conversation_rating.contact_id"
        | "conversation_rating.admin_d"
        | "ai_agent.resolution_state"
        | "ai_agent.last_answer_type"
        | "ai_agent.rating_remark"
        | "ai_agent.source_type"
        | "ai_agent.source_title" => Kind::Text,
        other => return statistic(other).or_else(|| custom(other).map(|_| Kind::Any)),
    })
}

fn statistic(field: &str) -> Option<Kind> {
    let name = field.strip_prefix("statistics.")?;
    Statistics::default().field(u64::from, name)?;
    Some(if name.ends_with("_at") {
        Kind::Time
    } else {
        Kind::Number
    })
}

/// Both spellings are in use.
fn custom(field: &str) -> Option<&str> {
    field
        .strip_prefix("custom_attribute.")
        .or_else(|| field.strip_prefix("custom_attributes."))
}

/// What a conversation holds in a field.
pub(crate) fn value(workspace: &Workspace, conversation: &Conversation, field: &str) -> Value {
    let ids = &workspace.ids;
    let assignee = |number: u16, id: fn(&Ids, u16) -> u64| {
        Value::Text(
            number
                .checked_sub(1)
                .map_or(0, |number| id(ids, number))
                .to_string(),
        )
    };
    match field {
        "updated_at" => Value::Number(conversation.updated_at),
        "created_at" => Value::Number(conversation.created_at),
        "waiting_since" => conversation.waiting_since().into(),
        "snoozed_until" => conversation.snoozed_until.into(),
        "open" => Value::Flag(conversation.state == State::Open),
        "read" => Value::Flag(conversation.read),
        "ai_agent_participated" => Value::Flag(conversation.ai_agent.is_some()),
        "id" => Value::Text(conversation.id(&workspace.ids)),
        "state" => Value::Text(conversation.state.as_str().to_owned()),
        // The names of before 2.16 and of today.
        "priority" => Value::List(
            conversations::priorities(conversation)
                .map(str::to_owned)
                .to_vec(),
        ),
        "contact_ids" => Value::List(
            conversation
                .contacts
                .iter()
                .map(|row| workspace.ids.contact(*row))
                .collect(),
        ),
        "teammate_ids" => teammates(workspace, conversation),
        "tag_ids" => Value::List(
            conversation
                .tags
                .iter()
                .map(|tag| workspace.tags[*tag as usize].id.to_string())
                .collect(),
        ),
        "admin_assignee_id" => assignee(conversation.admin, Ids::admin),
        "team_assignee_id" => assignee(conversation.team, Ids::team),
        "conversation_rating.score" => conversation.rating.map(|(score, _)| i64::from(score)).into(),
        "conversation_rating.requested_at" | "conversation_rating.replied_at" => {
            conversation.rating.map(|(_, at)| at).into()
        }
        "conversation_rating.remark" => conversation
            .rating
            .map(|(score, _)| conversations::remark(score).to_owned())
            .into(),
        "conversation_rating.contact_id" => conversation
            .rating
            .and(conversation.contacts.first())
            .map(|row| workspace.ids.contact(*row))
            .into(),
        other if other.starts_with("ai_agent.") => ai_agent(conversation, other),
        other => match (
            other.strip_prefix("source."),
            other.strip_prefix("statistics."),
            custom(other),
        ) {
            (Some(name), ..) => source(workspace, conversation, name),
            (_, Some(name), _) => Statistics::of(conversation)
                .field(|number| workspace.ids.admin(number), name)
                .flatten()
                .into(),
            (.., Some(name)) => conversations::attributes(conversation)
                .get(name)
                .map_or(Value::Null, Value::from),
            _ => Value::Null,
        },
    }
}

fn ai_agent(conversation: &Conversation, field: &str) -> Value {
    let Some(agent) = conversation.ai_agent.as_deref() else {
        return Value::Null;
    };
    let rating = agent.rating.as_ref();
    let text = |text: Option<&str>| text.map(str::to_owned).into();
    match field {
        // The names of before 2.15 and of today.
        "ai_agent.resolution_state" => outcomes(conversation).map_or(Value::Null, |names| {
            Value::List(names.map(str::to_owned).to_vec())
        }),
        "ai_agent.last_answer_type" => text(agent.answer.map(Answer::as_str)),
        "ai_agent.source_type" => text(agent.source.map(Source::as_str)),
        "ai_agent.source_title" => text(agent.title.as_deref()),
        "ai_agent.rating" => rating.map(|rating| i64::from(rating.score)).into(),
        "ai_agent.rating_remark" => text(rating.and_then(|rating| rating.remark.as_deref())),
        _ => Value::Null,
    }
}

fn teammates(workspace: &Workspace, conversation: &Conversation) -> Value {
    let mut numbers: Vec<u16> = conversation.admin.checked_sub(1).into_iter().collect();
    numbers.extend(conversation.parts.iter().filter_map(|part| match part.author {
        Author::Admin(number) => Some(number),
        _ => None,
    }));
    Value::List(
        numbers
            .into_iter()
            .map(|number| workspace.ids.admin(number).to_string())
            .collect(),
    )
}

fn source(workspace: &Workspace, conversation: &Conversation, name: &str) -> Value {
    let habits = Habits::default();
    let view = View {
        workspace,
        version: trunkline_catalog::Version::DEFAULT,
        habits: &habits,
        files: Addresses::bare(),
    };
    let first = conversation.contacts.first().copied();
    let author = conversation.author.or_else(|| first.map(Author::Contact));
    match name {
        "type" => Value::Text("conversation".to_owned()),
        "id" => Value::Text(conversation.message_id(&workspace.ids)),
        "delivered_as" => {
            let way = if conversation.author.is_some() {
                "admin_initiated"
            } else {
                "customer_initiated"
            };
            Value::Text(way.to_owned())
        }
        "body" => match &conversation.source {
            Text::None => Value::Null,
            Text::Written(text) => Value::words(text),
            Text::Seeded(number) => Value::words(conversations::opening(view, first, *number)),
        },
        "url" => conversations::source_url(conversation).map(str::to_owned).into(),
        "subject" => conversation.title.as_deref().map_or(Value::Null, Value::words),
        _ => {
            let Some(author) = author else { return Value::Null };
            parts::author(view, author)
                .field(name.trim_start_matches("author."))
                .into()
        }
    }
}
