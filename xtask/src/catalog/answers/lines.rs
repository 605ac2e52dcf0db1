//! The answers of all versions become one set of lines.
//!
//! The rule: a line for every stretch of versions in which the same is stated; where one version differs from both of
//! its neighbors, which agree, those are believed. Read `../tables.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use super::{Answers, slot::Facts};
use crate::catalog::{
    merge::{Range, believe_neighbors, stretches},
    operation::Key,
};

/// All versions together.
pub(in crate::catalog) struct Answered {
    /// Key, status, what is stated (nothing where there is no JSON), versions.
    pub(in crate::catalog) bodies: Vec<(Key, u16, Option<Facts>, Range)>,
    /// Shape, field, what is stated, versions.
    pub(in crate::catalog) fields: Vec<(String, String, Facts, Range)>,
}

/// Merges the answers of every version, oldest first.
pub(in crate::catalog) fn merge(versions: &[Answers]) -> Answered {
    let keys: BTreeSet<&(Key, u16)> = versions
        .iter()
        .flat_map(|version| version.bodies.keys())
        .collect();
    let mut bodies = Vec::new();
    for key in keys {
        let stated = versions.iter().enumerate().map(|(place, version)| {
            let body = version.bodies.get(key);
            (place, body.map(|body| body.as_ref().map(super::Slot::facts)))
        });
        let stretches = stretches(stated);
        bodies.extend(stretches.map(|(facts, range)| (key.0.clone(), key.1, facts, range)));
    }
    let names: BTreeSet<&String> = versions
        .iter()
        .flat_map(|version| version.shapes.keys())
        .collect();
    let mut fields = Vec::new();
    for name in names {
        fields.extend(shape(versions, name));
    }
    Answered { bodies, fields }
}

fn shape(versions: &[Answers], name: &str) -> Vec<(String, String, Facts, Range)> {
    let flat: Vec<(usize, BTreeMap<String, Facts>)> = versions
        .iter()
        .enumerate()
        .filter_map(|(place, version)| {
            let mut fields = BTreeMap::new();
            version.shapes.get(name)?.flatten("", &mut fields);
            Some((place, fields))
        })
        .collect();
    let fields: BTreeSet<&String> = flat.iter().flat_map(|(_, fields)| fields.keys()).collect();
    let mut lines = Vec::new();
    for field in fields {
        let mut stated: Vec<Option<&Facts>> = flat.iter().map(|(_, fields)| fields.get(field)).collect();
        believe_neighbors(&mut stated);
        let places = flat.iter().map(|(place, _)| *place);
        for (facts, range) in stretches(places.zip(stated)) {
            lines.push((name.to_owned(), field.clone(), facts.clone(), range));
        }
    }
    lines
}
