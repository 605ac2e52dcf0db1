//! Teams and who is in them.

use super::{Table, integer, json, members, pairs, records, text};

/// Teams.
pub(super) const TEAMS: Table = Table {
    lists: &[members("admin_ids", "team_admins")],
    updated: None,
    ..records(
        "teams",
        "Groups of teammates.",
        &[
            text("id", "id", "Intercom's id."),
            text("name", "name", "Name."),
            integer(
                "assignment_limit",
                "assignment_limit",
                "How many conversations each of its people gets at most.",
            ),
            text(
                "distribution_method",
                "distribution_method",
                "How conversations are dealt out.",
            ),
            json(
                "admin_priority_level",
                "admin_priority_level",
                "Its people who come first and second.",
            ),
        ],
    )
};

/// Who is in which team.
pub(super) const TEAM_ADMINS: Table = Table {
    indexes: &[("admin_id", "(admin_id)")],
    ..pairs(
        "team_admins",
        "Which teammate is in which team.",
        &["team_id", "admin_id"],
        &[
            text("team_id", "", "The team."),
            text("admin_id", "id", "The teammate."),
        ],
    )
};
