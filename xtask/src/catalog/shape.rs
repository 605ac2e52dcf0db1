//! One schema with `allOf`, `oneOf` and `anyOf` folded in.
//!
//! The rule: under `allOf` the later part narrows the earlier one; under `oneOf` and `anyOf` only what all parts agree
//! on is kept. Read `fields.rs` next.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::{
    description::Description,
    fields::{Field, kind, text},
    schema::{list, says_nullable},
};

/// How many schemas may be wrapped in each other before the rest is left out.
const MAX_WRAPS: usize = 6;

/// What a schema says about a value.
#[derive(Clone)]
pub(super) struct Shape<'a> {
    pub(super) kind: &'static str,
    pub(super) nullable: bool,
    /// It allows null and nothing else, as the part of an `anyOf` that only makes the others nullable.
    only_null: bool,
    pub(super) enumeration: Vec<String>,
    pub(super) properties: BTreeMap<&'a str, Node<'a>>,
    pub(super) required: Vec<&'a str>,
    pub(super) items: Option<Node<'a>>,
}

/// A schema, or several that hold together or in turn; looked into only when asked, since schemas contain themselves.
#[derive(Clone)]
pub(super) enum Node<'a> {
    One(&'a Value),
    Both(Box<(Self, Self)>),
    Either(Box<(Self, Self)>),
}

impl<'a> Node<'a> {
    pub(super) fn shape(&self, description: &'a Description) -> anyhow::Result<Shape<'a>> {
        Ok(match self {
            Self::One(schema) => Shape::of(description, schema, 0)?,
            Self::Both(pair) => pair.0.shape(description)?.and(pair.1.shape(description)?),
            Self::Either(pair) => pair.0.shape(description)?.or(pair.1.shape(description)?),
        })
    }
}

/// The alternatives of a body, each with what holds for all of them.
pub(super) fn alternatives<'a>(
    description: &'a Description,
    schema: &'a Value,
) -> anyhow::Result<Vec<Shape<'a>>> {
    let schema = description.resolve(schema)?;
    let base = Shape::base(description, schema, 0)?;
    let mut found = Vec::new();
    for alternative in list(schema, "oneOf").chain(list(schema, "anyOf")) {
        for shape in alternatives(description, alternative)? {
            found.push(base.clone().and(shape));
        }
    }
    if found.is_empty() {
        found.push(base);
    }
    Ok(found)
}

impl<'a> Shape<'a> {
    fn of(description: &'a Description, schema: &'a Value, wraps: usize) -> anyhow::Result<Self> {
        let schema = description.resolve(schema)?;
        let mut shape = Self::base(description, schema, wraps)?;
        if wraps >= MAX_WRAPS {
            return Ok(shape);
        }
        for key in ["oneOf", "anyOf"] {
            let mut inner: Option<Self> = None;
            for part in list(schema, key) {
                let part = Self::of(description, part, wraps + 1)?;
                inner = Some(match inner {
                    None => part,
                    Some(before) => before.or(part),
                });
            }
            if let Some(inner) = inner {
                shape = shape.and(inner);
            }
        }
        Ok(shape)
    }

    /// The schema without its alternatives.
    fn base(description: &'a Description, schema: &'a Value, wraps: usize) -> anyhow::Result<Self> {
        let mut shape = Self::own(schema);
        if wraps < MAX_WRAPS {
            for part in list(schema, "allOf") {
                shape = shape.and(Self::of(description, part, wraps + 1)?);
            }
        }
        Ok(shape)
    }

    fn own(schema: &'a Value) -> Self {
        let mut kinds = Vec::new();
        match schema.get("type") {
            Some(Value::String(kind)) => kinds.push(kind.as_str()),
            Some(Value::Array(several)) => kinds.extend(several.iter().filter_map(Value::as_str)),
            _ => {}
        }
        let nullable = says_nullable(schema);
        let says_more = ["allOf", "oneOf", "anyOf", "enum", "items", "properties"]
            .iter()
            .any(|key| schema.get(key).is_some());
        kinds.retain(|kind| *kind != "null");
        let properties: BTreeMap<&str, Node<'_>> = schema
            .get("properties")
            .and_then(Value::as_object)
            .into_iter()
            .flatten()
            .map(|(name, value)| (name.as_str(), Node::One(value)))
            .collect();
        let is_file = schema.get("format").and_then(Value::as_str) == Some("binary");
        let kind = match kinds.as_slice() {
            _ if is_file => "any",
            [only] => kind(only),
            [] if !properties.is_empty() => "object",
            [] if schema.get("items").is_some() => "array",
            _ => "any",
        };
        Self {
            kind,
            nullable,
            only_null: nullable && kinds.is_empty() && !says_more,
            enumeration: list(schema, "enum").filter_map(text).collect(),
            properties,
            required: list(schema, "required").filter_map(Value::as_str).collect(),
            items: schema.get("items").map(Node::One),
        }
    }

    /// Both hold (`allOf`).
    fn and(mut self, other: Self) -> Self {
        if other.kind != "any" {
            self.kind = other.kind;
        }
        self.nullable |= other.nullable;
        self.only_null &= other.only_null;
        if !other.enumeration.is_empty() {
            self.enumeration = other.enumeration;
        }
        self.required.extend(other.required);
        self.properties = join(self.properties, other.properties, Node::Both);
        self.items = join_items(self.items, other.items, Node::Both);
        self
    }

    /// Either holds (`oneOf`, `anyOf`).
    fn or(mut self, other: Self) -> Self {
        if other.only_null {
            self.nullable = true;
            return self;
        }
        if self.only_null {
            return Self {
                nullable: true,
                ..other
            };
        }
        if self.kind != other.kind {
            self.kind = "any";
        }
        self.nullable |= other.nullable;
        if self.enumeration.is_empty() || other.enumeration.is_empty() {
            self.enumeration.clear();
        } else {
            self.enumeration.extend(other.enumeration);
        }
        self.required.retain(|name| other.required.contains(name));
        self.properties = join(self.properties, other.properties, Node::Either);
        self.items = join_items(self.items, other.items, Node::Either);
        self
    }

    pub(super) fn field(&self, required: bool) -> Field {
        let mut seen = BTreeSet::new();
        let enumeration = self
            .enumeration
            .iter()
            .filter(|value| seen.insert(value.as_str()))
            .cloned()
            .collect();
        Field {
            kind: self.kind,
            required,
            nullable: self.nullable,
            enumeration,
        }
    }
}

type Join<'a> = fn(Box<(Node<'a>, Node<'a>)>) -> Node<'a>;

fn join<'a>(
    mut left: BTreeMap<&'a str, Node<'a>>,
    right: BTreeMap<&'a str, Node<'a>>,
    how: Join<'a>,
) -> BTreeMap<&'a str, Node<'a>> {
    for (name, node) in right {
        let joined = match left.remove(name) {
            Some(before) => how(Box::new((before, node))),
            None => node,
        };
        left.insert(name, joined);
    }
    left
}

fn join_items<'a>(left: Option<Node<'a>>, right: Option<Node<'a>>, how: Join<'a>) -> Option<Node<'a>> {
    match (left, right) {
        (Some(left), Some(right)) => Some(how(Box::new((left, right)))),
        (left, right) => left.or(right),
    }
}
