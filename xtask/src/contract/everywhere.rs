//! The contract where no description is at hand: every operation is called with bodies of our own, and its answer is held
//! against the catalog's own tables.
//!
//! The one rule: an operation that was never answered with success fails, so that nothing is left out in silence. What no
//! token and unknown ids are answered is held against the table of errors, which knows no versions. Read `session.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, Result};
use serde::Deserialize;
use serde_json::Value;
use tokio::runtime::Runtime;
use trunkline_catalog::{Catalog, Operation, Version, Weight};

use super::{
    difference::{Class, Difference},
    mistakes,
    probe::with_places,
    recipes::{Recipe, Recipes},
    refusals::unknown,
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
            caller.call(operation, &call, &mut found.differences)?;
        }
    }
    // The answers' tables have corrections of their own, the errors' table has those of the descriptions.
    let refusals = |difference: &Difference| difference.class == Class::Refusal;
    let mut refused: BTreeSet<Difference> = found.differences.extract_if(.., refusals).collect();
    (_, found.excused) = mistakes::excuse(version, &mistakes::committed()?, &mut refused);
    found.differences.extend(refused);
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
        let ready = match self.prepare(&mut session, operation, recipe) {
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
        let (path, body) = (ready.path(), &ready.body);
        if operation.errors.iter().any(|error| error.status == 401) {
            let answer = session.call(method, &path, body, false)?;
            if answer.status != 401 || !is_error_list(&answer) {
                let what = format!("401 expected without a token, {} answered", answer.status);
                add(Class::Refusal, "$", "", what);
            }
        }
        for place in 0..ready.places.len() {
            if let Some((path, what)) = unknown_id(&mut session, operation, &ready, place)? {
                add(Class::Refusal, path, "", what);
            }
        }
        let answer = session.call(method, &path, body, true)?;
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
    ) -> Result<Ready, Missing> {
        for name in &recipe.first {
            session.value_of(name)?;
        }
        let path = nameless(operation.path);
        let mut places = Vec::new();
        for place in self.recipes.at_parameters(recipe, &path)? {
            places.push(session.text(&place)?);
        }
        let query = match recipe.query.as_str() {
            "" => String::new(),
            query => format!("?{}", session.text(query)?),
        };
        let body = match &recipe.body {
            _ if !recipe.form.is_empty() => Body::Form(recipe.form.clone()),
            Some(body) => Body::Json(session.fill(body)?),
            None => Body::Nothing,
        };
        Ok(Ready {
            path,
            places,
            query,
            body,
        })
    }
}

/// A call that is ready to be made.
struct Ready {
    /// The path with its places open.
    path: String,
    /// What stands at the places.
    places: Vec<String>,
    query: String,
    body: Body,
}

impl Ready {
    fn path(&self) -> String {
        self.with(&self.places)
    }

    fn with(&self, places: &[String]) -> String {
        format!("{}{}", with_places(&self.path, places), self.query)
    }
}

/// What is wrong with the answer to an id that nothing has, and where, if the table of errors tells what comes then.
fn unknown_id(
    session: &mut Session<'_>,
    operation: &Operation,
    ready: &Ready,
    place: usize,
) -> Result<Option<(&'static str, String)>> {
    let stated = operation.errors.iter().filter(|error| error.status == 404);
    let codes: BTreeSet<&str> = stated.map(|error| error.code).collect();
    if codes.is_empty() {
        return Ok(None);
    }
    let mut places = ready.places.clone();
    places[place] = unknown(&places[place]);
    let answer = session.call(operation.method.as_str(), &ready.with(&places), &ready.body, true)?;
    let how = format!("with an unknown id at parameter {}", place + 1);
    if answer.status != 404 {
        let (status, said) = (answer.status, answer.summary());
        return Ok(Some((
            "404 $",
            format!("404 expected {how}, {status} answered: {said}"),
        )));
    }
    let code = answer
        .json
        .as_ref()
        .and_then(|json| json.pointer("/errors/0/code"));
    let code = code.and_then(Value::as_str).unwrap_or_default();
    // An empty code is that of an answer which shows none.
    let is_stated = codes.contains(code) || codes.contains("");
    Ok((!is_stated).then(|| {
        let codes: Vec<&str> = codes.into_iter().collect();
        let what = format!("{} documented, {code} answered {how}", codes.join(" or "));
        ("404 $.errors[].code", what)
    }))
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
    fn unknown_ids_are_held_against_the_table_of_errors() {
        let recipes = Recipes::committed().expect("the table can be read");
        // Their examples are of other ids than those of the path, so that they stand among the known mistakes.
        let known = ["companies.attach_to_contact", "tickets.update"];
        let wanted = |id: &str| known.contains(&id) || id == "tickets.get";
        let found = at_version(Version::V2_16, &recipes, wanted).expect("the simulator runs");
        assert!(found.differences.is_empty(), "{}", found.tables(false));
        let excused = found.excused.iter();
        let excused: Vec<_> = excused
            .map(|difference| (difference.operation, difference.path.as_str()))
            .collect();
        assert_eq!(excused, known.map(|id| (id, "404 $.errors[].code")));
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
