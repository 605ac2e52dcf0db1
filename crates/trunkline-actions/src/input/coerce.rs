//! Values as their fields want them: text from a command line or a table becomes numbers, lists and objects.
//!
//! The one rule: a value changes its form, never its meaning; what could mean two things is refused.

use serde_json::{Number, Value};
use trunkline_catalog::FieldType;

/// The value as `wanted`, or what is wrong with it.
pub(crate) fn coerce(wanted: FieldType, value: Value) -> Result<Value, String> {
    match wanted {
        FieldType::Any => Ok(value),
        FieldType::String => text(value),
        FieldType::Integer => integer(value),
        FieldType::Number => number(value),
        FieldType::Boolean => boolean(value),
        FieldType::Array => list(value),
        FieldType::Object => object(value),
    }
}

/// Ids are numbers in some answers and text in most fields: a number is as good as its digits.
fn text(value: Value) -> Result<Value, String> {
    match value {
        Value::String(_) => Ok(value),
        Value::Number(number) => Ok(Value::String(number.to_string())),
        other => Err(format!("must be text, not {}", kind(&other))),
    }
}

fn integer(value: Value) -> Result<Value, String> {
    match &value {
        Value::Number(number) if number.is_i64() || number.is_u64() => return Ok(value),
        Value::Number(number) => {
            if let Some(whole) = number.as_f64().and_then(whole) {
                return Ok(Value::from(whole));
            }
        }
        Value::String(text) => {
            if let Ok(whole) = text.trim().parse::<i64>() {
                return Ok(Value::from(whole));
            }
        }
        _ => {}
    }
    Err(format!("must be a whole number, not {}", kind(&value)))
}

/// The whole number that a fraction-less float stands for, within what a float holds exactly.
#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(number: f64) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    (number.fract() == 0.0 && number.abs() <= EXACT).then_some(number as i64)
}

fn number(value: Value) -> Result<Value, String> {
    match &value {
        Value::Number(_) => return Ok(value),
        Value::String(text) => {
            let text = text.trim();
            if let Ok(whole) = text.parse::<i64>() {
                return Ok(Value::from(whole));
            }
            if let Some(number) = text.parse::<f64>().ok().and_then(Number::from_f64) {
                return Ok(Value::Number(number));
            }
        }
        _ => {}
    }
    Err(format!("must be a number, not {}", kind(&value)))
}

fn boolean(value: Value) -> Result<Value, String> {
    match &value {
        Value::Bool(_) => return Ok(value),
        Value::String(text) => match text.trim().to_ascii_lowercase().as_str() {
            "true" | "yes" => return Ok(Value::Bool(true)),
            "false" | "no" => return Ok(Value::Bool(false)),
            _ => {}
        },
        _ => {}
    }
    Err(format!("must be true or false, not {}", kind(&value)))
}

fn list(value: Value) -> Result<Value, String> {
    match value {
        Value::Array(_) => Ok(value),
        Value::String(text) if text.trim_start().starts_with('[') => {
            super::read_record(&text).map_err(|problem| problem.what)
        }
        Value::String(text) => Ok(text
            .split(',')
            .map(str::trim)
            .filter(|item| !item.is_empty())
            .map(|item| Value::String(item.to_owned()))
            .collect()),
        Value::Number(_) => Ok(Value::Array(vec![value])),
        other => Err(format!("must be a list, not {}", kind(&other))),
    }
}

fn object(value: Value) -> Result<Value, String> {
    match value {
        Value::Object(_) => Ok(value),
        Value::String(text) if text.trim_start().starts_with('{') => {
            super::read_record(&text).map_err(|problem| problem.what)
        }
        other => Err(format!("must be an object, not {}", kind(&other))),
    }
}

/// A value's sort in words, without the value.
pub(crate) fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "true or false",
        Value::Number(number) if number.is_f64() => "a number with a fraction",
        Value::Number(_) => "a whole number",
        Value::String(text) if text.is_empty() => "empty text",
        Value::String(_) => "text",
        Value::Array(_) => "a list",
        Value::Object(_) => "an object",
    }
}
