//! Finds and parses the descriptions: one file a version.
//!
//! The rule: a missing version is an error, since the tables would silently lose its operations.

use std::path::Path;

use anyhow::Context;
use serde_json::Value;

use super::description::Description;

/// The versions, oldest first: the catalog's name and the file's.
const VERSIONS: [(&str, &str); 11] = [
    ("2.7", "intercom-2.7.yaml"),
    ("2.8", "intercom-2.8.yaml"),
    ("2.9", "intercom-2.9.yaml"),
    ("2.10", "intercom-2.10.yaml"),
    ("2.11", "intercom-2.11.yaml"),
    ("2.12", "intercom-2.12.yaml"),
    ("2.13", "intercom-2.13.yaml"),
    ("2.14", "intercom-2.14.yaml"),
    ("2.15", "intercom-2.15.yaml"),
    ("2.16", "intercom-2.16.yaml"),
    ("Preview", "intercom-preview.yaml"),
];

/// The names of the versions, oldest first.
pub(super) fn names() -> impl Iterator<Item = &'static str> {
    VERSIONS.iter().map(|(name, _)| *name)
}

pub(super) fn read_all(from: &Path) -> anyhow::Result<Vec<Description>> {
    VERSIONS
        .iter()
        .map(|(name, file)| read_file(from, name, file))
        .collect()
}

/// The text of one version's description.
pub(super) fn text_of(from: &Path, version: &str) -> anyhow::Result<String> {
    let (_, file) = VERSIONS
        .iter()
        .find(|(name, _)| *name == version)
        .with_context(|| format!("there is no version {version}"))?;
    let path = from.join(file);
    std::fs::read_to_string(&path).with_context(|| format!("cannot read {}", path.display()))
}

/// The description of one version.
pub(crate) fn read_one(from: &Path, version: &str) -> anyhow::Result<Description> {
    let (name, file) = VERSIONS
        .iter()
        .find(|(name, _)| *name == version)
        .with_context(|| format!("there is no version {version}"))?;
    read_file(from, name, file)
}

fn read_file(from: &Path, name: &'static str, file: &str) -> anyhow::Result<Description> {
    let path = from.join(file);
    let text = std::fs::read_to_string(&path)
        .with_context(|| format!("cannot read the description of {name}: {}", path.display()))?;
    Ok(Description {
        name,
        root: parse(&text).with_context(|| format!("in {}", path.display()))?,
    })
}

/// Parses YAML without the parser's guard against hostile input: these files are large and chosen by the developer;
/// only `true` and `false` are booleans, so that a name such as `y` or `no` stays text.
pub(crate) fn parse(text: &str) -> anyhow::Result<Value> {
    let options = serde_saphyr::options! { budget: None, strict_booleans: true };
    Ok(serde_saphyr::from_str_with_options(text, options)?)
}
