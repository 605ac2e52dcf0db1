//! Finds the rows and the way to the next page in an answer, in one pass over the body.
//!
//! The one rule: rows are slices of the body; nothing of them is parsed, copied or judged here.

use std::{borrow::Cow, fmt};

use bytes::Bytes;
use serde::de::{DeserializeSeed, Deserializer, Error as _, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

/// The keys that rows are known to stand under (facts 4.1), the most common first.
const ROW_KEYS: &[&str] = &[
    "data",
    "conversations",
    "tickets",
    "admins",
    "teams",
    "segments",
    "tags",
    "notes",
    "contacts",
    "companies",
    "events",
    "activity_logs",
    "articles",
    "internal_articles",
    "side_conversations",
    "ticket_types",
    "subscription_types",
    "merge_history",
];

/// Where an answer says that the next page is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) enum NextPage {
    /// `pages.next` is an object with a cursor.
    Cursor(String),
    /// `pages.next` is a URL.
    Url(String),
    /// `pages.next` is null, absent or empty.
    #[default]
    None,
}

/// What a list answer says.
#[derive(Debug, Default)]
pub(super) struct List {
    pub(super) rows: Vec<Bytes>,
    pub(super) total_count: Option<u64>,
    pub(super) total_pages: Option<u64>,
    pub(super) per_page: Option<u64>,
    pub(super) next: NextPage,
    pub(super) scroll_param: Option<String>,
    pub(super) next_cursor: Option<String>,
    pub(super) has_more: Option<bool>,
}

impl List {
    /// One object as the only row.
    pub(super) fn single(body: &Bytes) -> Self {
        let trimmed = body.trim_ascii();
        let rows = if trimmed.is_empty() {
            Vec::new()
        } else {
            vec![body.slice_ref(trimmed)]
        };
        Self {
            rows,
            ..Self::default()
        }
    }

    /// Reads a list answer; the error says what is wrong with it.
    pub(super) fn read(body: &Bytes) -> Result<Self, String> {
        let text = std::str::from_utf8(body).map_err(|error| format!("the body is not UTF-8: {error}"))?;
        let mut found = Found::default();
        let mut json = serde_json::Deserializer::from_str(text);
        Value {
            key: "",
            depth: 0,
            found: &mut found,
        }
        .deserialize(&mut json)
        .and_then(|()| json.end())
        .map_err(|error| format!("the body is not the JSON of a list: {error}"))?;
        if found.is_record() {
            // Asked for one of its rows, a list of the API answers with the row itself (facts 6.3).
            return Ok(Self {
                total_pages: Some(1),
                ..Self::single(body)
            });
        }
        let rows = found.rows()?;
        let rows = rows
            .iter()
            .map(|row| body.slice_ref(row.get().as_bytes()))
            .collect();
        Ok(Self { rows, ..found.list })
    }
}

/// What was seen on the way through a body.
#[derive(Default)]
struct Found<'a> {
    list: List,
    arrays: Vec<(Cow<'a, str>, u8, Vec<&'a RawValue>)>,
    is_error: bool,
    has_id: bool,
}

impl<'a> Found<'a> {
    /// Whether the body is no list but one record.
    const fn is_record(&self) -> bool {
        self.has_id && !self.is_error && self.arrays.is_empty()
    }

    fn rows(&mut self) -> Result<Vec<&'a RawValue>, String> {
        if self.is_error {
            return Err("the body is an error although the status is not".to_owned());
        }
        let shallowest = self.arrays.iter().map(|(_, depth, _)| *depth).min();
        self.arrays.retain(|(_, depth, _)| Some(*depth) == shallowest);
        let known = ROW_KEYS
            .iter()
            .find_map(|key| self.arrays.iter().position(|(name, ..)| name == key));
        let index = match (known, self.arrays.len()) {
            (Some(index), _) => index,
            (None, 1) => 0,
            (None, 0) => return Err("the body has no rows".to_owned()),
            (None, several) => {
                return Err(format!(
                    "the body has {several} lists and none is known to hold the rows"
                ));
            }
        };
        Ok(self.arrays.swap_remove(index).2)
    }
}

/// Reads one value: of the body itself at depth 0, of its fields at depth 1, of `data` as an object at depth 2.
struct Value<'f, 'a> {
    key: &'f str,
    depth: u8,
    found: &'f mut Found<'a>,
}

impl<'de> DeserializeSeed<'de> for Value<'_, 'de> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Value<'_, 'de> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let mut rows = Vec::with_capacity(64);
        while let Some(row) = items.next_element::<&RawValue>()? {
            rows.push(row);
        }
        if self.key == "errors" && self.depth == 1 {
            return Ok(());
        }
        self.found
            .arrays
            .push((Cow::Owned(self.key.to_owned()), self.depth, rows));
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut fields: A) -> Result<(), A::Error> {
        let reads_inside = self.depth == 0 || (self.depth == 1 && self.key == "data");
        if !reads_inside {
            while fields.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
            return Ok(());
        }
        while let Some(key) = fields.next_key::<Cow<'_, str>>()? {
            if self.depth == 0 && key == "pages" {
                read_pages(fields.next_value::<&RawValue>()?, &mut self.found.list)
                    .map_err(A::Error::custom)?;
            } else {
                fields.next_value_seed(Value {
                    key: &key,
                    depth: self.depth + 1,
                    found: self.found,
                })?;
            }
        }
        Ok(())
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        if self.depth != 1 {
            return Ok(());
        }
        let filled = || (!text.is_empty()).then(|| text.to_owned());
        let list = &mut self.found.list;
        match self.key {
            "scroll_param" => list.scroll_param = filled(),
            "next_cursor" => list.next_cursor = filled(),
            "id" => self.found.has_id = !text.is_empty(),
            "type" => self.found.is_error = matches!(text, "error.list" | "error"),
            _ => {
                if let Ok(number) = text.parse() {
                    count(list, self.key, number);
                }
            }
        }
        Ok(())
    }

    fn visit_u64<E>(self, number: u64) -> Result<(), E> {
        if self.depth == 1 {
            count(&mut self.found.list, self.key, number);
        }
        Ok(())
    }

    fn visit_bool<E>(self, yes: bool) -> Result<(), E> {
        if self.depth == 1 && self.key == "has_more" {
            self.found.list.has_more = Some(yes);
        }
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }
}

fn count(list: &mut List, key: &str, number: u64) {
    match key {
        "total_count" => list.total_count = Some(number),
        "total_pages" => list.total_pages = Some(number),
        "per_page" => list.per_page = Some(number).filter(|rows| *rows > 0),
        _ => {}
    }
}

/// `pages` is small, so it is read as a value; it may be an object, null or anything else.
fn read_pages(pages: &RawValue, list: &mut List) -> Result<(), String> {
    let pages: serde_json::Value = serde_json::from_str(pages.get()).map_err(|error| error.to_string())?;
    for key in ["total_pages", "per_page", "total_count"] {
        let value = &pages[key];
        // The list's own total_count is the one to trust.
        let known = key == "total_count" && list.total_count.is_some();
        if let Some(number) = value
            .as_u64()
            .or_else(|| value.as_str()?.parse().ok())
            .filter(|_| !known)
        {
            count(list, key, number);
        }
    }
    let filled = |value: &serde_json::Value| match value {
        serde_json::Value::String(text) if !text.is_empty() => Some(text.clone()),
        serde_json::Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    list.next = match &pages["next"] {
        serde_json::Value::Object(next) => next
            .get("starting_after")
            .and_then(filled)
            .map_or(NextPage::None, NextPage::Cursor),
        other => filled(other).map_or(NextPage::None, NextPage::Url),
    };
    Ok(())
}

#[cfg(test)]
mod tests;
