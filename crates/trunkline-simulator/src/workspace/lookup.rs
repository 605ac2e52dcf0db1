//! Finding contacts by what they are called, without looking at all of them.
//!
//! The one rule: generated names tell their row (see `texts.rs`), and every contact whose address or external id was ever
//! written is remembered by `touch_contact`; so these two together are all that can match.

use std::collections::BTreeSet;

use super::{Workspace, contact::Contact, order::Order};

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
        rows.extend(&self.reference.extra.renamed);
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
}
