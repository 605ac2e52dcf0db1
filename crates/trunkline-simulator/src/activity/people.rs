//! What happens to contacts and companies.

use rand::RngExt as _;
use rand_chacha::ChaCha8Rng;
use serde_json::{Map, json};

use super::{any_admin, any_contact, any_tag, toggle};
use crate::{
    resources::{contact_merges, contacts, tags},
    texts,
    webhooks::topic::Topic,
    workspace::{
        Event, Workspace,
        company::Company,
        contact::Life,
        people::{Note, Subject},
    },
};

pub(super) fn tagged(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let tag = any_tag(workspace, rng)?;
    let row = any_contact(workspace, rng, |_| true)?;
    let is_tagged = workspace.contacts[row as usize].tags.contains(&tag);
    tags::set_on_contact(workspace, row, tag, !is_tagged, now);
    Some("a tag came to a person or went")
}

pub(super) fn came_by(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    let before = workspace.before(row);
    let contact = &mut workspace.contacts[row as usize];
    let attributes = contact.attributes.get_or_insert_default();
    attributes.insert("lifetime_value".to_owned(), json!(rng.random_range(0..50_000)));
    contact.write("last_seen_at", json!(now));
    workspace.touch_contact(row, now);
    workspace.tell_contact_updated(row, before.as_ref(), now);
    Some("a person came by")
}

pub(super) fn joined(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = contacts::add(workspace, now, rng.random_bool(0.5));
    let number = texts::mix(workspace.seed, 80, row);
    let name = texts::person(number);
    let email = texts::email(&name, number, row);
    let contact = &mut workspace.contacts[row as usize];
    contact.write("name", json!(name));
    contact.write("email", json!(email));
    workspace.touch_contact(row, now);
    workspace.tell_contact_created(row, now);
    Some("a person joined")
}

pub(super) fn merged(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let from = any_contact(workspace, rng, |contact| contact.is_lead)?;
    let seed = workspace.seed;
    // Whoever has a name and an address keeps them, and so what it wrote stays as it was shown.
    let into = any_contact(workspace, rng, |contact| {
        !contact.is_lead && contact.name(seed).is_some() && contact.email(seed).is_some()
    })?;
    contact_merges::merge_rows(workspace, from, into, now);
    Some("a lead turned out to be a user")
}

pub(super) fn archived(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    contacts::end(workspace, row, Life::Archived, now);
    Some("a person was archived")
}

pub(super) fn deleted(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    contacts::end(workspace, row, Life::Deleted, now);
    Some("a person was deleted")
}

pub(super) fn came_back(workspace: &mut Workspace, now: i64, _: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = workspace
        .contacts
        .iter()
        .find(|contact| contact.life == Life::Archived)?
        .row;
    contacts::end(workspace, row, Life::Listed, now);
    Some("an archived person came back")
}

pub(super) fn noted(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.notes.len() as u32;
    let admin = any_admin(workspace, rng);
    workspace.notes.push(Note {
        row,
        subject: Subject::Contact(contact),
        admin,
        created_at: now,
        body: None,
    });
    workspace.contacts[contact as usize].notes.push(row);
    workspace.touch_contact(contact, now);
    Some("a note was written")
}

pub(super) fn consented(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let row = any_contact(workspace, rng, |_| true)?;
    let types = &workspace.reference.subscription_types;
    if types.is_empty() {
        return None;
    }
    let number = rng.random_range(0..types.len());
    let consent = (number as u16, types[number]["consent_type"] == "opt_in");
    let consents = &mut workspace.contacts[row as usize].consents;
    let was_held = consents.iter().position(|held| *held == consent);
    match was_held {
        Some(place) => {
            consents.remove(place);
        }
        None => consents.push(consent),
    }
    workspace.touch_contact(row, now);
    let wants = was_held.is_none() == consent.1;
    workspace.tell_consent(row, consent.0, wants, now);
    Some("a person changed its mind about e-mails")
}

fn any_company(workspace: &Workspace, rng: &mut ChaCha8Rng) -> Option<u32> {
    let count = workspace.companies.len() as u32;
    (0..20.min(count))
        .map(|_| rng.random_range(0..count))
        .find(|row| !workspace.companies[*row as usize].deleted)
}

pub(super) fn moved_company(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let company = any_company(workspace, rng)?;
    toggle(&mut workspace.contacts[contact as usize].companies, company);
    toggle(&mut workspace.companies[company as usize].contacts, contact);
    workspace.touch_contact(contact, now);
    let attached = workspace.contacts[contact as usize].companies.contains(&company);
    workspace.tell_company_contact(company, contact, attached, now);
    Some("a person joined a company or left it")
}

pub(super) fn company_changed(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let row = any_company(workspace, rng)?;
    let company = &mut workspace.companies[row as usize];
    company.monthly_spend = rng.random_range(0..6_000);
    company.updated_at = now;
    workspace.changed();
    workspace.tell_company(Topic::CompanyUpdated, row, now);
    Some("a company changed")
}

pub(super) fn company_founded(
    workspace: &mut Workspace,
    now: i64,
    rng: &mut ChaCha8Rng,
) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let row = workspace.companies.len() as u32;
    let mut company = Company::new(row, now);
    company.write("company_id", json!(workspace.ids.company(row)));
    company.write(
        "name",
        json!(texts::company(texts::mix(workspace.seed, 81, row), row)),
    );
    company.contacts.push(contact);
    workspace.companies.push(company);
    workspace.contacts[contact as usize].companies.push(row);
    workspace.touch_contact(contact, now);
    workspace.tell_company(Topic::CompanyCreated, row, now);
    workspace.tell_company_contact(row, contact, true, now);
    Some("a company was founded")
}

pub(super) fn event_told(workspace: &mut Workspace, now: i64, rng: &mut ChaCha8Rng) -> Option<&'static str> {
    let contact = any_contact(workspace, rng, |_| true)?;
    let name = ["invited-friend", "ordered", "exported-report"][rng.random_range(0..3)].to_owned();
    let mut metadata = Map::new();
    metadata.insert("step".to_owned(), json!(rng.random_range(1..9)));
    workspace.events.push(Event {
        contact,
        name,
        created_at: now,
        metadata,
        id: None,
    });
    workspace.changed();
    workspace.tell_event(now);
    Some("an event was told")
}
