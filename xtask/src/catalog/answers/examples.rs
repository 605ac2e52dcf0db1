//! Examples of answers: where one shows what its schema does not allow, the example is believed.
//!
//! The rule: an example widens what may stand at a place and takes nothing away; what stands in a map is anybody's name
//! and becomes no field.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::{Answers, Slot};
use crate::catalog::{fields::text, operation::Key, schema::type_of};

/// Widens the shapes of an answer by what `example` shows.
pub(super) fn believe(answers: &mut Answers, of: &(Key, u16), example: &Value) {
    let Some(Some(mut body)) = answers.bodies.get(of).cloned() else {
        return;
    };
    let mut waiting = Vec::new();
    widen(answers, &mut body, example, &mut waiting);
    answers.bodies.insert(of.clone(), Some(body));
    while let Some((name, value)) = waiting.pop() {
        let Some(mut shape) = answers.shapes.get(&name).cloned() else {
            continue;
        };
        inside(answers, &mut shape, value, &mut waiting);
        answers.shapes.insert(name, shape);
    }
}

type Waiting<'e> = Vec<(String, &'e Value)>;

fn widen<'e>(answers: &Answers, slot: &mut Slot, example: &'e Value, waiting: &mut Waiting<'e>) {
    if example.is_null() {
        slot.nullable = true;
        return;
    }
    let found = type_of(example);
    let is_allowed = slot.types.is_empty()
        || slot.types.contains(found)
        || (found == "integer" && slot.types.contains("number"));
    if !is_allowed {
        slot.types.insert(found);
    }
    if let Some(value) = text(example)
        && !slot.enumeration.is_empty()
        && !slot.enumeration.contains(&value)
    {
        slot.enumeration.push(value);
    }
    if example.is_object()
        && !slot.of.is_empty()
        && let Some(name) = best(answers, &slot.of, example)
    {
        waiting.push((name, example));
        return;
    }
    inside(answers, slot, example, waiting);
}

fn inside<'e>(answers: &Answers, slot: &mut Slot, example: &'e Value, waiting: &mut Waiting<'e>) {
    match example {
        Value::Object(members) => object(answers, slot, members, waiting),
        Value::Array(entries) => {
            for value in entries {
                if let Some(entry) = &mut slot.entry {
                    widen(answers, entry, value, waiting);
                }
            }
        }
        _ => {}
    }
}

fn object<'e>(
    answers: &Answers,
    slot: &mut Slot,
    members: &'e Map<String, Value>,
    waiting: &mut Waiting<'e>,
) {
    if slot.fields.is_empty() && slot.rest.is_none() {
        return;
    }
    for (name, field) in &mut slot.fields {
        if !members.contains_key(name) {
            field.required = false;
        }
    }
    for (name, value) in members {
        if let Some(field) = slot.fields.get_mut(name) {
            widen(answers, field, value, waiting);
        } else if let Some(rest) = &mut slot.rest {
            widen(answers, rest, value, waiting);
        } else {
            slot.fields.insert(name.clone(), shown(value));
        }
    }
}

/// What an example alone says of a place; it does not say that null may not stand there.
fn shown(example: &Value) -> Slot {
    let mut slot = Slot {
        nullable: true,
        ..Slot::default()
    };
    match example {
        Value::Null => {}
        Value::Bool(_) => drop(slot.types.insert("boolean")),
        Value::Number(_) => drop(slot.types.insert("number")),
        Value::String(_) => drop(slot.types.insert("string")),
        Value::Array(entries) => {
            slot.types.insert("array");
            let entry = entries.iter().map(shown).reduce(Slot::or);
            slot.entry = entry.map(Box::new);
        }
        Value::Object(members) => {
            slot.types.insert("object");
            slot.fields = members
                .iter()
                .map(|(name, value)| (name.clone(), shown(value)))
                .collect();
        }
    }
    slot
}

/// The shape with most of the example's fields; the one whose kind the example names, where shapes have kinds.
fn best(answers: &Answers, names: &BTreeSet<String>, example: &Value) -> Option<String> {
    let fit = |name: &&String| {
        let shape = answers.shapes.get(*name)?;
        let members = example.as_object()?;
        let known = members
            .keys()
            .filter(|key| shape.fields.contains_key(*key))
            .count();
        let is_kind = |key: &str| {
            let values = &shape.fields.get(key)?.enumeration;
            Some(values.contains(&text(members.get(key)?)?))
        };
        let kinds = ["type", "data_type"]
            .into_iter()
            .filter_map(is_kind)
            .filter(|is| *is)
            .count();
        Some((kinds, known))
    };
    names.iter().max_by_key(fit).cloned()
}
