//! One value against the schemas that a description gives for it.
//!
//! The one rule: of several alternatives, the one that fits best judges, so that a difference is never blamed on the
//! alternative that nobody meant. Read `example.rs` next for what the examples say beyond the schemas.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::catalog::{
    description::Description,
    schema::{list, says_nullable, type_of, types},
};

#[cfg(test)]
mod tests;

/// More schemas wrapped in each other than any honest description has.
const MAX_WRAPS: usize = 8;
const MAX_PARTS: usize = 60;

/// One thing that a value and its schema do not agree on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Finding {
    /// Whether the schema merely does not know the field.
    pub(super) undocumented: bool,
    /// Where, such as `$.data[].id`.
    pub(super) path: String,
    /// Where in the description, such as `tag.id`: the nearest schema with a name, and the way from there.
    pub(super) place: String,
    /// What, such as `string expected, integer found`.
    pub(super) what: String,
}

/// What a check found.
#[derive(Clone, Debug, Default)]
pub(super) struct Outcome {
    pub(super) findings: BTreeSet<Finding>,
    /// Fields that stand in a map, so that their names are anybody's.
    pub(super) free: BTreeSet<String>,
}

impl Outcome {
    /// How badly it fits: a wrong type at the very place of the alternatives is worst, an unknown field least.
    fn weight(&self, at: &At) -> usize {
        let one = |finding: &Finding| match finding {
            Finding {
                undocumented: true, ..
            } => 1,
            Finding { path, .. } if *path == at.path => 100_000,
            _ => 100,
        };
        self.findings.iter().map(one).sum()
    }

    fn add(&mut self, at: &At, what: impl Into<String>) {
        self.findings.insert(Finding {
            undocumented: false,
            path: at.path.clone(),
            place: at.own.clone(),
            what: what.into(),
        });
    }

    fn extend(&mut self, other: Self) {
        self.findings.extend(other.findings);
        self.free.extend(other.free);
    }
}

/// Where a value stands: in the answer and in the description.
#[derive(Clone, Debug)]
struct At {
    path: String,
    /// What the value's members belong to.
    place: String,
    /// What the value itself belongs to: the field that refers to a named schema, not that schema.
    own: String,
}

impl At {
    fn member(&self, name: &str) -> Self {
        self.with(&format!(".{name}"))
    }

    fn with(&self, end: &str) -> Self {
        let place = format!("{}{end}", self.place);
        Self {
            path: format!("{}{end}", self.path),
            own: place.clone(),
            place,
        }
    }

    /// The same value, when `schema` refers to one with a name.
    fn named_by(&self, schema: &Value) -> Self {
        let name = schema
            .get("$ref")
            .and_then(Value::as_str)
            .and_then(|reference| reference.rsplit('/').next());
        Self {
            path: self.path.clone(),
            place: name.map_or_else(|| self.place.clone(), str::to_owned),
            own: self.own.clone(),
        }
    }
}

/// Where `value` differs from `schema`; `place` is the name of what the schema is for.
pub(super) fn check(
    description: &Description,
    schema: &Value,
    value: &Value,
    place: &str,
) -> anyhow::Result<Outcome> {
    let at = At {
        path: "$".to_owned(),
        place: place.to_owned(),
        own: place.to_owned(),
    };
    Checker { description }.all(vec![schema], value, &at)
}

struct Checker<'a> {
    description: &'a Description,
}

/// One of the schemas that hold together.
#[derive(Clone, Copy)]
struct Part<'a> {
    schema: &'a Value,
    /// Whether its `allOf` stands beside it already.
    unfolded: bool,
    /// Whether one of its alternatives stands beside it already.
    settled: bool,
    /// Whether what it refers to stands beside it, so that only what it says itself counts.
    followed: bool,
}

impl<'a> Part<'a> {
    fn open(schema: &'a Value) -> Self {
        Self {
            schema,
            unfolded: false,
            settled: false,
            followed: false,
        }
    }
}

impl<'a> Checker<'a> {
    /// All `schemas` hold for `value`.
    fn all(&self, schemas: Vec<&'a Value>, value: &Value, at: &At) -> anyhow::Result<Outcome> {
        let at = schemas
            .first()
            .map_or_else(|| at.clone(), |schema| at.named_by(schema));
        let parts = schemas.into_iter().map(Part::open).collect();
        self.parts(parts, value, &at, 0)
    }

    fn parts(&self, parts: Vec<Part<'a>>, value: &Value, at: &At, wraps: usize) -> anyhow::Result<Outcome> {
        let mut parts = self.unfold(parts)?;
        let choice = parts
            .iter_mut()
            .filter(|_| wraps < MAX_WRAPS)
            .find(|part| !part.settled && alternatives(part.schema).next().is_some());
        let Some(choice) = choice else {
            let schemas: Vec<_> = parts.iter().map(|part| part.schema).collect();
            return self.plain(&schemas, value, at);
        };
        choice.settled = true;
        let choice = choice.schema;
        let mut best: Option<(usize, Outcome)> = None;
        for alternative in alternatives(choice) {
            let mut together = parts.clone();
            together.push(Part::open(alternative));
            let outcome = self.parts(together, value, &at.named_by(alternative), wraps + 1)?;
            let weight = outcome.weight(at);
            if best.as_ref().is_none_or(|(held, _)| weight < *held) {
                best = Some((weight, outcome));
            }
        }
        Ok(best.map(|(_, outcome)| outcome).unwrap_or_default())
    }

    /// The schemas behind references, and the parts that hold together.
    fn unfold(&self, parts: Vec<Part<'a>>) -> anyhow::Result<Vec<Part<'a>>> {
        let mut waiting = parts;
        let mut unfolded = Vec::new();
        // Parts that contain each other in a circle end here.
        for _ in 0..MAX_PARTS {
            let Some(mut part) = waiting.pop() else { break };
            if !part.followed && part.schema.get("$ref").is_some() {
                if says_nullable(part.schema) {
                    // The descriptions mean it, although a strict reader would ignore what stands beside a reference.
                    unfolded.push(Part {
                        unfolded: true,
                        settled: true,
                        followed: true,
                        ..part
                    });
                }
                part.schema = self.description.resolve(part.schema)?;
            }
            if !part.unfolded {
                part.unfolded = true;
                waiting.extend(list(part.schema, "allOf").map(Part::open));
            }
            unfolded.push(part);
        }
        Ok(unfolded)
    }

    fn plain(&self, schemas: &[&'a Value], value: &Value, at: &At) -> anyhow::Result<Outcome> {
        let mut outcome = Outcome::default();
        let types: BTreeSet<&str> = schemas.iter().flat_map(|schema| types(schema)).collect();
        if value.is_null() {
            let nullable = schemas.iter().any(|schema| says_nullable(schema));
            if !types.is_empty() && !nullable {
                outcome.add(at, format!("{} expected, null found", words(&types)));
            }
            return Ok(outcome);
        }
        for schema in schemas {
            let own: BTreeSet<&str> = self::types(schema).collect();
            if !own.is_empty() && !own.iter().any(|kind| is_of(value, kind)) {
                outcome.add(at, format!("{} expected, {} found", words(&own), type_of(value)));
                return Ok(outcome);
            }
            let mut values = list(schema, "enum").peekable();
            if values.peek().is_some() && !values.any(|allowed| allowed == value) {
                outcome.add(at, format!("{value} is not one of the documented values"));
            }
        }
        match value {
            Value::Object(members) => self.object(schemas, members, at, &mut outcome)?,
            Value::Array(entries) => {
                let items: Vec<&Value> = schemas.iter().filter_map(|schema| schema.get("items")).collect();
                let inside = at.with("[]");
                for entry in entries.iter().filter(|_| !items.is_empty()) {
                    outcome.extend(self.all(items.clone(), entry, &inside)?);
                }
            }
            _ => {}
        }
        Ok(outcome)
    }

    fn object(
        &self,
        schemas: &[&'a Value],
        members: &serde_json::Map<String, Value>,
        at: &At,
        outcome: &mut Outcome,
    ) -> anyhow::Result<()> {
        let mut properties: BTreeMap<&str, Vec<&Value>> = BTreeMap::new();
        let mut extra: Vec<&Value> = Vec::new();
        for schema in schemas {
            for (name, property) in schema
                .get("properties")
                .and_then(Value::as_object)
                .into_iter()
                .flatten()
            {
                properties.entry(name).or_default().push(property);
            }
            extra.extend(
                schema
                    .get("additionalProperties")
                    .filter(|extra| **extra != Value::Bool(false)),
            );
            for name in list(schema, "required").filter_map(Value::as_str) {
                if !members.contains_key(name) {
                    outcome.add(&at.member(name), "required, missing");
                }
            }
        }
        for (name, member) in members {
            let inside = at.member(name);
            if let Some(held) = properties.get(name.as_str()) {
                outcome.extend(self.all(held.clone(), member, &inside)?);
            } else if !extra.is_empty() || properties.is_empty() {
                outcome.free.insert(inside.path);
                let maps = extra
                    .iter()
                    .copied()
                    .filter(|schema| schema.is_object())
                    .collect();
                outcome.extend(self.all(maps, member, &at.member("*"))?);
            } else {
                outcome.findings.insert(Finding {
                    undocumented: true,
                    path: inside.path,
                    place: inside.own,
                    what: "undocumented field".to_owned(),
                });
            }
        }
        Ok(())
    }
}

fn alternatives(schema: &Value) -> impl Iterator<Item = &Value> {
    list(schema, "oneOf").chain(list(schema, "anyOf"))
}

fn is_of(value: &Value, kind: &str) -> bool {
    match kind {
        "string" => value.is_string(),
        "integer" => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        "number" => value.is_number(),
        "boolean" => value.is_boolean(),
        "object" => value.is_object(),
        "array" => value.is_array(),
        _ => true,
    }
}

fn words(types: &BTreeSet<&str>) -> String {
    types.iter().copied().collect::<Vec<_>>().join(" or ")
}
