//! Rows about one person or object run one after the other, in their order; all others run at once.
//!
//! The one rule: a row waits for every earlier row with which it shares an identity, also for one that itself waits; so two rows
//! about one person never change places, and nobody waits in a circle.

use std::{
    collections::{HashMap, HashSet, VecDeque},
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use serde_json::Value;

use crate::{Action, Place};

/// Names under which an input says whom or what it is about.
const IDENTITIES: [&str; 10] = [
    "contact_id",
    "external_id",
    "user_id",
    "email",
    "company_id",
    "company_external_id",
    "conversation_id",
    "ticket_id",
    "lead_id",
    "visitor_id",
];

/// Rows that wait for others, and what is being worked on.
#[derive(Debug)]
pub(super) struct Lanes<T> {
    busy: HashSet<u64>,
    parked: VecDeque<(Vec<u64>, T)>,
    held: HashMap<u64, Vec<u64>>,
}

impl<T> Default for Lanes<T> {
    fn default() -> Self {
        Self {
            busy: HashSet::new(),
            parked: VecDeque::new(),
            held: HashMap::new(),
        }
    }
}

impl<T> Lanes<T> {
    /// How many rows wait.
    pub(super) fn parked(&self) -> usize {
        self.parked.len()
    }

    /// Takes row `number` in; gives it back when it may start at once.
    pub(super) fn enter(&mut self, number: u64, identities: Vec<u64>, row: T) -> Option<T> {
        let is_free = |identity: &u64| {
            !self.busy.contains(identity)
                && !self.parked.iter().any(|(earlier, _)| earlier.contains(identity))
        };
        if identities.iter().all(is_free) {
            self.occupy(number, identities);
            return Some(row);
        }
        self.parked.push_back((identities, row));
        None
    }

    /// Frees what row `number` was about.
    pub(super) fn leave(&mut self, number: u64) {
        for identity in self.held.remove(&number).unwrap_or_default() {
            self.busy.remove(&identity);
        }
    }

    /// The first row that waited and may start now.
    pub(super) fn next(&mut self, number: impl Fn(&T) -> u64) -> Option<T> {
        let mut claimed: HashSet<u64> = HashSet::new();
        let place = self.parked.iter().position(|(identities, _)| {
            let is_free = identities
                .iter()
                .all(|identity| !self.busy.contains(identity) && !claimed.contains(identity));
            claimed.extend(identities);
            is_free
        })?;
        let (identities, row) = self.parked.remove(place)?;
        self.occupy(number(&row), identities);
        Some(row)
    }

    fn occupy(&mut self, number: u64, identities: Vec<u64>) {
        self.busy.extend(&identities);
        self.held.insert(number, identities);
    }
}

/// Whom or what an input is about, as numbers to compare.
pub(super) fn identities(action: &Action, input: &Value) -> Vec<u64> {
    let mut found = Vec::new();
    let Some(input) = input.as_object() else {
        return found;
    };
    // An operation's own form, and the same fields without it.
    let parts = ["path", "payload"]
        .into_iter()
        .filter_map(|part| input.get(part)?.as_object());
    for entries in parts.chain([input]) {
        for (name, value) in entries {
            let field = action.field(name);
            let name = field.map_or(name.as_str(), |field| field.name);
            let is_owner = field.is_some_and(|field| {
                field.place == Place::Path
                    && action.fields.iter().find(|own| own.place == Place::Path) == Some(field)
            });
            let text = match value {
                Value::String(text) if !text.trim().is_empty() => text.trim().to_lowercase(),
                Value::Number(number) => number.to_string(),
                _ => continue,
            };
            if is_owner || IDENTITIES.contains(&name) {
                let kind = if name == "user_id" { "external_id" } else { name };
                let mut hasher = DefaultHasher::new();
                (kind, text).hash(&mut hasher);
                found.push(hasher.finish());
            }
        }
    }
    found.sort_unstable();
    found.dedup();
    found
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn rows_about_one_person_wait_for_each_other_and_others_do_not() {
        let mut lanes = Lanes::default();
        // (row, identities, starts at once)
        for (row, identities, starts) in [
            (1, vec![1, 2], true),
            (2, vec![3], true),
            (3, vec![2, 4], false),
            // It would be free, but an earlier row that waits is about the same.
            (4, vec![4], false),
            (5, vec![], true),
        ] {
            assert_eq!(lanes.enter(row, identities, row).is_some(), starts, "{row}");
        }
        let next = |lanes: &mut Lanes<u64>| lanes.next(|row| *row);
        assert_eq!(next(&mut lanes), None);
        lanes.leave(2);
        assert_eq!(next(&mut lanes), None);
        lanes.leave(1);
        assert_eq!(next(&mut lanes), Some(3));
        assert_eq!(next(&mut lanes), None);
        lanes.leave(3);
        assert_eq!(next(&mut lanes), Some(4));
        assert_eq!(lanes.parked(), 0);
    }

    #[test]
    fn an_identity_is_the_same_however_it_is_given() {
        let operation = crate::action("contacts.update").unwrap();
        let tag = crate::action("tags.attach_to_contact").unwrap();
        let create = crate::action("contacts.create").unwrap();
        for (action, left, right, same) in [
            (
                create,
                json!({"email": "A@b.example"}),
                json!({"payload": {"email": " a@B.example"}}),
                true,
            ),
            (
                create,
                json!({"external_id": 7}),
                json!({"external_id": "7"}),
                true,
            ),
            (create, json!({"external_id": "7"}), json!({"email": "7"}), false),
            (
                operation,
                json!({"id": "7"}),
                json!({"path": {"id": "7"}, "payload": {"name": "x"}}),
                true,
            ),
            // What is put on is not whom it is put on.
            (
                tag,
                json!({"contact_id": "1", "id": "9"}),
                json!({"contact_id": "2", "id": "9"}),
                false,
            ),
        ] {
            let shares = identities(action, &left)
                .iter()
                .any(|identity| identities(action, &right).contains(identity));
            assert_eq!(shares, same, "{left} {right}");
        }
    }
}
