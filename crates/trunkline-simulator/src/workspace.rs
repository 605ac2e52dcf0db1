//! The state of a simulated workspace: compact rows, ordered indexes and small reference lists.
//!
//! The one rule: whoever changes a row calls its `touch`, which moves the row in its index and counts the change, so that
//! searches and cached totals stay true. Texts are not stored but made from the seed (`texts.rs`), until a call writes some.

pub(crate) mod ai_agent;
pub(crate) mod call;
pub(crate) mod company;
pub(crate) mod contact;
pub(crate) mod content;
pub(crate) mod conversation;
pub(crate) mod extra;
pub(crate) mod ids;
pub(crate) mod kept;
pub(crate) mod lists;
mod lookup;
pub(crate) mod order;
pub(crate) mod people;
pub(crate) mod reference;
pub(crate) mod statistics;
pub(crate) mod ticket;

use std::{
    collections::{BTreeMap, HashMap},
    sync::Mutex,
};

use jiff::tz::TimeZone;

use self::{
    call::Call,
    company::Company,
    contact::Contact,
    conversation::Conversation,
    ids::Ids,
    order::Order,
    people::{Note, Segment, Tag},
    reference::Reference,
    ticket::Ticket,
};
use crate::{files::File, webhooks::outbox::Outbox};

/// How many searches' totals are remembered.
const MOST_TOTALS: usize = 64;

/// An open scroll over the companies.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Scroll {
    pub(crate) param: String,
    /// The next company's number.
    pub(crate) next: u32,
    pub(crate) used_at: i64,
}

/// A data event of a contact.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Event {
    pub(crate) contact: u32,
    pub(crate) name: String,
    pub(crate) created_at: i64,
    pub(crate) metadata: serde_json::Map<String, serde_json::Value>,
    /// The id that it was loaded with.
    pub(crate) id: Option<Box<str>>,
}

/// One simulated workspace.
#[derive(Debug)]
pub(crate) struct Workspace {
    pub(crate) seed: u64,
    /// What rows are called.
    pub(crate) ids: Ids,
    /// The eight-character code that the platform calls `id_code`.
    pub(crate) id_code: String,
    pub(crate) name: String,
    pub(crate) time_zone: TimeZone,
    pub(crate) zone_name: String,
    pub(crate) created_at: i64,
    /// Counts changes; cached totals are true for one revision.
    pub(crate) revision: u64,
    pub(crate) contacts: Vec<Contact>,
    pub(crate) contact_order: Order,
    /// Merged contacts: from, into.
    pub(crate) merges: BTreeMap<u32, (u32, i64)>,
    pub(crate) companies: Vec<Company>,
    pub(crate) conversations: Vec<Conversation>,
    pub(crate) conversation_order: Order,
    /// Deleted conversations with the moment, oldest first.
    pub(crate) deleted_conversations: Vec<(u32, i64)>,
    pub(crate) tickets: Vec<Ticket>,
    pub(crate) ticket_order: Order,
    pub(crate) notes: Vec<Note>,
    pub(crate) tags: Vec<Tag>,
    pub(crate) segments: Vec<Segment>,
    pub(crate) events: Vec<Event>,
    pub(crate) calls: Vec<Call>,
    /// The files that calls attached.
    pub(crate) files: Vec<File>,
    /// How many seconds the address of a file is good.
    pub(crate) file_life: i64,
    /// Where the simulator is found when no request says it.
    pub(crate) address: String,
    pub(crate) reference: Reference,
    /// Open scrolls: one, unless the lock is switched off.
    pub(crate) scrolls: Vec<Scroll>,
    pub(crate) scrolls_opened: u64,
    /// Totals of searches, true for the revision they were counted at.
    pub(crate) totals: Mutex<HashMap<String, (u64, usize)>>,
    /// What is still to be told to subscribers.
    pub(crate) outbox: Outbox,
}

impl Workspace {
    /// Says that something changed.
    pub(crate) fn changed(&mut self) {
        self.revision += 1;
    }

    /// The total of a search, if it was counted since the last change.
    pub(crate) fn counted(&self, search: &str) -> Option<usize> {
        let totals = self
            .totals
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let (revision, total) = totals.get(search)?;
        (*revision == self.revision).then_some(*total)
    }

    /// Remembers the total of a search until the next change.
    pub(crate) fn remember_count(&self, search: String, total: usize) {
        let mut totals = self
            .totals
            .lock()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        if totals.len() >= MOST_TOTALS {
            totals.clear();
        }
        totals.insert(search, (self.revision, total));
    }

    /// A number that is counted once for each revision of the workspace.
    pub(crate) fn total(&self, of: String, count: impl FnOnce() -> usize) -> usize {
        self.counted(&of).unwrap_or_else(|| {
            let total = count();
            self.remember_count(of, total);
            total
        })
    }

    /// Moves a contact to `now` in the index of changes.
    pub(crate) fn touch_contact(&mut self, row: u32, now: i64) {
        let contact = &mut self.contacts[row as usize];
        self.contact_order.remove(contact.updated_at, row);
        contact.updated_at = now;
        if contact.is_renamed() {
            self.reference.extra.written_names.remember(contact, self.seed);
        }
        if contact.is_listed() {
            self.contact_order.insert(now, row);
        }
        self.changed();
    }

    /// Moves a conversation to `now` in the index of changes.
    pub(crate) fn touch_conversation(&mut self, row: u32, now: i64) {
        let conversation = &mut self.conversations[row as usize];
        self.conversation_order.remove(conversation.updated_at, row);
        conversation.updated_at = now;
        if conversation.is_listed() {
            self.conversation_order.insert(now, row);
        }
        self.changed();
    }

    /// Moves a ticket to `now` in the index of changes.
    pub(crate) fn touch_ticket(&mut self, row: u32, now: i64) {
        let ticket = &mut self.tickets[row as usize];
        self.ticket_order.remove(ticket.updated_at, row);
        ticket.updated_at = now;
        if !ticket.deleted {
            self.ticket_order.insert(now, row);
        }
        self.changed();
    }

    /// The segments that a contact is in.
    pub(crate) fn segments_of_contact(&self, contact: &Contact) -> impl Iterator<Item = &Segment> {
        self.segments
            .iter()
            .filter(move |segment| segment.holds_contact(self.seed, contact))
    }

    /// The segments that a company is in.
    pub(crate) fn segments_of_company(&self, company: &Company) -> impl Iterator<Item = &Segment> {
        self.segments
            .iter()
            .filter(move |segment| segment.holds_company(company))
    }

    /// The tag with this id, unless it was deleted.
    pub(crate) fn tag(&self, id: &str) -> Option<(u32, &Tag)> {
        let row = self
            .tags
            .iter()
            .position(|tag| !tag.deleted && tag.id.to_string() == id)?;
        Some((row as u32, &self.tags[row]))
    }

    /// How many contacts a company has, counting only those that are listed.
    pub(crate) fn contacts_of_company(&self, company: u32) -> impl Iterator<Item = (u32, &Contact)> {
        self.companies[company as usize]
            .contacts
            .iter()
            .map(|row| (*row, &self.contacts[*row as usize]))
            .filter(|(_, contact)| contact.is_listed())
    }
}
