//! Every component by its name.
//!
//! The one rule: the names are unique within their kind, and this is the only list of them.

use std::sync::Arc;

use schemars::{Schema, SchemaGenerator};
use trunkline_flow::{
    Destination, Source, Transform,
    document::{Kinds, Mistake, Node},
};

use crate::{Site, destinations as to, sources as from, transforms as by};

/// Makes a transform anew, for each run.
pub(crate) type MakeTransform = Arc<dyn Fn() -> Box<dyn Transform> + Send + Sync>;

/// A component made of its settings.
type Built<T> = Result<Arc<T>, Mistake>;

/// A kind of source.
#[derive(Clone, Copy, Debug)]
pub struct SourceKind {
    /// Its name in a flow's file.
    pub name: &'static str,
    /// What it gives.
    pub summary: &'static str,
    /// Whether the same records can be read again, so that a cursor is all that must be kept.
    pub is_rereadable: bool,
    /// Whether it has no end with these settings: it waits for more instead of ending.
    pub is_endless: fn(&Node) -> bool,
    /// The schema of its settings.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes one of its settings.
    pub(crate) build: fn(&Node, &Site) -> Built<dyn Source>,
}

/// A kind of transform.
#[derive(Clone, Copy, Debug)]
pub struct TransformKind {
    /// Its name in a flow's file.
    pub name: &'static str,
    /// What it does.
    pub summary: &'static str,
    /// The schema of its settings.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes what makes one of its settings.
    pub(crate) build: fn(&Node, &Site) -> Result<MakeTransform, Mistake>,
}

/// A kind of destination.
#[derive(Clone, Copy, Debug)]
pub struct DestinationKind {
    /// Its name in a flow's file.
    pub name: &'static str,
    /// What it does with records.
    pub summary: &'static str,
    /// Whether a record that it gets twice is there once.
    pub is_idempotent: bool,
    /// The schema of its settings.
    pub schema: fn(&mut SchemaGenerator) -> Schema,
    /// Makes one of its settings.
    pub(crate) build: fn(&Node, &Site) -> Built<dyn Destination>,
}

/// All sources.
#[must_use]
pub const fn sources() -> &'static [SourceKind] {
    &[
        from::file::KIND,
        from::http::KIND,
        from::intercom::KIND,
        from::mirror::KIND,
        from::nats::KIND,
        from::sql::KIND,
        from::webhook::KIND,
    ]
}

/// All transforms.
#[must_use]
pub const fn transforms() -> &'static [TransformKind] {
    &[
        by::batch::KIND,
        by::dedupe::KIND,
        by::enrich::KIND,
        by::filter::KIND,
        by::hash::KIND,
        by::html::KIND,
        by::jq::KIND,
        by::map::KIND,
        by::mask::KIND,
        by::route::KIND,
        by::split::KIND,
        by::window::KIND,
    ]
}

/// All destinations.
#[must_use]
pub const fn destinations() -> &'static [DestinationKind] {
    &[
        to::chat::KIND,
        to::file::KIND,
        to::http::KIND,
        to::intercom::KIND,
        to::mail::KIND,
        to::nats::KIND,
        to::postgres::KIND,
        to::sqlite::KIND,
        to::stdout::KIND,
    ]
}

/// The names of all, for whoever reads a flow's file.
#[must_use]
pub fn kinds() -> Kinds {
    Kinds {
        sources: sources().iter().map(|kind| kind.name).collect(),
        transforms: transforms().iter().map(|kind| kind.name).collect(),
        destinations: destinations().iter().map(|kind| kind.name).collect(),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn names_are_unique_and_in_order() {
        let kinds = kinds();
        for names in [kinds.sources, kinds.transforms, kinds.destinations] {
            let sorted: BTreeSet<_> = names.iter().copied().collect();
            assert!(sorted.iter().eq(names.iter()), "{names:?}");
        }
    }
}
