//! A topic: what Intercom tells of when it happens, and the names and patterns by which people choose several at once.
//!
//! The one rule: a name stands here exactly as the platform writes it; what people write besides (`contact.created`,
//! `conversation.*`) only ever expands to such names.

use crate::{Catalog, Version};

/// What a topic says happened to the record that it is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum TopicChange {
    /// It is new, or is there again.
    Created,
    /// It is otherwise than before.
    Updated,
    /// It is gone.
    Deleted,
    /// Another one went into it.
    Merged,
    /// It came to something: a contact to a company, a tag to a conversation.
    Attached,
    /// It left something.
    Detached,
    /// Something that no record shows.
    Other,
}

impl TopicChange {
    /// Every kind of change.
    pub const ALL: [Self; 7] = [
        Self::Created,
        Self::Updated,
        Self::Deleted,
        Self::Merged,
        Self::Attached,
        Self::Detached,
        Self::Other,
    ];

    /// The change in a word.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Merged => "merged",
            Self::Attached => "attached",
            Self::Detached => "detached",
            Self::Other => "other",
        }
    }
}

/// One topic.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Topic {
    /// The platform's name of it, such as `conversation.user.replied`.
    pub name: &'static str,
    /// The first version of an app that is told of it.
    pub since: Version,
    /// The permissions to tick in the Developer Hub, in Intercom's words: any one of them will do; none are needed when
    /// there are none.
    pub permissions: Vec<&'static str>,
    /// The stream whose records it tells of; none where no stream of the mirror has them.
    pub stream: Option<&'static str>,
    /// What happened.
    pub change: TopicChange,
    /// One line in our own words.
    pub summary: &'static str,
}

/// A name that people use and Intercom does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicAlias {
    /// The name.
    pub name: &'static str,
    /// The topics that it stands for.
    pub topics: Vec<&'static str>,
    /// One line in our own words.
    pub summary: &'static str,
}

/// What was named is no topic and matches none.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no topic {name:?}{}", suggestion(.near))]
pub struct UnknownTopic {
    /// What was named.
    pub name: String,
    /// Names that look like it.
    pub near: Vec<&'static str>,
}

fn suggestion(names: &[&str]) -> String {
    if names.is_empty() {
        String::new()
    } else {
        format!("; did you mean {}?", names.join(" or "))
    }
}

impl UnknownTopic {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "TL0213"
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        "`trunkline topics` lists them; `*` stands for all, `conversation.*` for a family."
    }
}

impl Catalog {
    /// The topic of this name.
    #[must_use]
    pub fn topic(&self, name: &str) -> Option<&Topic> {
        self.topics().iter().find(|topic| topic.name == name)
    }

    /// The topics that names, aliases and patterns stand for: each once, in the catalog's order. In a pattern `*` stands
    /// for any text, dots included.
    ///
    /// # Errors
    /// When one of them stands for no topic at all.
    pub fn expand_topics<S: AsRef<str>>(&self, chosen: &[S]) -> Result<Vec<&Topic>, UnknownTopic> {
        let mut taken = vec![false; self.topics().len()];
        for wanted in chosen {
            let wanted = wanted.as_ref().trim();
            let alias = self.topic_aliases().iter().find(|alias| alias.name == wanted);
            let mut found = false;
            for (topic, taken) in self.topics().iter().zip(&mut taken) {
                let named = match alias {
                    Some(alias) => alias.topics.contains(&topic.name),
                    None => matches(wanted, topic.name),
                };
                *taken |= named;
                found |= named;
            }
            if !found {
                return Err(UnknownTopic {
                    name: wanted.to_owned(),
                    near: self.topics_near(wanted),
                });
            }
        }
        let topics = self.topics().iter().zip(taken);
        Ok(topics
            .filter(|(_, taken)| *taken)
            .map(|(topic, _)| topic)
            .collect())
    }

    /// The names that are most like this one, best first.
    fn topics_near(&self, name: &str) -> Vec<&'static str> {
        let name = name.trim_matches(|letter: char| letter == '*' || letter == '.');
        if name.is_empty() {
            return Vec::new();
        }
        // What is much longer than any topic is near none.
        let short: String = name.chars().take(100).collect();
        // Whoever leaves a word out means a topic that has all the others.
        let lacks = |known: &str| {
            !name
                .split('.')
                .all(|word| !word.is_empty() && known.split('.').any(|held| held.starts_with(word)))
        };
        let mut near: Vec<(bool, usize, &'static str)> = self
            .topics()
            .iter()
            .map(|topic| {
                (
                    lacks(topic.name),
                    strsim::levenshtein(&short, topic.name),
                    topic.name,
                )
            })
            .filter(|(lacks, distance, known)| !lacks || *distance <= known.len().max(name.len()) / 3)
            .collect();
        near.sort_unstable();
        near.into_iter().take(3).map(|(.., known)| known).collect()
    }
}

/// Whether a name fits a pattern: after each `*` the next piece is looked for as early as possible.
fn matches(pattern: &str, name: &str) -> bool {
    let mut pieces = pattern.split('*');
    let Some(mut rest) = pieces.next().and_then(|first| name.strip_prefix(first)) else {
        return false;
    };
    let mut pieces: Vec<&str> = pieces.collect();
    let Some(last) = pieces.pop() else {
        return rest.is_empty();
    };
    for piece in pieces {
        match rest.find(piece) {
            Some(place) => rest = &rest[place + piece.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_star_stands_for_any_text() {
        for (pattern, name, fits) in [
            ("ping", "ping", true),
            ("ping", "pings", false),
            ("*", "ping", true),
            ("conversation.*", "conversation.user.replied", true),
            ("conversation.*", "conversation_part.redacted", false),
            ("conversation*", "conversation_part.redacted", true),
            ("*.created", "contact.user.created", true),
            ("*.created", "created", false),
            ("contact.*.created", "contact.user.created", true),
            ("contact.*.created", "contact.user.tag.created", true),
            ("contact.*.tag.*", "contact.lead.tag.deleted", true),
            ("contact.*.created", "contact.created", false),
            ("a*a", "a", false),
            ("", "ping", false),
            ("**", "ping", true),
        ] {
            assert_eq!(matches(pattern, name), fits, "{pattern} {name}");
        }
    }
}
