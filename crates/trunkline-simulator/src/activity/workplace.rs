//! What teammates, Fin, connectors and outbound content bring about beside the threads themselves.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;

use super::{any_admin, any_contact, any_conversation, any_ticket, threads};
use crate::{
    generator::fin,
    resources::{
        activity_logs::{self, Limited},
        admins, data_connectors,
    },
    texts::replies::Turn,
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{
        Workspace,
        ai_agent::{Outcome, Rating},
        content::KINDS,
        conversation::{Author, Part, PartKind, Text},
    },
};

pub(super) fn admin_came_or_went(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let number = any_admin(workspace, rng);
    let is_in = rng.random_bool(0.5);
    admins::log_in_or_out(workspace, number, is_in, now);
    Some(if is_in {
        "a teammate logged in"
    } else {
        "a teammate logged out"
    })
}

pub(super) fn limit_changed(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let number = any_admin(workspace, rng);
    let limited = if rng.random_bool(0.5) {
        Limited::Conversations
    } else {
        Limited::Tickets
    };
    activity_logs::write_limit(workspace, number, limited, rng.random_range(1..30), now);
    Some("a teammate's assignment limit changed")
}

/// Gives a conversation another priority: 0 none, 1 low, 2 medium, 3 high, 4 urgent.
pub(crate) fn prioritize(workspace: &mut Workspace, row: u32, admin: u16, priority: u8, now: i64) {
    let conversation = &mut workspace.conversations[row as usize];
    conversation.priority = priority;
    let was = conversation.state;
    let part = Part::new(PartKind::Priority, Author::Admin(admin), now, Text::None);
    conversation.parts.push(part);
    workspace.touch_conversation(row, now);
    workspace.tell_part(row, was, now);
}

pub(super) fn prioritized(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let admin = any_admin(workspace, rng);
    let held = workspace.conversations[row as usize].priority;
    let other = (held + rng.random_range(1..5)) % 5;
    prioritize(workspace, row, admin, other, now);
    Some("a conversation was given another priority")
}

/// Fin answers in a conversation, which begins its part anew or ends it with `outcome`; `draw` decides what it answers from.
pub(crate) fn say(
    workspace: &mut Workspace,
    row: u32,
    text: Text,
    now: i64,
    draw: u64,
    outcome: Option<Outcome>,
) {
    let held = workspace.conversations[row as usize].ai_agent.take();
    let mut agent = held.unwrap_or_else(|| Box::new(fin::joined(draw)));
    fin::answer(workspace, &mut agent, draw);
    let conversation = &mut workspace.conversations[row as usize];
    agent.told = outcome;
    agent.since = conversation.parts.len() as u32 + 1;
    conversation.ai_agent = Some(agent);
    let was = conversation.state;
    let part = Part::new(PartKind::Comment, Author::Bot, now, text);
    conversation.parts.push(part);
    workspace.touch_conversation(row, now);
    workspace.tell_part(row, was, now);
}

pub(super) fn fin_answered(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    let conversation = &workspace.conversations[row as usize];
    let agent = conversation.ai_agent.as_deref();
    let can_rate =
        agent.is_some_and(|agent| agent.rating.is_none() && agent.outcome(&conversation.parts).is_some());
    if can_rate {
        rate_fin(workspace, row, rng.random_range(1..=5), None, now);
        return Some("Fin was rated");
    }
    let text = threads::said(workspace, row, Turn::Answer, rng);
    say(workspace, row, text, now, rng.random(), None);
    Some("Fin answered")
}

/// A person rates Fin's part in a conversation that has one.
pub(crate) fn rate_fin(
    workspace: &mut Workspace,
    row: u32,
    score: u8,
    remark: Option<&str>,
    now: i64,
) -> bool {
    let Some(agent) = &mut workspace.conversations[row as usize].ai_agent else {
        return false;
    };
    let created_at = agent.rating.take().and_then(|rating| rating.created_at);
    agent.rating = Some(Rating {
        score,
        remark: remark.map(Into::into),
        created_at: created_at.or(Some(now)),
        updated_at: Some(now),
    });
    workspace.touch_conversation(row, now);
    true
}

/// A ticket is rated. No ticket shows its rating; a conversation that became one does.
pub(crate) fn rate(workspace: &mut Workspace, row: u32, rating: u8, now: i64) {
    if let Some(conversation) = workspace.tickets[row as usize].conversation {
        workspace.conversations[conversation as usize].rating = Some((rating, now));
        workspace.touch_conversation(conversation, now);
    }
    workspace.touch_ticket(row, now);
    workspace.happened(Topic::TicketRatingProvided, Subject::Ticket(row), now);
}

pub(super) fn ticket_rated(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let row = any_ticket(workspace, rng, |ticket| !ticket.open)?;
    rate(workspace, row, rng.random_range(1..=5), now);
    Some("a ticket was rated")
}

pub(super) fn content_came(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let kind = &KINDS[rng.random_range(0..KINDS.len())];
    let then = kind.stats[rng.random_range(0..kind.stats.len())];
    let course = [(0, "receipt"), (20, then)];
    let course = if then == "receipt" { &course[..1] } else { &course };
    workspace.content_met(kind, contact, kind.title, course, now);
    Some("content came to a person")
}

pub(super) fn connector_ran(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let row = any_conversation(workspace, rng)?;
    data_connectors::run(workspace, None, Some(row), rng.random_bool(0.8), now)
        .then_some("a data connector ran")
}
