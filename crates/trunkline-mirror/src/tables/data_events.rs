//! Events that your own systems told Intercom of.

use super::{Table, TableKind, json, records, text, time};

/// Data events. The API gives those of the last 90 days; the mirror keeps what it has seen.
pub(super) const DATA_EVENTS: Table = Table {
    kind: TableKind::Nested { parent: "contact_id" },
    updated: None,
    indexes: &[
        ("contact_id", "(contact_id)"),
        ("name", "(event_name, created_at)"),
    ],
    ..records(
        "data_events",
        "What contacts did, as your own systems told Intercom.",
        &[
            text("id", "id", "Intercom's id."),
            text("contact_id", "intercom_user_id", "The contact, by Intercom's id."),
            text("event_name", "event_name", "What happened."),
            time("created_at", "created_at", "When it happened."),
            text("user_id", "user_id", "The contact's id in your own systems."),
            text("email", "email", "The contact's e-mail address."),
            json("metadata", "metadata", "What was told with it."),
        ],
    )
};
