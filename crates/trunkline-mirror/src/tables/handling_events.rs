//! When teammates worked on conversations.

use super::{Table, TableKind, integer, records, text, time};

/// Handling events. The API gives them no ids: those of one conversation are numbered in their order.
pub(super) const HANDLING_EVENTS: Table = Table {
    kind: TableKind::Nested {
        parent: "conversation_id",
    },
    lookup: Some(&["conversation_id", "id"]),
    updated: None,
    ..records(
        "handling_events",
        "When teammates began, paused and ended their work on conversations.",
        &[
            text("id", "id", "The conversation's id and the event's place."),
            text("conversation_id", "", "The conversation."),
            integer(
                "place",
                "place",
                "Its place among the conversation's events, from 1.",
            ),
            text("type", "type", "What happened, such as paused or resumed."),
            time("timestamp", "timestamp", "When it happened."),
            text("teammate_id", "teammate.id", "The teammate."),
            text("teammate_name", "teammate.name", "Their name then."),
            text("teammate_email", "teammate.email", "Their e-mail address then."),
            text("reason", "reason", "Why, where it is told."),
        ],
    )
};
