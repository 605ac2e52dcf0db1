//! Which streams topics keep up to date, and which nothing is told of.
//!
//! The one rule: a stream stands here only when everything that happens to it is told, or changes with something that is.
//! What is not told, although its stream is, stands in the guide.

use trunkline_catalog::{Catalog, Topic};

/// What hangs on the records of a stream and is kept up with them.
const HANGING: &[(&str, &[&str])] = &[
    ("activity_logs", &[]),
    ("admins", &[]),
    ("articles", &[]),
    ("calls", &[]),
    ("companies", &["company_tags", "company_segments"]),
    (
        "contacts",
        &[
            "contact_tags",
            "contact_companies",
            "contact_subscriptions",
            "contact_merges",
        ],
    ),
    (
        "conversations",
        &[
            "conversation_parts",
            "conversation_tags",
            "conversation_contacts",
            "attachments",
            "deleted_conversations",
        ],
    ),
    ("data_events", &[]),
    (
        "tickets",
        &["ticket_parts", "ticket_contacts", "ticket_conversations"],
    ),
];

/// The streams that a topic keeps up to date: that of its record, and what hangs on it.
pub fn streams_of(topic: &Topic) -> impl Iterator<Item = &'static str> {
    let stream = topic.stream.unwrap_or_default();
    HANGING
        .iter()
        .filter(move |(root, hanging)| *root == stream || hanging.contains(&stream))
        .flat_map(|(root, hanging)| std::iter::once(*root).chain(hanging.iter().copied()))
}

/// Whether any topic tells what happens to the records of a stream.
#[must_use]
pub fn told_by(stream: &str) -> bool {
    Catalog::embedded()
        .topics()
        .iter()
        .any(|topic| streams_of(topic).any(|covered| covered == stream))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tables;

    #[test]
    fn every_topic_with_a_stream_keeps_that_stream() {
        for topic in Catalog::embedded().topics() {
            if let Some(stream) = topic.stream {
                assert!(
                    streams_of(topic).any(|covered| covered == stream),
                    "{}",
                    topic.name
                );
            } else {
                assert_eq!(streams_of(topic).count(), 0, "{}", topic.name);
            }
        }
    }

    #[test]
    fn what_nothing_is_told_of() {
        let untold: Vec<&str> = tables::all()
            .map(|table| table.name)
            .filter(|stream| !told_by(stream))
            .collect();
        insta::assert_snapshot!(untold.join(", "));
    }
}
