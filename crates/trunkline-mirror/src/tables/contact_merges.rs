//! Which contacts went into which.

use super::{Table, TableKind, records, text, time};

/// Merges of contacts, as the contact that is left tells them.
pub(super) const CONTACT_MERGES: Table = Table {
    kind: TableKind::Nested {
        parent: "into_contact_id",
    },
    key: &["from_contact_id"],
    updated: None,
    indexes: &[("into", "(into_contact_id)")],
    ..records(
        "contact_merges",
        "Contacts that were merged into others.",
        &[
            text(
                "from_contact_id",
                "source_contact_id",
                "The contact that is gone.",
            ),
            text("into_contact_id", "", "The contact that it went into."),
            text("from_role", "source_contact_role", "What it was: lead or user."),
            time("merged_at", "merged_at", "When they were merged."),
        ],
    )
};
