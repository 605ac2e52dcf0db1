//! The input of an operation: `{path, query, payload}`, or the flat names of its fields.
//!
//! The one rule: a flat name goes to the one place that has it; where two have it, the place is said before a dot
//! (`path.id`, `payload.id`).

use serde_json::{Map, Value};
use trunkline_catalog::{Method, Operation};

use super::{
    Reading,
    schema::{Node, plain},
    unknown,
};
use crate::{Action, Field, Place, Problem, generated, registry, schema::alternatives};

const PLACES: [&str; 3] = ["path", "query", "payload"];

/// An operation's input, ready to be sent.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct Record {
    /// The path parameters.
    pub(crate) path: Vec<(String, String)>,
    /// The query parameters; a name may stand more than once.
    pub(crate) query: Vec<(String, String)>,
    /// The body.
    pub(crate) payload: Option<Value>,
    /// The most rows, for a list.
    pub(crate) limit: Option<usize>,
}

impl Record {
    /// Whether a certain page is asked for, which is then given as it is.
    pub(crate) fn names_a_page(&self) -> bool {
        const PAGE: [&str; 4] = ["page", "starting_after", "scroll_param", "cursor"];
        let in_payload = |value: &Value| PAGE.iter().any(|name| value.get(name).is_some());
        self.query.iter().any(|(name, _)| PAGE.contains(&name.as_str()))
            || self.payload.as_ref().is_some_and(|payload| {
                in_payload(payload) || payload.get("pagination").is_some_and(in_payload)
            })
    }
}

/// Whether an input has the form `{path, query, payload}`; where the body itself has a field of such a name, such as a search's
/// `query`, only one that says `payload` has.
pub(crate) fn is_record(operation: &Operation, given: &Map<String, Value>) -> bool {
    let is_of_body = |name: &String| operation.body_fields.iter().any(|field| field.name == name);
    !given.is_empty()
        && (given.contains_key("payload") || !given.keys().any(is_of_body))
        && given.iter().all(|(name, value)| {
            PLACES.contains(&name.as_str()) && (value.is_object() || value.is_null() || name == "payload")
                || name == "limit"
        })
        && given.keys().any(|name| PLACES.contains(&name.as_str()))
}

/// Checks an input against an operation.
pub(crate) fn check(
    operation: &'static Operation,
    given: Map<String, Value>,
    reading: &Reading,
    problems: &mut Vec<Problem>,
) -> Option<Record> {
    let own;
    let action = match registry::action(operation.id) {
        Ok(action) if action.is_operation() => action,
        // A module stands in the operation's place.
        _ => {
            own = generated::action(operation);
            &own
        }
    };
    let mut parts = if is_record(operation, &given) {
        Parts::of_record(given)
    } else {
        Parts::of_flat(action, given, reading, problems)
    };
    let mut record = Record {
        limit: limit(action, parts.limit.take(), problems),
        ..Record::default()
    };
    for (place, values, into) in [
        (Place::Path, &mut parts.path, &mut record.path),
        (Place::Query, &mut parts.query, &mut record.query),
    ] {
        let fields: Vec<&Field> = action
            .fields
            .iter()
            .filter(|field| field.place == place)
            .collect();
        let lenient = Reading {
            // What the path lacks has no place to go.
            allow_unknown: reading.allow_unknown && place == Place::Query,
            ..reading.clone()
        };
        let before = problems.len();
        let fitted = parameters(&fields, std::mem::take(values), &lenient, problems);
        for problem in &mut problems[before..] {
            problem.field = format!("{}.{}", place.as_str(), problem.field);
        }
        *into = fitted;
    }
    record.payload = payload(operation, action, parts.payload, reading, problems);
    Some(record)
}

/// The three parts of an input, not yet checked.
#[derive(Debug, Default)]
struct Parts {
    path: Map<String, Value>,
    query: Map<String, Value>,
    payload: Option<Value>,
    limit: Option<Value>,
}

impl Parts {
    fn of_record(mut given: Map<String, Value>) -> Self {
        let mut object = |name: &str| match given.remove(name) {
            Some(Value::Object(values)) => values,
            _ => Map::new(),
        };
        Self {
            path: object("path"),
            query: object("query"),
            payload: given.remove("payload").filter(|payload| !payload.is_null()),
            limit: given.remove("limit"),
        }
    }

    fn of_flat(
        action: &Action,
        given: Map<String, Value>,
        reading: &Reading,
        problems: &mut Vec<Problem>,
    ) -> Self {
        let mut parts = Self::default();
        let mut payload = Map::new();
        let tops = |place: Place| -> Vec<&'static str> {
            let mut names: Vec<&'static str> = action
                .fields
                .iter()
                .filter(|field| field.place == place)
                .map(|field| field.name.split(['.', '[']).next().unwrap_or(field.name))
                .collect();
            names.dedup();
            names
        };
        let (paths, queries, payloads) = (tops(Place::Path), tops(Place::Query), tops(Place::Payload));
        for (name, value) in given {
            let (place, rest) = match name.split_once('.') {
                Some((place, rest)) if PLACES.contains(&place) && !payloads.contains(&place) => {
                    (Some(place), rest)
                }
                _ => (None, name.as_str()),
            };
            let (first, more) = rest
                .split_once('.')
                .map_or((rest, None), |(first, more)| (first, Some(more)));
            let found: Vec<&str> = [("path", &paths), ("query", &queries), ("payload", &payloads)]
                .into_iter()
                .filter(|(kind, names)| place.is_none_or(|place| place == *kind) && names.contains(&first))
                .map(|(kind, _)| kind)
                .collect();
            let target = match (place, found.as_slice()) {
                (Some(place), _) => place,
                (None, [one]) => *one,
                (None, []) if name == "limit" => {
                    parts.limit = Some(value);
                    continue;
                }
                (None, []) if reading.allow_unknown => {
                    if payloads.is_empty() {
                        "query"
                    } else {
                        "payload"
                    }
                }
                (None, []) => {
                    let known: Vec<&'static str> =
                        paths.iter().chain(&queries).chain(&payloads).copied().collect();
                    problems.push(unknown(name.clone(), first, &known));
                    continue;
                }
                (None, [first_place, second_place, ..]) => {
                    problems.push(Problem::new(
                        name.clone(),
                        format!("stands in the {first_place} and in the {second_place}; write `{first_place}.{name}` and `{second_place}.{name}`"),
                    ));
                    continue;
                }
            };
            let into = match target {
                "path" => &mut parts.path,
                "query" => &mut parts.query,
                _ => &mut payload,
            };
            super::put(into, first, more, value, &name, problems);
        }
        parts.payload = (!payload.is_empty()).then_some(Value::Object(payload));
        parts
    }
}

fn limit(action: &Action, given: Option<Value>, problems: &mut Vec<Problem>) -> Option<usize> {
    let given = given.filter(|limit| !limit.is_null())?;
    if action.field("limit").is_none() {
        problems.push(Problem::new("limit", "is only for actions that give rows"));
        return None;
    }
    let limit = super::coerce::coerce(trunkline_catalog::FieldType::Integer, given)
        .ok()
        .and_then(|limit| limit.as_u64())
        .filter(|limit| *limit > 0)
        .and_then(|limit| usize::try_from(limit).ok());
    if limit.is_none() {
        problems.push(Problem::new("limit", "must be a whole number of 1 or more"));
    }
    limit
}

/// The values of a path or a query as text, in order of the fields.
fn parameters(
    fields: &[&Field],
    values: Map<String, Value>,
    reading: &Reading,
    problems: &mut Vec<Problem>,
) -> Vec<(String, String)> {
    let tree = Node::tree(fields, reading.version);
    let mut fitted = Vec::new();
    let values = if tree.is_empty() && !reading.allow_unknown {
        for name in values.keys() {
            problems.push(Problem::new(
                name.clone(),
                "is not a parameter; the operation has none here",
            ));
        }
        Map::new()
    } else {
        values
    };
    let Value::Object(values) = tree.fit(Value::Object(values), "", reading, problems) else {
        return fitted;
    };
    for (name, value) in values {
        let many = match value {
            Value::Array(list) => list,
            one => vec![one],
        };
        for value in many {
            match plain(&value) {
                Ok(text) => fitted.push((name.clone(), text)),
                Err(what) => problems.push(Problem::new(name.clone(), what)),
            }
        }
    }
    fitted
}

/// The body, held against each alternative; what is told is what the nearest one finds.
fn payload(
    operation: &Operation,
    action: &Action,
    given: Option<Value>,
    reading: &Reading,
    problems: &mut Vec<Problem>,
) -> Option<Value> {
    let fields: Vec<&Field> = action
        .fields
        .iter()
        .filter(|field| field.place == Place::Payload)
        .collect();
    let Some(given) = given else {
        // Most descriptions forget to say that a body is required; its required fields say so.
        if fields
            .iter()
            .any(|field| field.required && !field.name.contains('.'))
        {
            return payload(
                operation,
                action,
                Some(Value::Object(Map::new())),
                reading,
                problems,
            );
        }
        if operation.body_required {
            problems.push(Problem::new("payload", "is missing; the operation needs a body"));
        }
        return None;
    };
    if operation.method == Method::Get {
        problems.push(Problem::new("payload", "is not taken; the operation has no body"));
        return None;
    }
    if fields.is_empty() {
        if !reading.allow_unknown
            && given.as_object().is_none_or(|given| !given.is_empty())
            && !operation.body_required
        {
            problems.push(Problem::new("payload", "is not taken; the operation has no body"));
        }
        return Some(given);
    }
    let mut nearest: Option<(Vec<Problem>, Value)> = None;
    for own in alternatives(&fields) {
        let mut found = Vec::new();
        let fitted = Node::tree(&own, reading.version).fit(given.clone(), "", reading, &mut found);
        if nearest
            .as_ref()
            .is_none_or(|(fewest, _)| found.len() < fewest.len())
        {
            nearest = Some((found, fitted));
        }
    }
    let (found, fitted) = nearest?;
    problems.extend(found);
    Some(fitted)
}
