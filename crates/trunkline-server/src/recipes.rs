//! Recipes: flows that are ready to be used, shipped within the program.
//!
//! The one rule: what has to be filled in stands in the recipe's own `recipe.json`, as pieces of its flows' texts; a filled text keeps its
//! comments, and is the shipped one where nothing is changed. Read `recipes/shipped.rs` for what is shipped, `recipes/fill.rs` for
//! how it is filled in.

mod fill;
mod shipped;
#[cfg(test)]
mod tests;

use serde::Deserialize;
use serde_json::Value;

pub(crate) use fill::{Filling, fill};
pub use shipped::RECIPES;

/// A recipe.
#[derive(Clone, Copy, Debug)]
pub struct Recipe {
    /// Its name, which is that of its folder.
    pub name: &'static str,
    /// Its files by their names below its folder.
    pub files: &'static [(&'static str, &'static str)],
}

/// What `recipe.json` says.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct About {
    /// What people call it.
    pub(crate) title: String,
    /// What has to be there, a line each.
    pub(crate) needs: Vec<String>,
    /// Its flows, the first one first.
    pub(crate) flows: Vec<AboutFlow>,
}

/// A flow of a recipe.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AboutFlow {
    /// Its file.
    pub(crate) file: String,
    /// The file of records that it is tried with, where its text has none.
    #[serde(default)]
    pub(crate) input: Option<String>,
    /// Variables of the environment that it reads secrets from.
    #[serde(default)]
    pub(crate) environment: Vec<String>,
    /// What is filled in.
    #[serde(default)]
    pub(crate) values: Vec<Blank>,
}

/// A value to fill in.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Blank {
    /// Its name in a form.
    pub(crate) name: String,
    /// What it is.
    pub(crate) label: String,
    /// What belongs in.
    pub(crate) hint: String,
    /// What it may be.
    pub(crate) kind: BlankKind,
    /// What stands there as it is shipped.
    pub(crate) usual: String,
    /// The piece of the text that it stands in, with `{}` in its place; the value alone unless told.
    #[serde(default)]
    pub(crate) at: Option<String>,
}

/// What a value may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum BlankKind {
    /// Letters, digits, spaces and what names have; no quotes.
    Words,
    /// Digits, such as an id of Intercom.
    Number,
    /// A number and a unit, such as `15m`.
    Span,
    /// A file below the data folder.
    File,
    /// A host's name, or a path of one.
    Address,
}

impl Recipe {
    /// The recipe of a name.
    #[must_use]
    pub fn of(name: &str) -> Option<&'static Self> {
        RECIPES.iter().find(|recipe| recipe.name == name)
    }

    /// A file of it.
    #[must_use]
    pub fn file(&self, name: &str) -> Option<&'static str> {
        self.files
            .iter()
            .find_map(|(own, text)| (*own == name).then_some(*text))
    }

    /// What its README says, word for word.
    #[must_use]
    pub fn readme(&self) -> &'static str {
        self.file("README.md").unwrap_or_default()
    }

    /// What its first flow does.
    #[must_use]
    pub fn summary(&self) -> &'static str {
        self.file("flow.yaml").map_or("", summary)
    }

    /// What is to be known of it before it is used; a recipe without it cannot be filled in, only copied.
    pub(crate) fn about(&self) -> Option<About> {
        serde_json::from_str(self.file("recipe.json")?).ok()
    }
}

/// What a flow's text says that it does.
pub(crate) fn summary(text: &'static str) -> &'static str {
    text.lines()
        .find_map(|line| line.strip_prefix("description: "))
        .unwrap_or_default()
}

/// The records of a file beside the shipped flow of a name.
pub(crate) fn input_of(flow: &str, file: &str) -> Option<Vec<Value>> {
    let line = format!("flow: {flow}\n");
    let recipe = RECIPES
        .iter()
        .find(|recipe| recipe.files.iter().any(|(_, text)| text.starts_with(&line)))?;
    records(recipe.file(file)?)
}

/// The records of a text: a JSON list, or lines of JSON.
pub(crate) fn records(text: &str) -> Option<Vec<Value>> {
    if let Ok(Value::Array(all)) = serde_json::from_str(text) {
        return Some(all);
    }
    let lines = text.lines().filter(|line| !line.trim().is_empty());
    lines.map(|line| serde_json::from_str(line).ok()).collect()
}
