//! Finding contacts by what they are called, without looking at all of them.
//!
//! The one rule: generated names tell their row (see `texts.rs`), and every contact whose address or external id was ever
//! written is remembered by `touch_contact`; so these two together are all that can match.

use std::{
    collections::BTreeSet,
    hash::{DefaultHasher, Hash as _, Hasher as _},
};

use super::{Workspace, contact::Contact, order::Order};

/// The rows by each address and external id that was ever written to them. It holds what names are hashed to, so that a
/// million people take little room; whoever asks compares what is found.
#[derive(Clone, Debug, Default)]
pub(crate) struct WrittenNames(BTreeSet<(u64, u32)>);

impl WrittenNames {
    /// Remembers what a contact is called now.
    pub(crate) fn remember(&mut self, contact: &Contact, seed: u64) {
        let names = [contact.email(seed), contact.external_id(seed)];
        for name in names.into_iter().flatten() {
            self.0.insert((hashed(&name), contact.row));
        }
    }

    /// The rows that this may have been written to, whatever the case of its letters.
    fn rows(&self, text: &str) -> impl Iterator<Item = u32> {
        let hash = hashed(text);
        self.0.range((hash, 0)..=(hash, u32::MAX)).map(|(_, row)| *row)
    }
}

fn hashed(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.to_lowercase().hash(&mut hasher);
    hasher.finish()
}

/// The rows whose generated address or external id could be this text.
fn generated(text: &str, count: u32) -> Vec<u32> {
    if let Some(number) = text
        .strip_prefix("user-")
        .and_then(|rest| rest.parse::<u32>().ok())
    {
        return number.checked_sub(1).into_iter().collect();
    }
    if let Some((local, _)) = text.rsplit_once('@') {
        let row = local.rsplit_once('.').and_then(|(_, row)| row.parse().ok());
        return row.into_iter().collect();
    }
    // A made-up external id ends in the lowest bits of its row.
    let low = text
        .get(32..36)
        .filter(|_| text.len() == 36)
        .and_then(|tail| u32::from_str_radix(tail, 16).ok());
    low.map(|low| (low..count).step_by(0x1_0000).collect())
        .unwrap_or_default()
}

impl Workspace {
    /// The contacts that may have any of these addresses or external ids, in order of their rows.
    pub(crate) fn perhaps_called<'w>(&'w self, texts: &[&str]) -> impl Iterator<Item = &'w Contact> {
        let count = self.contacts.len() as u32;
        let mut rows: BTreeSet<u32> = texts.iter().flat_map(|text| generated(text, count)).collect();
        let written = &self.reference.extra.written_names;
        rows.extend(texts.iter().flat_map(|text| written.rows(text)));
        rows.into_iter().filter_map(|row| self.contacts.get(row as usize))
    }

    /// The listed contacts that may have any of these ids, addresses or external ids, whatever the case of their letters,
    /// in the order of their last change.
    pub(crate) fn order_of_perhaps_called(&self, texts: &[String]) -> Order {
        let lower: Vec<String> = texts.iter().map(|text| text.to_ascii_lowercase()).collect();
        let lower: Vec<&str> = lower.iter().map(String::as_str).collect();
        let as_told = texts.iter().map(String::as_str).chain(lower.iter().copied());
        let by_id = as_told.filter_map(|text| self.ids.contact_row(text));
        let by_id = by_id.filter_map(|row| self.contacts.get(row as usize));
        let mut order = Order::default();
        for contact in self.perhaps_called(&lower).chain(by_id) {
            if contact.is_listed() {
                order.insert(contact.updated_at, contact.row);
            }
        }
        order
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::testing::TestSim;

    #[test]
    fn every_contact_is_found_by_each_of_its_names() {
        let sim = TestSim::with(|options| options.contacts = 1_500);
        let workspace = crate::pipeline::read(&sim.state.workspace);
        for contact in &workspace.contacts {
            for name in [contact.email(workspace.seed), contact.external_id(workspace.seed)]
                .into_iter()
                .flatten()
            {
                let found = workspace
                    .perhaps_called(&[&name])
                    .any(|found| found.row == contact.row);
                assert!(found, "{name} of row {}", contact.row);
            }
        }
        assert!(
            workspace.perhaps_called(&["user-1"]).count() < 100,
            "few are looked at"
        );
    }

    #[test]
    fn written_names_are_found_in_any_case_without_looking_at_all_that_were_written() {
        let sim = TestSim::with(|options| options.contacts = 0);
        for number in 0..500 {
            let body =
                json!({ "external_id": format!("Own-{number}"), "email": format!("Ö{number}@Example.com") });
            assert_eq!(sim.json("POST", "/contacts", Some(&body)).0, 200);
        }
        let workspace = crate::pipeline::read(&sim.state.workspace);
        for name in ["own-17", "OWN-17", "ö17@example.com", "Ö17@EXAMPLE.COM"] {
            let found: Vec<_> = workspace.perhaps_called(&[name]).collect();
            assert!(
                found
                    .iter()
                    .any(|contact| contact.external_id(workspace.seed).as_deref() == Some("Own-17")),
                "{name}"
            );
            assert!(found.len() < 5, "few are looked at for {name}");
        }
        assert_eq!(workspace.perhaps_called(&["own-500"]).count(), 0);
    }
}
