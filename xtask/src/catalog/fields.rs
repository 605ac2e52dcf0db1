//! A request body's schema becomes flat fields with dotted names.
//!
//! The rule: alternatives of the whole body are numbered from 1 in the order of the description; alternatives deeper
//! inside are merged, and what they do not agree on is optional and of any type. Read `operation.rs` next.

use std::collections::BTreeMap;

use serde_json::Value;

use super::{
    description::Description,
    shape::{Shape, alternatives},
};

/// How deep nested objects are followed.
const MAX_DEPTH: usize = 5;

/// What is known about one field in one version.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Field {
    pub(super) kind: &'static str,
    pub(super) required: bool,
    pub(super) nullable: bool,
    pub(super) enumeration: Vec<String>,
}

/// Fields by number of the alternative and dotted name.
pub(super) type Fields = BTreeMap<(u8, String), Field>;

/// The fields of a body.
pub(super) fn flatten(description: &Description, schema: &Value) -> anyhow::Result<Fields> {
    let mut fields = Fields::new();
    let alternatives = alternatives(description, schema)?;
    for (index, shape) in alternatives.iter().enumerate() {
        let number = if alternatives.len() == 1 {
            0
        } else {
            u8::try_from(index + 1)?
        };
        let mut found = BTreeMap::new();
        items(description, shape, "", 0, &mut found)?;
        children(description, shape, "", 0, &mut found)?;
        fields.extend(found.into_iter().map(|(name, field)| ((number, name), field)));
    }
    if alternatives.len() > 1 {
        share(&mut fields, alternatives.len());
    }
    Ok(fields)
}

/// A field that every alternative has alike belongs to all of them.
fn share(fields: &mut Fields, alternatives: usize) {
    let names: Vec<String> = fields
        .keys()
        .filter(|(number, _)| *number == 1)
        .map(|(_, name)| name.clone())
        .collect();
    for name in names {
        let held: Vec<Field> = fields
            .iter()
            .filter(|((_, other), _)| *other == name)
            .map(|(_, field)| field.clone())
            .collect();
        if held.len() == alternatives && held.windows(2).all(|pair| pair[0] == pair[1]) {
            fields.retain(|(_, other), _| *other != name);
            fields.insert((0, name), held[0].clone());
        }
    }
}

fn children(
    description: &Description,
    shape: &Shape<'_>,
    prefix: &str,
    depth: usize,
    found: &mut BTreeMap<String, Field>,
) -> anyhow::Result<()> {
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    for (name, node) in &shape.properties {
        let dotted = if prefix.is_empty() {
            (*name).to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        let child = node.shape(description)?;
        found.insert(dotted.clone(), child.field(shape.required.contains(name)));
        children(description, &child, &dotted, depth + 1, found)?;
        items(description, &child, &dotted, depth + 1, found)?;
    }
    Ok(())
}

fn items(
    description: &Description,
    shape: &Shape<'_>,
    name: &str,
    depth: usize,
    found: &mut BTreeMap<String, Field>,
) -> anyhow::Result<()> {
    let Some(node) = &shape.items else {
        return Ok(());
    };
    if depth >= MAX_DEPTH {
        return Ok(());
    }
    let item = node.shape(description)?;
    let dotted = format!("{name}[]");
    found.insert(dotted.clone(), item.field(false));
    children(description, &item, &dotted, depth + 1, found)?;
    items(description, &item, &dotted, depth + 1, found)
}

/// The catalog's word for a type; what it has no word for (`file`) is of any type.
pub(super) fn kind(name: &str) -> &'static str {
    match name {
        "string" => "string",
        "integer" => "integer",
        "number" => "number",
        "boolean" => "boolean",
        "array" => "array",
        "object" => "object",
        _ => "any",
    }
}

/// A scalar as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
