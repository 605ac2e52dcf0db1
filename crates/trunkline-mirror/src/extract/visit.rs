//! The pass itself: serde visitors that follow the plan and skip everything else.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{DeserializeSeed, Error, IgnoredAny, MapAccess, SeqAccess, Visitor},
};
use serde_json::value::RawValue;

use super::{
    Extracted, Plan, Value,
    plan::{Node, Slot},
};

/// Reads the object `text` as the node `at` of the plan.
pub(super) fn object<'a>(
    plan: &Plan,
    at: usize,
    text: &'a str,
    out: &mut Extracted<'a>,
) -> Result<(), serde_json::Error> {
    let mut deserializer = serde_json::Deserializer::from_str(text);
    let seen = Step { plan, node: &plan.nodes[at], out }.object(&mut deserializer)?;
    deserializer.end()?;
    if seen { Ok(()) } else { Err(serde_json::Error::custom("the record is no JSON object")) }
}

struct Step<'p, 'o, 'a> {
    plan: &'p Plan,
    node: &'p Node,
    out: &'o mut Extracted<'a>,
}

impl<'a> Step<'_, '_, 'a> {
    fn object<D: Deserializer<'a>>(self, deserializer: D) -> Result<bool, D::Error> {
        deserializer.deserialize_any(self)
    }

    fn set(self, value: impl FnOnce(Slot) -> Value<'a>) {
        let Some(slot) = self.node.column else { return };
        let place = &mut self.out.values[slot.index];
        if !slot.second || *place == Value::Null {
            *place = value(slot);
        }
    }
}

impl<'a> DeserializeSeed<'a> for Step<'_, '_, 'a> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        let whole = self.node.column.filter(|slot| slot.kind == crate::tables::Kind::Json);
        if whole.is_none() && self.node.list.is_none() {
            return self.object(deserializer).map(drop);
        }
        let text = <&RawValue>::deserialize(deserializer)?.get();
        if text == "null" {
            return Ok(());
        }
        if let Some(slot) = whole {
            let place = &mut self.out.values[slot.index];
            if !slot.second || *place == Value::Null {
                *place = Value::Text(text);
            }
        }
        if let Some(list) = self.node.list {
            self.out.lists[list] = Some(text);
        }
        if !self.node.is_leaf() && text.starts_with('{') {
            let mut inner = serde_json::Deserializer::from_str(text);
            Step { plan: self.plan, node: self.node, out: self.out }.object(&mut inner).map_err(D::Error::custom)?;
        }
        Ok(())
    }
}

impl<'a> Visitor<'a> for Step<'_, '_, 'a> {
    /// Whether it was an object.
    type Value = bool;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<bool, A::Error> {
        while let Some(child) = map.next_key_seed(Key(self.node))? {
            match child {
                Some(child) => {
                    let node = &self.plan.nodes[child];
                    map.next_value_seed(Step { plan: self.plan, node, out: self.out })?;
                }
                None => {
                    map.next_value::<IgnoredAny>()?;
                }
            }
        }
        Ok(true)
    }

    fn visit_seq<A: SeqAccess<'a>>(self, mut list: A) -> Result<bool, A::Error> {
        while list.next_element::<IgnoredAny>()?.is_some() {}
        Ok(false)
    }

    fn visit_borrowed_str<E>(self, text: &'a str) -> Result<bool, E> {
        self.set(|slot| Value::from_borrowed(slot.kind, text));
        Ok(false)
    }

    fn visit_str<E>(self, text: &str) -> Result<bool, E> {
        self.set(|slot| Value::from_other_text(slot.kind, text));
        Ok(false)
    }

    fn visit_i64<E>(self, value: i64) -> Result<bool, E> {
        self.set(|slot| Value::from_integer(slot.kind, value));
        Ok(false)
    }

    fn visit_u64<E>(self, value: u64) -> Result<bool, E> {
        self.set(|slot| match i64::try_from(value) {
            Ok(value) => Value::from_integer(slot.kind, value),
            Err(_) => Value::from_other_text(slot.kind, &value.to_string()),
        });
        Ok(false)
    }

    fn visit_f64<E>(self, value: f64) -> Result<bool, E> {
        self.set(|slot| Value::from_real(slot.kind, value));
        Ok(false)
    }

    fn visit_bool<E>(self, value: bool) -> Result<bool, E> {
        self.set(|slot| Value::from_boolean(slot.kind, value));
        Ok(false)
    }

    fn visit_unit<E>(self) -> Result<bool, E> {
        Ok(false)
    }
}

/// Finds the node under a key without keeping the key.
struct Key<'p>(&'p Node);

impl<'a> DeserializeSeed<'a> for Key<'_> {
    type Value = Option<usize>;

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl Visitor<'_> for Key<'_> {
    type Value = Option<usize>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<Self::Value, E> {
        Ok(self.0.child(key))
    }
}
