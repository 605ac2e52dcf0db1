//! A workspace's life: one thing happens at each step.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::{
    resources::contacts,
    workspace::{
        Workspace,
        contact::Life,
        conversation::{Author, Conversation, Part, PartKind, State, Text},
        people::Note,
        reference::fields,
    },
};

/// Lets one thing happen at `now` and says what.
pub(crate) fn step(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> &'static str {
    match rng.random_range(0..100) {
        0..20 => written(workspace, now, rng),
        20..45 => answered(workspace, now, rng),
        45..52 => closed(workspace, now, rng),
        52..62 => started(workspace, now, rng),
        62..72 => tagged(workspace, now, rng),
        72..80 => edited(workspace, now, rng),
        80..85 => joined(workspace, now, rng),
        85..87 => merged(workspace, now, rng),
        87..89 => archived(workspace, now, rng),
        89..91 => deleted(workspace, now, rng),
        91..94 => company_changed(workspace, now, rng),
        94..96 => noted(workspace, now, rng),
        96..98 => ticket_moved(workspace, now, rng),
        _ => article_edited(workspace, now, rng),
    }
    .unwrap_or("nothing could happen")
}

fn any_contact(
    workspace: &Workspace,
    rng: &mut ChaCha8Rng,
    wanted: impl Fn(&crate::workspace::contact::Contact) -> bool,
) -> Option<u32> {
    let count = workspace.contacts.len();
    (0..20.min(count))
        .map(|_| rng.random_range(0..count as u32))
        .find(|row| {
            workspace.contacts[*row as usize].is_listed() && wanted(&workspace.contacts[*row as usize])
        })
}

fn any_conversation(workspace: &Workspace, rng: &mut ChaCha8Rng) -> Option<u32> {
    let count = workspace.conversations.len();
    (0..20.min(count))
        .map(|_| rng.random_range(0..count as u32))
        .find(|row| !workspace.conversations[*row as usize].deleted)
}

fn any_admin(workspace: &Workspace, rng: &mut ChaCha8Rng) -> u16 {
    rng.random_range(0..workspace.reference.admins.len() as u16)
}

fn push(workspace: &mut Workspace, row: u32, kind: PartKind, author: Author, text: Text, now: i64) {
    let conversation = &mut workspace.conversations[row as usize];
    conversation.parts.push(Part {
        kind,
        author,
        at: now,
        text,
        redacted: false,
    });
    workspace.touch_conversation(row, now);
}

fn written(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let contact = *workspace.conversations[row as usize].contacts.first()?;
    workspace.conversations[row as usize].state = State::Open;
    push(
        workspace,
        row,
        PartKind::Comment,
        Author::Contact(contact),
        Text::Seeded(rng.random()),
        now,
    );
    workspace.contacts[contact as usize].write("last_replied_at", json!(now));
    workspace.touch_contact(contact, now);
    Some("a person wrote")
}

fn answered(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    workspace.conversations[row as usize].admin = admin + 1;
    push(
        workspace,
        row,
        PartKind::Comment,
        Author::Admin(admin),
        Text::Seeded(rng.random()),
        now,
    );
    Some("a teammate answered")
}

fn closed(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    let conversation = &mut workspace.conversations[row as usize];
    conversation.state = State::Closed;
    if rng.random_bool(0.4) {
        conversation.rating = Some((rng.random_range(1..=5), now));
    }
    push(
        workspace,
        row,
        PartKind::Close,
        Author::Admin(admin),
        Text::None,
        now,
    );
    Some("a conversation was closed")
}

fn started(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.conversations.len() as u32;
    workspace.conversations.push(Conversation {
        row,
        created_at: now,
        updated_at: now,
        deleted: false,
        state: State::Open,
        read: false,
        priority: 0,
        contacts: vec![contact],
        admin: 0,
        team: rng.random_range(0..=workspace.reference.teams.len() as u16),
        tags: Vec::new(),
        source: Text::Seeded(rng.random()),
        parts: Vec::new(),
        title: None,
        snoozed_until: None,
        rating: None,
        attributes: None,
    });
    workspace.touch_conversation(row, now);
    Some("a conversation began")
}

fn tagged(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let tag = rng.random_range(0..workspace.tags.len() as u32);
    if workspace.tags[tag as usize].deleted {
        return None;
    }
    let toggle = |tags: &mut Vec<u32>| match tags.iter().position(|known| *known == tag) {
        Some(place) => {
            tags.remove(place);
        }
        None => tags.push(tag),
    };
    if rng.random_bool(0.5) {
        let row = any_contact(workspace, rng, |_| true)?;
        toggle(&mut workspace.contacts[row as usize].tags);
        workspace.touch_contact(row, now);
    } else {
        let row = any_conversation(workspace, rng)?;
        toggle(&mut workspace.conversations[row as usize].tags);
        workspace.touch_conversation(row, now);
    }
    Some("a tag came or went")
}

fn edited(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    let contact = &mut workspace.contacts[row as usize];
    contact
        .attributes
        .get_or_insert_default()
        .insert("lifetime_value".to_owned(), json!(rng.random_range(0..50_000)));
    contact.write("last_seen_at", json!(now));
    workspace.touch_contact(row, now);
    Some("a person came by")
}

fn joined(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let is_lead = rng.random_bool(0.5);
    let row = contacts::add(workspace, now, is_lead);
    let number = crate::texts::mix(workspace.seed, 80, row);
    let name = crate::texts::person(number);
    let email = crate::texts::email(&name, number, row);
    let contact = &mut workspace.contacts[row as usize];
    contact.write("name", json!(name));
    contact.write("email", json!(email));
    Some("a person joined")
}

fn merged(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let from = any_contact(workspace, rng, |contact| contact.is_lead)?;
    let into = any_contact(workspace, rng, |contact| !contact.is_lead)?;
    contacts::merge_rows(workspace, from, into, now);
    Some("a lead turned out to be a user")
}

fn archived(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    let life = if rng.random_bool(0.5) {
        Life::Archived
    } else {
        Life::Deleted
    };
    contacts::end(workspace, row, life, now);
    Some("a person left")
}

fn deleted(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    workspace.conversations[row as usize].deleted = true;
    workspace.touch_conversation(row, now);
    workspace.deleted_conversations.push((row, now));
    Some("a conversation was deleted")
}

fn company_changed(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    if workspace.companies.is_empty() {
        return None;
    }
    let row = rng.random_range(0..workspace.companies.len() as u32);
    let company = &mut workspace.companies[row as usize];
    if company.deleted {
        return None;
    }
    company.monthly_spend = rng.random_range(0..6_000);
    company.updated_at = now;
    workspace.changed();
    Some("a company changed")
}

fn noted(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.notes.len() as u32;
    let admin = any_admin(workspace, rng);
    workspace.notes.push(Note {
        row,
        contact,
        admin,
        created_at: now,
        body: None,
    });
    workspace.contacts[contact as usize].notes.push(row);
    workspace.touch_contact(contact, now);
    Some("a note was written")
}

fn ticket_moved(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    if workspace.tickets.is_empty() {
        return None;
    }
    let row = rng.random_range(0..workspace.tickets.len() as u32);
    let state = rng.random_range(0..workspace.reference.ticket_states.len() as u16);
    let admin = any_admin(workspace, rng);
    let ticket = &mut workspace.tickets[row as usize];
    if ticket.deleted {
        return None;
    }
    ticket.state = state;
    ticket.parts.push(Part {
        kind: PartKind::TicketState,
        author: Author::Admin(admin),
        at: now,
        text: Text::None,
        redacted: false,
    });
    workspace.touch_ticket(row, now);
    Some("a ticket moved on")
}

fn article_edited(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let count = workspace.reference.articles.len();
    let place = rng.random_range(0..count.max(1));
    let article = fields(workspace.reference.articles.get_mut(place)?);
    article.insert("description".to_owned(), json!(format!("Edited at {now}")));
    article.insert("updated_at".to_owned(), json!(now));
    workspace.changed();
    Some("an article was edited")
}
