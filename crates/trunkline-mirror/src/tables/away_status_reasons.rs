//! Why teammates are away.

use super::{Table, boolean, integer, records, text, time};

/// Away status reasons.
pub(super) const AWAY_STATUS_REASONS: Table = records(
    "away_status_reasons",
    "Reasons that teammates can give for being away.",
    &[
        text("id", "id", "Intercom's id."),
        text("label", "label", "What people see."),
        text("emoji", "emoji", "Emoji."),
        integer("order", "order", "Where it stands among the others."),
        boolean(
            "deleted",
            "deleted",
            "Whether it is out of use; the API still lists it.",
        ),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
