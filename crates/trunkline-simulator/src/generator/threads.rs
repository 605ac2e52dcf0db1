//! Conversations and tickets from a seed: threads that begin with a person, go back and forth and mostly end well.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{ADMINS, DAY, TAGS, TEAMS, distinct, fin, later, moment};
use crate::{
    Options,
    texts::replies::{self, Turn},
    workspace::{
        Workspace, contact,
        conversation::{Assignee, Author, Conversation, Part, PartKind, State, Text},
        ticket::Ticket,
    },
};

/// One conversation in so many has grown beyond what the API shows.
const LONG_ONE_IN: u32 = 5_000;
/// How many parts such a one has.
const LONG: u32 = 620;

/// The people of a thread and the language that they speak.
#[derive(Clone, Copy)]
pub(super) struct Pair {
    pub(super) contact: u32,
    admin: u16,
    pub(super) language: &'static str,
}

/// A contact that lists show.
fn anybody(workspace: &Workspace, rng: &mut ChaCha8Rng) -> u32 {
    let count = workspace.contacts.len() as u32;
    let mut row = rng.random_range(0..count);
    // Merged leads are few, so the next one is soon found.
    while !workspace.contacts[row as usize].is_listed() {
        row = (row + 1) % count;
    }
    row
}

fn pair(workspace: &Workspace, rng: &mut ChaCha8Rng) -> Pair {
    let contact = anybody(workspace, rng);
    let language = contact::seeded_language(workspace.seed, contact);
    Pair {
        contact,
        admin: rng.random_range(0..ADMINS),
        language,
    }
}

fn said(pair: Pair, turn: Turn, rng: &mut ChaCha8Rng) -> Text {
    Text::Seeded(replies::number(pair.language, turn, rng.random()))
}

/// The parts of a thread of this length, and when the last one was written.
fn thread(
    pair: Pair,
    count: u32,
    closes: bool,
    created_at: i64,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> (Vec<Part>, i64) {
    let mut parts = Vec::with_capacity(count as usize);
    let mut at = created_at;
    let admin = Author::Admin(pair.admin);
    let person = Author::Contact(pair.contact);
    let mut has_greeted = false;
    for index in 0..count {
        at = later(at, now, rng).min(at + rng.random_range(60..4 * 3_600));
        let left = count - index;
        let (kind, author, text) = match rng.random_range(0..10) {
            _ if closes && left == 1 => (PartKind::Close, admin, Text::None),
            _ if closes && left == 2 && count > 3 => {
                (PartKind::Comment, admin, said(pair, Turn::Parting, rng))
            }
            _ if closes && left == 3 && count > 3 => {
                (PartKind::Comment, person, said(pair, Turn::Thanks, rng))
            }
            0..4 if index == 0 => (
                PartKind::Assignment(Assignee::Admin(pair.admin)),
                admin,
                Text::None,
            ),
            _ if !has_greeted => {
                has_greeted = true;
                (PartKind::Comment, admin, said(pair, Turn::Greeting, rng))
            }
            0 => (PartKind::Note, admin, said(pair, Turn::Answer, rng)),
            1..6 => (PartKind::Comment, admin, said(pair, Turn::Answer, rng)),
            _ => (PartKind::Comment, person, said(pair, Turn::Question, rng)),
        };
        parts.push(Part::new(kind, author, at, text));
    }
    (parts, at)
}

fn some_team(rng: &mut ChaCha8Rng) -> u16 {
    if rng.random_bool(0.7) {
        rng.random_range(1..=TEAMS)
    } else {
        0
    }
}

pub(super) fn conversations(workspace: &mut Workspace, options: &Options, now: i64, rng: &mut ChaCha8Rng) {
    if workspace.contacts.is_empty() {
        return;
    }
    let offset = super::offset(workspace, now);
    for row in 0..options.conversations {
        let created_at = moment(row, options.conversations, now, offset, rng);
        let pair = pair(workspace, rng);
        let state = match rng.random_range(0..10) {
            0..3 => State::Open,
            3 => State::Snoozed,
            _ => State::Closed,
        };
        let count = if row % LONG_ONE_IN == 99 {
            LONG
        } else {
            rng.random_range(0..=u32::from(options.parts) * 2)
        };
        let (parts, at) = thread(pair, count, state == State::Closed, created_at, now, rng);
        let mut tags = Vec::new();
        let tag_count = usize::from(rng.random_bool(0.4)) + usize::from(rng.random_bool(0.1));
        distinct(&mut tags, tag_count, TAGS.len() as u32, rng);
        let source = Text::Seeded(rng.random());
        let mut conversation = Conversation {
            updated_at: at.max(created_at),
            state,
            read: rng.random_bool(0.8),
            priority: if rng.random_bool(0.1) {
                rng.random_range(1..5)
            } else {
                0
            },
            admin: if rng.random_bool(0.8) { pair.admin + 1 } else { 0 },
            team: some_team(rng),
            tags,
            parts,
            title: rng.random_bool(0.3).then(|| format!("Request {}", row + 1)),
            snoozed_until: (state == State::Snoozed).then_some(now + 7 * DAY),
            rating: (state == State::Closed && rng.random_bool(0.2)).then(|| (rng.random_range(1..=5), at)),
            ..Conversation::new(row, pair.contact, created_at, source)
        };
        fin::take_part(workspace, &mut conversation, pair, now);
        workspace.conversation_order.insert(conversation.updated_at, row);
        workspace.conversations.push(conversation);
    }
}

pub(super) fn tickets(workspace: &mut Workspace, count: u32, now: i64, rng: &mut ChaCha8Rng) {
    if workspace.contacts.is_empty() {
        return;
    }
    let offset = super::offset(workspace, now);
    let states = workspace.reference.ticket_states.len() as u16;
    for row in 0..count {
        let created_at = moment(row, count, now, offset, rng);
        let pair = pair(workspace, rng);
        let mut ticket = Ticket {
            row,
            conversation: None,
            created_at,
            updated_at: created_at,
            deleted: false,
            generated: true,
            ticket_type: rng.random_range(0..3),
            state: 0,
            contacts: vec![pair.contact],
            admin: if rng.random_bool(0.7) { pair.admin + 1 } else { 0 },
            team: some_team(rng),
            open: true,
            is_shared: true,
            snoozed_until: None,
            parts: Vec::new(),
            tags: Vec::new(),
            attributes: None,
            kept: None,
        };
        let replies = rng.random_range(0..4);
        let (parts, mut at) = thread(pair, replies, false, created_at, now, rng);
        ticket.parts = parts;
        for _ in 0..rng.random_range(0..3) {
            at = later(at, now, rng).min(at + rng.random_range(600..DAY));
            let state = rng.random_range(0..states);
            if state != ticket.state {
                ticket.change_state(state, Author::Admin(pair.admin), at);
            }
        }
        let category = workspace.reference.ticket_states[usize::from(ticket.state)]["category"].as_str();
        ticket.open = category != Some("resolved");
        ticket.updated_at = at.max(created_at);
        workspace.ticket_order.insert(ticket.updated_at, row);
        workspace.tickets.push(ticket);
    }
}
