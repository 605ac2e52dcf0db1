//! Expressions in a flow: compiled when the file is read, so that a mistake in one has its place.
//!
//! Each sees the record's value as its input, its head as `$head`, and the moment as `$now` (and the function `now`).

use std::{borrow::Cow, sync::Arc, time::Duration};

use jiff::Timestamp;
use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use serde_json::Value;

use crate::{
    ComponentError, Record,
    jq::{CompileError, Expression, Input, Limits, RunError},
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
        let input = self.input(record, now);
        let mut values = self.0.run_many(&Arc::new(vec![input]), &LIMITS);
        values.pop().unwrap_or(Ok(Vec::new())).map_err(failed)
    }

    /// What it makes of each record; quicker than one by one, and each is within its limits by itself.
    pub fn values_of_all(
        &self,
        records: &[Record],
        now: Timestamp,
    ) -> Vec<Result<Vec<Value>, ComponentError>> {
        self.values_of_each(records.iter(), now)
    }

    fn values_of_each<'r>(
        &self,
        records: impl Iterator<Item = &'r Record>,
        now: Timestamp,
    ) -> Vec<Result<Vec<Value>, ComponentError>> {
        let inputs = Arc::new(records.map(|record| self.input(record, now)).collect::<Vec<_>>());
        let made = self.0.run_many(&inputs, &LIMITS);
        made.into_iter().map(|made| made.map_err(failed)).collect()
    }

    fn input(&self, record: &Record, now: Timestamp) -> Input {
        // Most expressions do not look at the head.
        let head = if self.text().contains("head") {
            serde_json::to_value(&record.head).unwrap_or_default()
        } else {
            Value::Null
        };
        Input {
            value: record.value.clone(),
            variables: vec![head, Value::from(now.as_millisecond() as f64 / 1e3)],
        }
    }

    /// The one value that it makes of a record; null when it makes none.
    ///
    /// # Errors
    ///
    /// As [`Jq::values`]; and it makes several.
    pub fn value(&self, record: &Record, now: Timestamp) -> Result<Value, ComponentError> {
        self.one(self.values(record, now)?)
    }

    /// The same for several records.
    pub fn value_of_all(&self, records: &[Record], now: Timestamp) -> Vec<Result<Value, ComponentError>> {
        let all = self.values_of_all(records, now);
        all.into_iter().map(|values| self.one(values?)).collect()
    }

    fn one(&self, mut values: Vec<Value>) -> Result<Value, ComponentError> {
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
        Ok(is_true(&self.value(record, now)?))
    }

    /// The same for several records.
    pub fn holds_for_all(&self, records: &[Record], now: Timestamp) -> Vec<Result<bool, ComponentError>> {
        let all = self.value_of_all(records, now);
        all.into_iter().map(|value| Ok(is_true(&value?))).collect()
    }

    /// The value as text, for keys: text as it is, numbers as they are written; none for null.
    ///
    /// # Errors
    ///
    /// As [`Jq::value`].
    pub fn key(&self, record: &Record, now: Timestamp) -> Result<Option<String>, ComponentError> {
        Ok(key(self.value(record, now)?))
    }

    /// The same for several records.
    pub fn key_of_all<'r>(
        &self,
        records: impl Iterator<Item = &'r Record>,
        now: Timestamp,
    ) -> Vec<Result<Option<String>, ComponentError>> {
        let all = self.values_of_each(records, now);
        all.into_iter()
            .map(|values| Ok(key(self.one(values?)?)))
            .collect()
    }
}

impl Jq {
    /// Whether it holds for those that are asked about; the others are not looked at, and it does not hold for them.
    pub(crate) fn holds_of(
        &self,
        records: &[Record],
        asked: &[bool],
        now: Timestamp,
    ) -> Vec<Result<bool, ComponentError>> {
        if asked.iter().all(|asked| *asked) {
            return self.holds_for_all(records, now);
        }
        let one = |(record, asked): (&Record, &bool)| {
            if *asked {
                self.holds(record, now)
            } else {
                Ok(false)
            }
        };
        records.iter().zip(asked).map(one).collect()
    }
}

fn key(value: Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text),
        other => Some(other.to_string()),
    }
}

const fn is_true(value: &Value) -> bool {
    !matches!(value, Value::Null | Value::Bool(false))
}

#[expect(clippy::needless_pass_by_value, reason = "it takes an error's place")]
fn failed(error: RunError) -> ComponentError {
    ComponentError::reject(
        "TL0811",
        format!("the expression failed on this record: {error}"),
        "Look at the record; use `?`, `//` or `if` for what may be missing.",
    )
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
        json_schema!({ "type": "string", "format": "jq", "description": "A jq expression over the record." })
    }
}
