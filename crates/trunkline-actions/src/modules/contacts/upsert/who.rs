//! Who is meant: Intercom's id, an id of one's own, an email address, or several of them for one person.
//!
//! The one rule: an empty text is no identity, and an address is compared whatever the case of its letters.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde_json::Value;

use crate::Input;

/// The identities that an input gives for one person.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Who {
    /// Intercom's id.
    pub(crate) id: Option<String>,
    /// The id in one's own system.
    pub(crate) external_id: Option<String>,
    /// The email address.
    pub(crate) email: Option<String>,
}

/// An identity as a number: enough to wait by, and to remember by where what is found is held against the person again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Key(u64);

impl Key {
    fn of(kind: &str, text: &str) -> Self {
        let mut hasher = DefaultHasher::new();
        (kind, text).hash(&mut hasher);
        Self(hasher.finish())
    }

    /// Intercom's id.
    pub(crate) fn id(id: &str) -> Self {
        Self::of("id", id)
    }

    /// The id in one's own system.
    pub(crate) fn external_id(id: &str) -> Self {
        Self::of("external_id", id)
    }

    /// An email address, whoever has it.
    pub(crate) fn email(address: &str) -> Self {
        Self::of("email", &address.to_lowercase())
    }

    /// A user, or a lead, with an email address.
    pub(super) fn holder(address: &str, is_lead: bool) -> Self {
        Self::of(if is_lead { "lead" } else { "user" }, &address.to_lowercase())
    }

    /// A person by everything that is given but Intercom's id.
    pub(super) fn person(who: &Who) -> Self {
        let text = format!(
            "{:?} {:?}",
            who.external_id,
            who.email.as_deref().map(str::to_lowercase)
        );
        Self::of("person", &text)
    }

    /// That the contact with this id went away.
    pub(super) fn gone(id: &str) -> Self {
        Self::of("gone", id)
    }
}

impl Who {
    /// What an input says.
    pub(crate) fn of(input: &Input) -> Self {
        let given = |name: &str| {
            input
                .text(name)
                .map(str::trim)
                .filter(|text| !text.is_empty())
                .map(str::to_owned)
        };
        Self {
            id: given("contact_id"),
            external_id: given("external_id"),
            email: given("email"),
        }
    }

    /// Whether nothing tells who is meant.
    pub(crate) const fn is_nobody(&self) -> bool {
        self.id.is_none() && self.external_id.is_none() && self.email.is_none()
    }

    /// Its identities, to wait by.
    pub(crate) fn keys(&self) -> Vec<Key> {
        let id = self.id.as_deref().map(Key::id);
        let external_id = self.external_id.as_deref().map(Key::external_id);
        let email = self.email.as_deref().map(Key::email);
        [id, external_id, email].into_iter().flatten().collect()
    }

    /// Whether a contact has the external id that is given.
    pub(crate) fn has_external_id_of(&self, contact: &Value) -> bool {
        self.external_id.is_some() && self.external_id.as_deref() == external_id(contact)
    }

    /// Whether a contact has the address that is given.
    pub(crate) fn has_email_of(&self, contact: &Value) -> bool {
        let same = |given: &String| {
            contact["email"]
                .as_str()
                .is_some_and(|held| held.to_lowercase() == given.to_lowercase())
        };
        self.email.as_ref().is_some_and(same)
    }

    /// Whether a contact with the given address may be the person: one that has another external id is somebody else.
    pub(crate) fn may_claim(&self, contact: &Value) -> bool {
        self.external_id.is_none() || external_id(contact).is_none() || self.has_external_id_of(contact)
    }
}

/// A contact's external id, when it has one.
pub(crate) fn external_id(contact: &Value) -> Option<&str> {
    contact["external_id"].as_str().filter(|id| !id.is_empty())
}

/// Whether a contact is a lead.
pub(crate) fn is_lead(contact: &Value) -> bool {
    contact["role"] == "lead"
}
