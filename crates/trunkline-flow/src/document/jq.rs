//! Expressions in a flow: compiled when the file is read, so that a mistake in one has its place.
//!
//! Each sees the record's value as its input, its head as `$head`, and the moment as `$now` (and the function `now`).

use std::{borrow::Cow, collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::{
    ComponentError, Record,
    jq::{CompileError, Expression, Limits},
};

/// What an expression of a flow may use up for one record: one that goes further is stopped, and its record becomes a dead letter.
pub const LIMITS: Limits = Limits {
    steps: 2_000_000,
    memory: 64 << 20,
    outputs: 10_000,
    time: Duration::from_secs(2),
};

/// An expression over a record.
#[derive(Clone, Debug)]
pub struct Jq(Expression);

impl Jq {
    /// Compiles an expression.
    ///
    /// # Errors
    ///
    /// The text is none, or names what is not there.
    pub fn compile(text: &str) -> Result<Self, CompileError> {
        Expression::compile_with(text, &["head", "now"]).map(Self)
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        self.0.text()
    }

    /// What it makes of a record.
    ///
    /// # Errors
    ///
    /// It fails on this record, or goes further than it may.
    pub fn values(&self, record: &Record, now: Timestamp) -> Result<Vec<Value>, ComponentError> {
        let variables = BTreeMap::from([
            (
                "head".to_owned(),
                serde_json::to_value(&record.head).unwrap_or_default(),
            ),
            ("now".to_owned(), Value::from(now.as_millisecond() as f64 / 1e3)),
        ]);
        self.0
            .run_with(record.value.clone(), &variables, &LIMITS)
            .map_err(|error| {
                ComponentError::reject(
                    "TL0811",
                    format!("the expression failed on this record: {error}"),
                    "Look at the record; use `?`, `//` or `if` for what may be missing.",
                )
            })
    }

    /// The one value that it makes of a record; null when it makes none.
    ///
    /// # Errors
    ///
    /// As [`Jq::values`]; and it makes several.
    pub fn value(&self, record: &Record, now: Timestamp) -> Result<Value, ComponentError> {
        let mut values = self.values(record, now)?;
        match values.len() {
            0 => Ok(Value::Null),
            1 => Ok(values.remove(0)),
            count => Err(ComponentError::reject(
                "TL0811",
                format!(
                    "the expression {} gives {count} values for this record where one is wanted",
                    self.text()
                ),
                "Put it in brackets to make a list of them, or take the first with `first(…)`.",
            )),
        }
    }

    /// Whether it holds: its value is neither false nor null.
    ///
    /// # Errors
    ///
    /// As [`Jq::value`].
    pub fn holds(&self, record: &Record, now: Timestamp) -> Result<bool, ComponentError> {
        let value = self.value(record, now)?;
        Ok(!matches!(value, Value::Null | Value::Bool(false)))
    }

    /// The value as text, for keys: text as it is, numbers as they are written; none for null.
    ///
    /// # Errors
    ///
    /// As [`Jq::value`].
    pub fn key(&self, record: &Record, now: Timestamp) -> Result<Option<String>, ComponentError> {
        Ok(match self.value(record, now)? {
            Value::Null => None,
            Value::String(text) => Some(text),
            other => Some(other.to_string()),
        })
    }
}

impl PartialEq for Jq {
    fn eq(&self, other: &Self) -> bool {
        self.text() == other.text()
    }
}

impl<'de> Deserialize<'de> for Jq {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = Cow::<'de, str>::deserialize(deserializer)?;
        Self::compile(&text).map_err(|error| D::Error::custom(format!("this is no expression: {error}")))
    }
}

impl Serialize for Jq {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.text())
    }
}

impl JsonSchema for Jq {
    fn inline_schema() -> bool {
        true
    }

    fn schema_name() -> Cow<'static, str> {
        "Jq".into()
    }

    fn json_schema(_: &mut SchemaGenerator) -> Schema {
        json_schema!({ "type": "string", "description": "A jq expression over the record." })
    }
}
