//! Attributes of conversations.

use super::{Table, boolean, json, records, text, time};

/// Conversation attributes.
pub(super) const CONVERSATION_ATTRIBUTES: Table = records(
    "conversation_attributes",
    "Attributes that conversations can have.",
    &[
        text("id", "id", "Intercom's id."),
        text("name", "name", "Name."),
        text("description", "description", "What it means."),
        text(
            "data_type",
            "data_type",
            "string, integer, list, decimal, boolean, datetime, relationship or files.",
        ),
        boolean(
            "required",
            "required",
            "Whether it must be filled before a conversation closes.",
        ),
        json(
            "visible_to_team_ids",
            "visible_to_team_ids",
            "The teams that see it; empty for all.",
        ),
        json("options", "options", "The values that can be chosen."),
        boolean("archived", "archived", "Whether it is out of use."),
        text("admin_id", "admin_id", "The teammate who made it."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
