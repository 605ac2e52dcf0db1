//! Segments.

use super::{Table, integer, records, text, time};

/// Segments.
pub(super) const SEGMENTS: Table = records(
    "segments",
    "Groups that Intercom fills by rules.",
    &[
        text("id", "id", "Intercom's id."),
        text("name", "name", "Name."),
        text("person_type", "person_type", "user or contact (leads)."),
        integer("count", "count", "How many members the API states."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When its rules last changed."),
    ],
);
