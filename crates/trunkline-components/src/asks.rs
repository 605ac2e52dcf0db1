//! What a flow asks of Intercom: the actions that it calls, the topics that it hears, the streams that its mirror has to hold.
//!
//! The one rule: a component that is told by a setting which part of Intercom it uses is named here, so that `trunkline scopes` knows of it.

use serde_json::Value;
use trunkline_flow::document::{Document, Part};

/// What a flow asks of Intercom, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Asks {
    /// Operations and other actions that it calls.
    pub actions: Vec<String>,
    /// Topics, and patterns of them, that it hears.
    pub topics: Vec<String>,
    /// Streams of a mirror that it reads; `*` for all.
    pub streams: Vec<String>,
}

/// What a flow asks of Intercom. A flow that hears all topics asks for `*`.
#[must_use]
pub fn asks(document: &Document) -> Asks {
    let mut asks = Asks::default();
    asks.source(&document.source);
    let within = document.destinations.iter().flat_map(|branch| &branch.transforms);
    for transform in document.transforms.iter().chain(within) {
        asks.transform(transform);
    }
    for branch in &document.destinations {
        if branch.part.kind == "intercom" {
            asks.actions.extend(words(&branch.part, "action"));
        }
    }
    asks
}

impl Asks {
    fn source(&mut self, part: &Part) {
        match part.kind.as_str() {
            "intercom" => self.actions.extend(words(part, "operation")),
            "webhook" => {
                let topics = words(part, "topics");
                self.topics.extend(if topics.is_empty() {
                    vec!["*".to_owned()]
                } else {
                    topics
                });
            }
            "mirror" => {
                for name in ["stream", "streams", "changes"] {
                    self.streams.extend(words(part, name));
                }
            }
            _ => {}
        }
    }

    fn transform(&mut self, part: &Part) {
        if part.kind == "enrich" {
            self.actions.extend(words(part, "operation"));
        }
    }
}

/// The word, or the words, of a setting.
fn words(part: &Part, name: &str) -> Vec<String> {
    let text = |value: &Value| value.as_str().map(str::to_owned);
    match part.settings.to_json().get(name) {
        Some(Value::Array(all)) => all.iter().filter_map(text).collect(),
        Some(one) => text(one).into_iter().collect(),
        None => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::kinds;

    fn check(text: &str, actions: &[&str], topics: &[&str], streams: &[&str]) {
        let document = Document::parse(text, &kinds(), Timestamp::UNIX_EPOCH).unwrap();
        let found = asks(&document);
        assert_eq!(
            (found.actions, found.topics, found.streams),
            (owned(actions), owned(topics), owned(streams)),
            "{text}"
        );
    }

    fn owned(words: &[&str]) -> Vec<String> {
        words.iter().map(|word| (*word).to_owned()).collect()
    }

    #[test]
    fn a_flow_says_what_it_asks_of_intercom() {
        check(
            "flow: a\nsource: { webhook: { topics: [conversation.user.created] } }\n\
             transforms:\n  - enrich: { operation: contacts.get, with: { id: .id }, into: who }\n\
             destinations:\n  - intercom: { action: conversations.assign, with: { conversation_id: .id } }\n",
            &["contacts.get", "conversations.assign"],
            &["conversation.user.created"],
            &[],
        );
        check(
            "flow: a\nsource: webhook\ndestinations: [stdout]\n",
            &[],
            &["*"],
            &[],
        );
        check(
            "flow: a\nsource: { mirror: { changes: [contacts, tags] } }\ndestinations: [stdout]\n",
            &[],
            &[],
            &["contacts", "tags"],
        );
        check(
            "flow: a\nsource: { intercom: { operation: tickets.get, path: { id: 3 } } }\n\
             destinations:\n  - stdout\n  - { stdout: {}, name: b, transforms: [ { enrich: { operation: admins.get, with: { id: .a }, into: b } } ] }\n",
            &["tickets.get", "admins.get"],
            &[],
            &[],
        );
        check(
            "flow: a\nsource: { file: { path: in.jsonl } }\ndestinations: [stdout]\n",
            &[],
            &[],
            &[],
        );
    }
}
