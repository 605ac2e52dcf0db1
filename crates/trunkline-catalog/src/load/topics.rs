//! Topics and the names that stand for several of them, one line each.
//!
//! The rule: a topic's stream exists, and an alias names only topics.

use crate::{CatalogError, Stream, Topic, TopicAlias, TopicChange, table::rows};

pub(super) fn load(text: &'static str, streams: &[Stream]) -> Result<Vec<Topic>, CatalogError> {
    let columns = ["topic", "since", "permissions", "stream", "change", "summary"];
    let mut topics: Vec<Topic> = Vec::new();
    for row in rows("overlays/topics.tsv", text, columns)? {
        let name = row.filled(0)?;
        if topics.iter().any(|topic| topic.name == name) {
            return Err(row.duplicate(name));
        }
        let stream = row.optional(3);
        if let Some(stream) = stream
            && !streams.iter().any(|known| known.name == stream)
        {
            return Err(row.unknown("stream", stream));
        }
        topics.push(Topic {
            name,
            since: row.parsed(1, "a version")?,
            permissions: row.list(2),
            stream,
            change: TopicChange::ALL
                .into_iter()
                .find(|change| change.as_str() == row.cell(4))
                .ok_or_else(|| {
                    row.wrong(
                        4,
                        "created, updated, deleted, merged, attached, detached or other",
                    )
                })?,
            summary: row.filled(5)?,
        });
    }
    Ok(topics)
}

pub(super) fn aliases(text: &'static str, topics: &[Topic]) -> Result<Vec<TopicAlias>, CatalogError> {
    let mut aliases: Vec<TopicAlias> = Vec::new();
    for row in rows("overlays/topic_aliases.tsv", text, ["name", "topics", "summary"])? {
        let name = row.filled(0)?;
        let is_taken = aliases.iter().any(|alias| alias.name == name);
        if is_taken || topics.iter().any(|topic| topic.name == name) {
            return Err(row.duplicate(name));
        }
        row.filled(1)?;
        let named = row.list(1);
        let is_topic = |named: &str| topics.iter().any(|topic| topic.name == named);
        if let Some(unknown) = named.iter().find(|named| !is_topic(named)) {
            return Err(row.unknown("topic", *unknown));
        }
        aliases.push(TopicAlias {
            name,
            topics: named,
            summary: row.filled(2)?,
        });
    }
    Ok(aliases)
}
