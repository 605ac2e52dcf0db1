//! What a subscriber can read besides operations: what webhooks tell, what changes in a mirror, and the records of a mirror's streams.
//!
//! The one rule: a choice is one word, such as `changes:contacts`, which says the source and what of it; a word without a mark is an
//! operation.

use serde_json::{Value, json};
use trunkline_catalog::Catalog;
use trunkline_flow::document::Node;
use trunkline_mirror::tables;

use crate::{console::fields::Fields, reply::Refusal};

/// Parameters that only an operation has.
const OF_OPERATIONS: [&str; 5] = ["path", "query", "payload", "request", "checkpoint"];

/// What is chosen.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Reads<'w> {
    /// The answers of an operation.
    Operation,
    /// Notifications of a topic, or of all.
    Topic(&'w str),
    /// What changes in a stream of the mirror, or in all.
    Changes(&'w str),
    /// The records of a stream of the mirror.
    Records(&'w str),
}

impl<'w> Reads<'w> {
    /// What a word means.
    pub(super) fn of(word: &'w str) -> Self {
        match word.split_once(':') {
            Some(("topic", name)) => Self::Topic(name),
            Some(("changes", name)) => Self::Changes(name),
            Some(("records", name)) => Self::Records(name),
            _ => Self::Operation,
        }
    }

    /// Whether it goes on as long as the flow does, so that no time says when it is read.
    pub(super) const fn is_endless(self) -> bool {
        matches!(self, Self::Topic(_) | Self::Changes(_))
    }

    /// The source of a flow that reads this; none for an operation.
    pub(super) fn source(self, form: &Fields) -> Result<Option<Node>, Refusal> {
        let (kind, mut settings) = match self {
            Self::Operation => return Ok(None),
            Self::Topic("*") => ("webhook", json!({})),
            Self::Topic(name) => ("webhook", json!({ "topics": [name] })),
            Self::Changes(name) => ("mirror", json!({ "changes": [name] })),
            Self::Records(name) => ("mirror", json!({ "stream": name })),
        };
        let parameter = form.pairs().find(|(name, value)| {
            let of = name.split('.').next().unwrap_or_default();
            OF_OPERATIONS.contains(&of) && !value.trim().is_empty()
        });
        if let Some((name, _)) = parameter {
            let field = name.split('.').next().unwrap_or_default();
            return Err(Refusal::of_field(
                field,
                "is for operations: leave it empty, or read one",
            ));
        }
        if let Some(connection) = form.given("connection") {
            settings["connection"] = Value::String(connection);
        }
        Ok(Some(Node::of_json(json!({ kind: settings }))))
    }
}

/// What can be chosen besides operations: groups of words, each with what it means.
pub(super) fn offered() -> Vec<(&'static str, Vec<(String, String)>)> {
    let topics = Catalog::embedded().topics().iter();
    let topics = topics.map(|topic| {
        (
            format!("topic:{}", topic.name),
            format!("{} – {}", topic.name, topic.summary),
        )
    });
    let every = |word: &str, words: &str| std::iter::once((word.to_owned(), words.to_owned()));
    let changes = tables::all().filter(|table| !table.is_members());
    let changes = changes.map(|table| (format!("changes:{}", table.name), table.name.to_owned()));
    let records = tables::all().map(|table| (format!("records:{}", table.name), table.name.to_owned()));
    vec![
        (
            "Told by webhooks, as it happens",
            every("topic:*", "everything that is told")
                .chain(topics)
                .collect(),
        ),
        (
            "Changes in the mirror, as they happen",
            every("changes:*", "all streams").chain(changes).collect(),
        ),
        (
            "Records of the mirror, at first all, then what changed",
            records.collect(),
        ),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_choice_makes_a_source_that_flows_understand() {
        let form = Fields::of(&[("connection", "acme"), ("paginate", "on")]);
        let mut count = 0;
        for (_, choices) in offered() {
            for (word, _) in choices {
                let reads = Reads::of(&word);
                let source = reads.source(&form).ok().flatten().expect(&word).to_json();
                let text = json!({ "flow": "x", "source": source, "destinations": [{ "file": { "path": "out.jsonl" } }] });
                let now = jiff::Timestamp::UNIX_EPOCH;
                let document = crate::api::flows::document(&text.to_string(), now);
                let document = document.unwrap_or_else(|mistakes| panic!("{word}: {mistakes:?}"));
                assert_eq!(
                    trunkline_components::is_endless(&document),
                    reads.is_endless(),
                    "{word}"
                );
                count += 1;
            }
        }
        assert!(count > 100, "{count}");
    }

    #[test]
    fn an_operation_is_no_choice_of_these_and_alone_has_parameters() {
        let form = Fields::of(&[("query.k0", "per_page"), ("query.v0", "50")]);
        assert!(matches!(Reads::of("contacts.search").source(&form), Ok(None)));
        let refused = Reads::of("records:contacts").source(&form).err().unwrap();
        assert_eq!(refused.field.as_deref(), Some("query"));
    }
}
