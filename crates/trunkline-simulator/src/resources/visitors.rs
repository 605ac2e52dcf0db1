//! Visitors: people on the website of whom nothing is known yet (facts 6.2).
//!
//! The one rule: a visitor is a contact that no list shows; whoever uses its id as a contact's in a call that writes turns it
//! into a lead, which keeps the id.

use serde_json::{Value, json};

use super::{Handler, attribute_values, common, contact_merges, contacts};
use crate::{
    errors::Refusal,
    reply::{Answer, Reply},
    request::{Request, as_text},
    texts,
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{
        Workspace,
        contact::{Contact, Life},
        kept,
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("visitors.get", Handler::Read(get)),
    ("visitors.update", Handler::Write(update)),
    ("visitors.convert", Handler::Write(convert)),
];

const COLORS: [&str; 6] = ["Violet", "Amber", "Teal", "Crimson", "Silver", "Olive"];
const THINGS: [&str; 6] = ["Suitcase", "Kite", "Lantern", "Anchor", "Teapot", "Compass"];

/// Lets a visitor come by.
pub(crate) fn add(workspace: &mut Workspace, at: i64) -> u32 {
    let row = contacts::add(workspace, at, true);
    workspace.contacts[row as usize].life = Life::Visitor;
    workspace.touch_contact(row, at);
    row
}

fn visitor(workspace: &Workspace, id: &str) -> Option<u32> {
    workspace.ids.contact_row(id).filter(|row| {
        workspace
            .contacts
            .get(*row as usize)
            .is_some_and(|found| found.life == Life::Visitor)
    })
}

fn by_user_id(workspace: &Workspace, user_id: &str) -> Option<u32> {
    let found = workspace.perhaps_called(&[user_id]).find(|found| {
        found.life == Life::Visitor && found.external_id(workspace.seed).as_deref() == Some(user_id)
    });
    found.map(|found| found.row)
}

/// The visitor that a body names by either of its ids.
fn named(workspace: &Workspace, named: &Value) -> Option<u32> {
    as_text(&named["id"])
        .and_then(|id| visitor(workspace, &id))
        .or_else(|| by_user_id(workspace, &as_text(&named["user_id"])?))
}

/// Turns a visitor that a body names into a lead; tells whether it did.
pub(crate) fn welcome(workspace: &mut Workspace, body: &Value, now: i64) -> Option<u32> {
    let row = named(workspace, body)?;
    become_lead(workspace, row, now);
    workspace.tell_contact_created(row, now);
    Some(row)
}

/// Turns a visitor that the path names into a lead.
pub(crate) fn welcome_by_path(workspace: &mut Workspace, request: &Request<'_>) {
    let is_of_contacts = request.path.starts_with("/contacts/");
    let id = match request.parameter("contact_id") {
        "" if is_of_contacts => request.parameter("id"),
        id => id,
    };
    if let Some(row) = visitor(workspace, id) {
        become_lead(workspace, row, request.now);
        workspace.tell_contact_created(row, request.now);
    }
}

fn become_lead(workspace: &mut Workspace, row: u32, now: i64) {
    let found = &mut workspace.contacts[row as usize];
    found.life = Life::Listed;
    // What a visitor was loaded with is not what a contact shows.
    found.kept = None;
    found.indexed_at = now;
    workspace.reference.extra.last_indexed_at = workspace.reference.extra.last_indexed_at.max(now);
    workspace.touch_contact(row, now);
}

/// A visitor in the shape that only these operations show.
pub(crate) fn view(workspace: &Workspace, found: &Contact) -> Value {
    let seed = workspace.seed;
    let number = texts::mix(seed, 16, found.row) as usize;
    let pseudonym = format!(
        "{} {}",
        COLORS[number % COLORS.len()],
        THINGS[(number >> 8) % THINGS.len()]
    );
    let mut shown = json!({
        "type": "visitor",
        "id": found.id(&workspace.ids),
        "user_id": found.external_id(seed),
        "anonymous": true,
        "email": found.email(seed).unwrap_or_default(),
        "phone": found.phone(seed),
        "name": found.name(seed),
        "pseudonym": pseudonym,
        "avatar": { "type": "avatar", "image_url": Value::Null },
        "app_id": workspace.id_code,
        "companies": { "type": "company.list", "companies": [] },
        "location_data": {},
        "last_request_at": found.updated_at,
        "created_at": found.created_at,
        "remote_created_at": found.created_at,
        "signed_up_at": found.created_at,
        "updated_at": found.updated_at,
        "session_count": 0,
        "social_profiles": { "type": "social_profile.list", "social_profiles": [] },
        "owner_id": Value::Null,
        "unsubscribed_from_emails": false,
        "marked_email_as_spam": false,
        "has_hard_bounced": false,
        "tags": { "type": "tag.list", "tags": [] },
        "segments": { "type": "segment.list", "segments": [] },
        "custom_attributes": found.custom_attributes(seed),
        "referrer": Value::Null,
        "utm_campaign": Value::Null,
        "utm_content": Value::Null,
        "utm_medium": Value::Null,
        "utm_source": Value::Null,
        "utm_term": Value::Null,
        "do_not_track": Value::Null,
    });
    if let Some(kept) = &found.kept {
        kept::overlay(&mut shown, kept);
    }
    shown
}

fn unknown() -> Refusal {
    Refusal::not_found("Visitor")
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = match (request.query("user_id"), request.query("id")) {
        (Some(user_id), _) => by_user_id(workspace, user_id),
        (None, Some(id)) => visitor(workspace, id),
        (None, None) => return Err(Refusal::missing("user_id")),
    };
    let found = &workspace.contacts[row.ok_or_else(unknown)? as usize];
    Ok(Reply::json(&view(workspace, found)))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = named(workspace, &request.body).ok_or_else(unknown)?;
    let attributes = attribute_values::of_model(workspace, "contact", &request.body)?;
    let found = &mut workspace.contacts[row as usize];
    if let Some(name) = request.body.get("name") {
        found.write("name", name.clone());
    }
    if !attributes.is_empty() {
        found.attributes.get_or_insert_default().extend(attributes);
    }
    workspace.touch_contact(row, request.now);
    Ok(Reply::json(&view(workspace, &workspace.contacts[row as usize])))
}

/// A visitor becomes a lead, becomes a user, or is merged into the user that exists already.
fn convert(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = named(workspace, &request.body["visitor"]).ok_or_else(unknown)?;
    match request.required("type")?.as_str() {
        "lead" => {
            become_lead(workspace, row, request.now);
            workspace.tell_contact_created(row, request.now);
            contacts::shown(workspace, request, row)
        }
        "user" => {
            let user = &request.body["user"];
            become_lead(workspace, row, request.now);
            if let Ok(into) = common::person(workspace, request, user) {
                contact_merges::merge_rows(workspace, row, into, request.now);
                return contacts::shown(workspace, request, into);
            }
            let found = &mut workspace.contacts[row as usize];
            found.is_lead = false;
            found.write("signed_up_at", json!(request.now));
            for (from, to) in [("user_id", "external_id"), ("email", "email"), ("name", "name")] {
                if let Some(value) = as_text(&user[from]) {
                    found.write(to, json!(value));
                }
            }
            workspace.touch_contact(row, request.now);
            workspace.tell_contact_created(row, request.now);
            workspace.happened(Topic::VisitorSignedUp, Subject::Visitor(row), request.now);
            contacts::shown(workspace, request, row)
        }
        other => Err(Refusal::invalid(format!("type cannot be {other}"))),
    }
}
