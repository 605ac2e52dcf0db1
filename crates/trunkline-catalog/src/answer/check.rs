//! A value held against a shape.
//!
//! The rule: of several shared shapes, the one that fits best judges, so that a difference is never blamed on the one
//! that nobody meant.

use std::fmt;

use serde_json::{Map, Value};

use super::{ENTRY, Node, REST, Shape};
use crate::FieldType;

/// One thing that a value and its shape do not agree on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Difference {
    /// Where in the answer, such as `$.data[].id`.
    pub path: String,
    /// Where in the tables, such as `tag.id`: the nearest shared shape, and the way from there.
    pub place: String,
    /// What, such as `string expected, integer found`.
    pub what: String,
    /// How much it weighs.
    pub weight: Weight,
}

/// How much a difference weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Weight {
    /// What is there is not what is stated.
    Wrong,
    /// Nothing is stated about the field, at any version.
    Undocumented,
    /// A later version states the field. The API makes the newest answer first and takes away what an older version
    /// must not show, so that additions show up in older versions too (facts 1.2).
    Later,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} ({}): {}", self.path, self.place, self.what)
    }
}

pub(super) fn check(shape: &Shape<'_>, value: &Value) -> Vec<Difference> {
    let mut found = Vec::new();
    let whole = Place {
        before: None,
        step: "$",
        shared: None,
    };
    one(shape, value, &whole, &mut found);
    found.sort();
    found.dedup();
    found
}

/// Where a value stands; written out only when something is wrong there.
struct Place<'p> {
    before: Option<&'p Self>,
    step: &'p str,
    /// The shared shape that the value's members belong to.
    shared: Option<&'p str>,
}

impl<'p> Place<'p> {
    fn member(&'p self, step: &'p str) -> Self {
        Self {
            before: Some(self),
            step,
            shared: None,
        }
    }

    fn path(&self) -> String {
        match self.before {
            None => self.step.to_owned(),
            Some(before) if self.step == ENTRY => before.path() + ENTRY,
            Some(before) => before.path() + "." + self.step,
        }
    }

    fn place(&self) -> String {
        let before = match self.before {
            None => return self.step.to_owned(),
            Some(before) => before.shared.map_or_else(|| before.place(), str::to_owned),
        };
        let dot = if self.step == ENTRY { "" } else { "." };
        before + dot + self.step
    }
}

fn one(shape: &Shape<'_>, value: &Value, place: &Place<'_>, found: &mut Vec<Difference>) {
    let stated = shape.stated;
    let mut say = |what: String| found.push(difference(place, what));
    if value.is_null() {
        if !stated.nullable && !stated.types.contains(&FieldType::Any) {
            say(format!("{} expected, null found", words(&stated.types)));
        }
        return;
    }
    if !stated.types.iter().any(|kind| is_of(value, *kind)) {
        say(format!(
            "{} expected, {} found",
            words(&stated.types),
            FieldType::of(value).map_or("null", FieldType::as_str)
        ));
        return;
    }
    if !stated.enumeration.is_empty()
        && scalar(value).is_some_and(|text| !stated.enumeration.contains(&&*text))
    {
        say(format!("{value} is not one of the documented values"));
    }
    match value {
        Value::Object(members) => object(shape, members, place, found),
        Value::Array(entries) => {
            if let Some(entry) = shape.entry() {
                let inside = place.member(ENTRY);
                entries
                    .iter()
                    .for_each(|value| one(&entry, value, &inside, found));
            }
        }
        _ => {}
    }
}

fn object(shape: &Shape<'_>, members: &Map<String, Value>, place: &Place<'_>, found: &mut Vec<Difference>) {
    if shape.stated.of.is_empty() {
        return fields(shape, shape.node, members, place, found);
    }
    let known = |name: &&'static str| Some((*name, shape.answers.shapes.get(name)?));
    let judged = shape.stated.of.iter().filter_map(known).map(|(name, node)| {
        let mut differences = Vec::new();
        let shared = Place {
            shared: Some(name),
            ..*place
        };
        fields(shape, node, members, &shared, &mut differences);
        differences
    });
    found.extend(
        judged
            .min_by_key(|differences| weight(differences))
            .unwrap_or_default(),
    );
}

/// How badly it fits: a field that is not known is the least, one that only came later is fine.
fn weight(differences: &[Difference]) -> usize {
    let one = |difference: &Difference| match difference.weight {
        Weight::Wrong => 100,
        Weight::Undocumented => 1,
        Weight::Later => 0,
    };
    differences.iter().map(one).sum()
}

fn fields(
    shape: &Shape<'_>,
    node: &Node,
    members: &Map<String, Value>,
    place: &Place<'_>,
    found: &mut Vec<Difference>,
) {
    let mut names_are_anybodys = true;
    for (name, child) in node.children.iter().filter(|(name, _)| **name != ENTRY) {
        let Some(child) = shape.at(child) else { continue };
        if *name == REST {
            continue;
        }
        names_are_anybodys = false;
        match members.get(*name) {
            Some(member) => one(&child, member, &place.member(name), found),
            None if child.stated.required => {
                found.push(difference(&place.member(name), "required, missing".to_owned()));
            }
            None => {}
        }
    }
    let rest = node.children.get(REST).and_then(|node| shape.at(node));
    for (name, member) in members {
        let child = node.children.get(name.as_str());
        if child.is_some_and(|child| child.at(shape.version).is_some()) {
            continue;
        }
        let later = |child: &Node| {
            child
                .stated
                .iter()
                .any(|stated| stated.versions.0 > shape.version)
        };
        match &rest {
            Some(rest) => one(rest, member, &place.member(REST), found),
            None if names_are_anybodys => {}
            None => found.push(Difference {
                weight: if child.is_some_and(later) {
                    Weight::Later
                } else {
                    Weight::Undocumented
                },
                ..difference(&place.member(name), "undocumented field".to_owned())
            }),
        }
    }
}

fn difference(place: &Place<'_>, what: String) -> Difference {
    Difference {
        path: place.path(),
        place: place.place(),
        what,
        weight: Weight::Wrong,
    }
}

fn is_of(value: &Value, kind: FieldType) -> bool {
    match kind {
        FieldType::String => value.is_string(),
        FieldType::Integer => {
            value.is_i64() || value.is_u64() || value.as_f64().is_some_and(|number| number.fract() == 0.0)
        }
        FieldType::Number => value.is_number(),
        FieldType::Boolean => value.is_boolean(),
        FieldType::Object => value.is_object(),
        FieldType::Array => value.is_array(),
        FieldType::Any => true,
    }
}

fn words(types: &[FieldType]) -> String {
    let words: Vec<_> = types.iter().map(|kind| kind.as_str()).collect();
    words.join(" or ")
}

/// A scalar as the tables write it.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(flag.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
