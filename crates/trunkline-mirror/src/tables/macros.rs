//! Macros: answers that teammates have ready.

use super::{Table, html, json, records, text, time};

/// Macros.
pub(super) const MACROS: Table = records(
    "macros",
    "Answers that teammates have ready.",
    &[
        text("id", "id", "Intercom's id."),
        text("name", "name", "Name."),
        html("body", "body", "The answer, with its placeholders."),
        text("visible_to", "visible_to", "everyone or specific_teams."),
        json(
            "visible_to_team_ids",
            "visible_to_team_ids",
            "The teams that may use it.",
        ),
        json("available_on", "available_on", "Where it can be used."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
