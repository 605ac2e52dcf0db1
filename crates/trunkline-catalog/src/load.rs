//! Merges the generated tables with the overlays into operations and streams.
//!
//! The rule: a table and its overlay describe the same operations, each exactly once; what one has and the other lacks
//! is an error. Read `tables/operations.tsv` and `overlays/operations.tsv` next.

pub(crate) mod answers;
mod corrections;
mod operations;
pub(crate) mod permissions;
mod streams;
mod topics;

#[cfg(test)]
mod tests;

use std::collections::HashSet;

use crate::{CatalogError, Operation, Stream, Topic, TopicAlias};

/// The texts that make a catalog.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sources {
    pub(crate) operations: &'static str,
    pub(crate) parameters: &'static str,
    pub(crate) body_fields: &'static str,
    pub(crate) errors: &'static str,
    pub(crate) corrections: &'static str,
    pub(crate) overlay: &'static str,
    pub(crate) streams: &'static str,
    pub(crate) topics: &'static str,
    pub(crate) topic_aliases: &'static str,
}

impl Sources {
    /// What ships with the program.
    pub(crate) const EMBEDDED: Self = Self {
        operations: include_str!("../tables/operations.tsv"),
        parameters: include_str!("../tables/parameters.tsv"),
        body_fields: include_str!("../tables/body_fields.tsv"),
        errors: include_str!("../tables/errors.tsv"),
        corrections: include_str!("../overlays/corrections.tsv"),
        overlay: include_str!("../overlays/operations.tsv"),
        streams: include_str!("../overlays/streams.tsv"),
        topics: include_str!("../overlays/topics.tsv"),
        topic_aliases: include_str!("../overlays/topic_aliases.tsv"),
    };
}

/// What the texts say.
#[derive(Debug)]
pub(crate) struct Loaded {
    /// In order of id.
    pub(crate) operations: Vec<Operation>,
    /// As they stand.
    pub(crate) streams: Vec<Stream>,
    /// As they stand.
    pub(crate) topics: Vec<Topic>,
    /// As they stand.
    pub(crate) topic_aliases: Vec<TopicAlias>,
}

/// Reads everything.
pub(crate) fn load(sources: &Sources) -> Result<Loaded, CatalogError> {
    let mut operations = operations::load(sources)?;
    corrections::apply(sources.corrections, &mut operations)?;
    let ids: HashSet<&str> = operations.iter().map(|operation| operation.id).collect();
    let streams = streams::load(sources.streams, &ids)?;
    let topics = topics::load(sources.topics, &streams)?;
    let topic_aliases = topics::aliases(sources.topic_aliases, &topics)?;
    Ok(Loaded {
        operations,
        streams,
        topics,
        topic_aliases,
    })
}
