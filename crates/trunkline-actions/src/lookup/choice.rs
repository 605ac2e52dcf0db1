//! A row of a list becomes something to pick: id, name, and what tells it apart.

use serde_json::Value;

use super::Lookup;

/// Something to pick.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// What is put into the field.
    pub id: String,
    /// What a person knows it by.
    pub label: String,
    /// What tells it apart, by the field's name; fields without a value are left out.
    pub details: Vec<(&'static str, String)>,
}

impl Choice {
    /// The choice of a row; none of what cannot be picked any more, or has no id.
    pub(super) fn of(lookup: &Lookup, row: &Value) -> Option<Self> {
        if ["deleted", "archived"].iter().any(|field| row[*field] == true) {
            return None;
        }
        let first = |fields: &[&str]| fields.iter().find_map(|field| text(&row[*field]));
        let id = first(&lookup.id)?;
        Some(Self {
            label: first(lookup.label).unwrap_or_else(|| id.clone()),
            id,
            details: lookup
                .details
                .iter()
                .filter_map(|field| Some((*field, text(&row[*field])?)))
                .collect(),
        })
    }

    /// Whether every word is found in it. The words are in small letters.
    pub(super) fn has(&self, words: &[String]) -> bool {
        let details = self.details.iter().map(|(_, value)| value);
        let all: Vec<String> = [&self.id, &self.label]
            .into_iter()
            .chain(details)
            .map(|text| text.to_lowercase())
            .collect();
        words
            .iter()
            .all(|word| all.iter().any(|text| text.contains(word)))
    }
}

/// A value that a person can read; an object that has a name is known by it.
fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if !text.is_empty() => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(flag) => Some(if *flag { "yes" } else { "no" }.to_owned()),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().filter_map(text).collect();
            (!items.is_empty()).then(|| items.join(", "))
        }
        Value::Object(fields) => fields.get("name").and_then(text),
        _ => None,
    }
}
