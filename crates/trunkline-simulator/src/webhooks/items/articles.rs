//! Articles: whole for every topic, even when one is deleted.

use serde_json::Value;

use super::{
    super::ordered::{Node, object},
    zulu,
};

const FIELDS: [&str; 18] = [
    "id",
    "type",
    "workspace_id",
    "parent_id",
    "parent_type",
    "parent_ids",
    "statistics",
    "tags",
    "content_id",
    "title",
    "description",
    "body",
    "body_markdown",
    "author_id",
    "state",
    "created_at",
    "updated_at",
    "url",
];
/// The content behind an article has a number of its own.
const CONTENT_OFFSET: u64 = 2_740_908;

/// An article; its single parent stays empty even when it has one.
pub(super) fn article(article: &Value) -> Node {
    let content = article["id"]
        .as_str()
        .and_then(|id| id.parse::<u64>().ok())
        .map(|id| (id + CONTENT_OFFSET).to_string());
    let mut shown = Node::from(article);
    let statistics = [
        "views",
        "conversations",
        "reactions",
        "happy_reaction_percentage",
        "neutral_reaction_percentage",
        "sad_reaction_percentage",
    ];
    let counts = statistics
        .iter()
        .map(|name| ((*name).to_owned(), Node::from(0_i64)));
    let first = ("type".to_owned(), Node::from("article_statistics"));
    shown.set(
        "statistics",
        Node::Object(std::iter::once(first).chain(counts).collect()),
    );
    shown.set("content_id", content);
    shown.set("parent_id", Node::Null);
    shown.set("parent_type", Node::Null);
    shown.set("body_markdown", Node::Null);
    let mut shown = shown.picked(&FIELDS);
    for field in ["created_at", "updated_at"] {
        shown.change(field, zulu);
    }
    shown.change("tags", |mut list| {
        let tags = list
            .take("tags")
            .each(|tag| tag.in_order(&["type", "id", "name"]));
        object([("type", "tag.list".into()), ("tags", tags)])
    });
    shown
}
