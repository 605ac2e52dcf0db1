//! What a stream or an operation needs.
//!
//! The one rule: a stream needs what it is read with, what its parent is read with, and what completes lists that come cut.

use crate::{Catalog, Operation, Stream};

/// A permission that something needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Need {
    /// The label.
    pub permission: &'static str,
    /// The family of the operation that needs it; empty when the permission itself is wanted.
    pub family: &'static str,
}

impl Need {
    /// The wish for a permission itself.
    #[must_use]
    pub const fn of_label(permission: &'static str) -> Self {
        Self {
            permission,
            family: "",
        }
    }

    /// What an operation needs; nothing when any token will do.
    #[must_use]
    pub fn of_operation(operation: &Operation) -> Option<Self> {
        (!operation.permission.is_empty()).then(|| Self {
            permission: operation.permission,
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
