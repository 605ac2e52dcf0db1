//! What teammates did in the workspace.

use super::{Table, json, records, text, time};

/// Activity logs.
pub(super) const ACTIVITY_LOGS: Table = Table {
    updated: None,
    indexes: &[("created_at", "(created_at)")],
    ..records(
        "activity_logs",
        "What teammates did in the workspace's settings and inbox.",
        &[
            text("id", "id", "Intercom's id."),
            text("activity_type", "activity_type", "What was done."),
            text(
                "activity_description",
                "activity_description",
                "What was done, in a sentence.",
            ),
            text(
                "performed_by_type",
                "performed_by.type",
                "admin, or what else did it.",
            ),
            text("performed_by_id", "performed_by.id", "Who did it."),
            text(
                "performed_by_email",
                "performed_by.email",
                "Their e-mail address.",
            ),
            text(
                "performed_by_ip",
                "performed_by.ip",
                "The address that it came from.",
            ),
            time("created_at", "created_at", "When it was done."),
            json("metadata", "metadata", "What it was done to."),
        ],
    )
};
