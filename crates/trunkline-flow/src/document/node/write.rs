//! A tree as YAML again.
//!
//! The one rule: what is written reads back as the same tree; comments are not in the tree, so they are not written.

use serde::{
    Serialize, Serializer,
    ser::{SerializeMap as _, SerializeSeq as _},
};
use serde_json::Value;

use super::{Key, Kind, Node, Spot};

/// Longer lines are left whole, since expressions are easier to read so.
const WIDEST: usize = 100_000;

impl Serialize for Node {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match &self.kind {
            Kind::Scalar(value) => value.serialize(serializer),
            Kind::List(all) => {
                let mut list = serializer.serialize_seq(Some(all.len()))?;
                for one in all {
                    list.serialize_element(one)?;
                }
                list.end()
            }
            Kind::Map(entries) => {
                let mut map = serializer.serialize_map(Some(entries.len()))?;
                for (key, value) in entries {
                    map.serialize_entry(&key.text, value)?;
                }
                map.end()
            }
        }
    }
}

impl Node {
    /// A value that stands nowhere yet.
    #[must_use]
    pub fn of_json(value: Value) -> Self {
        let kind = match value {
            Value::Array(all) => Kind::List(all.into_iter().map(Self::of_json).collect()),
            Value::Object(fields) => Kind::Map(
                fields
                    .into_iter()
                    .map(|(name, value)| (Key::of(&name), Self::of_json(value)))
                    .collect(),
            ),
            scalar => Kind::Scalar(scalar),
        };
        Self {
            kind,
            spot: Spot::default(),
        }
    }

    /// As YAML; none of what no YAML can say.
    #[must_use]
    pub fn to_yaml(&self) -> Option<String> {
        let options = serde_saphyr::ser_options! { folded_wrap_chars: WIDEST, compact_list_indent: false };
        let mut text = serde_saphyr::to_string_with_options(self, options).ok()?;
        if !text.ends_with('\n') {
            text.push('\n');
        }
        // What reads back otherwise is not given out.
        Self::parse(&text)
            .ok()
            .filter(|read| read.is_same(self))
            .map(|_| text)
    }

    /// Whether it says the same, wherever it stands.
    #[must_use]
    pub fn is_same(&self, other: &Self) -> bool {
        match (&self.kind, &other.kind) {
            (Kind::Scalar(one), Kind::Scalar(other)) => one == other,
            (Kind::List(one), Kind::List(other)) => {
                one.len() == other.len() && one.iter().zip(other).all(|(one, other)| one.is_same(other))
            }
            (Kind::Map(one), Kind::Map(other)) => {
                one.len() == other.len()
                    && one.iter().zip(other).all(|((key, one), (other_key, other))| {
                        key.text == other_key.text && one.is_same(other)
                    })
            }
            _ => false,
        }
    }

    /// Puts a value under a key: in the place of the one that is there, or behind all others. Nothing becomes of what is no map.
    pub fn set(&mut self, key: &str, value: Self) {
        let Kind::Map(entries) = &mut self.kind else {
            return;
        };
        match entries.iter_mut().find(|(own, _)| own.text == key) {
            Some((_, own)) => *own = value,
            None => entries.push((Key::of(key), value)),
        }
    }

    /// Takes a key away.
    pub fn remove(&mut self, key: &str) {
        if let Kind::Map(entries) = &mut self.kind {
            entries.retain(|(own, _)| own.text != key);
        }
    }

    /// The value under a key, to be changed.
    pub fn get_mut(&mut self, key: &str) -> Option<&mut Self> {
        let Kind::Map(entries) = &mut self.kind else {
            return None;
        };
        let found = entries.iter_mut().find(|(own, _)| own.text == key);
        found.map(|(_, value)| value)
    }
}

impl Key {
    /// A key that stands nowhere yet.
    #[must_use]
    pub fn of(text: &str) -> Self {
        Self {
            text: text.to_owned(),
            spot: Spot::default(),
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn any_tree() -> impl Strategy<Value = Value> {
        let scalar = prop_oneof![
            Just(Value::Null),
            any::<bool>().prop_map(Value::Bool),
            any::<i64>().prop_map(Value::from),
            "[ -~äö\n]{0,60}".prop_map(Value::from),
            prop::sample::select(vec![
                "yes",
                "null",
                "1e3",
                "0x1F",
                "- a",
                "a: b",
                "#x",
                "'",
                "\"",
                "{",
                "~",
                "2026-01-01",
                "",
            ])
            .prop_map(Value::from),
        ];
        scalar.prop_recursive(4, 40, 6, |inner| {
            prop_oneof![
                prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
                prop::collection::btree_map("[a-zA-Z0-9 _.:#-]{1,12}", inner, 0..6)
                    .prop_map(|map| Value::Object(map.into_iter().collect())),
            ]
        })
    }

    proptest! {
        #[test]
        fn whatever_is_written_reads_back_as_the_same(value in any_tree()) {
            let node = Node::of_json(value);
            let text = node.to_yaml();
            prop_assert!(text.is_some(), "nothing is written of {}", node.to_json());
            let text = text.unwrap_or_default();
            prop_assert!(Node::parse(&text).unwrap().is_same(&node), "{}", text);
        }
    }

    #[test]
    fn expressions_of_several_lines_stay_readable() {
        let text =
            "flow: x\ntransforms:\n  - jq: |\n      { id,\n        at: .x }\n  - filter: '.a == \"b\"'\n";
        let node = Node::parse(text).unwrap();
        let written = node.to_yaml().unwrap();
        assert!(written.contains("jq: |"), "{written}");
        assert!(Node::parse(&written).unwrap().is_same(&node), "{written}");
        assert!(written.starts_with("flow: x\ntransforms:\n"), "{written}");
    }

    #[test]
    fn a_key_is_put_taken_away_and_found() {
        let mut node = Node::of_json(json!({ "a": 1 }));
        node.set("b", Node::of_json(json!([1])));
        node.set("a", Node::of_json(json!("x")));
        assert_eq!(node.to_json(), json!({ "a": "x", "b": [1] }));
        node.get_mut("b").unwrap().kind = Kind::Scalar(Value::Null);
        node.remove("a");
        assert_eq!(node.to_json(), json!({ "b": null }));
        let mut text = Node::of_json(json!("text"));
        text.set("a", Node::of_json(json!(1)));
        assert_eq!(text.to_json(), json!("text"));
    }
}
