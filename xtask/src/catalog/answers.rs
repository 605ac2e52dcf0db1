//! What the operations of one version answer when they succeed: shapes with a name, and where each is used.
//!
//! The rule: an object schema that the description gives a name stays one shape under that name, so that what many
//! answers share is written once; whatever an example of the platform's own shows beyond a schema is believed. Read
//! `answers/slot.rs` for one place in a shape, `answers/examples.rs` for the examples.

mod examples;
mod lines;
mod slot;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use anyhow::Context as _;
use serde_json::Value;

use self::slot::Slot;
pub(super) use self::{
    lines::{Answered, merge},
    slot::Facts,
};
use super::{
    description::Description,
    fields::{kind, text},
    operation::{Key, METHODS, nameless},
    schema::{list, says_nullable, types},
};

/// Shapes that no answer refers to, though one has it: the overlay says which.
const UNUSED: [&str; 1] = ["data_event_list"];

/// More schemas within each other than any honest description has.
const MAX_DEPTH: usize = 24;

/// What one version answers.
#[derive(Debug, Default)]
pub(super) struct Answers {
    /// Shapes by name.
    pub(super) shapes: BTreeMap<String, Slot>,
    /// The body of each success; `None` where there is no JSON.
    pub(super) bodies: BTreeMap<(Key, u16), Option<Slot>>,
}

/// Every successful answer that `description` has.
pub(super) fn read(description: &Description) -> anyhow::Result<Answers> {
    let paths = description.root.get("paths").and_then(Value::as_object);
    let mut reader = Reader {
        description,
        answers: Answers::default(),
    };
    let mut shown = Vec::new();
    for (path, item) in paths.context("there are no paths")? {
        for method in METHODS {
            let Some(operation) = item.get(method) else {
                continue;
            };
            let key = (method.to_uppercase(), nameless(path));
            let responses = operation.get("responses").and_then(Value::as_object);
            let mut succeeds = false;
            for (status, response) in responses.into_iter().flatten() {
                let Some(status) = status.parse::<u16>().ok().filter(|status| *status < 400) else {
                    continue;
                };
                succeeds = true;
                let response = description.resolve(response)?;
                let content = response.pointer("/content/application~1json");
                let schema = content.and_then(|content| content.get("schema"));
                let body = match schema {
                    Some(schema) => Some(reader.body(&key, status, schema)?),
                    None => None,
                };
                shown.extend(
                    content
                        .filter(|_| schema.is_some())
                        .map(|content| (key.clone(), status, content)),
                );
                reader.answers.bodies.insert((key.clone(), status), body);
            }
            if !succeeds {
                reader.answers.bodies.insert((key, 200), None);
            }
        }
    }
    for name in UNUSED {
        if let Some(schema) = description.root.pointer(&format!("/components/schemas/{name}")) {
            let mut shape = reader.inline(schema, 0)?;
            reader.answers.shapes.insert(name.to_owned(), shape.as_shape());
        }
    }
    let mut answers = reader.answers;
    for (key, status, content) in shown {
        let named = content.get("examples").and_then(Value::as_object);
        let values = named.into_iter().flat_map(serde_json::Map::values);
        for example in values {
            if let Some(value) = description.resolve(example)?.get("value") {
                examples::believe(&mut answers, &(key.clone(), status), value);
            }
        }
        if let Some(value) = content.get("example") {
            examples::believe(&mut answers, &(key, status), value);
        }
    }
    Ok(answers)
}

struct Reader<'d> {
    description: &'d Description,
    answers: Answers,
}

impl<'d> Reader<'d> {
    /// The body of an answer; what has no name in the description is named after the call.
    fn body(&mut self, key: &Key, status: u16, schema: &'d Value) -> anyhow::Result<Slot> {
        let mut slot = self.slot(schema, 0)?;
        if slot.of.is_empty() && (!slot.fields.is_empty() || slot.entry.is_some() || slot.rest.is_some()) {
            let name = match status {
                200 => format!("{} {}", key.0, key.1),
                _ => format!("{} {} {status}", key.0, key.1),
            };
            let shape = slot.as_shape();
            self.answers.shapes.insert(name.clone(), shape);
            slot.of.insert(name);
        }
        Ok(slot)
    }

    /// What `schema` says; one that leads to a named object stays a name.
    fn slot(&mut self, schema: &'d Value, depth: usize) -> anyhow::Result<Slot> {
        if let Some(name) = name(schema) {
            let target = self.description.resolve(schema)?;
            if self.is_object(target, 0)? {
                if !self.answers.shapes.contains_key(name) {
                    self.answers.shapes.insert(name.to_owned(), Slot::default());
                    let mut shape = self.inline(target, depth + 1)?;
                    if shape.fields.is_empty() && shape.rest.is_none() {
                        // It has no fields of its own, but is one of several others.
                        self.answers.shapes.remove(name);
                        shape.nullable |= says_nullable(schema);
                        return Ok(shape);
                    }
                    self.answers.shapes.insert(name.to_owned(), shape);
                }
                return Ok(Slot {
                    types: ["object"].into(),
                    nullable: says_nullable(schema) || says_nullable(target),
                    of: [name.to_owned()].into(),
                    ..Slot::default()
                });
            }
            let mut slot = self.inline(target, depth + 1)?;
            slot.nullable |= says_nullable(schema);
            return Ok(slot);
        }
        self.inline(schema, depth)
    }

    /// What `schema` says itself, and all that holds together with it.
    fn inline(&mut self, schema: &'d Value, depth: usize) -> anyhow::Result<Slot> {
        if depth > MAX_DEPTH {
            return Ok(Slot::default());
        }
        let mut slot = self.own(schema, depth)?;
        let parts: Vec<&Value> = list(schema, "allOf").collect();
        let is_bare = slot.fields.is_empty() && slot.rest.is_none();
        for part in &parts {
            // One reference among parts that only add that null may stand there keeps its name.
            let says_more = |other: &&Value| other.get("properties").is_some() || name(other).is_some();
            let alone = is_bare && parts.iter().filter(|other| says_more(other)).count() == 1;
            let held = if alone {
                self.slot(part, depth + 1)?
            } else {
                self.inline(self.description.resolve(part)?, depth + 1)?
            };
            slot = slot.and(held);
        }
        for key in ["oneOf", "anyOf"] {
            let mut either: Option<Slot> = None;
            for part in list(schema, key) {
                let part = self.slot(part, depth + 1)?;
                either = Some(match either {
                    None => part,
                    Some(before) => before.or(part),
                });
            }
            if let Some(either) = either {
                slot = slot.and(either);
            }
        }
        Ok(slot)
    }

    fn own(&mut self, schema: &'d Value, depth: usize) -> anyhow::Result<Slot> {
        let mut slot = Slot {
            nullable: says_nullable(schema),
            types: types(schema).map(kind).collect(),
            enumeration: list(schema, "enum").filter_map(text).collect(),
            ..Slot::default()
        };
        if slot.types.contains("any") {
            slot.types.clear();
        }
        let required: Vec<&str> = list(schema, "required").filter_map(Value::as_str).collect();
        let properties = schema.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let mut field = self.slot(property, depth + 1)?;
            field.required = required.contains(&name.as_str());
            slot.fields.insert(name.clone(), field);
        }
        for name in required {
            // A field that is only said to be there may be anything.
            let field = slot.fields.entry(name.to_owned()).or_default();
            field.required = true;
        }
        if let Some(items) = schema.get("items") {
            slot.entry = Some(Box::new(self.slot(items, depth + 1)?));
        }
        match schema.get("additionalProperties") {
            None | Some(Value::Bool(false)) => {}
            Some(Value::Object(rest)) if !rest.is_empty() => {
                let rest = schema.get("additionalProperties").unwrap_or(&Value::Null);
                slot.rest = Some(Box::new(self.slot(rest, depth + 1)?));
            }
            Some(_) => slot.rest = Some(Box::default()),
        }
        Ok(slot)
    }

    /// Whether a schema is for objects alone, and says which fields they have.
    fn is_object(&self, schema: &Value, depth: usize) -> anyhow::Result<bool> {
        if depth > MAX_DEPTH {
            return Ok(false);
        }
        if types(schema).any(|kind| kind != "object") {
            return Ok(false);
        }
        if schema.get("properties").is_some()
            || schema.get("additionalProperties").is_some_and(Value::is_object)
        {
            return Ok(true);
        }
        let mut any = false;
        for key in ["allOf", "oneOf", "anyOf"] {
            for part in list(schema, key) {
                if !self.is_object(self.description.resolve(part)?, depth + 1)? {
                    return Ok(false);
                }
                any = true;
            }
        }
        Ok(any)
    }
}

/// The name of the schema that is referred to.
fn name(schema: &Value) -> Option<&str> {
    schema.get("$ref")?.as_str()?.rsplit('/').next()
}
