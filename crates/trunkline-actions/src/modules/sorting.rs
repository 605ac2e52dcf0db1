//! Rows in an order that their operation does not give.

use std::cmp::Ordering;

use serde_json::Value;

/// Sorts by a field, dotted; rows without a value come last either way.
pub(crate) fn sort(rows: &mut [Value], field: &str, ascending: bool) {
    rows.sort_by(|left, right| match (at(left, field), at(right, field)) {
        (Some(left), Some(right)) if ascending => compare(left, right),
        (Some(left), Some(right)) => compare(right, left),
        (Some(_), None) => Ordering::Less,
        (None, Some(_)) => Ordering::Greater,
        (None, None) => Ordering::Equal,
    });
}

/// The value of a dotted field.
pub(crate) fn at<'v>(row: &'v Value, field: &str) -> Option<&'v Value> {
    if let Some(value) = row.get(field) {
        return Some(value).filter(|value| !value.is_null());
    }
    let (first, rest) = field.split_once('.')?;
    at(row.get(first)?, rest)
}

fn compare(left: &Value, right: &Value) -> Ordering {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left
            .as_f64()
            .partial_cmp(&right.as_f64())
            .unwrap_or(Ordering::Equal),
        (Value::String(left), Value::String(right)) => left.to_lowercase().cmp(&right.to_lowercase()),
        (Value::Bool(left), Value::Bool(right)) => left.cmp(right),
        // Ids are numbers in some rows and text in others.
        (left, right) => text(left).cmp(&text(right)),
    }
}

fn text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}
