//! From the input to a tree of comparisons, each with a value of its field's type.

use std::collections::HashMap;

use jiff::{Timestamp, ToSpan as _, civil::Date, tz::TimeZone};
use serde_json::{Map, Value};
use trunkline_catalog::FieldType;

use super::{
    fields::{Kind, Searched, forbids},
    operators::Operator,
};
use crate::{ActionError, Input, Problem, Run, input::coerce, time};

/// The most filters in one group.
pub(super) const MOST_FILTERS: usize = 15;
/// How deep groups may lie in each other.
pub(super) const MOST_LEVELS: usize = 2;

/// A comparison or a group of them.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    All(Vec<Node>),
    Any(Vec<Node>),
    /// A time within `from..until`, in seconds.
    Time {
        field: String,
        from: Option<i64>,
        until: Option<i64>,
    },
    Compare {
        field: String,
        operator: Operator,
        value: Value,
    },
}

/// An input as a tree.
#[derive(Clone, Debug)]
pub(super) struct Tree {
    pub(super) node: Node,
    /// Whether values can be read better once the attributes' types are known.
    pub(super) needs_types: bool,
}

struct Reader<'a> {
    of: &'static Searched,
    types: &'a HashMap<String, Kind>,
    now: Timestamp,
    zone: TimeZone,
    allows_unknown: bool,
    needs_types: bool,
    problems: Vec<Problem>,
}

/// The tree of an input, or everything that is wrong with it.
pub(super) fn tree(
    run: &Run,
    input: &Input,
    of: &'static Searched,
    types: &HashMap<String, Kind>,
) -> Result<Tree, ActionError> {
    let mut reader = Reader {
        of,
        types,
        now: run.now(),
        zone: run.zone().clone(),
        allows_unknown: run.allows_unknown(),
        needs_types: false,
        problems: Vec::new(),
    };
    let single = input.only(&["field", "operator", "value"]);
    let node = match input.list("filters") {
        Some(_) if !single.is_empty() => {
            let what = "stands beside `field`, `operator` or `value`; give one filter or a list";
            reader.problem("filters", what);
            None
        }
        Some(list) => reader.group(list, input.text("match"), "filters", 1),
        None if single.is_empty() => {
            let what = "is missing; give `field`, `operator` and `value`, or a list of them as `filters`";
            reader.problem("filters", what);
            None
        }
        None => reader.leaf(&single, ""),
    };
    match node {
        Some(node) if reader.problems.is_empty() => Ok(Tree {
            node,
            needs_types: reader.needs_types,
        }),
        _ => Err(run.misfits(reader.problems)),
    }
}

impl Reader<'_> {
    fn problem(&mut self, path: impl Into<String>, what: impl Into<String>) {
        self.problems.push(Problem::new(path, what));
    }

    fn group(&mut self, list: &[Value], matched: Option<&str>, path: &str, level: usize) -> Option<Node> {
        if level > MOST_LEVELS {
            self.problem(
                path,
                format!("lies too deep; groups nest {MOST_LEVELS} levels deep"),
            );
            return None;
        }
        if list.is_empty() {
            self.problem(path, "must hold at least one filter");
            return None;
        }
        if list.len() > MOST_FILTERS {
            self.problem(
                path,
                format!("holds {} filters; a group can hold {MOST_FILTERS}", list.len()),
            );
        }
        let mut members = Vec::new();
        for (place, member) in list.iter().enumerate() {
            members.extend(self.member(member, &format!("{path}[{place}]"), level));
        }
        match matched {
            None | Some("all") => Some(Node::All(members)),
            Some("any") => Some(Node::Any(members)),
            Some(_) => {
                self.problem(format!("{path}.match"), "must be one of all, any");
                None
            }
        }
    }

    fn member(&mut self, member: &Value, path: &str, level: usize) -> Option<Node> {
        let Value::Object(entries) = member else {
            self.problem(path, "must be an object with field, operator and value");
            return None;
        };
        let Some(inner) = entries.get("filters") else {
            return self.leaf(entries, &format!("{path}."));
        };
        let below = format!("{path}.filters");
        for name in entries.keys() {
            if name != "filters" && name != "match" {
                self.problem(format!("{path}.{name}"), "does not belong to a group");
            }
        }
        match inner {
            Value::Array(list) => {
                let matched = entries.get("match").map(|word| word.as_str().unwrap_or("?"));
                self.group(list, matched, &below, level + 1)
            }
            _ => {
                self.problem(below, "must be a list");
                None
            }
        }
    }

    fn leaf(&mut self, entries: &Map<String, Value>, path: &str) -> Option<Node> {
        for name in entries.keys() {
            if !["field", "operator", "value"].contains(&name.as_str()) {
                self.problem(
                    format!("{path}{name}"),
                    "is not part of a filter; there are field, operator and value",
                );
            }
        }
        let Some(field) = entries.get("field").and_then(Value::as_str) else {
            self.problem(format!("{path}field"), "is missing; it is text");
            return None;
        };
        let operator = match entries.get("operator") {
            None => Some(Operator::Equals),
            Some(text) => text.as_str().and_then(Operator::read),
        };
        let Some(operator) = operator else {
            self.problem(
                format!("{path}operator"),
                format!("is no operator; there are {}", Operator::words()),
            );
            return None;
        };
        let kind = self.kind(field, entries.get("value"), path)?;
        if let Some(what) = forbids(kind, operator) {
            self.problem(format!("{path}operator"), what);
            return None;
        }
        let field = self.of.attribute(field).map_or_else(
            || field.to_owned(),
            |name| format!("{}{name}", self.of.attributes[0]),
        );
        if operator.needs_no_value() {
            if entries.get("value").is_some_and(|value| !value.is_null()) {
                self.problem(format!("{path}value"), "is not needed by this operator");
            }
            return Some(Node::Compare {
                field,
                operator,
                value: Value::Null,
            });
        }
        let Some(value) = entries.get("value") else {
            self.problem(format!("{path}value"), "is missing");
            return None;
        };
        if value.is_null() {
            return self.nothing(field, operator, path);
        }
        if kind == Kind::Time {
            return self.time(field, operator, value, path);
        }
        let value = if operator.takes_list() {
            self.list(kind, value, path)?
        } else {
            self.single(kind, value, path)?
        };
        Some(Node::Compare {
            field,
            operator,
            value,
        })
    }

    /// Null is compared as "has no value".
    fn nothing(&mut self, field: String, operator: Operator, path: &str) -> Option<Node> {
        if !matches!(operator, Operator::Equals | Operator::NotEquals) {
            self.problem(
                format!("{path}value"),
                "is null, which is compared by equals and not_equals",
            );
            return None;
        }
        Some(Node::Compare {
            field,
            operator,
            value: Value::Null,
        })
    }

    fn kind(&mut self, field: &str, value: Option<&Value>, path: &str) -> Option<Kind> {
        if let Some(name) = self.of.attribute(field) {
            if self.of.model.is_empty() {
                return Some(Kind::Any);
            }
            if let Some(kind) = self.types.get(name) {
                return Some(*kind);
            }
            if self.types.is_empty() {
                // What is no text says of which type it is.
                let is_text = |value: &Value| value.is_string();
                self.needs_types |= value.is_some_and(|value| {
                    is_text(value) || value.as_array().is_some_and(|all| all.iter().any(is_text))
                });
                return Some(Kind::Any);
            }
            if !self.allows_unknown {
                let what = format!("names an attribute that {} do not have", self.of.rows);
                self.problem(format!("{path}field"), what);
                return None;
            }
            return Some(Kind::Any);
        }
        let kind = self.of.kind(field);
        if kind.is_none() && !self.allows_unknown {
            let problem = self.of.unknown(format!("{path}field"), field);
            self.problems.push(problem);
            return None;
        }
        Some(kind.unwrap_or(Kind::Any))
    }

    fn list(&mut self, kind: Kind, value: &Value, path: &str) -> Option<Value> {
        let list = match coerce(FieldType::Array, value.clone()) {
            Ok(Value::Array(list)) if !list.is_empty() => list,
            Ok(_) => {
                self.problem(format!("{path}value"), "must hold at least one value");
                return None;
            }
            Err(what) => {
                self.problem(format!("{path}value"), what);
                return None;
            }
        };
        list.iter().map(|one| self.single(kind, one, path)).collect()
    }

    fn single(&mut self, kind: Kind, value: &Value, path: &str) -> Option<Value> {
        if value.is_array() || value.is_object() {
            self.problem(
                format!("{path}value"),
                "must be one plain value; `in` and `not_in` take a list",
            );
            return None;
        }
        let wanted = match kind {
            Kind::Text | Kind::Id | Kind::Words => FieldType::String,
            Kind::Number => FieldType::Number,
            Kind::Flag => FieldType::Boolean,
            Kind::Any | Kind::Time => FieldType::Any,
        };
        let value = match coerce(wanted, value.clone()) {
            Ok(value) => value,
            Err(what) => {
                self.problem(format!("{path}value"), what);
                return None;
            }
        };
        if kind == Kind::Words
            && value
                .as_str()
                .is_some_and(|text| text.split_whitespace().nth(1).is_some())
        {
            self.problem(
                format!("{path}value"),
                "must be one word, because Intercom compares these texts word by word; give one filter for each",
            );
            return None;
        }
        Some(value)
    }

    fn time(&mut self, field: String, operator: Operator, value: &Value, path: &str) -> Option<Node> {
        let (first, after) = match self.span(value) {
            Ok(span) => span,
            Err(what) => {
                self.problem(format!("{path}value"), what);
                return None;
            }
        };
        let (from, until) = match operator {
            Operator::Greater => (Some(after), None),
            Operator::AtLeast => (Some(first), None),
            Operator::Less => (None, Some(first)),
            Operator::AtMost => (None, Some(after)),
            _ => (Some(first), Some(after)),
        };
        Some(Node::Time { field, from, until })
    }

    /// The seconds that a time stands for, as the first one and the one after the last: a moment is one, a day many.
    fn span(&self, value: &Value) -> Result<(i64, i64), String> {
        if let Some(day) = value.as_str().and_then(|text| self.day(text)) {
            let midnight = |day: Date| {
                day.to_zoned(self.zone.clone())
                    .map(|midnight| midnight.timestamp().as_second())
                    .map_err(|_| "is a day that does not fit into time".to_owned())
            };
            let next = day
                .checked_add(1.day())
                .map_err(|_| "is a day that does not fit into time".to_owned())?;
            return Ok((midnight(day)?, midnight(next)?));
        }
        let at = time::read(value, self.now, &self.zone)
            .map_err(|error| error.to_string())?
            .as_second();
        Ok((at, at.saturating_add(1)))
    }

    /// A day and nothing but a day, as `2026-11-21` or `today`.
    fn day(&self, text: &str) -> Option<Date> {
        let text = text.trim();
        let is_day = text.len() == 10 && text.bytes().all(|byte| byte.is_ascii_digit() || byte == b'-');
        if is_day {
            return text.parse().ok();
        }
        let is_word = ["today", "tomorrow", "yesterday"]
            .iter()
            .any(|word| text.eq_ignore_ascii_case(word));
        let at = is_word.then(|| time::read(&Value::from(text), self.now, &self.zone).ok())??;
        Some(at.to_zoned(self.zone.clone()).date())
    }
}
