//! A ticket and its parts.

use serde_json::{Map, Value};

use super::{
    conversation::{self, Author, Part, PartKind, STEP, Text},
    ids::Ids,
    kept::{self, Kept},
};

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
    /// What it was loaded with beyond these.
    pub(crate) kept: Kept,
}

/// Tickets are numbered between the conversations: both draw from one space of ids.
const FIRST: u64 = conversation::FIRST + STEP / 2;
/// Parts of one ticket are numbered within this span.
pub(super) const PART_SPAN: u64 = 100_000;
pub(super) const FIRST_PART: u64 = 900_000_000_000;

impl Ticket {
    pub(crate) fn id(&self, ids: &Ids) -> String {
        self.conversation
            .map_or_else(|| ids.ticket(self.row), |row| ids.conversation(row))
    }

    /// Puts the ticket into another state, which its parts tell.
    pub(crate) fn change_state(&mut self, to: u16, author: Author, at: i64) {
        let kind = PartKind::TicketState { from: self.state, to };
        self.parts.push(Part::new(kind, author, at, Text::None));
        self.state = to;
    }

    /// The short number that people use.
    pub(crate) fn ticket_id(&self, ids: &Ids) -> String {
        ids.ticket_number(self.row)
    }

    pub(crate) fn part_id(&self, ids: &Ids, index: usize) -> String {
        self.parts
            .get(index)
            .and_then(|part| kept::text(&part.kept, "id"))
            .map_or_else(|| ids.ticket_part(self.row, index), str::to_owned)
    }
}

/// The number of the ticket at a row.
pub(super) fn number(row: u32) -> u64 {
    FIRST + u64::from(row) * STEP
}

/// The row that a number was made for.
pub(super) fn row(number: u64) -> Option<u32> {
    let offset = number.checked_sub(FIRST)?;
    (offset % STEP == 0)
        .then(|| u32::try_from(offset / STEP).ok())
        .flatten()
}
