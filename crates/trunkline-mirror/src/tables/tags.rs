//! Tags.

use super::{Table, records, text};

/// Tags.
pub(super) const TAGS: Table = Table {
    updated: None,
    ..records(
        "tags",
        "Labels for contacts, companies and conversations.",
        &[text("id", "id", "Intercom's id."), text("name", "name", "Name.")],
    )
};
