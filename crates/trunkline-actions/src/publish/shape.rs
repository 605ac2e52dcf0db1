//! From a record to an action's input: columns renamed, a map applied, values set, empty ones left out.
//!
//! The one rule: what is not meant for the action is said so (`ignore`), never guessed; only the two columns that a file of
//! rejected rows adds are passed over by themselves.

use std::{fmt, sync::Arc};

use serde_json::{Map, Value};

use super::Rejection;

/// Columns that a file of rejected rows adds.
pub(super) const ADDED: [&str; 2] = ["_error", "_code"];

/// Makes values of a record.
pub type Mapper = Arc<dyn Fn(Value) -> Result<Vec<Value>, Rejection> + Send + Sync>;

/// What becomes of a value that is empty.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Empty {
    /// The field is not given.
    #[default]
    LeftOut,
    /// The field is given as null, which takes its value away.
    Null,
}

/// How records become inputs.
#[derive(Clone, Default)]
pub struct Shape {
    /// Columns that stand for fields of other names: field, then column.
    pub columns: Vec<(String, String)>,
    /// Columns that are not meant for the action.
    pub ignore: Vec<String>,
    /// Fields that are the same for every row.
    pub set: Vec<(String, Value)>,
    /// What becomes of empty values.
    pub empty: Empty,
    /// What makes the input of a record; without it the columns are the fields.
    pub map: Option<Mapper>,
}

impl Shape {
    /// The input of a record; none when the map gives nothing for it.
    ///
    /// # Errors
    ///
    /// The map fails, or gives something else than one object.
    pub fn input(&self, record: Map<String, Value>) -> Result<Option<Value>, Rejection> {
        let mut named = Map::new();
        for (column, value) in record {
            if self.passes_over(&column) {
                continue;
            }
            let value = match value {
                Value::Null => None,
                Value::String(text) if text.is_empty() => None,
                other => Some(other),
            };
            let Some(value) = value.or((self.empty == Empty::Null).then_some(Value::Null)) else {
                continue;
            };
            let name = self.field_of(&column).map_or(column.clone(), str::to_owned);
            put(&mut named, name, value);
        }
        let mut input = match &self.map {
            None => named,
            Some(map) => match self.mapped(map, named)? {
                Some(input) => input,
                None => return Ok(None),
            },
        };
        for (field, value) in &self.set {
            input.insert(field.clone(), value.clone());
        }
        Ok(Some(Value::Object(input)))
    }

    fn mapped(
        &self,
        map: &Mapper,
        record: Map<String, Value>,
    ) -> Result<Option<Map<String, Value>>, Rejection> {
        let mut outputs = map(Value::Object(record))?;
        match (outputs.pop(), outputs.len()) {
            (None, _) => Ok(None),
            (Some(Value::Object(mut input)), 0) => {
                if self.empty == Empty::LeftOut {
                    leave_out_null(&mut input);
                }
                Ok(Some(input))
            }
            (Some(_), 0) => Err(Rejection::new(
                "TL0787",
                "the map gives something that is not an object",
            )),
            (Some(_), more) => Err(Rejection::new(
                "TL0787",
                format!("the map gives {} values for one row", more + 1),
            )),
        }
    }

    /// The field that a column stands for by another name.
    pub(super) fn field_of(&self, column: &str) -> Option<&str> {
        let named = self.columns.iter().find(|(_, own)| own == column);
        named.map(|(field, _)| field.as_str())
    }

    pub(super) fn passes_over(&self, column: &str) -> bool {
        ADDED.contains(&column) || self.ignore.iter().any(|ignored| ignored == column)
    }
}

/// Puts a value under its name; `path.id` and its like lead into the parts of an operation's own form.
fn put(named: &mut Map<String, Value>, name: String, value: Value) {
    if let Some((part @ ("path" | "query" | "payload"), rest)) = name.split_once('.')
        && let Value::Object(inner) = named.entry(part).or_insert_with(|| Value::Object(Map::new()))
    {
        inner.insert(rest.to_owned(), value);
        return;
    }
    named.insert(name, value);
}

fn leave_out_null(object: &mut Map<String, Value>) {
    object.retain(|_, value| !value.is_null());
    for value in object.values_mut() {
        if let Value::Object(inner) = value {
            leave_out_null(inner);
        }
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shape")
            .field("columns", &self.columns)
            .field("set", &self.set)
            .field("empty", &self.empty)
            .finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn made(shape: &Shape, record: Value) -> Result<Option<Value>, Rejection> {
        let Value::Object(record) = record else {
            panic!("a record is an object");
        };
        shape.input(record)
    }

    #[test]
    fn a_record_becomes_an_input() {
        let plain = Shape::default();
        let renamed = Shape {
            columns: vec![("email".to_owned(), "Mail".to_owned())],
            ignore: vec!["Notes".to_owned()],
            set: vec![("role".to_owned(), json!("user"))],
            ..Shape::default()
        };
        let null = Shape {
            empty: Empty::Null,
            ..Shape::default()
        };
        let nested = Shape {
            map: Some(Arc::new(|record| {
                Ok(vec![
                    json!({"email": record["m"], "custom_attributes": {"plan": record["p"]}}),
                ])
            })),
            ..Shape::default()
        };
        for (shape, record, expected) in [
            (
                &plain,
                json!({"email": "a", "name": "", "_error": "x", "_code": "y"}),
                json!({"email": "a"}),
            ),
            (
                &plain,
                json!({"path.id": "7", "payload.name": "x"}),
                json!({"path": {"id": "7"}, "payload": {"name": "x"}}),
            ),
            (
                &renamed,
                json!({"Mail": "a", "Notes": "n"}),
                json!({"email": "a", "role": "user"}),
            ),
            (
                &null,
                json!({"email": "a", "name": ""}),
                json!({"email": "a", "name": null}),
            ),
            (
                &nested,
                json!({"m": "a"}),
                json!({"email": "a", "custom_attributes": {}}),
            ),
        ] {
            assert_eq!(made(shape, record.clone()).unwrap(), Some(expected), "{record}");
        }
    }

    #[test]
    fn a_map_gives_one_object_or_nothing() {
        for (outputs, expected) in [
            (vec![], Ok(None)),
            (vec![json!({"a": 1})], Ok(Some(json!({"a": 1})))),
            (vec![json!([1])], Err("TL0787")),
            (vec![json!({}), json!({})], Err("TL0787")),
        ] {
            let given = outputs.clone();
            let shape = Shape {
                map: Some(Arc::new(move |_| Ok(given.clone()))),
                ..Shape::default()
            };
            let made = made(&shape, json!({})).map_err(|rejection| rejection.code);
            assert_eq!(made, expected.map_err(Into::into), "{outputs:?}");
        }
    }
}
