//! The contract where no description is at hand: every operation is called with bodies of our own, and its answer is held
//! against the catalog's own tables.
//!
//! The one rule: an operation that was never answered with success fails, so that nothing is left out in silence; only
//! what no call can bring about is passed over, with the reason that its recipe gives. Read `session.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use trunkline_catalog::{Catalog, Operation, Version, Weight};

use super::{
    difference::{Class, Difference},
    probe::with_places,
    recipes::{Recipe, Recipes},
    report::Found,
    session::{Answer, Body, Missing, Session},
};
use crate::catalog::{files, operation::nameless};

const TABLE: &str = include_str!("../../contract/bodies.yaml");

/// Calls with bodies of our own, by operation.
#[derive(Debug, Deserialize)]
struct Bodies(BTreeMap<String, Vec<Recipe>>);

impl Bodies {
    fn committed() -> Result<Self> {
        let parsed = files::parse(TABLE).context("in xtask/contract/bodies.yaml")?;
        serde_json::from_value(parsed).context("in xtask/contract/bodies.yaml")
    }

    /// How an operation is called; once without a body when nothing is said of it.
    fn calls(&self, recipes: &Recipes, operation: &Operation, version: Version) -> Vec<Recipe> {
        let general = recipes.recipe(operation.id, None, version);
        let Some(own) = self.0.get(operation.id) else {
            return vec![Recipe {
                with: None,
                ..general
            }];
        };
        let call = |own: &Recipe| {
            let own = own.clone().at(version);
            let mut call = Recipe {
                with: None,
                body: own.body,
                ..general.clone()
            };
            call.first.extend(own.first);
            if !own.path.is_empty() {
                call.path = own.path;
            }
            if !own.query.is_empty() {
                call.query = own.query;
            }
            call
        };
        own.iter().map(call).collect()
    }
}

/// What every call of a version uses.
struct Everywhere<'a> {
    runtime: &'a Runtime,
    recipes: &'a Recipes,
    version: Version,
}

/// Calls every operation of `version` that is `wanted`.
pub(super) fn at_version(
    version: Version,
    recipes: &Recipes,
    wanted: impl Fn(&str) -> bool,
) -> Result<Found> {
    let bodies = Bodies::committed()?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_all()
        .build()?;
    let caller = Everywhere {
        runtime: &runtime,
        recipes,
        version,
    };
    let mut found = Found {
        version: version.as_str(),
        operations: BTreeSet::new(),
        differences: BTreeSet::new(),
        excused: BTreeSet::new(),
    };
    for operation in Catalog::embedded().operations_in(version) {
        if !wanted(operation.id) {
            continue;
        }
        found.operations.insert(operation.id);
        for call in bodies.calls(recipes, operation, version) {
            if call.out_of_reach.is_none() {
                caller.call(operation, &call, &mut found.differences)?;
            }
        }
    }
    Ok(found)
}

impl Everywhere<'_> {
    fn call(&self, operation: &Operation, recipe: &Recipe, found: &mut BTreeSet<Difference>) -> Result<()> {
        let mut session = Session::start(self.runtime, self.recipes, self.version.as_str())?;
        let mut add = |class, path: &str, place: &str, what: String| {
            found.insert(Difference {
                class,
                operation: operation.id,
                path: path.to_owned(),
                place: place.to_owned(),
                what,
            });
        };
        let (path, body) = match self.prepare(&mut session, operation, recipe) {
            Ok(ready) => ready,
            Err(Missing::NotSimulated) => {
                add(Class::NotSimulated, "$", "", "not simulated".to_owned());
                return Ok(());
            }
            Err(Missing::Failed(why)) => {
                add(Class::NotPrepared, "$", "", why);
                return Ok(());
            }
        };
        let method = operation.method.as_str();
        if operation.errors.iter().any(|error| error.status == 401) {
            let answer = session.call(method, &path, &body, false)?;
            if answer.status != 401 || !is_error_list(&answer) {
                let what = format!("401 expected without a token, {} answered", answer.status);
                add(Class::Refusal, "$", "", what);
            }
        }
        let answer = session.call(method, &path, &body, true)?;
        let stated = Catalog::embedded().answers(operation, self.version);
        let Some(stated) = stated.iter().find(|stated| stated.status == answer.status) else {
            let class = if answer.is_not_simulated() {
                Class::NotSimulated
            } else {
                Class::Status
            };
            let statuses: Vec<_> = stated.iter().map(|stated| stated.status.to_string()).collect();
            let what = format!(
                "{} expected, {} answered: {}",
                statuses.join(" or "),
                answer.status,
                answer.summary()
            );
            add(class, "$", "", what);
            return Ok(());
        };
        match (stated.body, &answer.json) {
            (Some(shape), Some(json)) => {
                for difference in shape.check(json) {
                    let class = match difference.weight {
                        Weight::Wrong | Weight::Undocumented => Class::Schema,
                        Weight::Later => continue,
                    };
                    add(class, &difference.path, &difference.place, difference.what);
                }
            }
            (Some(_), None) => add(
                Class::Schema,
                "$",
                "",
                "JSON expected, something else found".to_owned(),
            ),
            (None, _) => {}
        }
        Ok(())
    }

    fn prepare(
        &self,
        session: &mut Session<'_>,
        operation: &Operation,
        recipe: &Recipe,
    ) -> Result<(String, Body), Missing> {
        for name in &recipe.first {
            session.value_of(name)?;
        }
        let path = nameless(operation.path);
        let mut places = Vec::new();
        for place in self.recipes.at_parameters(recipe, &path)? {
            places.push(session.text(&place)?);
        }
        let mut path = with_places(&path, &places);
        if !recipe.query.is_empty() {
            path = format!("{path}?{}", session.text(&recipe.query)?);
        }
        let body = match &recipe.body {
            _ if !recipe.form.is_empty() => Body::Form(recipe.form.clone()),
            Some(body) => Body::Json(session.fill(body)?),
            None => Body::Nothing,
        };
        Ok((path, body))
    }
}

fn is_error_list(answer: &Answer) -> bool {
    let errors = answer.json.as_ref().and_then(|json| json.get("errors"));
    errors
        .and_then(Value::as_array)
        .is_some_and(|errors| !errors.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(version: Version, operations: usize) {
        let recipes = Recipes::committed().expect("the table can be read");
        let found = at_version(version, &recipes, |_| true).expect("the simulator runs");
        assert!(found.differences.is_empty(), "{}", found.tables(false));
        assert_eq!(found.operations.len(), operations);
    }

    #[test]
    fn every_operation_up_to_2_13_answers_what_the_catalog_says() {
        check(Version::V2_7, 98);
        check(Version::V2_8, 98);
        check(Version::V2_9, 108);
        check(Version::V2_10, 108);
        check(Version::V2_11, 108);
        check(Version::V2_12, 118);
        check(Version::V2_13, 133);
    }

    #[test]
    fn every_operation_of_2_14_and_2_15_answers_what_the_catalog_says() {
        check(Version::V2_14, 150);
        check(Version::V2_15, 162);
    }

    #[test]
    fn every_operation_of_2_16_answers_what_the_catalog_says() {
        check(Version::V2_16, 231);
    }

    #[test]
    fn every_operation_of_preview_answers_what_the_catalog_says() {
        check(Version::Preview, 256);
    }

    #[test]
    fn every_body_is_for_an_operation_that_takes_one() {
        let bodies = Bodies::committed().expect("the table can be read");
        let recipes = Recipes::committed().expect("the table can be read");
        for id in bodies.0.keys() {
            let operation = Catalog::embedded().operation(id).expect(id);
            assert!(!operation.body_fields.is_empty(), "{id} takes no body");
            assert!(
                bodies
                    .calls(&recipes, operation, Version::Preview)
                    .iter()
                    .all(|call| call.body.is_some()),
                "{id}"
            );
        }
    }

    #[test]
    fn an_answer_that_is_none_is_told() {
        let mut recipes = Recipes::committed().expect("the table can be read");
        recipes.places.insert("/tags/{}".to_owned(), "nothing".to_owned());
        let found = at_version(Version::V2_16, &recipes, |id| id == "tags.get").expect("the simulator runs");
        let told: Vec<_> = found
            .differences
            .iter()
            .map(|difference| difference.class)
            .collect();
        assert_eq!(told, [Class::Status]);
    }
}
