//! Articles for teammates only.

use super::{Table, boolean, html, json, records, text, time};

/// Internal articles.
pub(super) const INTERNAL_ARTICLES: Table = records(
    "internal_articles",
    "Articles for teammates only.",
    &[
        text("id", "id", "Intercom's id."),
        text("title", "title", "Title."),
        html("body", "body", "The text."),
        text("owner_id", "owner_id", "The teammate who answers for it."),
        text("author_id", "author_id", "The teammate who wrote it."),
        text("locale", "locale", "Its language."),
        json("audience_ids", "audience_ids", "Who may read it."),
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
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
