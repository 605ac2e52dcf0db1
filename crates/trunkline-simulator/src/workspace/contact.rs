//! A contact: a user or a lead.

use serde_json::{Map, Value};

use super::{
    ids::Ids,
    kept::{self, Kept},
};
use crate::texts::{self, mix};

/// Where a contact is in its life.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Life {
    /// In lists and searches.
    Listed,
    /// Out of lists and searches, still to be had by id.
    Archived,
    /// Gone for good.
    Deleted,
    /// Merged into another contact.
    Merged,
    /// Somebody on the website of whom nothing is known yet.
    Visitor,
}

/// A contact. What is not stored here is made from the seed and `row`.
#[derive(Clone, Debug)]
pub(crate) struct Contact {
    /// The place in the workspace's list, also part of the id.
    pub(crate) row: u32,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    /// When search may show it for the first time; creation time for generated ones.
    pub(crate) indexed_at: i64,
    pub(crate) is_lead: bool,
    pub(crate) life: Life,
    pub(crate) blocked: bool,
    /// The owning admin's number plus one; 0 for nobody.
    pub(crate) owner: u16,
    pub(crate) tags: Vec<u32>,
    pub(crate) companies: Vec<u32>,
    pub(crate) notes: Vec<u32>,
    /// `(subscription type number, opted in)`.
    pub(crate) consents: Vec<(u16, bool)>,
    /// What calls have written, by field name; wins over what the seed gives.
    pub(crate) written: Option<Box<Map<String, Value>>>,
    /// What calls have written into custom attributes.
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
    /// Whether the texts come from the seed; a created contact has only what was written.
    pub(crate) generated: bool,
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

impl Contact {
    /// A contact of whom only the moment is known.
    pub(crate) fn new(row: u32, now: i64, is_lead: bool) -> Self {
        Self {
            row,
            created_at: now,
            updated_at: now,
            indexed_at: now,
            is_lead,
            life: Life::Listed,
            blocked: false,
            owner: 0,
            tags: Vec::new(),
            companies: Vec::new(),
            notes: Vec::new(),
            consents: Vec::new(),
            written: None,
            attributes: None,
            generated: false,
            kept: None,
        }
    }

    /// Whether a call has written its address or external id.
    pub(crate) fn is_renamed(&self) -> bool {
        let written = |field| {
            self.written
                .as_ref()
                .is_some_and(|written| written.contains_key(field))
        };
        written("email") || written("external_id")
    }

    /// Keeps what the seed gives for its role, so that another role changes nothing else.
    pub(crate) fn pin(&mut self, seed: u64) {
        if !self.generated {
            return;
        }
        for (field, text) in [
            ("name", self.name(seed)),
            ("email", self.email(seed)),
            ("external_id", self.external_id(seed)),
        ] {
            self.write(field, text.map_or(Value::Null, Value::String));
        }
        self.write(
            "signed_up_at",
            self.signed_up_at().map_or(Value::Null, Value::from),
        );
    }

    /// Whether lists and searches show it.
    pub(crate) fn is_listed(&self) -> bool {
        self.life == Life::Listed
    }

    /// The 24 hexadecimal characters of its id: the last eight are the row.
    pub(crate) fn id(&self, ids: &Ids) -> String {
        ids.contact(self.row)
    }

    fn seeded<T>(
        &self,
        field: &str,
        from_seed: impl FnOnce() -> Option<T>,
        from_value: impl FnOnce(&Value) -> Option<T>,
    ) -> Option<T> {
        match self.written.as_ref().and_then(|written| written.get(field)) {
            Some(value) => from_value(value),
            None if self.generated => from_seed(),
            None => None,
        }
    }

    fn text(&self, field: &str, from_seed: impl FnOnce() -> Option<String>) -> Option<String> {
        self.seeded(field, from_seed, |value| value.as_str().map(str::to_owned))
    }

    /// A field that only calls write.
    pub(crate) fn written_text(&self, field: &str) -> Option<String> {
        self.text(field, || None)
    }

    pub(crate) fn name(&self, seed: u64) -> Option<String> {
        // One lead in three has not said its name.
        self.text("name", || {
            (!self.is_lead || !self.row.is_multiple_of(3)).then(|| texts::person(mix(seed, 1, self.row)))
        })
    }

    pub(crate) fn email(&self, seed: u64) -> Option<String> {
        self.text("email", || {
            (!self.is_lead || self.row.is_multiple_of(2)).then(|| {
                let name = texts::person(mix(seed, 1, self.row));
                texts::email(&name, mix(seed, 2, self.row), self.row)
            })
        })
    }

    pub(crate) fn phone(&self, seed: u64) -> Option<String> {
        self.text("phone", || {
            (self.row.is_multiple_of(4)).then(|| texts::phone(mix(seed, 3, self.row)))
        })
    }

    pub(crate) fn external_id(&self, seed: u64) -> Option<String> {
        self.text("external_id", || {
            Some(if self.is_lead {
                texts::uuid(mix(seed, 4, self.row), self.row)
            } else {
                format!("user-{}", self.row + 1)
            })
        })
    }

    pub(crate) fn language(&self, seed: u64) -> &str {
        // Whoever was never on the website said nothing of a language, unless a loaded record did.
        if !self.generated {
            return kept::text(&self.kept, "browser_language").unwrap_or("en");
        }
        seeded_language(seed, self.row)
    }

    pub(crate) fn time(&self, field: &str, from_seed: impl FnOnce() -> Option<i64>) -> Option<i64> {
        self.seeded(field, from_seed, Value::as_i64)
    }

    pub(crate) fn last_seen_at(&self) -> Option<i64> {
        self.time("last_seen_at", || {
            Some(self.updated_at - i64::from(self.row % 7_200))
        })
    }

    pub(crate) fn signed_up_at(&self) -> Option<i64> {
        self.time("signed_up_at", || (!self.is_lead).then_some(self.created_at))
    }

    pub(crate) fn flag(&self, field: &str) -> bool {
        self.written
            .as_ref()
            .and_then(|written| written.get(field))
            .and_then(Value::as_bool)
            .unwrap_or(false)
    }

    /// All custom attributes, the seed's and the written ones.
    pub(crate) fn custom_attributes(&self, seed: u64) -> Map<String, Value> {
        let mut all = if self.generated {
            texts::contact_attributes(seed, self.row)
        } else {
            Map::new()
        };
        if let Some(written) = &self.attributes {
            all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
        }
        all
    }

    /// Writes a field.
    pub(crate) fn write(&mut self, field: &str, value: Value) {
        self.written
            .get_or_insert_default()
            .insert(field.to_owned(), value);
    }
}

/// The language that the seed gives to a contact.
pub(crate) fn seeded_language(seed: u64, row: u32) -> &'static str {
    texts::LANGUAGES[(mix(seed, 5, row) % texts::LANGUAGES.len() as u64) as usize]
}

/// The step between the first eight digits of two contacts' ids.
const STEP: u32 = 97;

/// The id of the contact at a row: like the platform's, it begins with digits that grow over the years.
pub(super) fn id(seed: u64, row: u32) -> String {
    let age = row
        .wrapping_mul(STEP)
        .wrapping_add(mix(seed, 6, row) as u32 % STEP);
    format!(
        "{:08x}{:08x}{row:08x}",
        0x6000_0000_u32.wrapping_add(age),
        mix(seed, 7, row) as u32
    )
}

/// The row of an id that the workspace could have given out.
pub(super) fn row(seed: u64, text: &str) -> Option<u32> {
    let tail = text.get(16..24)?;
    let row = u32::from_str_radix(tail, 16).ok()?;
    (text.len() == 24 && id(seed, row) == text).then_some(row)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_row_and_a_made_up_one_nowhere() {
        for index in [0, 1, 77, 999_999] {
            assert_eq!(row(7, &id(7, index)), Some(index));
            assert_eq!(row(8, &id(7, index)), None);
        }
        for text in ["", "abc", "zzzzzzzzzzzzzzzzzzzzzzzz", "66e1aa22bb33cc44dd55ee660"] {
            assert_eq!(row(7, text), None, "{text}");
        }
    }
}
