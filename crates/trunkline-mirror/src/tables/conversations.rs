//! Conversations, their parts, tags and contacts, and the ones that were deleted.

use super::{
    Column, OwnColumn, Table, TableKind, boolean, files, html, integer, json, members, pairs, records, text,
    time,
};

/// Conversations. The first message is in the `source_*` columns; everything after it in `conversation_parts`.
pub(super) const CONVERSATIONS: Table = Table {
    lists: &[
        members("tags", "conversation_tags"),
        members("contacts", "conversation_contacts"),
        files("source.attachments", "attachments"),
    ],
    custom: Some("custom_attributes"),
    own: &[
        OwnColumn {
            name: "_parts_stated",
            sql: "INTEGER",
            summary: "How many parts the API says there are; empty when it does not say.",
        },
        OwnColumn {
            name: "_parts_held",
            sql: "INTEGER NOT NULL DEFAULT 0",
            summary: "How many parts the mirror holds.",
        },
        OwnColumn {
            name: "_parts_fetched",
            sql: "INTEGER",
            summary: "The stated count for which the parts were last read; empty when they never were.",
        },
        OwnColumn {
            name: "_truncated",
            sql: "INTEGER NOT NULL DEFAULT 0",
            summary: "1 when there are older parts that the API no longer gives.",
        },
    ],
    indexes: &[
        (
            "pending",
            "(_deleted_at) WHERE _deleted_at IS NULL AND CASE WHEN _parts_stated IS NULL THEN _parts_fetched IS NULL \
             ELSE _parts_stated > _parts_held AND (_parts_fetched IS NULL OR _parts_stated > _parts_fetched) END",
        ),
        ("truncated", "(id) WHERE _truncated = 1"),
    ],
    ..records(
        "conversations",
        "Threads between contacts and teammates, without their parts.",
        COLUMNS,
    )
};

const COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id."),
    text("title", "title", "Title."),
    time("created_at", "created_at", "When it began."),
    time("updated_at", "updated_at", "When it last changed."),
    time(
        "waiting_since",
        "waiting_since",
        "Since when a contact waits for an answer.",
    ),
    time("snoozed_until", "snoozed_until", "Until when it sleeps."),
    boolean("open", "open", "Whether it is open."),
    text("state", "state", "open, closed or snoozed."),
    boolean("read", "read", "Whether a teammate has read it."),
    text(
        "priority",
        "priority",
        "none, low, medium, high or urgent; before 2.16 priority or not_priority.",
    ),
    text(
        "admin_assignee_id",
        "admin_assignee_id",
        "The teammate it is assigned to; 0 or empty for none.",
    ),
    text(
        "team_assignee_id",
        "team_assignee_id",
        "The team it is assigned to; 0 or empty for none.",
    ),
    text(
        "company_id",
        "company.id",
        "The company it is about, by Intercom's id.",
    ),
    text("channel_initial", "channel.initial", "Where it began."),
    text("channel_current", "channel.current", "Where it goes on."),
    text(
        "source_type",
        "source.type",
        "What began it: conversation, email, push and others.",
    ),
    text("source_id", "source.id", "The first message's id."),
    text(
        "source_delivered_as",
        "source.delivered_as",
        "customer_initiated, admin_initiated, automated and others.",
    ),
    text("source_subject", "source.subject", "The first message's subject."),
    html("source_body", "source.body", "The first message."),
    text("source_url", "source.url", "The page on which it was written."),
    text(
        "source_author_type",
        "source.author.type",
        "user, lead, admin or bot.",
    ),
    text(
        "source_author_id",
        "source.author.id",
        "Who wrote the first message.",
    ),
    text("source_author_name", "source.author.name", "Their name then."),
    text(
        "source_author_email",
        "source.author.email",
        "Their e-mail address then.",
    ),
    boolean(
        "source_redacted",
        "source.redacted",
        "Whether the first message was blacked out.",
    ),
    json(
        "source_attachments",
        "source.attachments",
        "Files of the first message.",
    ),
    time(
        "first_contact_reply_at",
        "first_contact_reply.created_at",
        "When the contact first wrote.",
    ),
    text(
        "first_contact_reply_type",
        "first_contact_reply.type",
        "How the contact first wrote.",
    ),
    integer(
        "rating",
        "conversation_rating.rating",
        "The contact's rating, 1 to 5.",
    ),
    text(
        "rating_remark",
        "conversation_rating.remark",
        "What the contact said about it.",
    ),
    time(
        "rating_created_at",
        "conversation_rating.created_at",
        "When it was rated.",
    ),
    text(
        "rating_teammate_id",
        "conversation_rating.teammate.id",
        "Who was rated.",
    ),
    text(
        "sla_name",
        "sla_applied.sla_name",
        "The service level that applies.",
    ),
    text(
        "sla_status",
        "sla_applied.sla_status",
        "hit, missed, cancelled or active.",
    ),
    boolean(
        "ai_agent_participated",
        "ai_agent_participated",
        "Whether the AI agent took part.",
    ),
    text(
        "ai_agent_resolution_state",
        "ai_agent.resolution_state",
        "How the AI agent's part ended.",
    ),
    text(
        "ai_agent_last_answer_type",
        "ai_agent.last_answer_type",
        "The kind of its last answer.",
    ),
    integer("ai_agent_rating", "ai_agent.rating", "Its rating, 1 to 5."),
    integer(
        "time_to_assignment",
        "statistics.time_to_assignment",
        "Seconds until it was first assigned.",
    ),
    integer(
        "time_to_admin_reply",
        "statistics.time_to_admin_reply",
        "Seconds until a teammate first answered.",
    ),
    integer(
        "time_to_first_close",
        "statistics.time_to_first_close",
        "Seconds until it was first closed.",
    ),
    integer(
        "time_to_last_close",
        "statistics.time_to_last_close",
        "Seconds until it was last closed.",
    ),
    integer(
        "median_time_to_reply",
        "statistics.median_time_to_reply",
        "Median seconds until an answer.",
    ),
    time(
        "first_assignment_at",
        "statistics.first_assignment_at",
        "When it was first assigned.",
    ),
    time(
        "first_admin_reply_at",
        "statistics.first_admin_reply_at",
        "When a teammate first answered.",
    ),
    time(
        "first_close_at",
        "statistics.first_close_at",
        "When it was first closed.",
    ),
    time(
        "last_assignment_at",
        "statistics.last_assignment_at",
        "When it was last assigned.",
    ),
    time(
        "last_contact_reply_at",
        "statistics.last_contact_reply_at",
        "When the contact last wrote.",
    ),
    time(
        "last_admin_reply_at",
        "statistics.last_admin_reply_at",
        "When a teammate last answered.",
    ),
    time(
        "last_close_at",
        "statistics.last_close_at",
        "When it was last closed.",
    ),
    text(
        "last_closed_by_id",
        "statistics.last_closed_by_id",
        "Who last closed it.",
    ),
    integer(
        "count_reopens",
        "statistics.count_reopens",
        "How often it was opened again.",
    ),
    integer(
        "count_assignments",
        "statistics.count_assignments",
        "How often it was assigned.",
    ),
    integer(
        "count_conversation_parts",
        "statistics.count_conversation_parts",
        "How many parts it has, the first message counted.",
    ),
    integer(
        "handling_time",
        "statistics.handling_time",
        "Seconds that teammates spent on it.",
    ),
    json("topics", "topics.topics", "Topics that Intercom found in it."),
    json("teammates", "teammates", "Teammates who took part."),
    json(
        "linked_objects",
        "linked_objects.data",
        "Tickets and conversations that it is linked with.",
    ),
    json(
        "custom_attributes",
        "custom_attributes",
        "Attributes of the conversation; one column each in conversations_custom.",
    ),
];

/// Everything after the first message.
pub(super) const CONVERSATION_PARTS: Table = Table {
    kind: TableKind::Nested {
        parent: "conversation_id",
    },
    lookup: Some(&["conversation_id", "id"]),
    lists: &[files("attachments", "attachments")],
    ..records(
        "conversation_parts",
        "What happened in a conversation after its first message: replies, notes, assignments and others.",
        PART_COLUMNS,
    )
};

const PART_COLUMNS: &[Column] = &[
    text("id", "id", "Intercom's id."),
    text("conversation_id", "", "The conversation."),
    text(
        "part_type",
        "part_type",
        "comment, note, assignment, close and many others; the list is open.",
    ),
    html("body", "body", "What was written."),
    time("created_at", "created_at", "When it happened."),
    time("updated_at", "updated_at", "When it last changed."),
    text("author_type", "author.type", "user, lead, admin, team or bot."),
    text("author_id", "author.id", "Who did it."),
    text("author_name", "author.name", "Their name then."),
    text("author_email", "author.email", "Their e-mail address then."),
    boolean(
        "from_ai_agent",
        "author.from_ai_agent",
        "Whether the AI agent did it.",
    ),
    boolean(
        "is_ai_answer",
        "author.is_ai_answer",
        "Whether it is an answer that an AI wrote.",
    ),
    text(
        "assigned_to_type",
        "assigned_to.type",
        "admin, team or nobody_admin.",
    ),
    text("assigned_to_id", "assigned_to.id", "Whom it was assigned to."),
    boolean("redacted", "redacted", "Whether it was blacked out."),
    text("state", "state", "The conversation's state after it."),
    json("attachments", "attachments", "Files."),
    json(
        "event_details",
        "event_details",
        "What changed, for parts that tell of a change.",
    ),
];

/// Which conversation has which tag.
pub(super) const CONVERSATION_TAGS: Table = Table {
    late_indexes: &[("tag_id", "(tag_id)")],
    ..pairs(
        "conversation_tags",
        "Which conversation has which tag.",
        &["conversation_id", "tag_id"],
        &[
            text("conversation_id", "", "The conversation."),
            text("tag_id", "id", "The tag."),
            time("applied_at", "applied_at", "When it was put there."),
            text("applied_by_id", "applied_by.id", "Who put it there."),
        ],
    )
};

/// Which contact takes part in which conversation.
pub(super) const CONVERSATION_CONTACTS: Table = Table {
    late_indexes: &[("contact_id", "(contact_id)")],
    ..pairs(
        "conversation_contacts",
        "Which contact takes part in which conversation.",
        &["conversation_id", "contact_id"],
        &[
            text("conversation_id", "", "The conversation."),
            text("contact_id", "id", "The contact."),
        ],
    )
};

/// Conversations that were deleted, as the API lists them.
pub(super) const DELETED_CONVERSATIONS: Table = Table {
    updated: None,
    ..records(
        "deleted_conversations",
        "Conversations that were deleted, as the API lists them.",
        &[
            text("id", "id", "The conversation's id."),
            boolean(
                "metrics_retained",
                "metrics_retained",
                "Whether reports still count it.",
            ),
            time("deleted_at", "deleted_at", "When it was deleted."),
        ],
    )
};
