//! Where the descriptions describe each operation: a version and a line.
//!
//! The rule: 2.16 is named where it has the operation, else the newest version that has it, so that a reader looks where
//! the simulator's author looked.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use anyhow::Context as _;

use super::{
    files,
    merge::Merged,
    operation::{Key, METHODS, nameless},
};

/// The version that is named where it has the operation.
const USUAL: &str = "2.16";

/// A place in a description.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Place {
    pub(super) version: &'static str,
    pub(super) line: usize,
}

/// The place of each operation, in their order.
pub(super) fn find(from: &Path, operations: &[Merged<'_>]) -> anyhow::Result<Vec<Place>> {
    let versions: Vec<&'static str> = operations.iter().map(version).collect();
    let mut lines = BTreeMap::new();
    for version in versions.iter().copied().collect::<BTreeSet<_>>() {
        lines.insert(version, lines_of(&files::text_of(from, version)?));
    }
    let place = |(operation, version): (&Merged<'_>, &'static str)| {
        let key = (operation.method.to_owned(), nameless(&operation.newest.path));
        let line = lines.get(version).and_then(|lines| lines.get(&key)).copied();
        let line = line.with_context(|| format!("{} {} is on no line of {version}", key.0, key.1))?;
        Ok(Place { version, line })
    };
    operations.iter().zip(versions).map(place).collect()
}

fn version(operation: &Merged<'_>) -> &'static str {
    let at = |wanted: &str| files::names().position(|name| name == wanted);
    let usual = at(USUAL).filter(|place| operation.range.first <= *place && *place <= operation.range.last);
    match usual {
        Some(_) => USUAL,
        None => operation.range.names().1,
    }
}

/// The line of each operation, from 1: paths stand two spaces in, methods four.
fn lines_of(text: &str) -> BTreeMap<Key, usize> {
    let mut found = BTreeMap::new();
    let mut path = None;
    for (index, line) in text.lines().enumerate() {
        let bare = line.trim_start_matches(' ');
        let Some(name) = bare.strip_suffix(':').map(|name| name.trim_matches(['"', '\''])) else {
            continue;
        };
        match line.len() - bare.len() {
            0 => path = None,
            2 => path = name.starts_with('/').then(|| nameless(name)),
            4 => {
                if let Some(path) = path.as_ref().filter(|_| METHODS.contains(&name)) {
                    found.insert((name.to_uppercase(), path.clone()), index + 1);
                }
            }
            _ => {}
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_operation_is_on_the_line_of_its_method() {
        let text = "paths:\n  \"/tags/{id}\":\n    parameters:\n    get:\n      get:\n    delete:\ncomponents:\n  tag:\n    get:\n";
        let expected = [("DELETE", 6), ("GET", 4)];
        let expected = expected.map(|(method, line)| ((method.to_owned(), "/tags/{}".to_owned()), line));
        assert_eq!(lines_of(text), BTreeMap::from(expected));
    }
}
