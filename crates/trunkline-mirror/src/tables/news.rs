//! News items and the feeds they appear in.

use super::{Table, boolean, html, json, records, text, time};

/// News items.
pub(super) const NEWS_ITEMS: Table = records(
    "news_items",
    "News for contacts.",
    &[
        text("id", "id", "Intercom's id."),
        text("title", "title", "Title."),
        html("body", "body", "The text."),
        text("sender_id", "sender_id", "The teammate who sends it."),
        text("state", "state", "draft or live."),
        boolean(
            "deliver_silently",
            "deliver_silently",
            "Whether nobody is told of it.",
        ),
        text("cover_image_url", "cover_image_url", "Picture."),
        json(
            "newsfeed_assignments",
            "newsfeed_assignments",
            "The feeds that it appears in, and since when.",
        ),
        json("labels", "labels", "Labels."),
        json(
            "reactions",
            "reactions",
            "The emojis that contacts can answer with.",
        ),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);

/// News feeds.
pub(super) const NEWSFEEDS: Table = records(
    "newsfeeds",
    "Feeds that news items appear in.",
    &[
        text("id", "id", "Intercom's id."),
        text("name", "name", "Name."),
        time("created_at", "created_at", "When it was made."),
        time("updated_at", "updated_at", "When it last changed."),
    ],
);
