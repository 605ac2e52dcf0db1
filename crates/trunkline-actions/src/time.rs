//! Times as people write them, and as operations want them.

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;

/// The form in which an operation wants a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum TimeForm {
    /// Seconds since 1970, as a number.
    UnixSeconds,
}

/// Reads a time.
pub fn read(value: &Value, _now: Timestamp, _zone: &TimeZone) -> Result<Timestamp, String> {
    match value {
        Value::Number(number) => number
            .as_i64()
            .and_then(|seconds| Timestamp::from_second(seconds).ok())
            .ok_or_else(|| "is no time".to_owned()),
        Value::String(text) => text.parse().map_err(|error: jiff::Error| error.to_string()),
        _ => Err("is no time".to_owned()),
    }
}

impl TimeForm {
    /// The value that is sent.
    #[must_use]
    pub fn write(self, time: Timestamp) -> Value {
        match self {
            Self::UnixSeconds => Value::from(time.as_second()),
        }
    }
}

/// The form in which an operation wants a field that is a time; none for a field that is none.
pub(crate) fn form(_operation: &str, place: crate::Place, field: &str) -> Option<TimeForm> {
    let last = field.rsplit('.').next().unwrap_or(field);
    let _ = place;
    (last.ends_with("_at")
        || last.ends_with("_until")
        || last.ends_with("_after")
        || last.ends_with("_before"))
    .then_some(TimeForm::UnixSeconds)
}
