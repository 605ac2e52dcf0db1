//! Teammates.

use super::{Table, boolean, json, records, text};

/// Teammates.
pub(super) const ADMINS: Table = Table {
    updated: None,
    ..records(
        "admins",
        "Teammates: the people who work in the workspace.",
        &[
            text("id", "id", "Intercom's id."),
            text("name", "name", "Full name."),
            text("email", "email", "E-mail address."),
            text("job_title", "job_title", "What they do."),
            boolean("away_mode_enabled", "away_mode_enabled", "Whether they are away."),
            boolean(
                "away_mode_reassign",
                "away_mode_reassign",
                "Whether their new conversations go to others meanwhile.",
            ),
            text(
                "away_status_reason_id",
                "away_status_reason_id",
                "Why they are away.",
            ),
            boolean(
                "has_inbox_seat",
                "has_inbox_seat",
                "Whether they may work in the inbox.",
            ),
            text("role_id", "role.id", "Their role."),
            text("role_name", "role.name", "The role's name."),
            text("avatar_url", "avatar.image_url", "Picture.").or("avatar"),
            json("team_ids", "team_ids", "The teams they are in."),
            json(
                "team_priority_level",
                "team_priority_level",
                "Teams that come first and second for them.",
            ),
        ],
    )
};
