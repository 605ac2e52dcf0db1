//! `cargo xtask catalog`: the published descriptions become the catalog's tables.
//!
//! The rule: only facts pass into the tables (names, types, statuses), never a sentence of the descriptions. Read
//! `catalog/description.rs` next.

mod answers;
pub(crate) mod description;
mod fields;
pub(crate) mod files;
mod merge;
pub(crate) mod operation;
mod places;
pub(crate) mod schema;
mod shape;
mod tables;
mod words;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};

use anyhow::{Context, bail};

/// Reads the descriptions in `from` and writes the tables; with `check`, fails when the committed ones differ.
pub(crate) fn run(from: &Path, check: bool) -> anyhow::Result<()> {
    let versions = files::read_all(from)?;
    let mut described = Vec::new();
    for version in &versions {
        let operations =
            operation::read(version).with_context(|| format!("in the description of {}", version.name))?;
        described.push((version.name, operations));
    }
    let merged = merge::merge(&described);
    let mut answers = Vec::new();
    for version in &versions {
        let read = answers::read(version);
        answers.push(read.with_context(|| format!("in the answers of {}", version.name))?);
    }
    let answered = answers::merge(&answers);
    let home = catalog_home();
    let mut rendered = tables::render(&merged, &answered)?;
    rendered.push(tables::places(&merged, &places::find(from, &merged)?)?);
    words::check(&versions, &home.join("overlays"))?;
    let mut stale = Vec::new();
    for table in &rendered {
        let path = home.join(table.folder).join(table.name);
        let held = std::fs::read_to_string(&path).unwrap_or_default();
        if held == table.text {
            continue;
        }
        if check {
            stale.push(tables::difference(table.name, &held, &table.text));
        } else {
            std::fs::write(&path, &table.text).with_context(|| format!("cannot write {}", path.display()))?;
        }
    }
    if !stale.is_empty() {
        bail!(
            "the catalog's tables are stale; run `cargo xtask catalog --from DIR`\n{}",
            stale.join("\n")
        );
    }
    Ok(())
}

fn catalog_home() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../crates/trunkline-catalog")
}
