//! Contacts: users and leads (facts 6.1).
//!
//! The one rule: every change ends in `touch_contact`. Merging is in `contact_merges.rs`, the lists of one contact are in
//! `contact_lists.rs`, and visitors, who may become contacts, in `visitors.rs`.

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{Handler, attribute_values, common, contact_merges, visitors};
use crate::{
    errors::Refusal,
    paging::{self, Cursor},
    presenter::{Shown, contacts},
    reply::{Answer, Reply},
    request::{Request, as_text},
    search::{self, Plan, Times, contact_fields, fields},
    workspace::{
        Workspace,
        contact::{Contact, Life},
    },
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.list", Handler::Read(list)),
    ("contacts.search", Handler::Read(search)),
    ("contacts.get", Handler::Read(get)),
    ("contacts.get_by_external_id", Handler::Read(get_by_external_id)),
    ("contacts.create", Handler::Write(create)),
    ("contacts.update", Handler::Write(update)),
    ("contacts.delete", Handler::Write(delete)),
    ("contacts.archive", Handler::Write(archive)),
    ("contacts.unarchive", Handler::Write(unarchive)),
    ("contacts.block", Handler::Write(block)),
];

/// How long a new contact is missing from search, in seconds.
const LAG: i64 = 60;

/// The contact with an id, or the refusal that the platform gives for it.
pub(crate) fn find(workspace: &Workspace, request: &Request<'_>, id: &str) -> Result<u32, Refusal> {
    let row = workspace
        .ids
        .contact_row(id)
        .filter(|row| (*row as usize) < workspace.contacts.len())
        .ok_or_else(|| Refusal::not_found("User"))?;
    match workspace.contacts[row as usize].life {
        Life::Listed | Life::Archived => Ok(row),
        Life::Merged if request.version >= Version::V2_16 && request.habits.merged_gone => {
            Err(contact_merges::gone(workspace, row))
        }
        Life::Merged | Life::Deleted | Life::Visitor => Err(Refusal::not_found("User")),
    }
}

/// The contact that a path names, whatever the parameter is called in this operation.
pub(super) fn of_path(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    match request.parameter("contact_id") {
        "" => find(workspace, request, request.parameter("id")),
        id => find(workspace, request, id),
    }
}

/// The contact that a body names; a visitor among them becomes a lead.
pub(super) fn find_or_convert(
    workspace: &mut Workspace,
    request: &Request<'_>,
    named: &Value,
) -> Result<u32, Refusal> {
    match visitors::welcome(workspace, named, request.now) {
        Some(row) => Ok(row),
        None => common::person(workspace, request, named),
    }
}

/// A contact as an answer, with what went into it when that is asked for.
pub(super) fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Answer {
    let view = contacts::view(request.view(workspace), &workspace.contacts[row as usize]);
    if !contact_merges::is_asked_for(request) {
        return Ok(Reply::json(&view));
    }
    let mut view = crate::presenter::value(&view);
    view["merge_history"] = contact_merges::history(workspace, row);
    Ok(Reply::json(&view))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    shown(workspace, request, of_path(workspace, request)?)
}

fn get_by_external_id(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let wanted = request.parameter("external_id");
    let matching = |life: Life| {
        workspace.perhaps_called(&[wanted]).find(|contact| {
            contact.life == life
                && !contact.is_lead
                && contact.external_id(workspace.seed).as_deref() == Some(wanted)
        })
    };
    let found = matching(Life::Listed)
        .or_else(|| matching(Life::Archived))
        .ok_or_else(|| Refusal::not_found("User"))?;
    shown(workspace, request, found.row)
}

/// A list of contacts as the platform wraps it.
#[derive(serde::Serialize)]
struct ContactList<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Vec<Shown<contacts::ContactView<'a>>>,
    total_count: usize,
    pages: Value,
}

fn wrap(
    workspace: &Workspace,
    request: &Request<'_>,
    rows: &[u32],
    total_count: usize,
    pages: Value,
) -> Reply {
    let view = request.view(workspace);
    let data = rows
        .iter()
        .map(|row| contacts::view(view, &workspace.contacts[*row as usize]))
        .collect();
    Reply::json(&ContactList {
        kind: "list",
        data,
        total_count,
        pages,
    })
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), 50, 150)?;
    let cursor = request.query("starting_after").map(Cursor::decode).transpose()?;
    let first = cursor.map_or(0, |cursor| cursor.row as usize + 1);
    let page = cursor.map_or(1, |cursor| cursor.page);
    let mut rows: Vec<u32> = workspace
        .contacts
        .iter()
        .skip(first)
        .filter(|contact| contact.is_listed())
        .take(per_page + 1)
        .map(|contact| contact.row)
        .collect();
    let has_more = rows.len() > per_page;
    rows.truncate(per_page);
    let total = workspace.contact_order.len();
    let mut pages = json!({ "type": "pages", "page": page, "per_page": per_page, "total_pages": total.div_ceil(per_page) });
    if let (true, Some(last)) = (has_more, rows.last()) {
        let cursor = Cursor {
            value: -1,
            row: *last,
            page: page + 1,
        };
        pages["next"] = json!({ "page": page + 1, "starting_after": cursor.encode() });
    }
    Ok(wrap(workspace, request, &rows, total, pages))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let by_days = request.habits.day_search && request.version < Version::Preview;
    let times = if by_days {
        Times::Days(&workspace.time_zone)
    } else {
        Times::Seconds
    };
    let filter = search::compile(&request.body["query"], &contact_fields::kind, times)?;
    let plan = Plan::read(&request.body, 50, 150)?;
    let lag = if request.habits.search_lag { LAG } else { 0 };
    // While somebody new is still hidden, the answer depends on the moment.
    let is_settled = workspace.reference.extra.last_indexed_at + lag <= request.now;
    let passes = |row: u32| {
        let contact = &workspace.contacts[row as usize];
        (is_settled || contact.indexed_at + lag <= request.now)
            && filter.passes(&|field| contact_fields::value(workspace, contact, field))
    };
    let key = |field: &str, row: u32| match contact_fields::value(
        workspace,
        &workspace.contacts[row as usize],
        field,
    ) {
        fields::Value::Number(number) => number,
        _ => i64::from(row),
    };
    let found = if let Some(names) = filter.names_one_of(&["id", "email", "external_id"]) {
        let order = workspace.order_of_perhaps_called(&names);
        search::run(&plan, &filter, &order, &passes, &key, None)
    } else {
        let moment = if is_settled { 0 } else { request.now };
        let asked = format!("contacts {moment} {by_days} {}", request.body["query"]);
        let order = &workspace.contact_order;
        search::run_counted_once(workspace, asked, &plan, &filter, order, &passes, &key)
    };
    Ok(wrap(workspace, request, &found.rows, found.total, found.pages))
}

/// What a call may write as it is.
const FIELDS: [&str; 10] = [
    "name",
    "email",
    "phone",
    "external_id",
    "avatar",
    "signed_up_at",
    "last_seen_at",
    "last_replied_at",
    "unsubscribed_from_emails",
    "language_override",
];

/// Refuses values that no contact can have.
fn check(body: &Value, has_email: bool) -> Result<(), Refusal> {
    common::short(body, &["name", "email", "phone", "external_id"])?;
    match &body["email"] {
        Value::Null => {}
        Value::String(email) if email.contains('@') => {}
        _ => return Err(Refusal::invalid("email is not an address")),
    }
    if body["email_verified"] == true && !has_email && !body["email"].is_string() {
        return Err(Refusal::invalid(
            "email_verified can only be set together with email",
        ));
    }
    if body
        .get("role")
        .is_some_and(|role| role != "user" && role != "lead")
    {
        return Err(Refusal::invalid("role must be user or lead"));
    }
    Ok(())
}

fn write(workspace: &mut Workspace, row: u32, body: &Value, now: i64) -> Result<(), Refusal> {
    let has_email = workspace.contacts[row as usize].email(workspace.seed).is_some();
    let attributes = attribute_values::of_model(workspace, "contact", body)?;
    check(body, has_email)?;
    match body.get("owner_id") {
        None => {}
        Some(Value::Null) => workspace.contacts[row as usize].owner = 0,
        Some(owner) => {
            let number = common::admin(workspace, &as_text(owner).unwrap_or_default())?;
            workspace.contacts[row as usize].owner = number + 1;
        }
    }
    let seed = workspace.seed;
    let contact = &mut workspace.contacts[row as usize];
    for field in FIELDS {
        if let Some(value) = body.get(field) {
            contact.write(field, common::typed(field, value));
        }
    }
    if let Some(role) = body["role"].as_str() {
        let is_lead = role == "lead";
        if is_lead != contact.is_lead {
            contact.pin(seed);
            workspace.reference.extra.role_changes.push((row, now, is_lead));
        }
        contact.is_lead = is_lead;
    }
    if !attributes.is_empty() {
        contact.attributes.get_or_insert_default().extend(attributes);
    }
    Ok(())
}

/// The contact, other than `except`, that has the same e-mail or external id.
fn twin(workspace: &Workspace, request: &Request<'_>, except: Option<u32>) -> Option<Refusal> {
    let body = &request.body;
    let email = body["email"].as_str();
    let external_id = as_text(&body["external_id"]);
    if email.is_none() && external_id.is_none() {
        return None;
    }
    let is_lead = match except {
        Some(row) => workspace.contacts[row as usize].is_lead,
        None => body["role"] == "lead",
    };
    let seed = workspace.seed;
    let same_email = |contact: &Contact| match (email, contact.email(seed)) {
        (Some(email), Some(held)) => {
            !is_lead && !contact.is_lead && held.to_lowercase() == email.to_lowercase()
        }
        _ => false,
    };
    let names: Vec<&str> = email.into_iter().chain(external_id.as_deref()).collect();
    let found = workspace.perhaps_called(&names).find(|contact| {
        Some(contact.row) != except
            && matches!(contact.life, Life::Listed | Life::Archived)
            && ((external_id.is_some() && contact.external_id(seed) == external_id) || same_email(contact))
    })?;
    let adjective = if found.life == Life::Archived {
        "An archived"
    } else {
        "A"
    };
    let id = if request.habits.conflict_id {
        format!(" with id={}", found.id(&workspace.ids))
    } else {
        String::new()
    };
    let message = format!("{adjective} contact matching those details already exists{id}");
    Some(Refusal::new(409, "conflict", message))
}

pub(super) fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let body = &request.body;
    let is_identified = ["email", "external_id", "role"]
        .iter()
        .any(|field| as_text(&body[*field]).is_some());
    if !is_identified {
        return Err(Refusal::missing("email, external_id or role"));
    }
    attribute_values::of_model(workspace, "contact", body)?;
    check(body, false)?;
    if let Some(refusal) = twin(workspace, request, None) {
        return Err(refusal);
    }
    let row = add(workspace, request.now, body["role"] == "lead");
    if let Err(refusal) = write(workspace, row, body, request.now) {
        workspace.contact_order.remove(request.now, row);
        workspace.contacts.pop();
        return Err(refusal);
    }
    workspace.touch_contact(row, request.now);
    workspace.tell_contact_created(row, request.now);
    shown(workspace, request, row)
}

/// A new contact without any field.
pub(crate) fn add(workspace: &mut Workspace, now: i64, is_lead: bool) -> u32 {
    let row = workspace.contacts.len() as u32;
    let mut contact = Contact::new(row, now, is_lead);
    if is_lead {
        let number = crate::texts::mix(workspace.seed, 9, row);
        contact.write("external_id", json!(crate::texts::uuid(number, row)));
    }
    workspace.contacts.push(contact);
    let newest = &mut workspace.reference.extra.last_indexed_at;
    *newest = now.max(*newest);
    workspace.touch_contact(row, now);
    row
}

pub(super) fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    if let Some(refusal) = twin(workspace, request, Some(row)) {
        return Err(refusal);
    }
    let before = workspace.before(row);
    write(workspace, row, &request.body, request.now)?;
    workspace.touch_contact(row, request.now);
    workspace.tell_contact_updated(row, before.as_ref(), request.now);
    shown(workspace, request, row)
}

/// The short answer of what ends or revives a contact.
fn receipt(workspace: &Workspace, request: &Request<'_>, row: u32, field: &str, value: bool) -> Reply {
    let contact = &workspace.contacts[row as usize];
    let mut fields = Map::new();
    fields.insert("id".to_owned(), json!(contact.id(&workspace.ids)));
    // Receipts were those of other objects before 2.10, as the examples of those versions show.
    if request.version < Version::V2_10 {
        fields.insert("object".to_owned(), json!("contact"));
    } else {
        let external_id = contact.external_id(workspace.seed);
        fields.insert("type".to_owned(), json!("contact"));
        fields.insert("external_id".to_owned(), json!(external_id));
    }
    fields.insert(field.to_owned(), json!(value));
    Reply::json(&Value::Object(fields))
}

/// Moves a contact into another part of its life.
pub(crate) fn end(workspace: &mut Workspace, row: u32, life: Life, now: i64) {
    let was = std::mem::replace(&mut workspace.contacts[row as usize].life, life);
    workspace.touch_contact(row, now);
    workspace.tell_life(row, was, now);
}

pub(super) fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Deleted, request.now);
    Ok(receipt(workspace, request, row, "deleted", true))
}

fn archive(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Archived, request.now);
    Ok(receipt(workspace, request, row, "archived", true))
}

fn unarchive(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Listed, request.now);
    Ok(receipt(workspace, request, row, "archived", false))
}

fn block(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    workspace.contacts[row as usize].blocked = true;
    workspace.touch_contact(row, request.now);
    let theirs: Vec<u32> = workspace
        .conversations
        .iter()
        .filter(|conversation| conversation.is_listed() && conversation.contacts.first() == Some(&row))
        .map(|conversation| conversation.row)
        .collect();
    for conversation in theirs {
        workspace.conversations[conversation as usize].archived = true;
        workspace.touch_conversation(conversation, request.now);
    }
    Ok(receipt(workspace, request, row, "blocked", true))
}
