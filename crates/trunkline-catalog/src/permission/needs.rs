//! What a stream, an operation or a topic needs.
//!
//! The one rule: a stream needs what it is read with, what its parent is read with, and what completes lists that come cut.

use crate::{Catalog, Operation, Stream, Topic};

/// Permissions of which something needs any one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// The labels: one, but for topics, which are told to whoever has one of several.
    pub any: Vec<&'static str>,
    /// The family of the operation that needs it; empty when the permission itself is wanted.
    pub family: &'static str,
}

impl Need {
    /// The wish for a permission itself.
    #[must_use]
    pub fn of_label(permission: &'static str) -> Self {
        Self {
            any: vec![permission],
            family: "",
        }
    }

    /// What a topic needs; nothing when any app is told of it.
    #[must_use]
    pub fn of_topic(topic: &Topic) -> Option<Self> {
        (!topic.permissions.is_empty()).then(|| Self {
            any: topic.permissions.clone(),
            family: "",
        })
    }

    /// What an operation needs; nothing when any token will do.
    #[must_use]
    pub fn of_operation(operation: &Operation) -> Option<Self> {
        (!operation.permission.is_empty()).then(|| Self {
            any: vec![operation.permission],
            family: operation.family(),
        })
    }

    /// What the reading of a stream needs, each once.
    #[must_use]
    pub fn of_stream(catalog: &Catalog, stream: &Stream) -> Vec<Self> {
        let mut needs = Vec::new();
        let mut next = Some(stream);
        while let Some(stream) = next {
            let of_list = stream.list.as_ref().and_then(|list| list.complete_with);
            for id in [Some(stream.operation), of_list].into_iter().flatten() {
                needs.extend(catalog.operation(id).and_then(Self::of_operation));
            }
            next = stream.parent.and_then(|parent| catalog.stream(parent));
        }
        needs.sort_unstable();
        needs.dedup();
        needs
    }
}
