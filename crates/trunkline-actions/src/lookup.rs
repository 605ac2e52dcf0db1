//! The live lists from which a person picks a value: teammates, teams, tags, segments and so on, with ids and names.
//!
//! The one rule: only what the API lists is here, one line of `lookup/lists.rs` each; what cannot be picked any more
//! (deleted, archived) is left out. Read `lookup/choice.rs` for how a row becomes a choice, `lookup/fields.rs`
//! for which field is picked from which list.

mod choice;
mod fields;
mod lists;
mod query;

use serde_json::Value;
use trunkline_catalog::{Catalog, Version};
use trunkline_client::{Call, CallError, Client, ErrorKind, Priority};

pub use choice::Choice;
pub(crate) use fields::of_field;
pub use lists::lookups;

use crate::registry::nearest;

/// One list.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lookup {
    /// Its name, such as `admins`.
    pub name: &'static str,
    /// Names that are taken for it too.
    pub aliases: &'static [&'static str],
    /// What it lists, in a few words.
    pub help: &'static str,
    /// Where it is read.
    pub source: Source,
    /// Where it is read in versions that lack the source.
    pub before: Option<Source>,
    /// The field that holds the id, and the one that does when the first is empty.
    pub id: [&'static str; 2],
    /// The fields that hold the name; the first that is not empty counts.
    pub label: &'static [&'static str],
    /// The fields that tell choices of one name apart.
    pub details: &'static [&'static str],
    /// In which order, and who looks for words.
    pub order: Order,
}

/// An operation that lists.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Source {
    /// Its id.
    pub operation: &'static str,
    /// What it is asked for, always.
    pub query: &'static [(&'static str, &'static str)],
}

/// How a list is put in order, which depends on how long it may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Order {
    /// Read whole, by name.
    ByName,
    /// In the order of the API, and read only until there are enough.
    AsListed,
    /// As listed; words are looked for by the API itself.
    Searched,
}

/// What a list holds of what was asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choices {
    /// What can be picked.
    pub choices: Vec<Choice>,
    /// Whether there is more than the limit let through.
    pub more: bool,
}

/// A name that is no list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("there is no list `{name}` to pick from")]
pub struct UnknownLookup {
    /// What was asked for.
    pub name: String,
    /// The nearest names, best first.
    pub near: Vec<&'static str>,
}

impl UnknownLookup {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "TL0729"
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        if self.name.starts_with("custom_object") {
            return "The API lists no types of custom objects; the settings of the workspace do.".to_owned();
        }
        let all: Vec<&str> = lookups().iter().map(|lookup| lookup.name).collect();
        match self.near.is_empty() {
            true => format!("The lists are {}.", all.join(", ")),
            false => format!(
                "Near it: {}. `trunkline lookup` names them all.",
                self.near.join(", ")
            ),
        }
    }
}

/// The list of this name.
///
/// # Errors
///
/// [`UnknownLookup`], with the nearest names.
pub fn lookup(name: &str) -> Result<&'static Lookup, UnknownLookup> {
    let wanted = name.trim().to_ascii_lowercase().replace('-', "_");
    lookups()
        .iter()
        .find(|lookup| lookup.name == wanted || lookup.aliases.contains(&wanted.as_str()))
        .ok_or_else(|| UnknownLookup {
            name: name.chars().take(80).collect(),
            near: nearest(&wanted, lookups().iter().map(|lookup| lookup.name)),
        })
}

impl Lookup {
    /// What can be picked now: what every word is found in, at most `limit` of it.
    ///
    /// # Errors
    ///
    /// When the list cannot be read, or a row of it is no object.
    pub async fn choices(
        &self,
        client: &Client,
        words: &[String],
        limit: usize,
    ) -> Result<Choices, CallError> {
        let words: Vec<String> = words
            .iter()
            .flat_map(|words| words.split_whitespace())
            .map(str::to_lowercase)
            .collect();
        let source = self.source_in(client.version());
        let mut pages = client.pages(self.call(source, &words), None);
        let mut choices = Vec::new();
        'pages: while let Some(page) = pages.next().await? {
            for row in page.rows() {
                let row: Value = serde_json::from_slice(row).map_err(|error| bad_row(source, &error))?;
                let Some(choice) = Choice::of(self, &row) else {
                    continue;
                };
                if self.order == Order::Searched || choice.has(&words) {
                    choices.push(choice);
                }
                if self.order != Order::ByName && choices.len() > limit {
                    break 'pages;
                }
            }
        }
        if self.order == Order::ByName {
            choices.sort_by_cached_key(|choice| (choice.label.to_lowercase(), choice.id.clone()));
        }
        let more = choices.len() > limit;
        choices.truncate(limit);
        Ok(Choices { choices, more })
    }

    fn source_in(&self, version: Version) -> Source {
        let exists = |source: Source| {
            Catalog::embedded()
                .operation(source.operation)
                .is_some_and(|operation| operation.exists_in(version))
        };
        match self.before {
            Some(before) if !exists(self.source) && exists(before) => before,
            _ => self.source,
        }
    }

    fn call(&self, source: Source, words: &[String]) -> Call {
        if self.order == Order::Searched && !words.is_empty() {
            return query::contacts(words).priority(Priority::Interactive);
        }
        source
            .query
            .iter()
            .fold(Call::new(source.operation), |call, (name, value)| {
                call.query(*name, *value)
            })
            .priority(Priority::Interactive)
    }
}

fn bad_row(source: Source, error: &serde_json::Error) -> CallError {
    let operation = Catalog::embedded()
        .operation(source.operation)
        .expect("a test finds every source in the catalog");
    CallError::of(
        operation,
        ErrorKind::BadAnswer,
        format!("a row is not what it should be: {error}"),
    )
}

#[cfg(test)]
mod tests;
