//! The lists inside a record: the bare list, or an object that has it beside `total_count` and `has_more`.

use std::{borrow::Cow, fmt};

use serde::{
    Deserializer,
    de::{DeserializeSeed, IgnoredAny, MapAccess, Visitor},
};
use serde_json::value::RawValue;

/// A list inside a record.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct List<'a> {
    /// The text of each item.
    pub items: Vec<&'a str>,
    /// Whether these are all: false when `has_more` says so or `total_count` is greater.
    pub complete: bool,
    /// What `total_count` states.
    pub total: Option<u64>,
}

impl<'a> List<'a> {
    /// Reads a list; nothing when the text has none.
    #[must_use]
    pub fn read(text: &'a str) -> Option<Self> {
        let items = |text: &'a str| serde_json::from_str::<Vec<&'a RawValue>>(text).ok();
        if text.starts_with('[') {
            let items: Vec<&str> = items(text)?.into_iter().map(RawValue::get).collect();
            return Some(Self { items, complete: true, total: None });
        }
        let mut deserializer = serde_json::Deserializer::from_str(text);
        let found = deserializer.deserialize_map(Wrapped).ok()?;
        let items: Vec<&str> = items(found.list?)?.into_iter().map(RawValue::get).collect();
        let complete = !found.has_more && found.total.is_none_or(|total| total <= items.len() as u64);
        Some(Self { items, complete, total: found.total })
    }
}

#[derive(Default)]
struct Found<'a> {
    list: Option<&'a str>,
    total: Option<u64>,
    has_more: bool,
}

struct Wrapped;

impl<'a> Visitor<'a> for Wrapped {
    type Value = Found<'a>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a list")
    }

    fn visit_map<A: MapAccess<'a>>(self, mut map: A) -> Result<Found<'a>, A::Error> {
        let mut found = Found::default();
        while let Some(key) = map.next_key::<Cow<'a, str>>()? {
            let value = map.next_value::<&'a RawValue>()?.get();
            match &*key {
                "total_count" => found.total = value.parse().ok(),
                "has_more" => found.has_more = value == "true",
                // Its name differs from one resource to the next; there is only one.
                _ if value.starts_with('[') => found.list = found.list.or(Some(value)),
                _ => {}
            }
        }
        Ok(found)
    }
}

/// Calls `each` with every key of the object `text`.
///
/// # Errors
/// When the text is no JSON object.
pub fn keys(text: &str, each: impl FnMut(&str)) -> Result<(), serde_json::Error> {
    serde_json::Deserializer::from_str(text).deserialize_map(Keys(each))
}

struct Keys<F>(F);

impl<'a, F: FnMut(&str)> Visitor<'a> for Keys<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<(), A::Error> {
        while map.next_key_seed(EachKey(&mut self.0))?.is_some() {
            map.next_value::<IgnoredAny>()?;
        }
        Ok(())
    }
}

/// Shows a key without keeping it.
struct EachKey<'f, F>(&'f mut F);

impl<'a, F: FnMut(&str)> DeserializeSeed<'a> for EachKey<'_, F> {
    type Value = ();

    fn deserialize<D: Deserializer<'a>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<F: FnMut(&str)> Visitor<'_> for EachKey<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<(), E> {
        (self.0)(key);
        Ok(())
    }
}
