//! A value for a custom attribute: as the attribute's type wants it, and the type that a value asks for.
//!
//! The one rule: a text that spells a value of the type becomes one, as tables give everything as text; what cannot be one is
//! refused with the type's name and without the value.

use jiff::{Timestamp, civil, tz::TimeZone};
use serde_json::{Number, Value};

use super::shelf::Attribute;
use crate::time;

/// The value as the attribute keeps it, or what it must be.
pub(super) fn fit(
    attribute: &Attribute,
    value: &Value,
    now: Timestamp,
    zone: &TimeZone,
) -> Result<Value, String> {
    let text = value.as_str().map(str::trim);
    if value.is_null() || text == Some("") {
        return Ok(Value::Null);
    }
    if !attribute.options.is_empty() && !value.is_array() {
        let word = text.map_or_else(|| value.to_string(), str::to_owned);
        return if attribute.options.contains(&word) {
            Ok(Value::String(word))
        } else {
            Err(format!("must be one of {}", attribute.options.join(", ")))
        };
    }
    let fitted = match attribute.data_type.as_str() {
        "string" => match value {
            Value::String(_) => Some(value.clone()),
            Value::Number(_) | Value::Bool(_) => Some(Value::String(value.to_string())),
            _ => None,
        }
        .ok_or("text"),
        "integer" => whole(value).map(Value::from).ok_or("a whole number"),
        "float" | "decimal" => decimal(value).ok_or("a number"),
        "boolean" => match (value, text) {
            (Value::Bool(_), _) => Some(value.clone()),
            (_, Some(text)) if text.eq_ignore_ascii_case("true") => Some(Value::Bool(true)),
            (_, Some(text)) if text.eq_ignore_ascii_case("false") => Some(Value::Bool(false)),
            _ => None,
        }
        .ok_or("true or false"),
        "date" | "datetime" => moment(value, now, zone).ok_or("a time"),
        // Types of later, and links to custom objects, are Intercom's to judge.
        _ => Ok(value.clone()),
    };
    fitted.map_err(|wanted| format!("must be {wanted}"))
}

/// The type of attribute that a value asks for; none when no attribute can hold it.
pub(super) fn guess(value: &Value) -> Option<&'static str> {
    match value {
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("float"),
        Value::Number(_) => Some("integer"),
        Value::String(text) if text.trim().is_empty() => None,
        Value::String(text) if text.parse::<Timestamp>().is_ok() => Some("datetime"),
        Value::String(text) if text.len() == 10 && text.parse::<civil::Date>().is_ok() => Some("date"),
        // A text stays text: a number in a table may as well be a postal code.
        Value::String(_) => Some("string"),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}

#[expect(clippy::cast_possible_truncation, reason = "the range is checked before")]
fn whole(value: &Value) -> Option<i64> {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::String(text) => text.trim().parse().ok(),
        Value::Number(number) => number.as_i64().or_else(|| {
            let float = number.as_f64()?;
            (float.fract() == 0.0 && float.abs() <= EXACT).then_some(float as i64)
        }),
        _ => None,
    }
}

fn decimal(value: &Value) -> Option<Value> {
    match value {
        Value::Number(_) => Some(value.clone()),
        Value::String(text) => {
            let text = text.trim();
            if let Ok(whole) = text.parse::<i64>() {
                return Some(whole.into());
            }
            Number::from_f64(text.parse().ok()?).map(Value::Number)
        }
        _ => None,
    }
}

fn moment(value: &Value, now: Timestamp, zone: &TimeZone) -> Option<Value> {
    if let Some(seconds) = whole(value) {
        return Some(seconds.into());
    }
    if let Some(Ok(date)) = value.as_str().map(|text| text.trim().parse::<civil::Date>())
        && value.as_str().is_some_and(|text| text.trim().len() == 10)
    {
        let midnight = date.to_zoned(zone.clone()).ok()?;
        return Some(midnight.timestamp().as_second().into());
    }
    let moment = time::read(value, now, zone).ok()?;
    Some(moment.as_second().into())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_value_takes_the_form_of_its_attribute_or_is_refused() {
        let zone = TimeZone::UTC;
        let now = Timestamp::from_second(1_800_000_000).expect("a moment");
        for (data_type, given, expected) in [
            ("string", json!("a"), Some(json!("a"))),
            ("string", json!(5), Some(json!("5"))),
            ("string", json!(["a"]), None),
            ("string", json!({"a": 1}), None),
            ("string", json!(""), Some(json!(null))),
            ("integer", json!(null), Some(json!(null))),
            ("integer", json!(" 42 "), Some(json!(42))),
            ("integer", json!(42.0), Some(json!(42))),
            ("integer", json!(4.2), None),
            ("integer", json!("many"), None),
            ("integer", json!(true), None),
            ("float", json!("4.5"), Some(json!(4.5))),
            ("float", json!("4"), Some(json!(4))),
            ("float", json!("NaN"), None),
            ("boolean", json!("TRUE"), Some(json!(true))),
            ("boolean", json!("yes"), None),
            ("boolean", json!(0), None),
            ("date", json!("2026-11-21"), Some(json!(1_795_219_200))),
            ("date", json!("2026-11-21T12:00:00Z"), Some(json!(1_795_262_400))),
            ("date", json!("1795219200"), Some(json!(1_795_219_200))),
            ("date", json!("someday"), None),
            ("of later", json!({"a": 1}), Some(json!({"a": 1}))),
        ] {
            let attribute = Attribute {
                data_type: data_type.to_owned(),
                options: Vec::new(),
                is_writable: true,
            };
            assert_eq!(
                fit(&attribute, &given, now, &zone).ok(),
                expected,
                "{data_type} {given}"
            );
        }
        let choice = Attribute {
            data_type: "string".to_owned(),
            options: vec!["small".to_owned(), "7".to_owned()],
            is_writable: true,
        };
        for (given, expected) in [
            (json!("small"), Some(json!("small"))),
            (json!(7), Some(json!("7"))),
            (json!("huge"), None),
            (json!(null), Some(json!(null))),
        ] {
            assert_eq!(fit(&choice, &given, now, &zone).ok(), expected, "{given}");
        }
    }

    #[test]
    fn a_new_attribute_gets_the_type_of_its_first_value() {
        for (value, expected) in [
            (json!(true), Some("boolean")),
            (json!(1), Some("integer")),
            (json!(1.5), Some("float")),
            (json!("1"), Some("string")),
            (json!("2026-11-21"), Some("date")),
            (json!("2026-11-21T10:00:00Z"), Some("datetime")),
            (json!("2026"), Some("string")),
            (json!(""), None),
            (json!(null), None),
            (json!([1]), None),
            (json!({"a": 1}), None),
        ] {
            assert_eq!(guess(&value), expected, "{value}");
        }
    }
}
