//! From the query's JSON to a tree that rows are compared with.

use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use serde_json::Value;

use super::fields::{Kind, Value as FieldValue};
use crate::errors::Refusal;

/// The most filters in one group.
const MOST_FILTERS: usize = 15;
/// How deep groups may lie in each other.
const MOST_LEVELS: usize = 2;

/// How times are compared.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Times<'a> {
    /// By calendar day in this zone.
    Days(&'a TimeZone),
    /// To the second.
    Seconds,
}

/// A compiled query.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Filter {
    All(Vec<Filter>),
    Any(Vec<Filter>),
    /// A time within `from..until`, or outside of it.
    Time {
        field: String,
        from: i64,
        until: i64,
    },
    Compare {
        field: String,
        operator: Operator,
        value: Value,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Operator {
    Equal,
    NotEqual,
    In,
    NotIn,
    Greater,
    Less,
    AtLeast,
    AtMost,
    Contains,
    ContainsNot,
    Starts,
    Ends,
}

impl Operator {
    fn read(text: &str) -> Option<Self> {
        Some(match text {
            "=" => Self::Equal,
            "!=" => Self::NotEqual,
            "IN" => Self::In,
            "NIN" => Self::NotIn,
            ">" => Self::Greater,
            "<" => Self::Less,
            ">=" => Self::AtLeast,
            "<=" => Self::AtMost,
            "~" => Self::Contains,
            "!~" => Self::ContainsNot,
            "^" => Self::Starts,
            "$" => Self::Ends,
            _ => return None,
        })
    }
}

/// Checks and compiles a query; `kind_of` tells the kind of a field, or that there is none.
pub(crate) fn compile(
    query: &Value,
    kind_of: &dyn Fn(&str) -> Option<Kind>,
    times: Times<'_>,
) -> Result<Filter, Refusal> {
    group(query, kind_of, times, 0)
}

fn group(
    query: &Value,
    kind_of: &dyn Fn(&str) -> Option<Kind>,
    times: Times<'_>,
    level: usize,
) -> Result<Filter, Refusal> {
    let operator = query["operator"]
        .as_str()
        .ok_or_else(|| Refusal::invalid("query needs an operator"))?;
    if query.get("field").is_some() {
        return leaf(query, operator, kind_of, times);
    }
    let members = query["value"]
        .as_array()
        .ok_or_else(|| Refusal::invalid("a group's value must be a list of filters"))?;
    if level >= MOST_LEVELS {
        return Err(Refusal::invalid(format!(
            "filters can be nested {MOST_LEVELS} levels deep"
        )));
    }
    if members.len() > MOST_FILTERS {
        return Err(Refusal::invalid(format!(
            "a group can hold {MOST_FILTERS} filters"
        )));
    }
    let members = members
        .iter()
        .map(|member| group(member, kind_of, times, level + 1))
        .collect::<Result<Vec<_>, _>>()?;
    match operator {
        "AND" => Ok(Filter::All(members)),
        "OR" => Ok(Filter::Any(members)),
        other => Err(Refusal::invalid(format!("{other} does not join filters"))),
    }
}

fn leaf(
    query: &Value,
    operator: &str,
    kind_of: &dyn Fn(&str) -> Option<Kind>,
    times: Times<'_>,
) -> Result<Filter, Refusal> {
    let field = query["field"]
        .as_str()
        .ok_or_else(|| Refusal::invalid("field must be text"))?;
    let kind = kind_of(field).ok_or_else(|| {
        Refusal::new(
            400,
            "invalid_field",
            format!("{field} is not a valid search field"),
        )
    })?;
    let operator =
        Operator::read(operator).ok_or_else(|| Refusal::invalid(format!("{operator} is not an operator")))?;
    let value = &query["value"];
    if kind == Kind::Time && !value.is_null() {
        return time(field, operator, seconds(value, field)?, times);
    }
    if matches!(operator, Operator::In | Operator::NotIn) != value.is_array() {
        return Err(Refusal::invalid(
            "IN and NIN take a list, other operators a single value",
        ));
    }
    if kind == Kind::Tag && !matches!(operator, Operator::Equal | Operator::NotEqual) {
        return Err(Refusal::invalid(format!("{field} can be compared by = and !=")));
    }
    let is_flag = |value: &Value| value.is_boolean() || matches!(value.as_str(), Some("true" | "false"));
    let are_flags = value
        .as_array()
        .map_or_else(|| is_flag(value), |all| all.iter().all(is_flag));
    if kind == Kind::Flag && !are_flags {
        return Err(Refusal::invalid(format!("{field} takes true or false")));
    }
    if kind == Kind::Number && !value.is_null() && !value.is_array() && number(value).is_none() {
        return Err(Refusal::invalid(format!("{field} takes a number")));
    }
    Ok(Filter::Compare {
        field: field.to_owned(),
        operator,
        value: value.clone(),
    })
}

fn number(value: &Value) -> Option<i64> {
    value.as_i64().or_else(|| value.as_str()?.parse().ok())
}

fn seconds(value: &Value, field: &str) -> Result<i64, Refusal> {
    number(value).ok_or_else(|| Refusal::invalid(format!("{field} takes a time in unix seconds")))
}

fn time(field: &str, operator: Operator, at: i64, times: Times<'_>) -> Result<Filter, Refusal> {
    let (from, until) = match times {
        Times::Seconds => match operator {
            Operator::Equal => (at, at.saturating_add(1)),
            Operator::Greater => (at.saturating_add(1), i64::MAX),
            Operator::AtLeast => (at, i64::MAX),
            Operator::Less => (i64::MIN, at),
            Operator::AtMost => (i64::MIN, at.saturating_add(1)),
            _ => return Err(Refusal::invalid(format!("{field} cannot be compared that way"))),
        },
        Times::Days(zone) => {
            let (midnight, next) =
                day(at, zone).ok_or_else(|| Refusal::invalid(format!("{field} is out of range")))?;
            match operator {
                Operator::Equal => (midnight, next),
                Operator::Greater => (next, i64::MAX),
                Operator::Less => (i64::MIN, midnight),
                _ => return Err(Refusal::invalid(format!("{field} can be compared by =, > and <"))),
            }
        }
    };
    Ok(Filter::Time {
        field: field.to_owned(),
        from,
        until,
    })
}

/// The midnights around a moment in a zone.
fn day(at: i64, zone: &TimeZone) -> Option<(i64, i64)> {
    let day = Timestamp::from_second(at)
        .ok()?
        .to_zoned(zone.clone())
        .start_of_day()
        .ok()?;
    let next = day.checked_add(1.day()).ok()?.start_of_day().ok()?;
    Some((day.timestamp().as_second(), next.timestamp().as_second()))
}

impl Filter {
    /// Whether a row with these fields passes.
    pub(crate) fn passes(&self, field_of: &dyn Fn(&str) -> FieldValue) -> bool {
        match self {
            Self::All(members) => members.iter().all(|member| member.passes(field_of)),
            Self::Any(members) => members.iter().any(|member| member.passes(field_of)),
            Self::Time { field, from, until } => {
                matches!(field_of(field), FieldValue::Number(at) if *from <= at && at < *until)
            }
            Self::Compare {
                field,
                operator,
                value,
            } => compare(&field_of(field), *operator, value),
        }
    }

    /// The earliest `updated_at` that can pass, so that a scan can begin there.
    pub(crate) fn earliest(&self) -> i64 {
        match self {
            Self::All(members) => members.iter().map(Self::earliest).max().unwrap_or(i64::MIN),
            Self::Any(members) => members.iter().map(Self::earliest).min().unwrap_or(i64::MIN),
            Self::Time { field, from, .. } if field == "updated_at" => *from,
            _ => i64::MIN,
        }
    }
}

impl Filter {
    /// The texts of which a row must have one in one of these fields to pass, when the filter names such; so that few rows
    /// need to be looked at.
    pub(crate) fn names_one_of(&self, fields: &[&str]) -> Option<Vec<String>> {
        match self {
            Self::All(members) => members.iter().find_map(|member| member.names_one_of(fields)),
            Self::Any(members) => {
                let each: Option<Vec<_>> = members.iter().map(|member| member.names_one_of(fields)).collect();
                each.map(|all| all.concat())
            }
            Self::Compare {
                field,
                operator: Operator::Equal,
                value,
            } if fields.contains(&field.as_str()) => Some(vec![named(value)?]),
            Self::Compare {
                field,
                operator: Operator::In,
                value,
            } if fields.contains(&field.as_str()) => value.as_array()?.iter().map(named).collect(),
            _ => None,
        }
    }
}

/// The text that equals a value; `None` when rows without any equal it.
fn named(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn compare(found: &FieldValue, operator: Operator, value: &Value) -> bool {
    match operator {
        Operator::Equal => equals(found, value),
        Operator::NotEqual => !equals(found, value),
        Operator::In => value
            .as_array()
            .is_some_and(|values| values.iter().any(|value| equals(found, value))),
        Operator::NotIn => !value
            .as_array()
            .is_some_and(|values| values.iter().any(|value| equals(found, value))),
        Operator::Greater => ordered(found, value, |found, value| found > value),
        Operator::Less => ordered(found, value, |found, value| found < value),
        Operator::AtLeast => ordered(found, value, |found, value| found >= value),
        Operator::AtMost => ordered(found, value, |found, value| found <= value),
        Operator::Contains => text(found, value, |found, value| found.contains(value)),
        Operator::ContainsNot => !text(found, value, |found, value| found.contains(value)),
        Operator::Starts => text(found, value, |found, value| found.starts_with(value)),
        Operator::Ends => text(found, value, |found, value| found.ends_with(value)),
    }
}

fn equals(found: &FieldValue, value: &Value) -> bool {
    match found {
        FieldValue::Null => value.is_null(),
        FieldValue::Text(text) => {
            value
                .as_str()
                .is_some_and(|value| value.eq_ignore_ascii_case(text))
                || value.as_i64().is_some_and(|value| value.to_string() == *text)
        }
        FieldValue::Number(found) => number(value) == Some(*found),
        FieldValue::Flag(found) => {
            value.as_bool() == Some(*found) || value.as_str() == Some(if *found { "true" } else { "false" })
        }
        FieldValue::List(all) => all.iter().any(|entry| {
            value
                .as_str()
                .is_some_and(|value| value.to_lowercase() == entry.to_lowercase())
                || value.as_i64().is_some_and(|value| value.to_string() == *entry)
        }),
    }
}

fn ordered(found: &FieldValue, value: &Value, holds: fn(i64, i64) -> bool) -> bool {
    match (found, number(value)) {
        (FieldValue::Number(found), Some(value)) => holds(*found, value),
        _ => false,
    }
}

fn text(found: &FieldValue, value: &Value, holds: fn(&str, &str) -> bool) -> bool {
    match (found, value.as_str()) {
        (FieldValue::Text(found), Some(value)) => holds(&found.to_lowercase(), &value.to_lowercase()),
        (FieldValue::List(all), Some(value)) => {
            let value = value.to_lowercase();
            all.iter().any(|found| holds(&found.to_lowercase(), &value))
        }
        _ => false,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn kind(field: &str) -> Option<Kind> {
        match field {
            "updated_at" => Some(Kind::Time),
            "size" => Some(Kind::Number),
            "name" | "tag_id" => Some(Kind::Text),
            _ => None,
        }
    }

    fn zone() -> TimeZone {
        TimeZone::get("America/Los_Angeles").unwrap()
    }

    #[test]
    fn days_begin_at_midnight_of_the_workspace() {
        // 2026-11-20T20:00:00-08:00, whose day in UTC is already the 21st.
        let at = "2026-11-20T20:00:00-08:00"
            .parse::<Timestamp>()
            .unwrap()
            .as_second();
        for (operator, from, until) in [
            ("=", "2026-11-20T08:00:00Z", Some("2026-11-21T08:00:00Z")),
            (">", "2026-11-21T08:00:00Z", None),
        ] {
            let zone = zone();
            let query = json!({ "field": "updated_at", "operator": operator, "value": at });
            let filter = compile(&query, &kind, Times::Days(&zone)).unwrap();
            let second = |text: &str| text.parse::<Timestamp>().unwrap().as_second();
            let expected = Filter::Time {
                field: "updated_at".to_owned(),
                from: second(from),
                until: until.map_or(i64::MAX, second),
            };
            assert_eq!(filter, expected, "{operator} {at}");
        }
    }

    #[test]
    fn queries_beyond_the_language_are_refused() {
        let leaf = json!({ "field": "name", "operator": "=", "value": "x" });
        let nested = |inner: Value| json!({ "operator": "AND", "value": [inner] });
        let cases = [
            (json!({}), "parameter_invalid"),
            (
                json!({ "field": "shoe_size", "operator": "=", "value": 1 }),
                "invalid_field",
            ),
            (
                json!({ "field": "name", "operator": "==", "value": 1 }),
                "parameter_invalid",
            ),
            (
                json!({ "field": "name", "operator": "IN", "value": "x" }),
                "parameter_invalid",
            ),
            (
                json!({ "field": "size", "operator": ">", "value": "big" }),
                "parameter_invalid",
            ),
            (
                json!({ "field": "updated_at", "operator": ">=", "value": 1 }),
                "parameter_invalid",
            ),
            (
                json!({ "field": "updated_at", "operator": ">", "value": "yesterday" }),
                "parameter_invalid",
            ),
            (json!({ "operator": "XOR", "value": [leaf] }), "parameter_invalid"),
            (
                json!({ "operator": "OR", "value": vec![leaf.clone(); 16] }),
                "parameter_invalid",
            ),
            (nested(nested(nested(leaf))), "parameter_invalid"),
        ];
        let zone = zone();
        for (query, code) in cases {
            assert_eq!(
                compile(&query, &kind, Times::Days(&zone)).unwrap_err().code,
                code,
                "{query}"
            );
        }
    }

    #[test]
    fn a_filter_tells_what_a_row_must_be_called() {
        let leaf = |field: &str, operator: &str, value: Value| json!({ "field": field, "operator": operator, "value": value });
        let group = |operator: &str, members: Value| json!({ "operator": operator, "value": members });
        let ada = leaf("name", "=", json!("ada"));
        let other = leaf("size", "=", json!(7));
        let cases: [(Value, Option<&[&str]>); 9] = [
            (ada.clone(), Some(&["ada"])),
            (leaf("name", "=", json!(7)), Some(&["7"])),
            (leaf("name", "IN", json!(["ada", "bo"])), Some(&["ada", "bo"])),
            (group("AND", json!([other, ada])), Some(&["ada"])),
            (group("OR", json!([ada, ada])), Some(&["ada", "ada"])),
            (group("OR", json!([ada, other])), None),
            (leaf("name", "!=", json!("ada")), None),
            (leaf("name", "=", Value::Null), None),
            (leaf("name", "IN", json!(["ada", null])), None),
        ];
        for (query, expected) in cases {
            let filter = compile(&query, &kind, Times::Seconds).unwrap();
            let expected = expected.map(|texts| texts.iter().map(|text| (*text).to_owned()).collect());
            assert_eq!(filter.names_one_of(&["name"]), expected, "{query}");
        }
    }

    #[test]
    fn operators_compare_as_they_say() {
        let row = |field: &str| match field {
            "name" => FieldValue::Text("Ada Okafor".to_owned()),
            "size" => FieldValue::Number(7),
            "tag_id" => FieldValue::List(vec!["80".to_owned(), "81".to_owned()]),
            "updated_at" => FieldValue::Number(100),
            _ => FieldValue::Null,
        };
        for (field, operator, value, passes) in [
            ("name", "=", json!("ada okafor"), true),
            ("name", "!=", json!("Ada"), true),
            ("name", "~", json!("oka"), true),
            ("name", "!~", json!("oka"), false),
            ("name", "^", json!("Ada"), true),
            ("name", "$", json!("Ada"), false),
            ("name", "IN", json!(["x", "Ada Okafor"]), true),
            ("name", "NIN", json!(["x", "Ada Okafor"]), false),
            ("size", ">", json!(6), true),
            ("size", ">", json!(7), false),
            ("size", ">=", json!("7"), true),
            ("tag_id", "=", json!("81"), true),
            ("tag_id", "!=", json!("82"), true),
            ("updated_at", ">", json!(99), true),
            ("updated_at", ">", json!(100), false),
            ("updated_at", "<", json!(100), false),
            ("updated_at", "=", json!("100"), true),
        ] {
            let query = json!({ "field": field, "operator": operator, "value": value });
            let filter = compile(&query, &kind, Times::Seconds).unwrap();
            assert_eq!(filter.passes(&row), passes, "{query}");
        }
    }
}
