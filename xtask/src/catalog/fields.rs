//! A request body's schema becomes flat fields with dotted names.
//!
//! The rule: alternatives of the whole body are numbered from 1 in the order of the description; alternatives deeper
//! inside are merged, and what they do not agree on is optional and of any type. Read `operation.rs` next.

use std::collections::BTreeMap;

use serde_json::Value;

use super::description::Description;

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
    for (index, schema) in alternatives.iter().enumerate() {
        let number = if alternatives.len() == 1 {
            0
        } else {
            u8::try_from(index + 1)?
        };
        let mut found = BTreeMap::new();
        let shape = Shape::of(description, schema, 0)?;
        if shape.kind == "array" {
            items(description, &shape, "", 0, &mut found)?;
        }
        children(description, &shape, "", 0, &mut found)?;
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

fn alternatives<'a>(description: &'a Description, schema: &'a Value) -> anyhow::Result<Vec<&'a Value>> {
    let schema = description.resolve(schema)?;
    let listed = ["oneOf", "anyOf"]
        .into_iter()
        .find_map(|key| schema.get(key).and_then(Value::as_array));
    let Some(listed) = listed else {
        return Ok(vec![schema]);
    };
    let mut found = Vec::new();
    for alternative in listed {
        found.extend(alternatives(description, alternative)?);
    }
    Ok(found)
}

/// A schema with `allOf` and inner alternatives merged.
struct Shape<'a> {
    kind: &'static str,
    nullable: bool,
    enumeration: Vec<String>,
    properties: BTreeMap<&'a str, Vec<&'a Value>>,
    required: Vec<&'a str>,
    items: Vec<&'a Value>,
}

impl<'a> Shape<'a> {
    fn of(description: &'a Description, schema: &'a Value, hops: usize) -> anyhow::Result<Self> {
        let schema = description.resolve(schema)?;
        let mut shape = Self::own(schema);
        if hops > MAX_DEPTH {
            return Ok(shape);
        }
        for part in list(schema, "allOf") {
            let part = Self::of(description, part, hops + 1)?;
            shape.required.extend(part.required.iter().copied());
            shape.absorb(part);
        }
        for key in ["oneOf", "anyOf"] {
            let mut inner: Option<Self> = None;
            for part in list(schema, key) {
                let part = Self::of(description, part, hops + 1)?;
                inner = Some(match inner {
                    None => part,
                    Some(before) => before.either(part),
                });
            }
            if let Some(inner) = inner {
                let required = inner.required.clone();
                shape.required.extend(required);
                shape.absorb(inner);
            }
        }
        Ok(shape)
    }

    fn own(schema: &'a Value) -> Self {
        let mut kinds = Vec::new();
        let mut nullable = schema.get("nullable").and_then(Value::as_bool).unwrap_or(false);
        match schema.get("type") {
            Some(Value::String(kind)) => kinds.push(kind.as_str()),
            Some(Value::Array(several)) => kinds.extend(several.iter().filter_map(Value::as_str)),
            _ => {}
        }
        nullable |= kinds.contains(&"null") || list(schema, "enum").any(Value::is_null);
        kinds.retain(|kind| *kind != "null");
        let properties: BTreeMap<&str, Vec<&Value>> = schema
            .get("properties")
            .and_then(Value::as_object)
            .map(|held| {
                held.iter()
                    .map(|(name, value)| (name.as_str(), vec![value]))
                    .collect()
            })
            .unwrap_or_default();
        let kind = match kinds.as_slice() {
            [only] => kind(only),
            [] if !properties.is_empty() => "object",
            [] if schema.get("items").is_some() => "array",
            _ => "any",
        };
        Self {
            kind,
            nullable,
            enumeration: list(schema, "enum").filter_map(text).collect(),
            properties,
            required: list(schema, "required").filter_map(Value::as_str).collect(),
            items: schema.get("items").into_iter().collect(),
        }
    }

    /// Both hold (`allOf`).
    fn absorb(&mut self, other: Self) {
        if self.kind == "any" {
            self.kind = other.kind;
        }
        self.nullable |= other.nullable;
        if self.enumeration.is_empty() {
            self.enumeration = other.enumeration;
        }
        for (name, values) in other.properties {
            self.properties.entry(name).or_default().extend(values);
        }
        self.items.extend(other.items);
    }

    /// Either holds (`oneOf`, `anyOf`).
    fn either(mut self, other: Self) -> Self {
        let silent = |shape: &Self| shape.kind == "any" && shape.nullable && shape.properties.is_empty();
        self.kind = if silent(&self) || self.kind == other.kind {
            other.kind
        } else if silent(&other) {
            self.kind
        } else {
            "any"
        };
        self.nullable |= other.nullable;
        if self.enumeration.is_empty() || other.enumeration.is_empty() {
            self.enumeration.clear();
        } else {
            self.enumeration.extend(other.enumeration);
        }
        self.required.retain(|name| other.required.contains(name));
        for (name, values) in other.properties {
            self.properties.entry(name).or_default().extend(values);
        }
        self.items.extend(other.items);
        self
    }

    fn field(&self, required: bool) -> Field {
        let mut enumeration = self.enumeration.clone();
        let mut seen = std::collections::BTreeSet::new();
        enumeration.retain(|value| seen.insert(value.clone()));
        Field {
            kind: self.kind,
            required,
            nullable: self.nullable,
            enumeration,
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
    for (name, schemas) in &shape.properties {
        let dotted = if prefix.is_empty() {
            (*name).to_owned()
        } else {
            format!("{prefix}.{name}")
        };
        let child = combined(description, schemas)?;
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
    if shape.items.is_empty() || depth >= MAX_DEPTH {
        return Ok(());
    }
    let item = combined(description, &shape.items)?;
    let dotted = format!("{name}[]");
    found.insert(dotted.clone(), item.field(false));
    children(description, &item, &dotted, depth + 1, found)?;
    items(description, &item, &dotted, depth + 1, found)
}

fn combined<'a>(description: &'a Description, schemas: &[&'a Value]) -> anyhow::Result<Shape<'a>> {
    let mut shapes = schemas.iter().map(|schema| Shape::of(description, schema, 0));
    let first = shapes.next().unwrap_or_else(|| Ok(Shape::own(&Value::Null)))?;
    shapes.try_fold(first, |before, shape| Ok(before.either(shape?)))
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

/// The entries of a list, none when it is absent.
pub(super) fn list<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
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
