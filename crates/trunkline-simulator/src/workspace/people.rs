//! What hangs on people: tags, notes and segments.

use std::collections::BTreeSet;

use super::{company::Company, contact::Contact, ids::Ids};

/// The first note's number.
pub(super) const FIRST_NOTE: u64 = 4_100_000;

/// A tag.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Tag {
    pub(crate) id: u64,
    pub(crate) name: String,
    pub(crate) deleted: bool,
}

/// What a note is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Subject {
    /// A contact's row.
    Contact(u32),
    /// A company's row.
    Company(u32),
}

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Note {
    pub(crate) row: u32,
    pub(crate) subject: Subject,
    /// The writing admin's number.
    pub(crate) admin: u16,
    pub(crate) created_at: i64,
    /// What was written; from the seed when `None`.
    pub(crate) body: Option<String>,
}

impl Note {
    pub(crate) fn id(&self, ids: &Ids) -> String {
        ids.note(self.row)
    }
}

/// Which people or companies a segment holds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Leads.
    Leads,
    /// Users who speak a language.
    Language(Box<str>),
    /// Contacts with at least so many companies.
    Companies(usize),
    /// Companies with at least so many people.
    Size(i64),
    /// Companies that pay at least so much a month.
    Spend(i64),
    /// These, as far as a loaded workspace says; whether it is one of leads.
    Members {
        is_of_leads: bool,
        contacts: BTreeSet<u32>,
        companies: BTreeSet<u32>,
    },
}

/// A segment; membership follows from its rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) id: String,
    pub(crate) name: String,
    pub(crate) rule: Rule,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
}

impl Segment {
    /// `contact` for segments of leads, `user` for all others: there is no word for segments of companies.
    pub(crate) fn person_type(&self) -> &'static str {
        match self.rule {
            Rule::Leads
            | Rule::Members {
                is_of_leads: true, ..
            } => "contact",
            _ => "user",
        }
    }

    pub(crate) fn holds_contact(&self, seed: u64, contact: &Contact) -> bool {
        contact.is_listed()
            && match &self.rule {
                Rule::Leads => contact.is_lead,
                Rule::Language(language) => !contact.is_lead && contact.language(seed) == &**language,
                Rule::Companies(least) => !contact.is_lead && contact.companies.len() >= *least,
                Rule::Members { contacts, .. } => contacts.contains(&contact.row),
                Rule::Size(_) | Rule::Spend(_) => false,
            }
    }

    pub(crate) fn holds_company(&self, company: &Company) -> bool {
        !company.deleted
            && match &self.rule {
                Rule::Size(least) => company.size.is_some_and(|size| size >= *least),
                Rule::Spend(least) => company.monthly_spend >= *least,
                Rule::Members { companies, .. } => companies.contains(&company.row),
                Rule::Leads | Rule::Language(_) | Rule::Companies(_) => false,
            }
    }
}
