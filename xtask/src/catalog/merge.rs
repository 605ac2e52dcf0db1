//! All versions become one set of operations.
//!
//! The rule: what has one value for an operation (path, tag, statuses, parameters) comes from the newest version that
//! has the operation; a body field has one line for every stretch of versions in which it is the same. Where one
//! description differs from both of its neighbors, which agree, the neighbors are believed: the API does not change
//! for a single version, but one of the descriptions was edited for other ends.
//! Read `tables.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use super::{
    fields::Field,
    files,
    operation::{Described, Key},
};

/// First and last version, as places in the list of versions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Range {
    pub(super) first: usize,
    pub(super) last: usize,
}

impl Range {
    pub(super) fn names(self) -> (&'static str, &'static str) {
        let name = |place: usize| files::names().nth(place).unwrap_or_default();
        (name(self.first), name(self.last))
    }
}

/// One operation over all versions.
pub(super) struct Merged<'a> {
    pub(super) method: &'a str,
    pub(super) newest: &'a Described,
    pub(super) upstream_id: Option<&'a str>,
    pub(super) range: Range,
    pub(super) path_parameters: Vec<(&'a str, &'a Field, Range)>,
    pub(super) query_parameters: Vec<(&'a str, &'a Field, Range)>,
    pub(super) fields: Vec<(u8, &'a str, &'a Field, Range)>,
    pub(super) errors: BTreeSet<(u16, &'a str)>,
}

/// A version's name and its operations.
pub(super) type Version = (&'static str, BTreeMap<Key, Described>);

/// Every operation of every version, in order of path and method.
pub(super) fn merge(versions: &[Version]) -> Vec<Merged<'_>> {
    let keys: BTreeSet<&Key> = versions
        .iter()
        .flat_map(|(_, operations)| operations.keys())
        .collect();
    let mut merged: Vec<Merged<'_>> = keys.into_iter().filter_map(|key| one(versions, key)).collect();
    merged.sort_by_key(|operation| (&operation.newest.path, operation.method));
    merged
}

fn one<'a>(versions: &'a [Version], key: &'a Key) -> Option<Merged<'a>> {
    let held: Vec<(usize, &Described)> = versions
        .iter()
        .enumerate()
        .filter_map(|(place, (_, operations))| operations.get(key).map(|described| (place, described)))
        .collect();
    let (first, last) = (held.first()?, held.last()?);
    let range = Range {
        first: first.0,
        last: last.0,
    };
    let newest = last.1;
    let mut errors: BTreeSet<(u16, &str)> = BTreeSet::new();
    for (_, described) in &held {
        errors.extend(
            described
                .errors
                .iter()
                .map(|(status, code)| (*status, code.as_str())),
        );
    }
    let coded: BTreeSet<u16> = errors
        .iter()
        .filter(|(_, code)| !code.is_empty())
        .map(|(status, _)| *status)
        .collect();
    errors.retain(|(status, code)| !code.is_empty() || !coded.contains(status));
    Some(Merged {
        method: &key.0,
        newest,
        upstream_id: held
            .iter()
            .rev()
            .find_map(|(_, described)| described.upstream_id.as_deref()),
        range,
        path_parameters: newest
            .path_parameters
            .iter()
            .map(|(name, field)| (name.as_str(), field, range))
            .collect(),
        query_parameters: query_parameters(&held),
        fields: fields(&held),
        errors,
    })
}

fn query_parameters<'a>(held: &[(usize, &'a Described)]) -> Vec<(&'a str, &'a Field, Range)> {
    let mut found: BTreeMap<&str, (&Field, Range)> = BTreeMap::new();
    for (place, described) in held {
        for (name, field) in &described.query_parameters {
            let range = found.get(name.as_str()).map_or(*place, |(_, range)| range.first);
            found.insert(
                name,
                (
                    field,
                    Range {
                        first: range,
                        last: *place,
                    },
                ),
            );
        }
    }
    found
        .into_iter()
        .map(|(name, (field, range))| (name, field, range))
        .collect()
}

fn fields<'a>(held: &[(usize, &'a Described)]) -> Vec<(u8, &'a str, &'a Field, Range)> {
    let names: BTreeSet<(u8, &str)> = held
        .iter()
        .flat_map(|(_, described)| described.fields.keys())
        .map(|(alternative, name)| (*alternative, name.as_str()))
        .collect();
    let mut lines = Vec::new();
    for (alternative, name) in names {
        let key = (alternative, name.to_owned());
        let mut stated: Vec<Option<&Field>> = held
            .iter()
            .map(|(_, described)| described.fields.get(&key))
            .collect();
        believe_neighbors(&mut stated);
        let places = held.iter().map(|(place, _)| *place);
        let stretches = stretches(places.zip(stated));
        lines.extend(stretches.map(|(field, range)| (alternative, name, field, range)));
    }
    lines
}

/// The stretches of versions in which the same is stated.
pub(super) fn stretches<T: PartialEq>(
    stated: impl Iterator<Item = (usize, Option<T>)>,
) -> impl Iterator<Item = (T, Range)> {
    let mut done = Vec::new();
    let mut stretch: Option<(T, Range)> = None;
    for (place, field) in stated {
        match (&mut stretch, field) {
            (Some((same, range)), Some(field)) if *same == field => range.last = place,
            (open, field) => {
                done.extend(open.take());
                let range = Range {
                    first: place,
                    last: place,
                };
                *open = field.map(|field| (field, range));
            }
        }
    }
    done.extend(stretch);
    done.into_iter()
}

/// Where one version differs from both of its neighbors, which agree, those are believed.
pub(super) fn believe_neighbors<T: PartialEq + Copy>(stated: &mut [Option<T>]) {
    for place in 1..stated.len().saturating_sub(1) {
        if stated[place - 1].is_some() && stated[place - 1] == stated[place + 1] {
            stated[place] = stated[place - 1];
        }
    }
}
