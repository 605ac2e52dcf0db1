//! Notes on companies.

use super::{Table, TableKind, html, records, text, time};

/// Notes on companies; those on contacts are in `notes`.
pub(super) const COMPANY_NOTES: Table = Table {
    kind: TableKind::Nested { parent: "company_id" },
    updated: None,
    indexes: &[("company_id", "(company_id)")],
    ..records(
        "company_notes",
        "What teammates wrote down about companies.",
        &[
            text("id", "id", "Intercom's id."),
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
