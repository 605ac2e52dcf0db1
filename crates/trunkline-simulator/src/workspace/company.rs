//! A company.

use serde_json::{Map, Value};

use super::{ids::Ids, kept::Kept};
use crate::texts::{self, mix};

/// A company. What is not stored here is made from the seed and `row`.
#[derive(Clone, Debug)]
pub(crate) struct Company {
    pub(crate) row: u32,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted: bool,
    pub(crate) generated: bool,
    /// How many people work there, as far as the workspace was told.
    pub(crate) size: Option<i64>,
    pub(crate) monthly_spend: i64,
    pub(crate) contacts: Vec<u32>,
    pub(crate) tags: Vec<u32>,
    /// What calls have written, by field name.
    pub(crate) written: Option<Box<Map<String, Value>>>,
    /// What calls have written into custom attributes.
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

impl Company {
    /// A company of which only the moment is known.
    pub(crate) fn new(row: u32, now: i64) -> Self {
        Self {
            row,
            created_at: now,
            updated_at: now,
            deleted: false,
            generated: false,
            size: None,
            monthly_spend: 0,
            contacts: Vec::new(),
            tags: Vec::new(),
            written: None,
            attributes: None,
            kept: None,
        }
    }

    pub(crate) fn id(&self, ids: &Ids) -> String {
        ids.company(self.row)
    }

    pub(crate) fn text(&self, field: &str, from_seed: impl FnOnce() -> Option<String>) -> Option<String> {
        match self.written.as_ref().and_then(|written| written.get(field)) {
            Some(value) => value.as_str().map(str::to_owned),
            None if self.generated => from_seed(),
            None => None,
        }
    }

    pub(crate) fn company_id(&self) -> Option<String> {
        self.text("company_id", || Some(format!("company-{}", self.row + 1)))
    }

    pub(crate) fn name(&self, seed: u64) -> Option<String> {
        self.text("name", || Some(texts::company(mix(seed, 20, self.row), self.row)))
    }

    pub(crate) fn custom_attributes(&self, seed: u64) -> Map<String, Value> {
        let mut all = if self.generated {
            texts::company_attributes(seed, self.row)
        } else {
            Map::new()
        };
        if let Some(written) = &self.attributes {
            all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        all
    }

    pub(crate) fn write(&mut self, field: &str, value: Value) {
        self.written
            .get_or_insert_default()
            .insert(field.to_owned(), value);
    }
}

/// The id of the company at a row.
pub(super) fn id(seed: u64, row: u32) -> String {
    format!(
        "{:08x}{:08x}{row:08x}",
        0x6100_0000 + (mix(seed, 26, row) as u32 >> 4),
        mix(seed, 27, row) as u32
    )
}

/// The row of an id that the workspace could have given out.
pub(super) fn row(seed: u64, text: &str) -> Option<u32> {
    let row = u32::from_str_radix(text.get(16..24)?, 16).ok()?;
    (text.len() == 24 && id(seed, row) == text).then_some(row)
}
