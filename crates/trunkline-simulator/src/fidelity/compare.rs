//! What counts as a difference: shapes, never values.
//!
//! The one rule: a difference is only told where the recorded answers say enough: a field is missing when the recorded answer to
//! the same call has it, and extra, of another type or null when no recorded answer of the operation knows it so.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;
use serde_json::Value;

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Kind {
    /// The answers have different statuses.
    Status,
    /// The refusals have different codes.
    ErrorCode,
    /// One answer is JSON and the other is not.
    Body,
    /// The simulator's answer lacks a field.
    Missing,
    /// The simulator's answer has a field that no recorded one has.
    Extra,
    /// A field has a type that no recorded answer has there.
    Type,
    /// A field is null where no recorded one is.
    Null,
}

impl Kind {
    /// The word for people.
    #[must_use]
    pub fn word(self) -> &'static str {
        match self {
            Self::Status => "status",
            Self::ErrorCode => "error code",
            Self::Body => "body",
            Self::Missing => "missing",
            Self::Extra => "extra",
            Self::Type => "type",
            Self::Null => "null",
        }
    }
}

/// A difference of an operation, with how often it was seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// The operation's id.
    pub operation: String,
    /// What differs.
    pub kind: Kind,
    /// Where in the answer; `[]` stands for any row of a list.
    pub path: String,
    /// What the real workspace answered.
    pub recorded: String,
    /// What the simulator answered.
    pub simulated: String,
    /// In how many exchanges.
    pub count: usize,
    /// The lines of the first few of them.
    pub lines: Vec<usize>,
}

/// Objects whose names are the workspace's own.
const OWN: [&str; 5] = [
    "custom_attributes",
    "metadata",
    "ticket_attributes",
    "topics",
    "attributes",
];

/// The shape of one or more values.
#[derive(Clone, Debug, Default)]
pub(super) struct Shape {
    types: BTreeSet<&'static str>,
    fields: BTreeMap<String, Shape>,
    rows: Option<Box<Shape>>,
}

impl Shape {
    /// The shape of a value under a name.
    pub(super) fn of(name: &str, value: &Value) -> Self {
        let mut shape = Self::default();
        shape.add(name, value);
        shape
    }

    /// Takes another value in.
    pub(super) fn add(&mut self, name: &str, value: &Value) {
        self.types.insert(match value {
            Value::Null => "null",
            Value::Bool(_) => "boolean",
            Value::Number(_) => "number",
            Value::String(_) => "text",
            Value::Array(_) => "list",
            Value::Object(_) => "object",
        });
        match value {
            Value::Object(fields) if !OWN.contains(&name) => {
                for (name, value) in fields {
                    self.fields.entry(name.clone()).or_default().add(name, value);
                }
            }
            Value::Array(rows) => {
                for row in rows {
                    self.rows.get_or_insert_default().add(name, row);
                }
            }
            _ => {}
        }
    }

    fn types(&self) -> String {
        self.types.iter().copied().collect::<Vec<_>>().join(" or ")
    }
}

/// Where and how an answer's shape differs: kind, path, recorded, simulated.
pub(super) type Found = (Kind, String, String, String);

/// Compares the shape of the simulator's answer with that of the recorded one and with all recorded ones of the operation.
pub(super) fn shapes(
    recorded: Option<&Shape>,
    all: &Shape,
    simulated: &Shape,
    path: &str,
    found: &mut Vec<Found>,
) {
    let knows = all.types.iter().any(|kind| *kind != "null");
    for kind in &simulated.types {
        if knows && !all.types.contains(kind) {
            let what = if *kind == "null" { Kind::Null } else { Kind::Type };
            found.push((what, path.to_owned(), all.types(), (*kind).to_owned()));
        }
    }
    let inner = |name: &str| {
        if path.is_empty() {
            name.to_owned()
        } else {
            format!("{path}.{name}")
        }
    };
    if simulated.types.contains("object") {
        for (name, shape) in recorded.iter().flat_map(|shape| &shape.fields) {
            if !simulated.fields.contains_key(name) {
                found.push((Kind::Missing, inner(name), shape.types(), "absent".to_owned()));
            }
        }
    }
    if all.types.contains("object") {
        for (name, shape) in &simulated.fields {
            match all.fields.get(name) {
                None => found.push((Kind::Extra, inner(name), "absent".to_owned(), shape.types())),
                Some(known) => {
                    let own = recorded.and_then(|recorded| recorded.fields.get(name));
                    shapes(own, known, shape, &inner(name), found);
                }
            }
        }
    }
    if let (Some(known), Some(rows)) = (&all.rows, &simulated.rows) {
        let own = recorded.and_then(|recorded| recorded.rows.as_deref());
        shapes(own, known, rows, &format!("{path}[]"), found);
    }
}

/// The code of a refusal.
pub(super) fn code(answer: &Value) -> String {
    let code = answer["errors"][0]["code"]
        .as_str()
        .or_else(|| answer["error"].as_str());
    code.unwrap_or("none").to_owned()
}
