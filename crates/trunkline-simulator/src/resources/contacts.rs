//! Contacts: users and leads (facts 6.1).

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::Handler;
use crate::{
    errors::Refusal,
    paging::{self, Cursor, LastPage},
    pipeline::{Request, as_text},
    presenter::{self, companies, contacts, reference},
    reply::{Answer, Reply},
    search::{self, Plan, Times, fields},
    workspace::{
        Workspace,
        contact::{self, Contact, Life},
        people::Note,
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
    ("contacts.merge", Handler::Write(merge)),
    ("contacts.list_merge_history", Handler::Read(list_merge_history)),
    ("contacts.list_tags", Handler::Read(list_tags)),
    ("contacts.list_companies", Handler::Read(list_companies)),
    ("contacts.list_segments", Handler::Read(list_segments)),
    ("contacts.list_subscriptions", Handler::Read(list_subscriptions)),
    ("contacts.list_notes", Handler::Read(list_notes)),
    ("contacts.create_note", Handler::Write(create_note)),
];

/// How long a new contact is missing from search, in seconds.
const LAG: i64 = 60;

/// The contact with an id, or the refusal that the platform gives for it.
pub(crate) fn find(workspace: &Workspace, request: &Request<'_>, id: &str) -> Result<u32, Refusal> {
    let row = contact::row(workspace.seed, id)
        .filter(|row| (*row as usize) < workspace.contacts.len())
        .ok_or_else(|| Refusal::not_found("User"))?;
    match workspace.contacts[row as usize].life {
        Life::Listed | Life::Archived => Ok(row),
        Life::Deleted => Err(Refusal::not_found("User")),
        Life::Merged if request.version >= Version::V2_16 && request.habits.merged_gone => {
            Err(merged(workspace, row))
        }
        Life::Merged => Err(Refusal::not_found("User")),
    }
}

fn merged(workspace: &Workspace, row: u32) -> Refusal {
    let mut into = row;
    while let Some((next, _)) = workspace.merges.get(&into) {
        into = *next;
    }
    let link = format!(
        "</contacts/{}>; rel=\"canonical\"",
        contact::id(workspace.seed, into)
    );
    Refusal {
        link: Some(link),
        ..Refusal::new(410, "contact_merged", "The contact was merged into another one")
    }
}

fn of_path(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    let id = match request.parameter("contact_id") {
        "" => request.parameter("id"),
        id => id,
    };
    find(workspace, request, id)
}

fn shown(workspace: &Workspace, request: &Request<'_>, row: u32) -> Reply {
    Reply::json(&contacts::view(
        request.view(workspace),
        &workspace.contacts[row as usize],
    ))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    Ok(shown(workspace, request, of_path(workspace, request)?))
}

fn get_by_external_id(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let wanted = Some(request.parameter("external_id").to_owned());
    let found = workspace
        .contacts
        .iter()
        .find(|contact| {
            contact.is_listed() && !contact.is_lead && contact.external_id(workspace.seed) == wanted
        })
        .ok_or_else(|| Refusal::not_found("User"))?;
    Ok(shown(workspace, request, found.row))
}

/// A list of contacts as the platform wraps it.
#[derive(serde::Serialize)]
struct ContactList<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    data: Vec<contacts::ContactView<'a>>,
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
    let filter = search::compile(&request.body["query"], &fields::contact_kind, times)?;
    let plan = Plan::read(&request.body, 50, 150)?;
    let lag = if request.habits.search_lag { LAG } else { 0 };
    let passes = |row: u32| {
        let contact = &workspace.contacts[row as usize];
        contact.indexed_at + lag <= request.now
            && filter.passes(&|field| fields::of_contact(workspace, contact, field))
    };
    let key =
        |field: &str, row: u32| match fields::of_contact(workspace, &workspace.contacts[row as usize], field)
        {
            fields::Value::Number(number) => number,
            _ => i64::from(row),
        };
    let order = &workspace.contact_order;
    let asked = format!("contacts {} {}", request.now, request.body["query"]);
    let total = workspace.total(asked, || {
        order
            .after(filter.earliest(), None)
            .filter(|(_, row)| passes(*row))
            .count()
    });
    let found = search::run(&plan, &filter, order, &passes, &key, Some(total));
    Ok(wrap(workspace, request, &found.rows, found.total, found.pages))
}

/// The fields that a call may write as they are.
const TEXTS: [&str; 5] = ["name", "email", "phone", "external_id", "avatar"];
const TIMES: [&str; 3] = ["signed_up_at", "last_seen_at", "last_replied_at"];

fn write(workspace: &mut Workspace, row: u32, body: &Value) -> Result<(), Refusal> {
    let known: Vec<String> = workspace
        .reference
        .data_attributes
        .iter()
        .filter(|attribute| {
            attribute["model"] == "contact" && attribute["custom"] == true && attribute["archived"] != true
        })
        .filter_map(|attribute| attribute["name"].as_str().map(str::to_owned))
        .collect();
    if let Some(name) = body["custom_attributes"]
        .as_object()
        .and_then(|sent| sent.keys().find(|name| !known.contains(name)))
    {
        return Err(Refusal::invalid(format!(
            "Custom attribute '{name}' does not exist"
        )));
    }
    if let Some(owner) = as_text(&body["owner_id"]) {
        let place = crate::workspace::reference::position(&workspace.reference.admins, &owner)
            .ok_or_else(|| Refusal::new(404, "admin_not_found", "Admin not found"))?;
        workspace.contacts[row as usize].owner = place as u16 + 1;
    }
    let contact = &mut workspace.contacts[row as usize];
    for field in TEXTS
        .into_iter()
        .chain(TIMES)
        .chain(["unsubscribed_from_emails", "language_override"])
    {
        if let Some(value) = body.get(field) {
            contact.write(field, value.clone());
        }
    }
    if let Some(role) = body["role"].as_str() {
        contact.is_lead = role == "lead";
    }
    if let Some(sent) = body["custom_attributes"].as_object() {
        contact
            .attributes
            .get_or_insert_default()
            .extend(sent.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    Ok(())
}

/// The contact, other than `except`, that has the same e-mail or external id.
fn twin(workspace: &Workspace, body: &Value, except: Option<u32>) -> Option<Refusal> {
    let email = body["email"].as_str().map(str::to_lowercase);
    let external_id = as_text(&body["external_id"]);
    let is_lead = body["role"] == "lead";
    let seed = workspace.seed;
    let found = workspace.contacts.iter().find(|contact| {
        Some(contact.row) != except
            && matches!(contact.life, Life::Listed | Life::Archived)
            && ((external_id.is_some() && contact.external_id(seed) == external_id)
                || (email.is_some()
                    && !is_lead
                    && !contact.is_lead
                    && contact.email(seed).map(|email| email.to_lowercase()) == email))
    })?;
    let adjective = if found.life == Life::Archived {
        "An archived"
    } else {
        "A"
    };
    let id = found.id(seed);
    Some(Refusal::new(
        409,
        "conflict",
        format!("{adjective} contact matching those details already exists with id={id}"),
    ))
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let body = &request.body;
    let identified = ["email", "external_id", "role"]
        .iter()
        .any(|field| as_text(&body[field]).is_some());
    if !identified {
        return Err(Refusal::missing("email, external_id or role"));
    }
    if let Some(refusal) = twin(workspace, body, None) {
        return Err(refusal);
    }
    let row = add(workspace, request.now, body["role"] == "lead");
    if let Err(refusal) = write(workspace, row, body) {
        workspace.contact_order.remove(request.now, row);
        workspace.contacts.pop();
        return Err(refusal);
    }
    Ok(shown(workspace, request, row))
}

/// A new contact without any field.
pub(crate) fn add(workspace: &mut Workspace, now: i64, is_lead: bool) -> u32 {
    let row = workspace.contacts.len() as u32;
    let mut contact = Contact {
        row,
        created_at: now,
        updated_at: now,
        indexed_at: now,
        is_lead,
        life: Life::Listed,
        blocked: false,
        owner: 0,
        tags: Vec::new(),
        companies: Vec::new(),
        notes: Vec::new(),
        consents: Vec::new(),
        written: None,
        attributes: None,
        generated: false,
    };
    if is_lead {
        contact.write(
            "external_id",
            json!(crate::texts::uuid(crate::texts::mix(workspace.seed, 9, row), row)),
        );
    }
    workspace.contacts.push(contact);
    workspace.touch_contact(row, now);
    row
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    if let Some(refusal) = twin(workspace, &request.body, Some(row)) {
        return Err(refusal);
    }
    write(workspace, row, &request.body)?;
    workspace.touch_contact(row, request.now);
    Ok(shown(workspace, request, row))
}

/// The short answer of what ends or revives a contact.
fn receipt(workspace: &Workspace, row: u32, field: &str, value: bool) -> Reply {
    let contact = &workspace.contacts[row as usize];
    let mut fields = Map::new();
    fields.insert("type".to_owned(), json!("contact"));
    fields.insert("id".to_owned(), json!(contact.id(workspace.seed)));
    fields.insert(
        "external_id".to_owned(),
        json!(contact.external_id(workspace.seed)),
    );
    fields.insert(field.to_owned(), json!(value));
    Reply::json(&Value::Object(fields))
}

pub(crate) fn end(workspace: &mut Workspace, row: u32, life: Life, now: i64) {
    workspace.contacts[row as usize].life = life;
    workspace.touch_contact(row, now);
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Deleted, request.now);
    Ok(receipt(workspace, row, "deleted", true))
}

fn archive(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Archived, request.now);
    Ok(receipt(workspace, row, "archived", true))
}

fn unarchive(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    end(workspace, row, Life::Listed, request.now);
    Ok(receipt(workspace, row, "archived", false))
}

fn block(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    workspace.contacts[row as usize].blocked = true;
    workspace.touch_contact(row, request.now);
    Ok(receipt(workspace, row, "blocked", true))
}

fn merge(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let from = find(workspace, request, &request.required("from")?)?;
    let into = find(workspace, request, &request.required("into")?)?;
    let invalid = |message: &str| Refusal::new(400, "invalid_merge", message);
    let seed = workspace.seed;
    let (lead, user) = (
        &workspace.contacts[from as usize],
        &workspace.contacts[into as usize],
    );
    if from == into || !lead.is_lead || user.is_lead {
        return Err(invalid("A lead can be merged into a user, and nothing else"));
    }
    let forced = request.body["skip_duplicate_validation"].as_bool() == Some(true);
    if request.version >= Version::V2_16 && !forced {
        let same = |left: Option<String>, right: Option<String>| left.is_some() && left == right;
        if !same(lead.email(seed), user.email(seed)) && !same(lead.phone(seed), user.phone(seed)) {
            return Err(invalid(
                "The contacts share no identifier; set skip_duplicate_validation to merge them anyway",
            ));
        }
    }
    merge_rows(workspace, from, into, request.now);
    Ok(shown(workspace, request, into))
}

/// Moves everything of a lead to a user, copies what the user lacks, and takes the lead away.
pub(crate) fn merge_rows(workspace: &mut Workspace, from: u32, into: u32, now: i64) {
    let lead = workspace.contacts[from as usize].clone();
    let seed = workspace.seed;
    for company in &lead.companies {
        let contacts = &mut workspace.companies[*company as usize].contacts;
        contacts.retain(|row| *row != from);
        if !contacts.contains(&into) {
            contacts.push(into);
        }
    }
    for note in &lead.notes {
        workspace.notes[*note as usize].contact = into;
    }
    for conversation in &mut workspace.conversations {
        for row in &mut conversation.contacts {
            if *row == from {
                *row = into;
            }
        }
        conversation.contacts.dedup();
    }
    let written: Vec<(&str, Option<String>)> = vec![
        ("name", lead.name(seed)),
        ("email", lead.email(seed)),
        ("phone", lead.phone(seed)),
    ];
    let attributes = lead.custom_attributes(seed);
    let user = &mut workspace.contacts[into as usize];
    for (list, more) in [
        (&mut user.tags, &lead.tags),
        (&mut user.companies, &lead.companies),
        (&mut user.notes, &lead.notes),
    ] {
        for entry in more {
            if !list.contains(entry) {
                list.push(*entry);
            }
        }
    }
    let has = [
        user.name(seed).is_some(),
        user.email(seed).is_some(),
        user.phone(seed).is_some(),
    ];
    for ((field, value), has) in written.into_iter().zip(has) {
        if let (false, Some(value)) = (has, value) {
            user.write(field, json!(value));
        }
    }
    let own = user.custom_attributes(seed);
    for (name, value) in attributes {
        if !own.contains_key(&name) {
            user.attributes.get_or_insert_default().insert(name, value);
        }
    }
    workspace.contacts[from as usize].life = Life::Merged;
    workspace.merges.insert(from, (into, now));
    let moved: Vec<u32> = workspace
        .conversations
        .iter()
        .filter(|conversation| !conversation.deleted && conversation.contacts.contains(&into))
        .map(|conversation| conversation.row)
        .collect();
    for row in moved {
        let at = workspace.conversations[row as usize].updated_at;
        workspace.touch_conversation(row, at.max(now));
    }
    for ticket in &mut workspace.tickets {
        for row in &mut ticket.contacts {
            if *row == from {
                *row = into;
            }
        }
    }
    let tickets: Vec<u32> = workspace
        .tickets
        .iter()
        .filter(|ticket| !ticket.deleted && ticket.contacts.contains(&into))
        .map(|ticket| ticket.row)
        .collect();
    for row in tickets {
        let at = workspace.tickets[row as usize].updated_at;
        workspace.touch_ticket(row, at.max(now));
    }
    workspace.touch_contact(from, now);
    workspace.touch_contact(into, now);
}

fn list_merge_history(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = of_path(workspace, request)?;
    let data: Vec<Value> = workspace
        .merges
        .iter()
        .filter(|(_, (into, _))| *into == row)
        .map(|(from, (into, at))| {
            json!({
                "type": "contact_merge_history",
                "source_contact_id": contact::id(workspace.seed, *from),
                "target_contact_id": contact::id(workspace.seed, *into),
                "merged_at": at,
            })
        })
        .collect();
    Ok(Reply::json(
        &json!({ "type": "list", "data": data, "has_more": false, "next_cursor": Value::Null }),
    ))
}

fn list_tags(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[of_path(workspace, request)? as usize];
    let tags = contact
        .tags
        .iter()
        .map(|tag| reference::tag(&workspace.tags[*tag as usize]))
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", tags)))
}

fn list_companies(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[of_path(workspace, request)? as usize];
    let all = contact
        .companies
        .iter()
        .map(|company| companies::view(request.view(workspace), &workspace.companies[*company as usize]));
    Ok(Reply::json(&paging::offset_list(
        "list",
        "data",
        paging::offset(request, all, 50, 150, LastPage::Null)?,
    )))
}

fn list_segments(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[of_path(workspace, request)? as usize];
    let segments = workspace
        .segments_of_contact(contact)
        .map(companies::segment)
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", segments)))
}

fn list_subscriptions(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[of_path(workspace, request)? as usize];
    let types = contact
        .consents
        .iter()
        .map(|(number, _)| workspace.reference.subscription_types[usize::from(*number)].clone())
        .collect();
    Ok(Reply::json(&paging::whole_list("list", "data", types)))
}

/// A note as the API shows it.
pub(crate) fn note(workspace: &Workspace, request: &Request<'_>, note: &Note) -> Value {
    let view = request.view(workspace);
    let body = note
        .body
        .clone()
        .unwrap_or_else(|| crate::texts::note(crate::texts::mix(workspace.seed, 12, note.row)).to_owned());
    json!({
        "type": "note",
        "id": note.id(),
        "created_at": note.created_at,
        "contact": { "type": "contact", "id": contact::id(workspace.seed, note.contact) },
        "author": presenter::value(&presenter::parts::author(view, crate::workspace::conversation::Author::Admin(note.admin))),
        "body": format!("<p>{body}</p>"),
    })
}

fn list_notes(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let contact = &workspace.contacts[of_path(workspace, request)? as usize];
    let all = contact
        .notes
        .iter()
        .rev()
        .map(|row| note(workspace, request, &workspace.notes[*row as usize]));
    Ok(Reply::json(&paging::offset_list(
        "list",
        "data",
        paging::offset(request, all, 50, 150, LastPage::Null)?,
    )))
}

fn create_note(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = of_path(workspace, request)?;
    let body = request.required("body")?;
    let admin = match request.text("admin_id") {
        None => 0,
        Some(id) => crate::workspace::reference::position(&workspace.reference.admins, &id)
            .ok_or_else(|| Refusal::new(404, "admin_not_found", "Admin not found"))?
            as u16,
    };
    let row = workspace.notes.len() as u32;
    let made = Note {
        row,
        contact,
        admin,
        created_at: request.now,
        body: Some(body),
    };
    workspace.notes.push(made.clone());
    workspace.contacts[contact as usize].notes.push(row);
    workspace.touch_contact(contact, request.now);
    Ok(Reply::json(&note(workspace, request, &made)))
}
