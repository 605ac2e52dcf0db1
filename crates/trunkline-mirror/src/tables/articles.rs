//! Articles of the help center.

use super::{Table, boolean, html, json, records, text, time};

/// Articles.
pub(super) const ARTICLES: Table = records(
    "articles",
    "Articles of the help center.",
    &[
        text("id", "id", "Intercom's id."),
        text("title", "title", "Title."),
        text("description", "description", "What it is about."),
        html("body", "body", "The text."),
        text("author_id", "author_id", "The teammate who wrote it."),
        text("state", "state", "published or draft."),
        text("url", "url", "Where it can be read."),
        text("parent_id", "parent_id", "Where it stands, before 2.16."),
        text(
            "parent_type",
            "parent_type",
            "The kind of the place where it stands, before 2.16.",
        ),
        json("parent_ids", "parent_ids", "The collections that it stands in."),
        text("default_locale", "default_locale", "Its first language."),
        text("help_center_audience", "help_center_audience", "Who may read it."),
        boolean(
            "has_unpublished_changes",
            "has_unpublished_changes",
            "Whether a draft is newer than what is published.",
        ),
        boolean(
            "ai_chatbot_availability",
            "ai_chatbot_availability",
            "Whether the AI agent may use it.",
        ),
        boolean(
            "ai_copilot_availability",
            "ai_copilot_availability",
            "Whether teammates' AI help may use it.",
        ),
        text("created_by_id", "created_by_id", "Who made it."),
        text("updated_by_id", "updated_by_id", "Who last changed it."),
        time(
            "scheduled_publish_at",
            "scheduled_publish_at",
            "When it will be published.",
        ),
        time(
            "scheduled_unpublish_at",
            "scheduled_unpublish_at",
            "When it will be withdrawn.",
        ),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
        json("tags", "tags.tags", "Its tags."),
        json(
            "translated_content",
            "translated_content",
            "The text in other languages.",
        ),
    ],
);
