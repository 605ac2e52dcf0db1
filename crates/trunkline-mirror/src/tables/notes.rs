//! Notes on contacts.

use super::{Table, TableKind, html, records, text, time};

/// Notes on contacts.
pub(super) const NOTES: Table = Table {
    kind: TableKind::Nested { parent: "contact_id" },
    updated: None,
    indexes: &[("contact_id", "(contact_id)")],
    ..records(
        "notes",
        "What teammates wrote down about contacts.",
        &[
            text("id", "id", "Intercom's id."),
            text("contact_id", "contact.id", "The contact it is about."),
            text(
                "company_id",
                "company.id",
                "The company it is about, by Intercom's id.",
            ),
            text("author_id", "author.id", "The teammate who wrote it."),
            text("author_name", "author.name", "Their name."),
            html("body", "body", "What was written."),
            time("created_at", "created_at", "When it was written."),
        ],
    )
};
