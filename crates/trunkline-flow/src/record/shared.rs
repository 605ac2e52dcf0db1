//! A value that several records hold together.
//!
//! The one rule: whoever changes it changes only its own; the others keep what they had. So a record, what it came of and its copies for
//! several destinations cost the memory of one, until they differ.

use std::{
    fmt,
    ops::{Deref, DerefMut},
    sync::Arc,
};

use serde::{Serialize, Serializer};
use serde_json::Value;

/// A value that is copied when somebody changes it whom it does not belong to alone.
#[derive(Clone, Default, PartialEq)]
pub struct Shared(Arc<Value>);

impl Shared {
    /// The value itself; a copy when others hold it too.
    #[must_use]
    pub fn into_value(self) -> Value {
        Arc::unwrap_or_clone(self.0)
    }

    /// How much memory it takes, about.
    pub(crate) fn weight(&self) -> usize {
        weight(&self.0)
    }

    /// A copy of the value.
    #[must_use]
    pub fn to_value(&self) -> Value {
        Value::clone(&self.0)
    }
}

impl From<Value> for Shared {
    fn from(value: Value) -> Self {
        Self(Arc::new(value))
    }
}

impl Deref for Shared {
    type Target = Value;

    fn deref(&self) -> &Value {
        &self.0
    }
}

impl DerefMut for Shared {
    fn deref_mut(&mut self) -> &mut Value {
        Arc::make_mut(&mut self.0)
    }
}

impl PartialEq<Value> for Shared {
    fn eq(&self, other: &Value) -> bool {
        *self.0 == *other
    }
}

impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl fmt::Display for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl Serialize for Shared {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// What one value takes by itself, and one node of an object, which has room for eleven entries.
const VALUE: usize = size_of::<Value>();
const NODE: usize = 11 * (size_of::<String>() + VALUE) + 16;

fn weight(value: &Value) -> usize {
    VALUE
        + match value {
            Value::String(text) => text.len(),
            Value::Array(items) => items.iter().map(weight).sum(),
            Value::Object(entries) => {
                let nodes = entries.len().div_ceil(8) * NODE;
                let inside = entries
                    .iter()
                    .map(|(name, value)| name.len() + weight(value) - VALUE);
                nodes + inside.sum::<usize>()
            }
            _ => 0,
        }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_change_is_seen_by_nobody_else() {
        let first = Shared::from(json!({ "a": 1 }));
        let mut second = first.clone();
        second["a"] = json!(2);
        assert_eq!((&*first, &*second), (&json!({ "a": 1 }), &json!({ "a": 2 })));
        assert_eq!(first.to_string(), "{\"a\":1}");
        assert_eq!(second.into_value(), json!({ "a": 2 }));
    }

    #[test]
    fn what_holds_more_weighs_more() {
        let weights: Vec<usize> = [
            json!(null),
            json!("ten letters"),
            json!(["ten letters", "ten letters"]),
            json!({ "a": 1 }),
            json!({ "a": { "b": 1 } }),
            (0..100)
                .map(|number| (number.to_string(), json!(number)))
                .collect(),
        ]
        .map(|value| Shared::from(value).weight())
        .into();
        assert!(weights.is_sorted_by(|less, more| less < more), "{weights:?}");
        assert!(weights[5] > 100 * VALUE, "{weights:?}");
    }
}
