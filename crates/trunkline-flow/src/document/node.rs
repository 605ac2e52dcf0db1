//! YAML as a tree whose every value and key has its place.
//!
//! The one rule: a key that stands twice is a mistake, and so is what no flow needs: several documents, or a tree without measure.

mod write;

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};
use serde_saphyr::{Location, Spanned};

use super::Mistake;

/// The largest file, in bytes.
pub const MAX_FILE: usize = 1 << 20;

/// Where something stands in a file; both count from 1.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Spot {
    /// The line.
    pub line: u64,
    /// The character in it.
    pub column: u64,
}

impl From<Location> for Spot {
    fn from(location: Location) -> Self {
        Self {
            line: location.line(),
            column: location.column(),
        }
    }
}

/// A value and where it stands.
#[derive(Clone, Debug, PartialEq)]
pub struct Node {
    /// What it is.
    pub kind: Kind,
    /// Where it begins.
    pub spot: Spot,
}

/// What a value is.
#[derive(Clone, Debug, PartialEq)]
pub enum Kind {
    /// Text, a number, true, false or nothing.
    Scalar(Value),
    /// A list.
    List(Vec<Node>),
    /// Keys with their values, in their order.
    Map(Vec<(Key, Node)>),
}

/// A key and where it stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Key {
    /// What it says.
    pub text: String,
    /// Where it begins.
    pub spot: Spot,
}

impl Node {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// It is no YAML, too large, or has a key twice.
    pub fn parse(text: &str) -> Result<Self, Mistake> {
        if text.len() > MAX_FILE {
            return Err(Mistake::new(
                Spot { line: 1, column: 1 },
                format!("the file has {} bytes; a flow has at most {MAX_FILE}", text.len()),
                "Split it into several flows.",
            ));
        }
        let read: Result<Spanned<Raw>, _> = serde_saphyr::from_str(text);
        read.map(Self::of).map_err(|error| {
            let spot = error.location().map_or(Spot { line: 1, column: 1 }, Spot::from);
            Mistake::new(
                spot,
                format!("this is not readable YAML: {}", words(&error.without_snippet().to_string())),
                "Mend it at this place; an expression with a colon, a hash or a bracket at its beginning must stand in quotes.",
            )
        })
    }

    fn of(raw: Spanned<Raw>) -> Self {
        let kind = match raw.value {
            Raw::Scalar(value) => Kind::Scalar(value),
            Raw::List(all) => Kind::List(all.into_iter().map(Self::of).collect()),
            Raw::Map(all) => Kind::Map(
                all.into_iter()
                    .map(|(key, value)| {
                        let spot = key.referenced.into();
                        let text = key.value;
                        (Key { text, spot }, Self::of(value))
                    })
                    .collect(),
            ),
        };
        Self {
            kind,
            spot: raw.referenced.into(),
        }
    }

    /// The value under a key.
    pub fn get(&self, key: &str) -> Option<&Self> {
        self.entries()
            .iter()
            .find_map(|(own, value)| (own.text == key).then_some(value))
    }

    /// Keys with their values; none when it is no map.
    pub fn entries(&self) -> &[(Key, Self)] {
        match &self.kind {
            Kind::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The same without places.
    pub fn to_json(&self) -> Value {
        match &self.kind {
            Kind::Scalar(value) => value.clone(),
            Kind::List(all) => all.iter().map(Self::to_json).collect(),
            Kind::Map(entries) => entries
                .iter()
                .map(|(key, value)| (key.text.clone(), value.to_json()))
                .collect::<Map<_, _>>()
                .into(),
        }
    }

    /// What it is, for messages.
    pub const fn named(&self) -> &'static str {
        match &self.kind {
            Kind::Scalar(Value::Null) => "nothing",
            Kind::Scalar(Value::Bool(_)) => "true or false",
            Kind::Scalar(Value::Number(_)) => "a number",
            Kind::Scalar(_) => "text",
            Kind::List(_) => "a list",
            Kind::Map(_) => "a map",
        }
    }
}

/// The library's words without its place, which the mistake has by itself.
fn words(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let line = line.rfind(" at line ").map_or(line, |at| &line[..at]);
    match line.strip_prefix("duplicate mapping key: ") {
        Some(rest) => format!("the key {} stands twice", rest.split(',').next().unwrap_or(rest)),
        None => line.to_owned(),
    }
}

enum Raw {
    Scalar(Value),
    List(Vec<Spanned<Self>>),
    Map(Vec<(Spanned<String>, Spanned<Self>)>),
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(RawVisitor)
    }
}

struct RawVisitor;

impl<'de> Visitor<'de> for RawVisitor {
    type Value = Raw;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_none<E>(self) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Raw, E> {
        Ok(Raw::Scalar(Value::Bool(value)))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Raw, E> {
        // Infinity is no number to JSON.
        Ok(Raw::Scalar(
            Number::from_f64(value).map_or_else(|| Value::String(value.to_string()), Value::Number),
        ))
    }

    fn visit_str<E>(self, value: &str) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_string<E>(self, value: String) -> Result<Raw, E> {
        Ok(Raw::Scalar(value.into()))
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Raw, D::Error> {
        Raw::deserialize(deserializer)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Raw, A::Error> {
        let mut all = Vec::new();
        while let Some(item) = items.next_element()? {
            all.push(item);
        }
        Ok(Raw::List(all))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Raw, A::Error> {
        let mut all: Vec<(Spanned<String>, Spanned<Raw>)> = Vec::new();
        while let Some((key, value)) = entries.next_entry::<Spanned<String>, Spanned<Raw>>()? {
            all.push((key, value));
        }
        Ok(Raw::Map(all))
    }
}
