//! What can be compared in a search, and of which kind it is (facts 4.4).

use serde_json::Value;
use trunkline_catalog::Version;

use super::operators::Operator;
use crate::{Problem, input::unknown};

/// The kind of a field, and so what it may be compared with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Number,
    Flag,
    Time,
    /// An id that is only the same or another one.
    Id,
    /// Words of a longer text, each by itself.
    Words,
    /// An attribute of the workspace's own, of a type that is not known.
    Any,
}

/// A family that can be searched.
#[derive(Debug)]
pub(super) struct Searched {
    /// The operation.
    pub(super) operation: &'static str,
    /// Its rows in words.
    pub(super) rows: &'static str,
    /// The model of its attributes; empty when their types cannot be looked up.
    pub(super) model: &'static str,
    /// How the fields of its attributes begin; the first is what is sent.
    pub(super) attributes: &'static [&'static str],
    /// The version from which on times are compared to the second; none when they always are.
    pub(super) by_day_before: Option<Version>,
    /// The fields by which Intercom sorts.
    pub(super) sorted_there: &'static [&'static str],
    fields: &'static [(Kind, &'static [&'static str])],
}

impl Searched {
    /// The kind of a field; none when there is no such field.
    pub(super) fn kind(&self, field: &str) -> Option<Kind> {
        if self.attribute(field).is_some() {
            return Some(Kind::Any);
        }
        self.fields
            .iter()
            .find(|(_, names)| names.contains(&field))
            .map(|(kind, _)| *kind)
    }

    /// The name of the attribute that a field stands for.
    pub(super) fn attribute<'f>(&self, field: &'f str) -> Option<&'f str> {
        self.attributes
            .iter()
            .find_map(|begin| field.strip_prefix(begin))
            .filter(|name| !name.is_empty())
    }

    /// The problem of a field that nobody knows.
    pub(super) fn unknown(&self, path: impl Into<String>, field: &str) -> Problem {
        let names: Vec<&'static str> = self
            .fields
            .iter()
            .flat_map(|(_, names)| names.iter().copied())
            .collect();
        let mut problem = unknown(path.into(), field, &names);
        problem.what = problem.what.replacen(
            "is not a field",
            &format!("is no field that {} can be searched by", self.rows),
            1,
        );
        problem
    }
}

/// The kind of an attribute, from its definition.
pub(super) fn of_type(definition: &Value) -> Kind {
    match definition["data_type"].as_str().unwrap_or_default() {
        "integer" | "float" | "decimal" => Kind::Number,
        "boolean" => Kind::Flag,
        "date" | "datetime" => Kind::Time,
        "string" | "list" | "options" => Kind::Text,
        _ => Kind::Any,
    }
}

/// What is wrong with comparing a field of this kind so; none when it can be.
pub(super) fn forbids(kind: Kind, operator: Operator) -> Option<String> {
    use Operator as O;
    let allowed: &[Operator] = match kind {
        Kind::Any => return None,
        Kind::Text | Kind::Words => &[
            O::Equals,
            O::NotEquals,
            O::In,
            O::NotIn,
            O::Contains,
            O::NotContains,
            O::Starts,
            O::Ends,
            O::Empty,
            O::NotEmpty,
        ],
        Kind::Number => &[
            O::Equals,
            O::NotEquals,
            O::In,
            O::NotIn,
            O::Greater,
            O::Less,
            O::AtLeast,
            O::AtMost,
            O::Empty,
            O::NotEmpty,
        ],
        Kind::Flag => &[O::Equals, O::NotEquals],
        Kind::Id => &[O::Equals, O::NotEquals],
        Kind::Time => &[
            O::Equals,
            O::Greater,
            O::Less,
            O::AtLeast,
            O::AtMost,
            O::Empty,
            O::NotEmpty,
        ],
    };
    if allowed.contains(&operator) {
        return None;
    }
    let words: Vec<&str> = allowed.iter().map(|operator| operator.word()).collect();
    Some(format!(
        "cannot compare this field; it can be compared by {}",
        words.join(", ")
    ))
}

pub(super) static CONTACTS: Searched = Searched {
    operation: "contacts.search",
    rows: "contacts",
    model: "contact",
    attributes: &["custom_attributes."],
    by_day_before: Some(Version::Preview),
    sorted_there: &["created_at", "updated_at", "last_seen_at", "signed_up_at"],
    fields: &[
        (
            Kind::Time,
            &[
                "created_at",
                "signed_up_at",
                "updated_at",
                "last_seen_at",
                "last_contacted_at",
                "last_replied_at",
                "last_email_opened_at",
                "last_email_clicked_at",
                "ios_last_seen_at",
                "android_last_seen_at",
            ],
        ),
        (
            Kind::Flag,
            &[
                "unsubscribed_from_emails",
                "marked_email_as_spam",
                "has_hard_bounced",
            ],
        ),
        (Kind::Id, &["tag_id"]),
        (
            Kind::Text,
            &[
                "id",
                "role",
                "name",
                "avatar",
                "owner_id",
                "email",
                "email_domain",
                "phone",
                "formatted_phone",
                "external_id",
                "language_override",
                "browser",
                "browser_language",
                "os",
                "location.country",
                "location.region",
                "location.city",
                "ios_app_version",
                "ios_device",
                "ios_app_device",
                "ios_os_version",
                "ios_app_name",
                "ios_sdk_version",
                "android_app_version",
                "android_device",
                "android_app_name",
                "andoid_sdk_version",
                "segment_id",
            ],
        ),
    ],
};

pub(super) static CONVERSATIONS: Searched = Searched {
    operation: "conversations.search",
    rows: "conversations",
    model: "conversation",
    attributes: &["custom_attribute.", "custom_attributes."],
    by_day_before: None,
    sorted_there: &["created_at", "updated_at"],
    fields: &[
        (
            Kind::Time,
            &[
                "created_at",
                "updated_at",
                "waiting_since",
                "snoozed_until",
                "conversation_rating.requested_at",
                "conversation_rating.replied_at",
                "statistics.first_contact_reply_at",
                "statistics.first_assignment_at",
                "statistics.first_admin_reply_at",
                "statistics.first_close_at",
                "statistics.last_assignment_at",
                "statistics.last_assignment_admin_reply_at",
                "statistics.last_contact_reply_at",
                "statistics.last_admin_reply_at",
                "statistics.last_close_at",
            ],
        ),
        (Kind::Flag, &["open", "read", "ai_agent_participated"]),
        (
            Kind::Number,
            &[
                "conversation_rating.score",
                "ai_agent.rating",
                "statistics.time_to_assignment",
                "statistics.time_to_admin_reply",
                "statistics.time_to_first_close",
                "statistics.time_to_last_close",
                "statistics.median_time_to_reply",
                "statistics.count_reopens",
                "statistics.count_assignments",
                "statistics.count_conversation_parts",
            ],
        ),
        (Kind::Words, &["source.body", "source.subject"]),
        (
            Kind::Text,
            &[
                "id",
                "source.type",
                "source.id",
                "source.delivered_as",
                "source.author.id",
                "source.author.type",
                "source.author.name",
                "source.author.email",
                "source.url",
                "contact_ids",
                "teammate_ids",
                "admin_assignee_id",
                "team_assignee_id",
                "channel_initiated",
                "state",
                "tag_ids",
                "priority",
                "statistics.last_closed_by_id",
                "conversation_rating.remark",
                "conversation_rating.contact_id",
                "conversation_rating.admin_d",
                "ai_agent.resolution_state",
                "ai_agent.last_answer_type",
                "ai_agent.rating_remark",
                "ai_agent.source_type",
                "ai_agent.source_title",
            ],
        ),
    ],
};

pub(super) static TICKETS: Searched = Searched {
    operation: "tickets.search",
    rows: "tickets",
    model: "",
    attributes: &["ticket_attribute."],
    by_day_before: None,
    sorted_there: &["created_at", "updated_at"],
    fields: &[
        (Kind::Time, &["created_at", "updated_at", "snoozed_until"]),
        (Kind::Flag, &["open"]),
        (
            Kind::Text,
            &[
                "id",
                "title",
                "description",
                "category",
                "ticket_type_id",
                "contact_ids",
                "teammate_ids",
                "admin_assignee_id",
                "team_assignee_id",
                "state",
            ],
        ),
    ],
};
