//! What happens in conversations and tickets.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use super::{any_admin, any_contact, any_conversation, any_tag, any_ticket, workplace};
use crate::{
    resources::{conversations, tags},
    texts::replies::{self, Turn},
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{
        Workspace,
        conversation::{Assignee, Author, Conversation, Part, PartKind, State, Text},
        ticket::Ticket,
    },
};

/// Adds a part to a conversation that was in this state before.
fn push(workspace: &mut Workspace, row: u32, was: State, part: Part) {
    let at = part.at;
    workspace.conversations[row as usize].parts.push(part);
    workspace.touch_conversation(row, at);
    workspace.tell_part(row, was, at);
}

/// What is said in a conversation, in the language of its first contact.
pub(super) fn said(workspace: &Workspace, row: u32, turn: Turn, rng: &mut ChaCha8Rng) -> Text {
    let first = workspace.conversations[row as usize].contacts.first();
    let language = first.map_or("en", |contact| {
        workspace.contacts[*contact as usize].language(workspace.seed)
    });
    Text::Seeded(replies::number(language, turn, rng.random()))
}

pub(super) fn written(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let contact = *workspace.conversations[row as usize].contacts.first()?;
    let text = said(workspace, row, Turn::Question, rng);
    let conversation = &mut workspace.conversations[row as usize];
    let was = std::mem::replace(&mut conversation.state, State::Open);
    conversation.snoozed_until = None;
    conversation.read = false;
    push(
        workspace,
        row,
        was,
        Part::new(PartKind::Comment, Author::Contact(contact), now, text),
    );
    if workspace.contacts[contact as usize].is_listed() {
        workspace.contacts[contact as usize].write("last_replied_at", json!(now));
        workspace.touch_contact(contact, now);
    }
    Some("a person wrote")
}

pub(super) fn answered(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    let is_first = workspace.conversations[row as usize].parts.is_empty();
    let text = said(
        workspace,
        row,
        if is_first { Turn::Greeting } else { Turn::Answer },
        rng,
    );
    let kind = if rng.random_bool(0.1) {
        PartKind::Note
    } else {
        PartKind::Comment
    };
    workspace.conversations[row as usize].admin = admin + 1;
    let was = workspace.conversations[row as usize].state;
    push(
        workspace,
        row,
        was,
        Part::new(kind, Author::Admin(admin), now, text),
    );
    Some("a teammate answered")
}

pub(super) fn closed(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    let is_rated = rng.random_bool(0.4);
    let conversation = &mut workspace.conversations[row as usize];
    let was = std::mem::replace(&mut conversation.state, State::Closed);
    conversation.snoozed_until = None;
    if is_rated {
        if let Some(kept) = &mut conversation.kept {
            kept.remove("conversation_rating");
        }
        conversation.rating = Some((rng.random_range(1..=5), now));
    }
    push(
        workspace,
        row,
        was,
        Part::new(PartKind::Close, Author::Admin(admin), now, Text::None),
    );
    if is_rated {
        workspace.tell_conversation(Topic::ConversationRatingAdded, row, now);
    }
    Some(if is_rated {
        "a conversation was closed and rated"
    } else {
        "a conversation was closed"
    })
}

pub(super) fn snoozed(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    let conversation = &mut workspace.conversations[row as usize];
    let was = std::mem::replace(&mut conversation.state, State::Snoozed);
    conversation.snoozed_until = Some(now + rng.random_range(1..72) * 3_600);
    push(
        workspace,
        row,
        was,
        Part::new(PartKind::Snoozed, Author::Admin(admin), now, Text::None),
    );
    Some("a conversation was snoozed")
}

pub(super) fn assigned(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    if workspace.reference.teams.is_empty() {
        return None;
    }
    let team = rng.random_range(0..workspace.reference.teams.len() as u16);
    workspace.conversations[row as usize].team = team + 1;
    let was = workspace.conversations[row as usize].state;
    let kind = PartKind::Assignment(Assignee::Team(team));
    push(
        workspace,
        row,
        was,
        Part::new(kind, Author::Admin(admin), now, Text::None),
    );
    Some("a conversation was assigned")
}

pub(super) fn started(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.conversations.len() as u32;
    let mut conversation = Conversation::new(row, contact, now, Text::Seeded(rng.random()));
    conversation.team = rng.random_range(0..=workspace.reference.teams.len() as u16);
    workspace.conversations.push(conversation);
    workspace.touch_conversation(row, now);
    workspace.tell_beginning(row, now);
    if rng.random_bool(0.3) {
        let text = said(workspace, row, Turn::Answer, rng);
        workplace::say(workspace, row, text, now, rng.random(), None);
    }
    Some("a conversation began")
}

pub(super) fn deleted(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    conversations::remove(workspace, row, now);
    Some("a conversation was deleted")
}

pub(super) fn tagged(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let tag = any_tag(workspace, rng)?;
    let row = any_conversation(workspace, rng)?;
    let is_tagged = workspace.conversations[row as usize].tags.contains(&tag);
    tags::set_on_conversation(workspace, row, tag, !is_tagged, now);
    Some("a tag came to a conversation or went")
}

pub(super) fn ticket_moved(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let row = any_ticket(workspace, rng, |_| true)?;
    let state = rng.random_range(0..workspace.reference.ticket_states.len() as u16);
    let admin = any_admin(workspace, rng);
    let is_resolved = workspace.reference.ticket_states[usize::from(state)]["category"] == "resolved";
    let ticket = &mut workspace.tickets[row as usize];
    let (first, was_open) = (ticket.parts.len(), ticket.open);
    ticket.change_state(state, Author::Admin(admin), now);
    ticket.open = !is_resolved;
    workspace.touch_ticket(row, now);
    workspace.tell_ticket_parts(row, first, was_open, now);
    Some("a ticket moved on")
}

pub(super) fn ticket_opened(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.tickets.len() as u32;
    workspace.tickets.push(Ticket {
        row,
        conversation: None,
        created_at: now,
        updated_at: now,
        deleted: false,
        generated: true,
        ticket_type: rng.random_range(0..workspace.reference.ticket_types.len().min(3) as u16),
        state: 0,
        contacts: vec![contact],
        admin: 0,
        team: rng.random_range(0..=workspace.reference.teams.len() as u16),
        open: true,
        is_shared: true,
        snoozed_until: None,
        parts: Vec::new(),
        tags: Vec::new(),
        attributes: None,
        kept: None,
    });
    workspace.touch_ticket(row, now);
    workspace.happened(Topic::TicketCreated, Subject::Ticket(row), now);
    Some("a ticket was opened")
}
