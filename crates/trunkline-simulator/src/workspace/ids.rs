//! The ids of rows: those that a loaded workspace brought along, and those that are made for new rows.
//!
//! The one rule: no id that was brought along is ever made for a new row; `Ids::loaded` chooses where made ids begin so that
//! this holds. The loaded rows are the first of their list, in the order of the file.

use std::collections::HashMap;

use super::{call, company, contact, conversation, people, reference, ticket};
use crate::texts::mix;

/// Ids that came from outside, by row and back.
#[derive(Debug, Default)]
pub(crate) struct Named {
    texts: Vec<Box<str>>,
    rows: HashMap<Box<str>, u32>,
}

impl Named {
    /// The ids of the first rows, in their order.
    pub(crate) fn new(ids: Vec<String>) -> Self {
        let texts: Vec<Box<str>> = ids.into_iter().map(Into::into).collect();
        let rows = texts.iter().cloned().zip(0..).collect();
        Self { texts, rows }
    }

    fn text(&self, row: u32) -> Option<String> {
        self.texts.get(row as usize).map(ToString::to_string)
    }

    /// The row of an id: one that was brought along, or one that was made for a row behind those.
    fn row(&self, text: &str, made: impl FnOnce() -> Option<u32>) -> Option<u32> {
        let named = self.rows.get(text).copied();
        named.or_else(|| made().filter(|row| *row as usize >= self.texts.len()))
    }

    /// The largest number among the ids that are numbers.
    fn largest(&self) -> u64 {
        self.texts
            .iter()
            .filter_map(|text| text.parse().ok())
            .max()
            .unwrap_or(0)
    }
}

/// The ids that a loaded workspace brings along.
#[derive(Debug, Default)]
pub(crate) struct Brought {
    pub(crate) contacts: Vec<String>,
    pub(crate) companies: Vec<String>,
    pub(crate) conversations: Vec<String>,
    pub(crate) tickets: Vec<String>,
    pub(crate) ticket_numbers: Vec<String>,
    pub(crate) notes: Vec<String>,
    pub(crate) calls: Vec<String>,
    pub(crate) admins: Vec<u64>,
    pub(crate) teams: Vec<u64>,
    /// The largest id of a conversation's part or first message, and of a ticket's part.
    pub(crate) largest_part: u64,
    pub(crate) largest_message: u64,
    pub(crate) largest_ticket_part: u64,
}

/// Where the made ids of a workspace begin, and those that were brought along.
#[derive(Debug)]
pub(crate) struct Ids {
    /// What the ids of made contacts and companies are mixed from.
    seed: u64,
    contacts: Named,
    companies: Named,
    conversations: Named,
    tickets: Named,
    ticket_numbers: Named,
    notes: Named,
    calls: Named,
    admins: Vec<u64>,
    teams: Vec<u64>,
    /// What is added to the made number of each kind.
    threads_after: u64,
    numbers_after: u64,
    notes_after: u64,
    calls_after: u64,
    parts_after: u64,
    messages_after: u64,
    ticket_parts_after: u64,
}

/// How far the largest brought id lies behind the first made one, in whole steps of `step`.
fn behind(largest: u64, first: u64, step: u64) -> u64 {
    match largest.checked_sub(first) {
        None => 0,
        Some(distance) => (distance / step + 1) * step,
    }
}

/// Ids above this are no numbers to count on from.
const MOST: u64 = 1 << 62;

impl Ids {
    /// The ids of a workspace that was made from a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self::loaded(seed, Brought::default())
    }

    /// The ids of a workspace that brought these along.
    pub(crate) fn loaded(seed: u64, brought: Brought) -> Self {
        let contacts = Named::new(brought.contacts);
        let companies = Named::new(brought.companies);
        let conversations = Named::new(brought.conversations);
        let tickets = Named::new(brought.tickets);
        let ticket_numbers = Named::new(brought.ticket_numbers);
        let notes = Named::new(brought.notes);
        let calls = Named::new(brought.calls);
        let could_be_made = |seed: u64| {
            contacts.texts.iter().any(|id| contact::row(seed, id).is_some())
                || companies.texts.iter().any(|id| company::row(seed, id).is_some())
        };
        let mut own = seed;
        while could_be_made(own) {
            own = mix(own, 171, 0);
        }
        let largest = |named: &Named| named.largest().min(MOST);
        let threads = largest(&conversations).max(largest(&tickets));
        Self {
            seed: own,
            threads_after: behind(threads, conversation::FIRST, conversation::STEP),
            numbers_after: largest(&ticket_numbers).saturating_sub(ticket_numbers.texts.len() as u64),
            notes_after: behind(largest(&notes), people::FIRST_NOTE, 1),
            calls_after: behind(largest(&calls), call::FIRST, 1),
            parts_after: behind(brought.largest_part.min(MOST), 0, conversation::PART_SPAN),
            messages_after: behind(brought.largest_message.min(MOST), conversation::FIRST_MESSAGE, 1),
            ticket_parts_after: behind(
                brought.largest_ticket_part.min(MOST),
                ticket::FIRST_PART,
                ticket::PART_SPAN,
            ),
            contacts,
            companies,
            conversations,
            tickets,
            ticket_numbers,
            notes,
            calls,
            admins: brought.admins,
            teams: brought.teams,
        }
    }

    pub(crate) fn contact(&self, row: u32) -> String {
        self.contacts
            .text(row)
            .unwrap_or_else(|| contact::id(self.seed, row))
    }

    /// The row of a contact's id that the workspace could have given out.
    pub(crate) fn contact_row(&self, text: &str) -> Option<u32> {
        self.contacts.row(text, || contact::row(self.seed, text))
    }

    pub(crate) fn company(&self, row: u32) -> String {
        self.companies
            .text(row)
            .unwrap_or_else(|| company::id(self.seed, row))
    }

    /// The row of a company's id that the workspace could have given out.
    pub(crate) fn company_row(&self, text: &str) -> Option<u32> {
        self.companies.row(text, || company::row(self.seed, text))
    }

    pub(crate) fn conversation(&self, row: u32) -> String {
        self.conversations
            .text(row)
            .unwrap_or_else(|| (self.threads_after + conversation::number(row)).to_string())
    }

    /// The row of a conversation's id that the workspace could have given out.
    pub(crate) fn conversation_row(&self, text: &str) -> Option<u32> {
        self.conversations.row(text, || {
            conversation::row(text.parse::<u64>().ok()?.checked_sub(self.threads_after)?)
        })
    }

    /// The id of a ticket that was not a conversation before.
    pub(crate) fn ticket(&self, row: u32) -> String {
        self.tickets
            .text(row)
            .unwrap_or_else(|| (self.threads_after + ticket::number(row)).to_string())
    }

    /// The row of a ticket's id that the workspace could have given out.
    pub(crate) fn ticket_row(&self, text: &str) -> Option<u32> {
        self.tickets.row(text, || {
            ticket::row(text.parse::<u64>().ok()?.checked_sub(self.threads_after)?)
        })
    }

    /// The short number that people use for a ticket.
    pub(crate) fn ticket_number(&self, row: u32) -> String {
        self.ticket_numbers
            .text(row)
            .unwrap_or_else(|| (self.numbers_after + u64::from(row) + 1).to_string())
    }

    pub(crate) fn note(&self, row: u32) -> String {
        self.notes
            .text(row)
            .unwrap_or_else(|| (self.notes_after + people::FIRST_NOTE + u64::from(row)).to_string())
    }

    pub(crate) fn call(&self, row: u32) -> String {
        self.calls
            .text(row)
            .unwrap_or_else(|| (self.calls_after + call::FIRST + u64::from(row)).to_string())
    }

    /// The row of a call's id that the workspace could have given out.
    pub(crate) fn call_row(&self, text: &str) -> Option<u32> {
        self.calls.row(text, || {
            call::row(text.parse::<u64>().ok()?.checked_sub(self.calls_after)?)
        })
    }

    /// The id of the admin with this number.
    pub(crate) fn admin(&self, number: u16) -> u64 {
        let brought = self.admins.get(usize::from(number)).copied();
        brought.unwrap_or_else(|| reference::admin_id(number))
    }

    /// The id of the bot that acts for the platform.
    pub(crate) fn bot(&self) -> u64 {
        self.admin(0).saturating_sub(1)
    }

    /// The id of the team with this number.
    pub(crate) fn team(&self, number: u16) -> u64 {
        let brought = self.teams.get(usize::from(number)).copied();
        brought.unwrap_or_else(|| reference::team_id(number))
    }

    /// The made id of the part at an index of a conversation.
    pub(super) fn part(&self, row: u32, index: usize) -> String {
        (self.parts_after + u64::from(row + 1) * conversation::PART_SPAN + index as u64 + 1).to_string()
    }

    /// The made id of a conversation's first message.
    pub(crate) fn message(&self, row: u32) -> String {
        (self.messages_after + conversation::FIRST_MESSAGE + u64::from(row)).to_string()
    }

    /// The made id of the part at an index of a ticket.
    pub(super) fn ticket_part(&self, row: u32, index: usize) -> String {
        let made = ticket::FIRST_PART + u64::from(row + 1) * ticket::PART_SPAN + index as u64 + 1;
        (self.ticket_parts_after + made).to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_leads_back_to_its_row_and_a_made_up_one_nowhere() {
        let ids = Ids::new(7);
        for row in [0, 5, 1_000_000] {
            assert_eq!(ids.contact_row(&ids.contact(row)), Some(row));
            assert_eq!(ids.company_row(&ids.company(row)), Some(row));
            assert_eq!(ids.conversation_row(&ids.conversation(row)), Some(row));
            assert_eq!(ids.ticket_row(&ids.ticket(row)), Some(row));
            assert_eq!(ids.call_row(&ids.call(row)), Some(row));
        }
        for text in ["", "1", "215472600000001", "last"] {
            assert_eq!(ids.conversation_row(text), None, "{text}");
            assert_eq!(ids.contact_row(text), None, "{text}");
        }
    }

    #[test]
    fn made_ids_are_never_those_that_were_brought_along() {
        let made = Ids::new(7);
        let some = |id: &dyn Fn(u32) -> String| vec!["text".to_owned(), id(3), id(1)];
        let largest = |id: &dyn Fn(u32) -> String| id(40).parse::<u64>().unwrap_or(0);
        let loaded = Ids::loaded(
            7,
            Brought {
                contacts: some(&|row| made.contact(row)),
                companies: some(&|row| made.company(row)),
                conversations: some(&|row| made.conversation(row)),
                tickets: some(&|row| made.ticket(row)),
                ticket_numbers: some(&|row| made.ticket_number(row)),
                notes: some(&|row| made.note(row)),
                calls: some(&|row| made.call(row)),
                largest_part: largest(&|row| made.part(row, 0)),
                largest_message: largest(&|row| made.message(row)),
                largest_ticket_part: largest(&|row| made.ticket_part(row, 0)),
                ..Brought::default()
            },
        );
        for (before, after) in [
            (
                Ids::contact as fn(&Ids, u32) -> String,
                Ids::contact as fn(&Ids, u32) -> String,
            ),
            (Ids::company, Ids::company),
            (Ids::conversation, Ids::conversation),
            (Ids::ticket, Ids::ticket),
            (Ids::ticket_number, Ids::ticket_number),
            (Ids::note, Ids::note),
            (Ids::call, Ids::call),
            (Ids::message, |ids, row| ids.message(row)),
            (|ids, row| ids.part(row, 0), |ids, row| ids.part(row, 0)),
            (
                |ids, row| ids.ticket_part(row, 0),
                |ids, row| ids.ticket_part(row, 0),
            ),
        ] {
            let brought: Vec<String> = (0..3).map(|row| before(&made, [9, 3, 1][row])).collect();
            for row in 3..60 {
                assert!(!brought[1..].contains(&after(&loaded, row)), "row {row}");
            }
        }
        assert_eq!(loaded.contact_row(&made.contact(3)), Some(1));
        assert_eq!(loaded.contact_row(&loaded.contact(9)), Some(9));
        assert_eq!(loaded.contact_row(&made.contact(9)), None);
        assert_eq!(loaded.conversation_row(&loaded.conversation(9)), Some(9));
    }
}
