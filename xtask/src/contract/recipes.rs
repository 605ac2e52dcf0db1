//! How each operation is called so that it succeeds: the table in `xtask/contract/calls.yaml`.
//!
//! The one rule: a recipe holds ids and fields of its own, never an example of a description; those are read at run
//! time. Read `session.rs` next for how the names in it come to their values.

use std::collections::BTreeMap;

use anyhow::{Context as _, ensure};
use serde::Deserialize;
use serde_json::Value;
use trunkline_catalog::Version;

use super::span::Span;
use crate::catalog::files;

const TABLE: &str = include_str!("../../contract/calls.yaml");

/// The whole table.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Recipes {
    /// A name and the request that finds or makes what it stands for.
    pub(super) names: BTreeMap<String, String>,
    /// What stands at a parameter, by the path up to it.
    pub(super) places: BTreeMap<String, String>,
    /// What replaces the values of such fields in an example.
    pub(super) fields: BTreeMap<String, String>,
    /// What single operations need besides.
    pub(super) calls: BTreeMap<String, Recipe>,
}

/// What one operation needs.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub(super) struct Recipe {
    /// Names that must be looked up first, for what doing so changes.
    pub(super) first: Vec<String>,
    /// What stands at the parameters of the path.
    pub(super) path: Vec<String>,
    pub(super) query: String,
    /// The body, in place of the example's.
    pub(super) body: Option<Value>,
    /// What differs from the example's body; null removes.
    pub(super) with: Option<Value>,
    /// Fields of a form, sent in parts in place of a JSON body.
    pub(super) form: BTreeMap<String, String>,
    /// Bodies that are not sent: meant for a refusal though nothing but their names says so, or for a situation that a
    /// fresh workspace cannot be brought into.
    pub(super) leave_out: Vec<String>,
    /// What differs at some versions.
    pub(super) versions: BTreeMap<Span, Recipe>,
    /// What differs for single examples, by name.
    pub(super) examples: BTreeMap<String, Recipe>,
}

impl Recipe {
    /// With what differs at a version.
    pub(super) fn at(mut self, version: Version) -> Self {
        let versions = std::mem::take(&mut self.versions);
        let here = versions.into_iter().filter(|(span, _)| span.has(version));
        here.fold(self, |recipe, (_, special)| recipe.with_special(special))
    }

    /// With what a more special one says besides or instead.
    fn with_special(mut self, special: Self) -> Self {
        self.first.extend(special.first);
        if !special.path.is_empty() {
            self.path = special.path;
        }
        if !special.query.is_empty() {
            self.query = special.query;
        }
        self.body = special.body.or(self.body);
        self.with = match (self.with, special.with) {
            (Some(mut general), Some(special)) => {
                merge(&mut general, &special);
                Some(general)
            }
            (general, special) => special.or(general),
        };
        self
    }
}

impl Recipes {
    /// The committed table.
    pub(super) fn committed() -> anyhow::Result<Self> {
        Self::parse(TABLE).context("in xtask/contract/calls.yaml")
    }

    fn parse(text: &str) -> anyhow::Result<Self> {
        Ok(serde_json::from_value(files::parse(text)?)?)
    }

    /// The recipe of an operation, with what differs at a version and for one of its examples.
    pub(super) fn recipe(&self, operation: &str, example: Option<&str>, version: Version) -> Recipe {
        let recipe = self.calls.get(operation).cloned().unwrap_or_default();
        let mut recipe = recipe.at(version);
        match example.and_then(|name| recipe.examples.remove(name)) {
            Some(special) => recipe.with_special(special.at(version)),
            None => recipe,
        }
    }

    /// What stands at each parameter of a nameless path.
    pub(super) fn at_parameters(&self, recipe: &Recipe, path: &str) -> anyhow::Result<Vec<String>> {
        let parameters = path.matches("{}").count();
        if !recipe.path.is_empty() {
            ensure!(
                recipe.path.len() == parameters,
                "the recipe's path must have {parameters} entries"
            );
            return Ok(recipe.path.clone());
        }
        let ends = path.match_indices("{}").map(|(at, braces)| at + braces.len());
        ends.map(|end| {
            let place = &path[..end];
            let name = self.places.get(place);
            name.cloned()
                .with_context(|| format!("nothing in `places` stands at {place}"))
        })
        .collect()
    }
}

/// A request written in one line: `POST /tags {"name": "x"} -> /id`.
#[derive(Debug, PartialEq)]
pub(super) struct Line<'t> {
    pub(super) method: &'t str,
    pub(super) path: &'t str,
    pub(super) body: Option<Value>,
    /// Where in the answer the value is; the whole answer when empty.
    pub(super) pointer: &'t str,
}

impl<'t> Line<'t> {
    pub(super) fn parse(text: &'t str) -> anyhow::Result<Self> {
        let (request, pointer) = text.rsplit_once(" -> ").unwrap_or((text, ""));
        let mut words = request.trim().splitn(3, ' ');
        let (method, path) = (words.next(), words.next());
        let body = words.next().map(serde_json::from_str).transpose()?;
        Ok(Self {
            method: method.unwrap_or_default(),
            path: path.with_context(|| format!("{text:?} has no path"))?,
            body,
            pointer: pointer.trim(),
        })
    }
}

/// Puts `change` over `target`, member by member; null removes.
pub(super) fn merge(target: &mut Value, change: &Value) {
    let (Value::Object(held), Value::Object(changes)) = (&mut *target, change) else {
        *target = change.clone();
        return;
    };
    for (name, member) in changes {
        if member.is_null() {
            held.remove(name);
        } else {
            merge(held.entry(name.clone()).or_insert(Value::Null), member);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use trunkline_catalog::Catalog;

    use super::*;

    #[test]
    fn a_change_lies_over_what_was_there() {
        let check = |mut target: Value, change: Value, expected: Value| {
            merge(&mut target, &change);
            assert_eq!(target, expected, "{change}");
        };
        check(json!({"a": 1}), json!({"b": 2}), json!({"a": 1, "b": 2}));
        check(
            json!({"a": {"b": 1, "c": 1}}),
            json!({"a": {"b": null}}),
            json!({"a": {"c": 1}}),
        );
        check(json!({"a": [1]}), json!({"a": [2]}), json!({"a": [2]}));
        check(json!({}), json!({"a": {"b": 1}}), json!({"a": {"b": 1}}));
    }

    #[test]
    fn what_differs_at_a_version_lies_over_what_holds_in_general() {
        let table = r#"{names: {}, places: {}, fields: {}, calls: {tags.get: {
            query: a, versions: {"2.9..2.11": {query: b}},
            examples: {x: {query: c, versions: {"2.10": {query: d}}}}}}}"#;
        let recipes = Recipes::parse(table).expect("the case is a table");
        for (example, version, query) in [
            (None, Version::V2_8, "a"),
            (None, Version::V2_9, "b"),
            (Some("x"), Version::V2_9, "c"),
            (Some("x"), Version::V2_10, "d"),
            (Some("y"), Version::V2_10, "b"),
        ] {
            let recipe = recipes.recipe("tags.get", example, version);
            assert_eq!(recipe.query, query, "{example:?} {version}");
        }
    }

    #[test]
    fn a_request_fits_in_a_line() {
        let line = Line::parse(r#"POST /tags {"name": "a -> b"} -> /id"#).expect("a line");
        assert_eq!((line.method, line.path, line.pointer), ("POST", "/tags", "/id"));
        assert_eq!(line.body, Some(json!({"name": "a -> b"})));
        let line = Line::parse("GET /me").expect("a line");
        assert_eq!((line.path, line.pointer, line.body), ("/me", "", None));
        assert!(Line::parse("GET").is_err());
        assert!(Line::parse("POST /tags {").is_err());
    }

    #[test]
    fn every_recipe_is_for_an_operation_and_every_name_is_known() {
        let recipes = Recipes::committed().expect("the table can be read");
        for id in recipes.calls.keys() {
            assert!(Catalog::embedded().operation(id).is_some(), "{id}");
        }
        for line in recipes.names.values() {
            assert!(Line::parse(line).is_ok(), "{line}");
        }
        let lines: Vec<_> = TABLE.lines().filter(|line| !line.starts_with('#')).collect();
        for rest in lines.join("\n").split('<').skip(1) {
            let name = rest.split(['>', ':']).next().unwrap_or_default();
            assert!(recipes.names.contains_key(name), "{name}");
        }
    }
}
