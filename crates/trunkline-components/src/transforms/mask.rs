//! `mask`: removes or hides personal fields.
//!
//! The one rule: what cannot be hidden in part is hidden as a whole; nothing of a field that is named passes because it has another
//! form than was expected.

use std::{collections::BTreeMap, sync::Arc};

use jiff::Timestamp;
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use trunkline_flow::{
    ComponentError, Record, Transform,
    document::{Mistake, Node, read},
};

use super::{
    one_of,
    place::{Place, Then, change_named},
};
use crate::{
    Site,
    registry::{MakeTransform, TransformKind},
};

pub(crate) const KIND: TransformKind = TransformKind {
    name: "mask",
    summary: "Removes or hides personal fields.",
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How many characters of a text of digits are kept, and how long it must be for that.
const KEPT: usize = 4;
const LONG_ENOUGH: usize = 8;

/// Removes or hides personal fields, by the way to them or by their names at any depth.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// Ways to fields, such as `contact.emails[].value`, with what becomes of them. Lists on the way are gone through.
    #[serde(default)]
    fields: BTreeMap<Place, How>,
    /// Names of fields wherever they stand, large or small letters alike.
    #[serde(default)]
    names: BTreeMap<String, How>,
    /// What stands in place of what is hidden.
    #[serde(default = "text")]
    text: String,
}

/// What becomes of a field.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
enum How {
    /// It is taken out.
    Remove,
    /// Its value is hidden.
    Redact,
    /// The domain of an e-mail address and the last four digits of a number stay; all else is hidden.
    Partial,
}

fn text() -> String {
    "***".to_owned()
}

fn build(node: &Node, _: &Site) -> Result<MakeTransform, Mistake> {
    let mut settings: Settings = read(node)?;
    one_of(node, &["fields", "names"])?;
    settings.names = settings
        .names
        .into_iter()
        .map(|(name, how)| (name.to_lowercase(), how))
        .collect();
    Ok(Arc::new(move || Box::new(settings.clone())))
}

impl Settings {
    fn hide(&self, how: How, value: &mut Value) -> Then {
        match how {
            How::Remove => return Then::Goes,
            How::Redact => {
                if !value.is_null() {
                    *value = self.text.clone().into();
                }
            }
            How::Partial => self.partly(value),
        }
        Then::Stays
    }

    fn partly(&self, value: &mut Value) {
        match value {
            Value::Null => {}
            Value::Array(items) => items.iter_mut().for_each(|item| self.partly(item)),
            Value::Object(fields) => fields.values_mut().for_each(|field| self.partly(field)),
            Value::String(text) => *text = self.part_of(text),
            other => *other = self.part_of(&other.to_string()).into(),
        }
    }

    fn part_of(&self, text: &str) -> String {
        if let Some((name, domain)) = text.trim().rsplit_once('@')
            && !name.is_empty()
            && is_domain(domain)
        {
            return format!("{}@{domain}", self.text);
        }
        let digits: String = text.chars().filter(char::is_ascii_digit).collect();
        let is_number = text
            .chars()
            .all(|letter| letter.is_ascii_digit() || " +-()./".contains(letter));
        if is_number && digits.len() >= LONG_ENOUGH {
            return format!("{}{}", self.text, &digits[digits.len() - KEPT..]);
        }
        self.text.clone()
    }
}

/// Whether it can be a domain and nothing else: what stands behind the last `@` of a sentence is not shown.
fn is_domain(text: &str) -> bool {
    text.contains('.')
        && !text.starts_with('.')
        && text
            .chars()
            .all(|letter| letter.is_alphanumeric() || letter == '.' || letter == '-')
}

impl Transform for Settings {
    fn remembers(&self) -> bool {
        false
    }

    fn apply(&mut self, mut record: Record, _: Timestamp) -> Result<Vec<Record>, ComponentError> {
        for (place, how) in &self.fields {
            place.change(&mut record.value, &mut |value| Ok(self.hide(*how, value)))?;
        }
        if !self.names.is_empty() {
            change_named(&mut record.value, &mut |name, value| {
                let how = self.names.get(&name.to_lowercase());
                Ok(how.map(|how| self.hide(*how, value)))
            })?;
        }
        Ok(vec![record])
    }
}
