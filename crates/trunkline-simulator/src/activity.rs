//! A workspace's life: one thing happens at each step.
//!
//! The one rule: a step changes nothing that the platform would not tell by `updated_at` or by a list that is read whole;
//! names, for one, stay, because they also stand in what others wrote.

pub(crate) mod calls;
mod people;
mod threads;
pub(crate) mod workplace;

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::json;

use crate::{
    resources::{admins, tags},
    texts,
    webhooks::topic::Topic,
    workspace::{Workspace, contact::Contact, reference, reference::fields, ticket::Ticket},
};

/// Something that may happen.
type Happening = fn(&mut Workspace, i64, &mut ChaCha8Rng) -> Option<&'static str>;

/// What happens, and how often in relation to the rest.
const HAPPENINGS: &[(u32, Happening)] = &[
    (20, threads::written),
    (24, threads::answered),
    (7, threads::closed),
    (3, threads::snoozed),
    (3, threads::assigned),
    (10, threads::started),
    (2, threads::deleted),
    (8, threads::tagged),
    (4, threads::ticket_moved),
    (2, threads::ticket_opened),
    (6, people::tagged),
    (8, people::came_by),
    (5, people::joined),
    (2, people::merged),
    (2, people::archived),
    (1, people::deleted),
    (1, people::came_back),
    (2, people::noted),
    (2, people::consented),
    (2, people::moved_company),
    (3, people::company_changed),
    (1, people::company_founded),
    (1, people::event_told),
    (1, article_edited),
    (1, article_written),
    (1, tag_made),
    (1, admin_away),
    (1, workplace::admin_came_or_went),
    (1, workplace::limit_changed),
    (1, workplace::prioritized),
    (1, workplace::fin_answered),
    (1, workplace::ticket_rated),
    (1, workplace::content_came),
    (1, workplace::connector_ran),
    (1, calls::rang),
];

/// Lets one thing happen at `now` and says what.
pub(crate) fn step(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> &'static str {
    let total = HAPPENINGS.iter().map(|(weight, _)| weight).sum();
    let mut drawn = rng.random_range(0..total);
    for (weight, happening) in HAPPENINGS {
        if drawn < *weight {
            return happening(workspace, now, rng).unwrap_or("nothing could happen");
        }
        drawn -= weight;
    }
    "nothing could happen"
}

/// A listed contact for which something holds, if one is soon found.
pub(crate) fn any_contact(
    workspace: &Workspace,
    rng: &mut ChaCha8Rng,
    wanted: impl Fn(&Contact) -> bool,
) -> Option<u32> {
    let count = workspace.contacts.len() as u32;
    (0..20.min(count))
        .map(|_| rng.random_range(0..count))
        .find(|row| {
            let contact = &workspace.contacts[*row as usize];
            contact.is_listed() && wanted(contact)
        })
}

/// A listed conversation, if one is soon found.
pub(crate) fn any_conversation(workspace: &Workspace, rng: &mut ChaCha8Rng) -> Option<u32> {
    let count = workspace.conversations.len() as u32;
    (0..20.min(count))
        .map(|_| rng.random_range(0..count))
        .find(|row| workspace.conversations[*row as usize].is_listed())
}

/// The number of an admin.
pub(crate) fn any_admin(workspace: &Workspace, rng: &mut ChaCha8Rng) -> u16 {
    rng.random_range(0..workspace.reference.admins.len() as u16)
}

/// Some ticket of those that `fits`, if one is found soon.
fn any_ticket(workspace: &Workspace, rng: &mut ChaCha8Rng, fits: fn(&Ticket) -> bool) -> Option<u32> {
    let count = workspace.tickets.len() as u32;
    (0..20.min(count))
        .map(|_| rng.random_range(0..count))
        .find(|row| {
            let ticket = &workspace.tickets[*row as usize];
            !ticket.deleted && fits(ticket)
        })
}

/// A tag that was not deleted.
fn any_tag(workspace: &Workspace, rng: &mut ChaCha8Rng) -> Option<u32> {
    if workspace.tags.is_empty() {
        return None;
    }
    let tag = rng.random_range(0..workspace.tags.len() as u32);
    (!workspace.tags[tag as usize].deleted).then_some(tag)
}

/// Puts an entry into a list, or takes it out.
fn toggle(list: &mut Vec<u32>, entry: u32) {
    match list.iter().position(|known| *known == entry) {
        Some(place) => {
            list.remove(place);
        }
        None => list.push(entry),
    }
}

fn article_edited(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let count = workspace.reference.articles.len();
    let place = rng.random_range(0..count.max(1));
    let article = fields(workspace.reference.articles.get_mut(place)?);
    article.insert("description".to_owned(), json!(format!("Edited at {now}")));
    article.insert("updated_at".to_owned(), json!(now));
    workspace.changed();
    workspace.tell_edit(place, now);
    Some("an article was edited")
}

fn article_written(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let id = workspace.reference.next_id();
    let text = reference::ArticleText {
        title: format!("Release notes {id}"),
        body: format!(
            "<p class=\"no-margin\">{}</p>",
            texts::replies::line(rng.random_range(0..12))
        ),
        author: workspace.ids.admin(any_admin(workspace, rng)),
        state: "published",
        parent: None,
        created_at: now,
        updated_at: now,
    };
    let article = reference::article(&workspace.id_code, id, &text);
    workspace.reference.articles.push(article);
    workspace.changed();
    let place = workspace.reference.articles.len() - 1;
    workspace.tell_article(Topic::ArticleCreated, place, None, now);
    Some("an article was written")
}

fn tag_made(workspace: &mut Workspace, _: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let name = format!("campaign {}", rng.random_range(1..1_000));
    tags::by_name(workspace, name);
    workspace.changed();
    Some("a tag was made")
}

fn admin_away(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let number = any_admin(workspace, rng);
    let is_away = workspace.reference.admins[usize::from(number)]["away_mode_enabled"] == true;
    admins::set(workspace, number, !is_away, false, None, now);
    Some(if is_away {
        "a teammate came back"
    } else {
        "a teammate went away"
    })
}
