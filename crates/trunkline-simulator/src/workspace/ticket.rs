//! A ticket and its parts.

use serde_json::{Map, Value};

use super::conversation::{self, Author, Part, PartKind, STEP, Text};

/// A ticket.
#[derive(Clone, Debug)]
pub(crate) struct Ticket {
    pub(crate) row: u32,
    pub(crate) created_at: i64,
    pub(crate) updated_at: i64,
    pub(crate) deleted: bool,
    /// The conversation that became this ticket and gave it its id.
    pub(crate) conversation: Option<u32>,
    /// Whether its texts come from the seed.
    pub(crate) generated: bool,
    /// The ticket type's number.
    pub(crate) ticket_type: u16,
    /// The state's number.
    pub(crate) state: u16,
    pub(crate) contacts: Vec<u32>,
    /// The assigned admin's number plus one; 0 for nobody.
    pub(crate) admin: u16,
    /// The assigned team's number plus one; 0 for none.
    pub(crate) team: u16,
    pub(crate) open: bool,
    pub(crate) is_shared: bool,
    pub(crate) snoozed_until: Option<i64>,
    pub(crate) parts: Vec<Part>,
    pub(crate) tags: Vec<u32>,
    /// What calls have written into the attributes.
    pub(crate) attributes: Option<Box<Map<String, Value>>>,
}

/// Tickets are numbered between the conversations: both draw from one space of ids.
const FIRST: u64 = conversation::FIRST + STEP / 2;
const PART_SPAN: u64 = 100_000;

impl Ticket {
    pub(crate) fn id(&self) -> String {
        self.conversation.map_or_else(|| id(self.row), conversation::id)
    }

    /// Puts the ticket into another state, which its parts tell.
    pub(crate) fn change_state(&mut self, to: u16, author: Author, at: i64) {
        let kind = PartKind::TicketState { from: self.state, to };
        self.parts.push(Part::new(kind, author, at, Text::None));
        self.state = to;
    }

    /// The short number that people use.
    pub(crate) fn ticket_id(&self) -> String {
        (u64::from(self.row) + 1).to_string()
    }

    pub(crate) fn part_id(&self, index: usize) -> String {
        (900_000_000_000 + u64::from(self.row + 1) * PART_SPAN + index as u64 + 1).to_string()
    }
}

/// The id of the ticket at a row.
pub(crate) fn id(row: u32) -> String {
    (FIRST + u64::from(row) * STEP).to_string()
}

/// The row of an id that the workspace could have given out.
pub(crate) fn row(text: &str) -> Option<u32> {
    let offset = text.parse::<u64>().ok()?.checked_sub(FIRST)?;
    (offset % STEP == 0)
        .then(|| u32::try_from(offset / STEP).ok())
        .flatten()
}
