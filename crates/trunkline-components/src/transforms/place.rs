//! Where values of a record are: `contact.emails[].value`.
//!
//! The one rule: a list on the way is gone through item by item, whether `[]` says so or not; so that what is to be hidden is not
//! missed because it stands in a list.

use std::{borrow::Cow, str::FromStr};

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, de::Error as _};
use serde_json::Value;
use trunkline_flow::ComponentError;

/// The way to values of a record.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Place {
    text: String,
    steps: Vec<Step>,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Step {
    Name(String),
    Each,
}

/// What becomes of a value that was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Then {
    Stays,
    Goes,
}

/// What is done with a value.
pub(super) type Work<'w> = dyn FnMut(&mut Value) -> Result<Then, ComponentError> + 'w;

/// What is done with a value under a name; none when the name is not meant, and what is inside of it is looked at.
pub(super) type NamedWork<'w> = dyn FnMut(&str, &mut Value) -> Result<Option<Then>, ComponentError> + 'w;

impl Place {
    /// As it was written.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Does something with each value there; with none when there is none.
    pub(super) fn change(&self, value: &mut Value, work: &mut Work<'_>) -> Result<(), ComponentError> {
        change(&self.steps, value, work).map(drop)
    }

    /// Takes out the first value there.
    pub(super) fn take(&self, value: &mut Value) -> Option<Value> {
        let mut taken = None;
        let mut work = |found: &mut Value| {
            if taken.is_none() {
                taken = Some(found.take());
            }
            Ok(Then::Stays)
        };
        // The work does not fail.
        self.change(value, &mut work).ok()?;
        taken
    }
}

fn change(steps: &[Step], value: &mut Value, work: &mut Work<'_>) -> Result<Then, ComponentError> {
    let Some((step, rest)) = steps.split_first() else {
        return work(value);
    };
    match (step, value) {
        (step, Value::Array(items)) => {
            let rest = if *step == Step::Each { rest } else { steps };
            let mut kept = Vec::with_capacity(items.len());
            let mut failed = None;
            for mut item in items.drain(..) {
                let then = match failed {
                    Some(_) => Then::Stays,
                    None => change(rest, &mut item, work).unwrap_or_else(|error| {
                        failed = Some(error);
                        Then::Stays
                    }),
                };
                if then == Then::Stays {
                    kept.push(item);
                }
            }
            *items = kept;
            failed.map_or(Ok(Then::Stays), Err)
        }
        (Step::Name(name), Value::Object(fields)) => {
            if let Some(inner) = fields.get_mut(name)
                && change(rest, inner, work)? == Then::Goes
            {
                fields.remove(name);
            }
            Ok(Then::Stays)
        }
        _ => Ok(Then::Stays),
    }
}

/// Does something with every value under one of the names, at any depth.
pub(super) fn change_named(value: &mut Value, work: &mut NamedWork<'_>) -> Result<(), ComponentError> {
    match value {
        Value::Array(items) => {
            for item in items {
                change_named(item, work)?;
            }
        }
        Value::Object(fields) => {
            let mut gone = Vec::new();
            for (name, inner) in fields.iter_mut() {
                match work(name, inner)? {
                    Some(Then::Goes) => gone.push(name.clone()),
                    Some(Then::Stays) => {}
                    None => change_named(inner, work)?,
                }
            }
            for name in gone {
                fields.remove(&name);
            }
        }
        _ => {}
    }
    Ok(())
}

impl FromStr for Place {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let wrong = || {
            format!(
                "{text:?} is no way to a field; write names with dots between them, such as contact.emails[].value, and quotes around a name that has a dot"
            )
        };
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        let mut steps = Vec::new();
        let mut wants_name = true;
        while !rest.is_empty() || wants_name {
            if let Some(after) = rest.strip_prefix("[]") {
                steps.push(Step::Each);
                rest = after;
                wants_name = false;
                continue;
            }
            if !wants_name {
                rest = rest.strip_prefix('.').ok_or_else(wrong)?;
                if rest.starts_with("[]") {
                    return Err(wrong());
                }
            }
            let name = match rest.strip_prefix('"') {
                Some(quoted) => {
                    let (name, after) = quoted.split_once('"').ok_or_else(wrong)?;
                    rest = after;
                    name
                }
                None => {
                    let end = rest.find(['.', '[', '"', ']']).unwrap_or(rest.len());
                    let (name, after) = rest.split_at(end);
                    rest = after;
                    name
                }
            };
            if name.is_empty() {
                return Err(wrong());
            }
            steps.push(Step::Name(name.to_owned()));
            wants_name = false;
        }
        Ok(Self {
            text: text.to_owned(),
            steps,
        })
    }
}

impl<'de> Deserialize<'de> for Place {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(D::Error::custom)
    }
}

impl JsonSchema for Place {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Place".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({
            "type": "string",
            "description": "The way to a field, such as contact.emails[].value.",
        })
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_place_is_names_and_lists() {
        for (text, removed) in [
            (
                "a",
                Some(json!({ "b": [{ "c": 1 }, { "c": 2, "d": 3 }], "e.f": 4 })),
            ),
            (".b[].c", Some(json!({ "a": 0, "b": [{}, { "d": 3 }], "e.f": 4 }))),
            ("b.c", Some(json!({ "a": 0, "b": [{}, { "d": 3 }], "e.f": 4 }))),
            ("b[]", Some(json!({ "a": 0, "b": [], "e.f": 4 }))),
            (
                "\"e.f\"",
                Some(json!({ "a": 0, "b": [{ "c": 1 }, { "c": 2, "d": 3 }] })),
            ),
            (
                "x.y",
                Some(json!({ "a": 0, "b": [{ "c": 1 }, { "c": 2, "d": 3 }], "e.f": 4 })),
            ),
            ("", None),
            (".", None),
            ("a.", None),
            ("a..b", None),
            ("a[0]", None),
            ("a.[]", None),
            ("a\"b\"", None),
            ("\"a", None),
        ] {
            let place: Result<Place, String> = text.parse();
            let made = place.ok().map(|place| {
                let mut value = json!({ "a": 0, "b": [{ "c": 1 }, { "c": 2, "d": 3 }], "e.f": 4 });
                place.change(&mut value, &mut |_| Ok(Then::Goes)).unwrap();
                value
            });
            assert_eq!(made, removed, "{text}");
        }
    }
}
