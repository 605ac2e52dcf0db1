//! What a column can hold, and how it grows.
//!
//! The one rule: a column is widened, never narrowed, and what it held stays what it was: integer → real → text → JSON, where a step
//! that would round a number is left out.

use serde_json::Value;

/// The largest whole number up to which a floating-point number holds each.
const EXACT: u64 = 1 << 53;

/// What a column holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// True and false.
    Boolean,
    /// Whole numbers of 64 bits.
    Integer,
    /// Floating-point numbers.
    Real,
    /// Text.
    Text,
    /// Any JSON.
    Json,
}

impl Kind {
    /// The narrowest kind that holds a value; none for null, which each holds.
    pub(crate) fn of(value: &Value) -> Option<Self> {
        match value {
            Value::Null => None,
            Value::Bool(_) => Some(Self::Boolean),
            Value::Number(number) if number.is_i64() => Some(Self::Integer),
            // A whole number beyond 64 bits.
            Value::Number(number) if number.is_u64() => Some(Self::Text),
            Value::Number(_) => Some(Self::Real),
            Value::String(_) => Some(Self::Text),
            Value::Array(_) | Value::Object(_) => Some(Self::Json),
        }
    }

    /// What a column of this kind must become to hold a value; the same where it holds it as it is.
    pub(crate) fn with(self, value: &Value) -> Self {
        let Some(other) = Self::of(value) else { return self };
        match (self, other) {
            (own, other) if own == other => own,
            (Self::Json, _) | (_, Self::Json) => Self::Json,
            (Self::Real, Self::Integer) if !is_exact(value) => Self::Text,
            (Self::Real | Self::Integer, Self::Integer | Self::Real) => Self::Real,
            _ => Self::Text,
        }
    }
}

fn is_exact(value: &Value) -> bool {
    value
        .as_i64()
        .is_some_and(|number| number.unsigned_abs() <= EXACT)
}

/// A value as text, as a column of this kind takes it; none for null.
pub(crate) fn text(kind: Kind, value: &Value) -> Option<String> {
    match (kind, value) {
        (_, Value::Null) => None,
        (Kind::Text, Value::String(text)) => Some(text.clone()),
        (_, value) => Some(value.to_string()),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_grow_to_hold_what_comes() {
        use Kind::{Boolean, Integer, Json, Real, Text};
        for (own, value, expected) in [
            (Integer, json!(null), Integer),
            (Integer, json!(1), Integer),
            (Integer, json!(1.5), Real),
            (Integer, json!("x"), Text),
            (Integer, json!(true), Text),
            (Integer, json!(u64::MAX), Text),
            (Real, json!(7), Real),
            (Real, json!((1_u64 << 53) + 1), Text),
            (Text, json!(7), Text),
            (Text, json!({ "a": 1 }), Json),
            (Json, json!("x"), Json),
            (Boolean, json!(false), Boolean),
            (Boolean, json!(0), Text),
            (Boolean, json!([]), Json),
        ] {
            let grown = own.with(&value);
            assert_eq!(grown, expected, "{own:?} with {value}");
            assert!(grown >= own, "{own:?} was narrowed by {value}");
            assert_eq!(
                grown.with(&value),
                grown,
                "{value} fits where it was made room for"
            );
        }
    }
}
