//! What a caller gives to an action: checked whole, before anything is sent.
//!
//! The one rule: every problem is found at once and named with its field; nothing that does not fit is dropped or guessed.
//! `schema.rs` holds the fields as a tree, `coerce.rs` makes values of text, `record.rs` is an operation's input.

mod coerce;
mod record;
mod schema;
mod strict;

use jiff::{Timestamp, tz::TimeZone};
use serde_json::{Map, Value};
use trunkline_catalog::Version;

use crate::{Action, ActionError, Field, Problem, Work, registry::nearest};

pub(crate) use coerce::coerce;
pub(crate) use record::Record;
pub(crate) use schema::Node;
pub use strict::read_record;

/// What an input is read with.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    /// What `+2d` counts from.
    pub(crate) now: Timestamp,
    /// Where a time without a zone is.
    pub(crate) zone: TimeZone,
    /// The version that the connection speaks.
    pub(crate) version: Version,
    /// Whether names that the catalog does not know pass.
    pub(crate) allow_unknown: bool,
}

/// An input that fits its action.
#[derive(Clone, Debug)]
pub(crate) enum Checked {
    /// For a module.
    Module(Input),
    /// For an operation, as it is sent.
    Record(Record),
}

/// The checked input of a module: only fields that it has, each of its type, times as unix seconds.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    values: Map<String, Value>,
}

impl Input {
    /// The value of a field; none when it is not given, null when null was.
    #[must_use]
    pub fn value(&self, name: &str) -> Option<&Value> {
        self.values.get(name)
    }

    /// The text of a field.
    #[must_use]
    pub fn text(&self, name: &str) -> Option<&str> {
        self.value(name)?.as_str()
    }

    /// Whether a field is true.
    #[must_use]
    pub fn flag(&self, name: &str) -> Option<bool> {
        self.value(name)?.as_bool()
    }

    /// The number of a field; of a time: unix seconds.
    #[must_use]
    pub fn integer(&self, name: &str) -> Option<i64> {
        self.value(name)?.as_i64()
    }

    /// The items of a list.
    #[must_use]
    pub fn list(&self, name: &str) -> Option<&[Value]> {
        self.value(name)?.as_array().map(Vec::as_slice)
    }

    /// The entries of an object.
    #[must_use]
    pub fn object(&self, name: &str) -> Option<&Map<String, Value>> {
        self.value(name)?.as_object()
    }

    /// The most rows that are wanted.
    #[must_use]
    pub fn limit(&self) -> Option<usize> {
        self.integer("limit")
            .and_then(|limit| usize::try_from(limit).ok())
    }

    /// The names of the fields that are given.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.values.keys().map(String::as_str)
    }

    /// The fields of these names that are given, as they are named here.
    #[must_use]
    pub fn only(&self, names: &[&str]) -> Map<String, Value> {
        names
            .iter()
            .filter_map(|name| Some(((*name).to_owned(), self.values.get(*name)?.clone())))
            .collect()
    }
}

/// Checks `given` against what `action` takes.
pub(crate) fn check(
    action: &'static Action,
    given: Value,
    reading: &Reading,
) -> Result<Checked, ActionError> {
    if !(action.versions.0..=action.versions.1).contains(&reading.version) {
        let (first, last) = action.versions;
        return Err(ActionError::NotInVersion {
            action: action.id,
            range: if first == last {
                format!("exists only in {first}")
            } else {
                format!("exists in {first} to {last}")
            },
            version: reading.version.as_str(),
        });
    }
    let mut problems = Vec::new();
    let checked = match (given, action.work) {
        (Value::Null, _) => check_object(action, Map::new(), reading, &mut problems),
        (Value::Object(given), _) => check_object(action, given, reading, &mut problems),
        _ => {
            problems.push(Problem::new(
                "input",
                "must be an object with the names of fields",
            ));
            None
        }
    };
    match checked {
        Some(checked) if problems.is_empty() => Ok(checked),
        _ => Err(ActionError::Input {
            action: action.id,
            problems,
        }),
    }
}

fn check_object(
    action: &'static Action,
    given: Map<String, Value>,
    reading: &Reading,
    problems: &mut Vec<Problem>,
) -> Option<Checked> {
    let operation = match action.work {
        Work::Operation(operation) => Some(operation),
        // A module that stands for an operation: the operation as it is stays within reach.
        Work::Module(_) => trunkline_catalog::Catalog::embedded()
            .operation(action.id)
            .filter(|operation| record::is_record(operation, &given)),
    };
    match operation {
        Some(operation) => record::check(operation, given, reading, problems).map(Checked::Record),
        None => check_module(action, given, reading, problems).map(Checked::Module),
    }
}

fn check_module(
    action: &'static Action,
    given: Map<String, Value>,
    reading: &Reading,
    problems: &mut Vec<Problem>,
) -> Option<Input> {
    let named = by_own_names(action, given, problems);
    let tree = Node::tree(&action.fields.iter().collect::<Vec<_>>(), reading.version);
    let fitted = tree.fit(Value::Object(named), "", reading, problems);
    let Value::Object(values) = fitted else {
        return None;
    };
    check_groups(&action.fields, &values, problems);
    for field in &action.fields {
        if field.name == "limit"
            && values
                .get("limit")
                .and_then(Value::as_i64)
                .is_some_and(|limit| limit < 1)
        {
            problems.push(Problem::new("limit", "must be 1 or more"));
        }
    }
    Some(Input { values })
}

/// The entries under the fields' own names, dotted ones put together.
fn by_own_names(
    action: &'static Action,
    given: Map<String, Value>,
    problems: &mut Vec<Problem>,
) -> Map<String, Value> {
    let mut named = Map::new();
    for (name, value) in given {
        let (first, rest) = name
            .split_once('.')
            .map_or((name.as_str(), None), |(first, rest)| (first, Some(rest)));
        let own = action.field(first).map_or(first, |field| field.name);
        put(&mut named, own, rest, value, &name, problems);
    }
    named
}

/// Puts a value under a name, or under the rest of a dotted one.
fn put(
    into: &mut Map<String, Value>,
    own: &str,
    rest: Option<&str>,
    value: Value,
    given_as: &str,
    problems: &mut Vec<Problem>,
) {
    let Some(rest) = rest else {
        if into.contains_key(own) {
            problems.push(Problem::new(
                given_as,
                format!("stands twice, once as `{own}`; keep one"),
            ));
        } else {
            into.insert(own.to_owned(), value);
        }
        return;
    };
    let inner = into.entry(own).or_insert_with(|| Value::Object(Map::new()));
    let Value::Object(inner) = inner else {
        problems.push(Problem::new(
            given_as,
            format!("stands beside a whole value of `{own}`; keep one"),
        ));
        return;
    };
    let (first, more) = rest
        .split_once('.')
        .map_or((rest, None), |(first, more)| (first, Some(more)));
    put(inner, first, more, value, given_as, problems);
}

fn check_groups(fields: &[Field], values: &Map<String, Value>, problems: &mut Vec<Problem>) {
    let mut seen: Vec<&str> = Vec::new();
    for group in fields.iter().filter_map(|field| field.group) {
        if seen.contains(&group.name) {
            continue;
        }
        seen.push(group.name);
        let members: Vec<&str> = fields
            .iter()
            .filter(|field| field.group.is_some_and(|own| own.name == group.name))
            .map(|field| field.name)
            .collect();
        let given: Vec<&str> = members
            .iter()
            .copied()
            .filter(|name| values.get(*name).is_some_and(|value| !value.is_null()))
            .collect();
        if given.len() > 1 {
            problems.push(Problem::new(
                given.join("`, `"),
                "exclude each other; give one of them",
            ));
        } else if given.is_empty() && group.required {
            problems.push(Problem::new(
                members.join("`, `"),
                "are missing; give one of them",
            ));
        }
    }
}

/// The problem of a name that is not known, with the nearest ones.
pub(crate) fn unknown(path: String, name: &str, known: &[&'static str]) -> Problem {
    let near = nearest(name, known.iter().copied());
    let what = match near.first() {
        Some(first) => format!("is not a field; did you mean `{first}`?"),
        None if known.len() <= 20 => format!("is not a field; there are {}", known.join(", ")),
        None => "is not a field".to_owned(),
    };
    Problem::new(path, what)
}
