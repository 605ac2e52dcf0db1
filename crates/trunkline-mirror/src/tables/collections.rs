//! Collections of the help center.

use super::{Table, integer, json, records, text, time};

/// Collections.
pub(super) const COLLECTIONS: Table = records(
    "collections",
    "Shelves of the help center.",
    &[
        text("id", "id", "Intercom's id."),
        text("name", "name", "Name."),
        text("description", "description", "What it is about."),
        text("parent_id", "parent_id", "The collection that it is part of."),
        text("help_center_id", "help_center_id", "Its help center."),
        text("url", "url", "Where it can be seen."),
        text("icon", "icon", "Icon."),
        integer("order", "order", "Where it stands among the others."),
        text("default_locale", "default_locale", "Its first language."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
        json(
            "translated_content",
            "translated_content",
            "Name and description in other languages.",
        ),
    ],
);
