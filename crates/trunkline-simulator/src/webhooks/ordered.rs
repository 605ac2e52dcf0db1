//! JSON that keeps the order of its fields, because what the platform pushes has one.
//!
//! The one rule: nothing here knows what the fields mean. The items made of it are in `items.rs`.

use std::fmt;

use serde::{
    Deserialize, Deserializer, Serialize, Serializer,
    de::{MapAccess, SeqAccess, Visitor},
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::{Number, Value};

/// A value whose objects keep the order in which their fields were written.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Node {
    Null,
    Bool(bool),
    Number(Number),
    Text(String),
    List(Vec<Node>),
    Object(Vec<(String, Node)>),
}

impl Node {
    /// Any view, with its fields in the order in which it writes them.
    pub(crate) fn of(view: &impl Serialize) -> Self {
        let text = serde_json::to_vec(view).expect("views have string keys and no failing serializers");
        serde_json::from_slice(&text).expect("what was just written is JSON")
    }

    /// A field of an object; null where there is none.
    pub(crate) fn field(&self, name: &str) -> &Self {
        let Self::Object(fields) = self else {
            return &Self::Null;
        };
        fields
            .iter()
            .find(|(held, _)| held == name)
            .map_or(&Self::Null, |(_, value)| value)
    }

    /// A field of an object, out of it; null where there is none.
    pub(crate) fn take(&mut self, name: &str) -> Self {
        let Self::Object(fields) = self else {
            return Self::Null;
        };
        match fields.iter().position(|(held, _)| held == name) {
            Some(place) => fields.remove(place).1,
            None => Self::Null,
        }
    }

    /// Writes a field: in its place when the object has it, at the end otherwise.
    pub(crate) fn set(&mut self, name: &str, value: impl Into<Self>) {
        if let Self::Object(fields) = self {
            match fields.iter_mut().find(|(held, _)| held == name) {
                Some((_, held)) => *held = value.into(),
                None => fields.push((name.to_owned(), value.into())),
            }
        }
    }

    /// The object with these fields only, in this order; null for those that it has not.
    pub(crate) fn picked(mut self, names: &[&str]) -> Self {
        Self::Object(
            names
                .iter()
                .map(|name| ((*name).to_owned(), self.take(name)))
                .collect(),
        )
    }

    /// The object with those of these fields that it has, in this order.
    pub(crate) fn in_order(mut self, names: &[&str]) -> Self {
        let Self::Object(fields) = &mut self else {
            return self;
        };
        let mut ordered = Vec::with_capacity(fields.len());
        for name in names {
            if let Some(place) = fields.iter().position(|(held, _)| held == name) {
                ordered.push(fields.remove(place));
            }
        }
        Self::Object(ordered)
    }

    /// Changes a field in its place, if the object has it.
    pub(crate) fn change(&mut self, name: &str, change: impl FnOnce(Self) -> Self) {
        if let Self::Object(fields) = self
            && let Some((_, held)) = fields.iter_mut().find(|(held, _)| held == name)
        {
            *held = change(std::mem::replace(held, Self::Null));
        }
    }

    /// Changes every entry of a list.
    pub(crate) fn each(self, change: impl FnMut(Self) -> Self) -> Self {
        match self {
            Self::List(entries) => Self::List(entries.into_iter().map(change).collect()),
            other => other,
        }
    }

    pub(crate) fn as_i64(&self) -> Option<i64> {
        match self {
            Self::Number(number) => number.as_i64(),
            _ => None,
        }
    }

    pub(crate) fn as_str(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            _ => None,
        }
    }
}

/// An object of these fields, in this order.
pub(crate) fn object<const N: usize>(fields: [(&str, Node); N]) -> Node {
    Node::Object(
        fields
            .into_iter()
            .map(|(name, value)| (name.to_owned(), value))
            .collect(),
    )
}

impl From<&str> for Node {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<String> for Node {
    fn from(text: String) -> Self {
        Self::Text(text)
    }
}

impl From<bool> for Node {
    fn from(is: bool) -> Self {
        Self::Bool(is)
    }
}

impl From<i64> for Node {
    fn from(number: i64) -> Self {
        Self::Number(number.into())
    }
}

impl From<u64> for Node {
    fn from(number: u64) -> Self {
        Self::Number(number.into())
    }
}

impl From<Vec<Node>> for Node {
    fn from(entries: Vec<Node>) -> Self {
        Self::List(entries)
    }
}

impl<T: Into<Node>> From<Option<T>> for Node {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}

impl From<&Value> for Node {
    fn from(value: &Value) -> Self {
        Self::of(value)
    }
}

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self {
            Self::Null => serializer.serialize_unit(),
            Self::Bool(is) => serializer.serialize_bool(*is),
            Self::Number(number) => number.serialize(serializer),
            Self::Text(text) => serializer.serialize_str(text),
            Self::List(entries) => {
                let mut list = serializer.serialize_seq(Some(entries.len()))?;
                for entry in entries {
                    list.serialize_element(entry)?;
                }
                list.end()
            }
            Self::Object(fields) => {
                let mut object = serializer.serialize_map(Some(fields.len()))?;
                for (name, value) in fields {
                    object.serialize_entry(name, value)?;
                }
                object.end()
            }
        }
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any JSON")
    }

    fn visit_unit<E>(self) -> Result<Node, E> {
        Ok(Node::Null)
    }

    fn visit_bool<E>(self, is: bool) -> Result<Node, E> {
        Ok(Node::Bool(is))
    }

    fn visit_i64<E>(self, number: i64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_u64<E>(self, number: u64) -> Result<Node, E> {
        Ok(Node::Number(number.into()))
    }

    fn visit_f64<E>(self, number: f64) -> Result<Node, E> {
        Ok(Number::from_f64(number).map_or(Node::Null, Node::Number))
    }

    fn visit_str<E>(self, text: &str) -> Result<Node, E> {
        Ok(Node::Text(text.to_owned()))
    }

    fn visit_string<E>(self, text: String) -> Result<Node, E> {
        Ok(Node::Text(text))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Node, A::Error> {
        let mut entries = Vec::new();
        while let Some(entry) = list.next_element()? {
            entries.push(entry);
        }
        Ok(Node::List(entries))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut object: A) -> Result<Node, A::Error> {
        let mut fields = Vec::new();
        while let Some(field) = object.next_entry()? {
            fields.push(field);
        }
        Ok(Node::Object(fields))
    }
}

impl<'de> Deserialize<'de> for Node {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fields_keep_their_order_and_values_their_types() {
        for text in [
            r#"{"z":1,"a":[null,true,-2,0.5,"é"],"m":{"y":{},"b":[]}}"#,
            r#"[18446744073709551615,-9223372036854775808]"#,
            r#""""#,
        ] {
            let node: Node = serde_json::from_str(text).unwrap();
            assert_eq!(serde_json::to_string(&node).unwrap(), text);
        }
    }

    #[test]
    fn a_field_is_written_where_it_stands_and_taken_out_whole() {
        let mut node = object([("b", true.into()), ("a", Node::Null)]);
        node.set("b", 2_i64);
        node.set("c", "new");
        assert_eq!(
            serde_json::to_string(&node).unwrap(),
            r#"{"b":2,"a":null,"c":"new"}"#
        );
        assert_eq!(node.take("b"), Node::from(2_i64));
        let picked = node.picked(&["c", "missing", "a"]);
        assert_eq!(
            serde_json::to_string(&picked).unwrap(),
            r#"{"c":"new","missing":null,"a":null}"#
        );
    }
}
