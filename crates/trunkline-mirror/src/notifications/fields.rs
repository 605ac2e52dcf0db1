//! The fields of a JSON object as slices of its text, in their order.
//!
//! The one rule: only one level is read at a time, so however deep a body is nested, nothing recurses into it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};
use serde_json::{Value, value::RawValue};

use crate::{extract::quoted, sync::seconds};

/// An object's fields.
#[derive(Debug, Default)]
pub(super) struct Fields<'a> {
    entries: Vec<(String, &'a str)>,
}

impl<'a> Fields<'a> {
    /// Reads an object's text.
    pub(super) fn read(text: &'a str) -> Result<Self, serde_json::Error> {
        serde_json::from_str(text)
    }

    /// The text of a field's value; of two with the same name the last one counts.
    pub(super) fn raw(&self, name: &str) -> Option<&'a str> {
        let found = self.entries.iter().rev().find(|(held, _)| held == name);
        found.map(|(_, value)| *value).filter(|value| *value != "null")
    }

    /// Whether there is such a field, if only with null.
    pub(super) fn has(&self, name: &str) -> bool {
        self.entries.iter().any(|(held, _)| held == name)
    }

    /// A field that is an object.
    pub(super) fn object(&self, name: &str) -> Option<Self> {
        Self::read(self.raw(name).filter(|value| value.starts_with('{'))?).ok()
    }

    /// A field that is text.
    pub(super) fn text(&self, name: &str) -> Option<String> {
        serde_json::from_str(self.raw(name).filter(|value| value.starts_with('"'))?).ok()
    }

    /// An id: text that is not empty, or a whole number.
    pub(super) fn id(&self, name: &str) -> Option<String> {
        let raw = self.raw(name)?;
        if raw.starts_with('"') {
            return self.text(name).filter(|id| !id.is_empty());
        }
        let is_number = !raw.is_empty() && raw.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| raw.to_owned())
    }

    /// A moment in unix seconds, whether it is a number or ISO text.
    pub(super) fn seconds(&self, name: &str) -> Option<i64> {
        moment(self.raw(name)?)
    }

    /// The fields in their order.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&str, &'a str)> {
        self.entries.iter().map(|(name, value)| (name.as_str(), *value))
    }
}

/// A moment in unix seconds; nothing when the text is a list, an object or no moment.
pub(super) fn moment(raw: &str) -> Option<i64> {
    if raw.starts_with(['{', '[']) {
        return None;
    }
    seconds(&serde_json::from_str::<Value>(raw).ok()?)
}

/// Writes an object, field by field.
#[derive(Debug)]
pub(super) struct Writer {
    text: String,
}

impl Writer {
    pub(super) fn new() -> Self {
        Self { text: "{".to_owned() }
    }

    /// Adds a field; `value` is JSON.
    pub(super) fn field(&mut self, name: &str, value: &str) {
        if self.text.len() > 1 {
            self.text.push(',');
        }
        self.text.push_str(&quoted(name));
        self.text.push(':');
        self.text.push_str(value);
    }

    pub(super) fn end(mut self) -> String {
        self.text.push('}');
        self.text
    }
}

struct Reader;

impl<'de> Visitor<'de> for Reader {
    type Value = Fields<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
        let mut entries = Vec::new();
        while let Some((name, value)) = map.next_entry::<String, &'de RawValue>()? {
            entries.push((name, value.get()));
        }
        Ok(Fields { entries })
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Reader)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_slices_and_the_last_of_a_name_counts() {
        let fields =
            Fields::read(r#" { "a" : 1, "b\u0063":"x\n", "a":{"c":[2]}, "n":null, "i":12, "z":"" }"#)
                .unwrap();
        assert_eq!(fields.raw("a"), Some(r#"{"c":[2]}"#));
        assert_eq!(fields.text("bc").as_deref(), Some("x\n"));
        assert_eq!(fields.object("a").unwrap().raw("c"), Some("[2]"));
        assert_eq!(fields.raw("n"), None);
        assert!(fields.has("n") && !fields.has("m"));
        for (name, expected) in [
            ("i", Some("12")),
            ("bc", Some("x\n")),
            ("z", None),
            ("a", None),
            ("n", None),
        ] {
            assert_eq!(fields.id(name).as_deref(), expected, "{name}");
        }
    }

    #[test]
    fn a_moment_is_a_number_or_a_text_and_nothing_else() {
        for (raw, expected) in [
            ("1700000000", Some(1_700_000_000)),
            (r#""2023-11-14T22:13:20.240+00:00""#, Some(1_700_000_000)),
            (r#""2023-11-14T22:13:20.000Z""#, Some(1_700_000_000)),
            (r#""soon""#, None),
            ("null", None),
            ("true", None),
            ("[1]", None),
            ("{}", None),
        ] {
            assert_eq!(moment(raw), expected, "{raw}");
        }
    }

    #[test]
    fn deep_nesting_is_only_skipped() {
        let deep = format!(r#"{{"a":{}1{}}}"#, "[".repeat(50_000), "]".repeat(50_000));
        let read = Fields::read(&deep);
        assert!(read.is_err() || read.unwrap().raw("a").is_some());
    }
}
