//! Subscription types.

use super::{Table, json, records, text};

/// Subscription types.
pub(super) const SUBSCRIPTION_TYPES: Table = Table {
    updated: None,
    ..records(
        "subscription_types",
        "Kinds of messages that contacts can leave or join.",
        &[
            text("id", "id", "Intercom's id."),
            text("name", "default_translation.name", "Name."),
            text(
                "description",
                "default_translation.description",
                "What it is about.",
            ),
            text(
                "locale",
                "default_translation.locale",
                "The language of the name.",
            ),
            text("state", "state", "live, draft or archived."),
            text(
                "consent_type",
                "consent_type",
                "opt_out: contacts have it until they leave; opt_in: only those who join.",
            ),
            json("content_types", "content_types", "The channels that it covers."),
            json("translations", "translations", "Names in other languages."),
        ],
    )
};
