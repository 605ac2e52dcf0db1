//! One operation, called as its description shows, and what its answers differ in.
//!
//! The one rule: where an example of the description breaks a schema, the example is believed, since it is what the
//! platform once said; wherever else that schema is used, the same is fine. Read `schema.rs` for the judging,
//! `session.rs` for the calling, `refusals.rs` for what shall not succeed.

use std::collections::BTreeSet;

use anyhow::Result;
use serde_json::Value;
use tokio::runtime::Runtime;
use trunkline_catalog::Version;

use super::{
    difference::{Class, Difference},
    example,
    operations::{Example, Operation, Response},
    recipes::{Recipe, Recipes, merge},
    schema,
    session::{Answer, Body, Missing, Session},
};
use crate::catalog::description::Description;

/// An id that no workspace has.
pub(super) const NOTHING: &str = "999999999";

/// What every probe of a version uses.
pub(super) struct Probe<'a> {
    runtime: &'a Runtime,
    recipes: &'a Recipes,
    version: Version,
    description: &'a Description,
    /// What examples contradict in the description: places and words.
    contradicted: BTreeSet<(String, String)>,
}

/// Takes a class, a path, a place in the description, and words.
type Add<'f> = dyn FnMut(Class, &str, &str, String) + 'f;

/// A request that is ready to be sent.
pub(super) struct Ready {
    pub(super) places: Vec<String>,
    pub(super) path: String,
    pub(super) body: Body,
}

impl<'a> Probe<'a> {
    pub(super) fn new(
        runtime: &'a Runtime,
        recipes: &'a Recipes,
        description: &'a Description,
        operations: &[Operation<'_>],
    ) -> Result<Self> {
        let mut contradicted = BTreeSet::new();
        for operation in operations {
            for response in &operation.responses {
                for (_, example) in &response.examples {
                    let Some(schema) = response.schema else { continue };
                    let own = schema::check(description, schema, example, &place(operation, response))?;
                    let said = own
                        .findings
                        .into_iter()
                        .map(|finding| (finding.place, finding.what));
                    contradicted.extend(said);
                }
            }
        }
        Ok(Self {
            runtime,
            recipes,
            version: description.name.parse()?,
            description,
            contradicted,
        })
    }

    /// Calls `operation` in every documented way.
    pub(super) fn differences(&self, operation: &Operation<'_>) -> Result<BTreeSet<Difference>> {
        let mut found = BTreeSet::new();
        let recipe = self.recipes.calls.get(operation.id);
        let is_left_out = |(name, _): &Example| recipe.is_some_and(|recipe| recipe.leave_out.contains(name));
        let good = operation.good_bodies().filter(|body| !is_left_out(body));
        let mut bodies: Vec<Option<&Example>> = good.map(Some).collect();
        if bodies.is_empty() {
            bodies.push(None);
        }
        let mut lacking: Option<BTreeSet<Difference>> = None;
        for (place, body) in bodies.iter().enumerate() {
            let mut of_body = BTreeSet::new();
            self.success(operation, *body, place == 0, &mut of_body)?;
            let lacks: BTreeSet<_> = of_body
                .extract_if(.., |difference| difference.class == Class::Example)
                .collect();
            let is_answered = of_body
                .iter()
                .all(|difference| !difference.class.hides_the_answer());
            found.extend(of_body);
            // What the answer to one of the bodies shows is there.
            if is_answered {
                lacking = Some(match lacking {
                    Some(held) => held.intersection(&lacks).cloned().collect(),
                    None => lacks,
                });
            }
        }
        found.extend(lacking.into_iter().flatten());
        if !found
            .iter()
            .any(|difference| difference.class == Class::NotSimulated)
        {
            for (body, status) in operation.bad_bodies().filter(|(body, _)| !is_left_out(body)) {
                self.bad_body(operation, body, status, &mut found)?;
            }
        }
        Ok(found)
    }

    pub(super) fn session(&self) -> Result<Session<'_>> {
        Session::start(self.runtime, self.recipes, self.description.name)
    }

    /// Calls as shown; before that, `with_refusals`, in the ways that shall be refused and so change nothing.
    fn success(
        &self,
        operation: &Operation<'_>,
        shown: Option<&Example>,
        with_refusals: bool,
        found: &mut BTreeSet<Difference>,
    ) -> Result<()> {
        let mut session = self.session()?;
        let mut refused = BTreeSet::new();
        let name = shown.map(|(name, _)| name.as_str());
        let mut insert = |class, path: &str, place: &str, what: String| {
            found.insert(Difference {
                class,
                operation: operation.id,
                path: path.to_owned(),
                place: place.to_owned(),
                what,
            });
        };
        let mut add = |class, what: String| insert(class, "$", "", what);
        let ready = match self.prepare(&mut session, operation, shown) {
            Ok(ready) => ready,
            Err(Missing::NotSimulated) => {
                add(Class::NotSimulated, "not simulated".to_owned());
                return Ok(());
            }
            Err(Missing::Failed(why)) => {
                // An operation that is not simulated needs no recipe.
                let path = operation.path.replace("{}", NOTHING);
                if session
                    .call(&operation.method, &path, &Body::Nothing, true)?
                    .is_not_simulated()
                {
                    add(Class::NotSimulated, "not simulated".to_owned());
                } else {
                    add(Class::NotPrepared, why);
                }
                return Ok(());
            }
        };
        if with_refusals {
            self.refusals(&mut session, operation, &ready, &mut refused)?;
        }
        let answer = session.call(&operation.method, &ready.path, &ready.body, true)?;
        if answer.is_not_simulated() {
            add(Class::NotSimulated, "not simulated".to_owned());
            return Ok(());
        }
        for difference in refused {
            let Difference {
                class,
                path,
                place,
                what,
                ..
            } = difference;
            insert(class, &path, &place, what);
        }
        let mut add = |class, what: String| insert(class, "$", "", what);
        let expected = match name.and_then(|name| operation.status_of(name)) {
            Some(status) => vec![status],
            None => operation.success(),
        };
        if !expected.contains(&answer.status) {
            let of = name
                .map(|name| format!(" for the body `{name}`"))
                .unwrap_or_default();
            let expected: Vec<_> = expected.iter().map(u16::to_string).collect();
            add(
                Class::Status,
                format!(
                    "{} expected, {} answered{of}: {}",
                    expected.join(" or "),
                    answer.status,
                    answer.summary()
                ),
            );
            return Ok(());
        }
        if let Some(response) = operation.response(answer.status) {
            self.judge(operation, response, &answer, name, &mut insert)?;
        }
        Ok(())
    }

    /// Compares an answer with the schema and the example of its status.
    pub(super) fn judge(
        &self,
        operation: &Operation<'_>,
        response: &Response<'_>,
        answer: &Answer,
        name: Option<&str>,
        add: &mut Add<'_>,
    ) -> Result<()> {
        let Some(schema) = response.schema else {
            return Ok(());
        };
        let Some(json) = &answer.json else {
            add(
                Class::Schema,
                "$",
                "",
                "JSON expected, something else found".to_owned(),
            );
            return Ok(());
        };
        let place = place(operation, response);
        let outcome = schema::check(self.description, schema, json, &place)?;
        let mut free = outcome.free;
        for (_, example) in &response.examples {
            free.extend(schema::check(self.description, schema, example, &place)?.free);
        }
        for finding in outcome.findings {
            let class = if finding.undocumented {
                Class::Undocumented
            } else {
                Class::Schema
            };
            if !self
                .contradicted
                .contains(&(finding.place.clone(), finding.what.clone()))
            {
                add(class, &finding.path, &finding.place, finding.what);
            }
        }
        let shown: Vec<&Value> = match name.and_then(|name| response.example(name)) {
            Some((_, shown)) => vec![shown],
            None => response.examples.iter().map(|(_, shown)| shown).collect(),
        };
        let lacks = shown
            .into_iter()
            .map(|shown| example::lacking(shown, json, &free));
        for (path, what) in lacks.min_by_key(BTreeSet::len).unwrap_or_default() {
            add(Class::Example, &path, "", what.to_owned());
        }
        Ok(())
    }

    pub(super) fn prepare(
        &self,
        session: &mut Session<'_>,
        operation: &Operation<'_>,
        shown: Option<&Example>,
    ) -> Result<Ready, Missing> {
        let recipe = self
            .recipes
            .recipe(operation.id, shown.map(|(name, _)| name.as_str()), self.version);
        for name in &recipe.first {
            session.value_of(name)?;
        }
        let mut places = Vec::new();
        for place in self.recipes.at_parameters(&recipe, &operation.path)? {
            places.push(session.text(&place)?);
        }
        let mut path = with_places(&operation.path, &places);
        if !recipe.query.is_empty() {
            path = format!("{path}?{}", session.text(&recipe.query)?);
        }
        let body = body(session, &recipe, shown)?;
        Ok(Ready { places, path, body })
    }
}

/// The name of a documented answer, for what stands in no schema with a name.
fn place(operation: &Operation<'_>, response: &Response<'_>) -> String {
    match response.status {
        Some(status) => format!("{} {status}", operation.id),
        None => operation.id.to_owned(),
    }
}

fn body(session: &mut Session<'_>, recipe: &Recipe, shown: Option<&Example>) -> Result<Body, Missing> {
    if !recipe.form.is_empty() {
        return Ok(Body::Form(recipe.form.clone()));
    }
    let mut body = match (&recipe.body, shown) {
        (Some(own), _) => Some(session.fill(own)?),
        (None, Some((_, shown))) => Some(session.adapt(shown)?),
        (None, None) => None,
    };
    if let Some(change) = &recipe.with {
        let change = session.fill(change)?;
        merge(
            body.get_or_insert_with(|| Value::Object(serde_json::Map::new())),
            &change,
        );
    }
    Ok(body.map_or(Body::Nothing, Body::Json))
}

pub(super) fn with_places(path: &str, places: &[String]) -> String {
    let mut parts = path.split("{}");
    let mut filled = parts.next().unwrap_or_default().to_owned();
    for (part, place) in parts.zip(places) {
        filled.push_str(place);
        filled.push_str(part);
    }
    filled
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_filled_in_order() {
        let places = ["1".to_owned(), "2".to_owned()];
        assert_eq!(with_places("/a/{}/b/{}/c", &places), "/a/1/b/2/c");
        assert_eq!(with_places("/a", &[]), "/a");
    }
}
