//! What a workspace remembers about people between two runs: whose turn it is, who was just written, which attributes exist.
//!
//! The one rule: all of it is an aid, bounded in number and in time; a process that remembers nothing ends with the same
//! contacts, after more calls.

use jiff::Timestamp;
use serde_json::Value;

use super::{
    ahead::Ahead,
    known::Known,
    shelf::Shelf,
    turns::Turns,
    who::{Key, external_id, is_lead},
};
use crate::Whereabouts;

/// What a workspace remembers about people.
#[derive(Debug, Default)]
pub(crate) struct People {
    /// Who is worked on.
    pub(crate) turns: Turns,
    /// Who was written a moment ago.
    pub(crate) known: Known,
    /// Who was looked up ahead.
    pub(crate) ahead: Ahead,
    /// The custom attributes of contacts.
    pub(crate) attributes: Shelf,
}

impl People {
    /// Remembers a contact that was made, or that has an identity which the search does not show yet.
    pub(crate) fn wrote(&self, contact: &Value, now: Timestamp) {
        let Some(id) = contact["id"].as_str() else {
            return;
        };
        self.known.came_back(id);
        if let Some(external_id) = external_id(contact) {
            self.known.remember(Key::external_id(external_id), id, now);
        }
        if let Some(email) = contact["email"].as_str() {
            let key = Key::holder(email, is_lead(contact));
            self.known.remember(key, id, now);
        }
    }

    /// Hears that a contact went away or came back, so that nobody is led to one that is not there.
    pub(crate) fn heard(&self, contact: &str, whereabouts: Whereabouts, now: Timestamp) {
        match whereabouts {
            Whereabouts::Back => self.known.came_back(contact),
            Whereabouts::Archived | Whereabouts::Gone => self.known.went(contact, now),
        }
    }
}
