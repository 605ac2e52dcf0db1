//! Tags: made and renamed by name, put on people, companies, threads and content, and taken off again.
//!
//! The one rule: whoever gains or loses a tag is touched, so that an incremental reader sees it.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, common, contacts};
use crate::{
    errors::Refusal,
    presenter,
    reply::{Answer, Reply},
    request::{Request, as_text},
    webhooks::{outbox::Subject, topic::Topic},
    workspace::{Workspace, people::Tag, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("tags.upsert", Handler::Write(upsert)),
    ("tags.delete", Handler::Write(delete)),
    ("tags.attach_to_contact", Handler::Write(attach_to_contact)),
    ("tags.detach_from_contact", Handler::Write(detach_from_contact)),
    (
        "tags.attach_to_conversation",
        Handler::Write(attach_to_conversation),
    ),
    (
        "tags.detach_from_conversation",
        Handler::Write(detach_from_conversation),
    ),
    ("tags.attach_to_ticket", Handler::Write(attach_to_ticket)),
    ("tags.detach_from_ticket", Handler::Write(detach_from_ticket)),
    ("tags.attach_to_article", Handler::Write(attach_to_article)),
    ("tags.detach_from_article", Handler::Write(detach_from_article)),
    (
        "tags.attach_to_internal_article",
        Handler::Write(attach_to_internal_article),
    ),
    (
        "tags.detach_from_internal_article",
        Handler::Write(detach_from_internal_article),
    ),
    (
        "tags.attach_to_content_snippet",
        Handler::Write(attach_to_content_snippet),
    ),
    (
        "tags.detach_from_content_snippet",
        Handler::Write(detach_from_content_snippet),
    ),
];

/// The tag that the body or the path names, with the family's own refusal for an unknown one.
fn named(workspace: &Workspace, id: &str, unknown: fn() -> Refusal) -> Result<u32, Refusal> {
    workspace.tag(id).map(|(row, _)| row).ok_or_else(unknown)
}

fn plain_unknown() -> Refusal {
    Refusal::not_found("Resource")
}

fn tag_unknown() -> Refusal {
    Refusal::new(404, "tag_not_found", "Tag not found")
}

/// The tag's id in a path of two.
fn id_of_path<'r>(request: &'r Request<'_>) -> &'r str {
    match request.parameter("tag_id") {
        "" => request.parameter("id"),
        id => id,
    }
}

fn plain(workspace: &Workspace, tag: u32) -> Reply {
    Reply::json(&presenter::reference::tag(&workspace.tags[tag as usize]))
}

/// A tag with the moment of its tagging.
fn applied(workspace: &Workspace, tag: u32, admin: u16, at: i64) -> Reply {
    let tag = &workspace.tags[tag as usize];
    Reply::json(&json!({
        "type": "tag",
        "id": tag.id.to_string(),
        "name": tag.name,
        "applied_at": at,
        "applied_by": { "type": "admin", "id": workspace.ids.admin(admin).to_string() },
    }))
}

/// Puts an entry into a list or takes it out; tells whether that changed anything.
fn set(list: &mut Vec<u32>, entry: u32, present: bool) -> bool {
    match (list.iter().position(|held| *held == entry), present) {
        (None, true) => {
            list.push(entry);
            true
        }
        (Some(place), false) => {
            list.remove(place);
            true
        }
        _ => false,
    }
}

/// Puts a tag on a contact or takes it off; tells whether that changed anything.
pub(crate) fn set_on_contact(
    workspace: &mut Workspace,
    contact: u32,
    tag: u32,
    present: bool,
    now: i64,
) -> bool {
    let changed = set(&mut workspace.contacts[contact as usize].tags, tag, present);
    if changed {
        workspace.touch_contact(contact, now);
        workspace.tell_contact_tag(contact, tag, present, now);
    }
    changed
}

fn set_on_company(workspace: &mut Workspace, company: u32, tag: u32, present: bool, now: i64) {
    let row = &mut workspace.companies[company as usize];
    if set(&mut row.tags, tag, present) {
        row.updated_at = now;
        workspace.changed();
        workspace.tell_company(Topic::CompanyUpdated, company, now);
    }
}

fn upsert(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let invalid = || Refusal::invalid("invalid tag parameters");
    let name = request
        .text("name")
        .filter(|name| !name.trim().is_empty())
        .ok_or_else(invalid)?;
    let renamed = request
        .text("id")
        .map(|id| named(workspace, &id, plain_unknown))
        .transpose()?;
    // Everything is looked for first, so that a refused call makes no tag and tags nobody.
    let users = found(workspace, request, "users", user)?;
    let companies = found(workspace, request, "companies", company)?;
    let tag = match renamed {
        Some(tag) => {
            workspace.tags[tag as usize].name = name;
            tag
        }
        None => by_name(workspace, name),
    };
    workspace.changed();
    let users = users.map(|all| {
        taggings(all, |row, present| {
            set_on_contact(workspace, row, tag, present, request.now);
        })
    });
    let companies = companies.map(|all| {
        taggings(all, |row, present| {
            set_on_company(workspace, row, tag, present, request.now);
        })
    });
    if request.version < Version::V2_16 || (users.is_none() && companies.is_none()) {
        return Ok(plain(workspace, tag));
    }
    let tag = &workspace.tags[tag as usize];
    Ok(Reply::json(&json!({
        "type": "tag",
        "id": tag.id.to_string(),
        "name": tag.name,
        "users": users.unwrap_or_default(),
        "companies": companies.unwrap_or_default(),
    })))
}

/// The tag of this name, made when there is none.
pub(crate) fn by_name(workspace: &mut Workspace, name: String) -> u32 {
    if let Some(place) = workspace
        .tags
        .iter()
        .position(|tag| !tag.deleted && tag.name.eq_ignore_ascii_case(&name))
    {
        return place as u32;
    }
    let id = workspace.tags.iter().map(|tag| tag.id).max().unwrap_or(79) + 1;
    workspace.tags.push(Tag {
        id,
        name,
        deleted: false,
    });
    workspace.tags.len() as u32 - 1
}

fn user(workspace: &Workspace, request: &Request<'_>, named: &Value) -> Result<u32, Refusal> {
    common::person(workspace, request, named)
}

fn company(workspace: &Workspace, _: &Request<'_>, named: &Value) -> Result<u32, Refusal> {
    if let Some(id) = as_text(&named["id"]) {
        return common::company(workspace, &id);
    }
    let company_id =
        as_text(&named["company_id"]).ok_or_else(|| Refusal::invalid("invalid tag parameters"))?;
    workspace
        .companies
        .iter()
        .find(|company| !company.deleted && company.company_id().as_deref() == Some(company_id.as_str()))
        .map(|company| company.row)
        .ok_or_else(|| Refusal::new(404, "company_not_found", "Company Not Found"))
}

/// An entry of the body with the row that it names.
type Found<'r> = Vec<(&'r Value, Option<u32>)>;

/// What the body lists; since 2.16 what is unknown is skipped, before it is refused.
fn found<'r>(
    workspace: &Workspace,
    request: &'r Request<'_>,
    list: &str,
    find: fn(&Workspace, &Request<'_>, &Value) -> Result<u32, Refusal>,
) -> Result<Option<Found<'r>>, Refusal> {
    let Some(entries) = request.body[list].as_array() else {
        return Ok(None);
    };
    let mut found = Vec::with_capacity(entries.len());
    for entry in entries {
        match find(workspace, request, entry) {
            Ok(row) => found.push((entry, Some(row))),
            Err(_) if request.version >= Version::V2_16 => found.push((entry, None)),
            Err(refusal) => return Err(refusal),
        }
    }
    Ok(Some(found))
}

/// Tags or untags everything that was found, and says what was.
fn taggings(found: Found<'_>, mut tag: impl FnMut(u32, bool)) -> Vec<Value> {
    found
        .into_iter()
        .map(|(entry, row)| {
            let present = entry["untag"].as_bool() != Some(true);
            if let Some(row) = row {
                tag(row, present);
            }
            let id = ["id", "company_id", "user_id", "email"]
                .iter()
                .find_map(|field| as_text(&entry[*field]));
            json!({ "id": id, "tagged": row.is_some() && present })
        })
        .collect()
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let tag = named(workspace, id_of_path(request), plain_unknown)?;
    let id = workspace.tags[tag as usize].id.to_string();
    workspace.tags[tag as usize].deleted = true;
    let contacts: Vec<u32> = workspace
        .contacts
        .iter()
        .filter(|contact| contact.tags.contains(&tag))
        .map(|contact| contact.row)
        .collect();
    for row in contacts {
        set_on_contact(workspace, row, tag, false, request.now);
    }
    let companies: Vec<u32> = workspace
        .companies
        .iter()
        .filter(|company| company.tags.contains(&tag))
        .map(|company| company.row)
        .collect();
    for row in companies {
        set_on_company(workspace, row, tag, false, request.now);
    }
    let conversations: Vec<u32> = workspace
        .conversations
        .iter()
        .filter(|found| found.tags.contains(&tag))
        .map(|found| found.row)
        .collect();
    for row in conversations {
        set_on_conversation(workspace, row, tag, false, request.now);
    }
    let tickets: Vec<u32> = workspace
        .tickets
        .iter()
        .filter(|ticket| ticket.tags.contains(&tag))
        .map(|ticket| ticket.row)
        .collect();
    for row in tickets {
        set_on_ticket(workspace, row, tag, false, request.now);
    }
    for article in workspace
        .reference
        .articles
        .iter_mut()
        .chain(&mut workspace.reference.internal_articles)
        .chain(&mut workspace.reference.lists.content_snippets)
    {
        if let Some(list) = article["tags"]["tags"].as_array_mut() {
            list.retain(|held| held["id"] != id.as_str());
        }
    }
    workspace.changed();
    Ok(Reply::empty(200))
}

fn of_body(request: &Request<'_>) -> Result<String, Refusal> {
    request.text("id").ok_or_else(|| Refusal::missing("tag id"))
}

fn contact(workspace: &Workspace, request: &Request<'_>) -> Result<u32, Refusal> {
    contacts::find(workspace, request, request.parameter("contact_id"))
}

pub(super) fn attach_to_contact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contact(workspace, request)?;
    let tag = named(workspace, &of_body(request)?, plain_unknown)?;
    set_on_contact(workspace, contact, tag, true, request.now);
    Ok(applied(workspace, tag, 0, request.now))
}

pub(super) fn detach_from_contact(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let contact = contact(workspace, request)?;
    let tag = named(workspace, id_of_path(request), plain_unknown)?;
    if !set_on_contact(workspace, contact, tag, false, request.now) {
        return Err(plain_unknown());
    }
    Ok(plain(workspace, tag))
}

/// Puts a tag on a conversation or takes it off.
pub(crate) fn set_on_conversation(workspace: &mut Workspace, row: u32, tag: u32, present: bool, now: i64) {
    if set(&mut workspace.conversations[row as usize].tags, tag, present) {
        workspace.touch_conversation(row, now);
        if present {
            let subject = Subject::ConversationTag { row, tag };
            workspace.happened(Topic::ConversationPartTagCreated, subject, now);
        }
    }
}

fn attach_to_conversation(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let tag = named(workspace, &of_body(request)?, plain_unknown)?;
    common::admin(workspace, &request.required("admin_id")?)?;
    set_on_conversation(workspace, row, tag, true, request.now);
    Ok(plain(workspace, tag))
}

fn detach_from_conversation(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::conversation_of_path(workspace, request)?;
    let tag = named(workspace, id_of_path(request), plain_unknown)?;
    set_on_conversation(workspace, row, tag, false, request.now);
    Ok(plain(workspace, tag))
}

fn set_on_ticket(workspace: &mut Workspace, row: u32, tag: u32, present: bool, now: i64) {
    if set(&mut workspace.tickets[row as usize].tags, tag, present) {
        workspace.touch_ticket(row, now);
    }
}

fn attach_to_ticket(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::ticket_of_path(workspace, request)?;
    let tag = named(workspace, &of_body(request)?, tag_unknown)?;
    common::admin(workspace, &request.required("admin_id")?)?;
    set_on_ticket(workspace, row, tag, true, request.now);
    Ok(plain(workspace, tag))
}

fn detach_from_ticket(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let row = common::ticket_of_path(workspace, request)?;
    let tag = named(workspace, id_of_path(request), tag_unknown)?;
    set_on_ticket(workspace, row, tag, false, request.now);
    Ok(plain(workspace, tag))
}

/// Puts a tag on an article of either kind, or takes it off.
fn set_on_article(article: &mut Value, tag: &Tag, present: bool) {
    let id = tag.id.to_string();
    let list = article["tags"]["tags"].as_array().cloned().unwrap_or_default();
    let mut list: Vec<Value> = list
        .into_iter()
        .filter(|held| held["id"] != id.as_str())
        .collect();
    if present {
        list.push(json!({ "type": "tag", "id": id, "name": tag.name }));
    }
    article["tags"] = json!({ "type": "tag.list", "tags": list });
}

fn article(workspace: &mut Workspace, request: &Request<'_>, id: &str, present: bool) -> Answer {
    let place = reference::position(&workspace.reference.articles, request.parameter("article_id"))
        .ok_or_else(|| Refusal::new(404, "article_not_found", "Article not found"))?;
    let tag = named(workspace, id, tag_unknown)?;
    set_on_article(
        &mut workspace.reference.articles[place],
        &workspace.tags[tag as usize],
        present,
    );
    workspace.reference.articles[place]["updated_at"] = json!(request.now);
    workspace.changed();
    workspace.tell_edit(place, request.now);
    Ok(if present {
        applied(workspace, tag, 0, request.now)
    } else {
        plain(workspace, tag)
    })
}

fn attach_to_article(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    article(workspace, request, &of_body(request)?, true)
}

fn detach_from_article(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    article(workspace, request, request.parameter("id"), false)
}

fn internal_article(workspace: &mut Workspace, request: &Request<'_>, id: &str, present: bool) -> Answer {
    let wanted = request.parameter("internal_article_id");
    let place = reference::position(&workspace.reference.internal_articles, wanted)
        .ok_or_else(|| Refusal::new(404, "internal_article_not_found", "Internal article not found"))?;
    let tag = named(workspace, id, tag_unknown)?;
    set_on_article(
        &mut workspace.reference.internal_articles[place],
        &workspace.tags[tag as usize],
        present,
    );
    workspace.changed();
    Ok(if present {
        applied(workspace, tag, 0, request.now)
    } else {
        plain(workspace, tag)
    })
}

fn attach_to_internal_article(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    internal_article(workspace, request, &of_body(request)?, true)
}

fn detach_from_internal_article(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    internal_article(workspace, request, request.parameter("id"), false)
}

fn content_snippet(workspace: &mut Workspace, request: &Request<'_>, id: &str, present: bool) -> Answer {
    let wanted = request.parameter("content_snippet_id");
    let place = reference::position(&workspace.reference.lists.content_snippets, wanted)
        .ok_or_else(|| Refusal::new(404, "content_snippet_not_found", "Content snippet not found"))?;
    let tag = named(workspace, id, tag_unknown)?;
    let admin = common::acting_admin(workspace, request)?;
    set_on_article(
        &mut workspace.reference.lists.content_snippets[place],
        &workspace.tags[tag as usize],
        present,
    );
    workspace.changed();
    if !present {
        return Ok(plain(workspace, tag));
    }
    Ok(applied(workspace, tag, admin, request.now))
}

fn attach_to_content_snippet(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    content_snippet(workspace, request, &of_body(request)?, true)
}

fn detach_from_content_snippet(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    content_snippet(workspace, request, request.parameter("id"), false)
}
