//! What happened to contacts, oldest first, which only Preview lists.

use std::collections::BinaryHeap;

use serde_json::{Map, Value, json};

use super::Handler;
use crate::{
    paging,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, contact::Life},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("contacts.list_activities", Handler::Read(list))];

/// A happening: when, which kind, the contact, a number that tells apart what else would be equal.
type Happening = (i64, u8, u32, u32);

const CREATED: u8 = 0;
const ROLE_UPDATED: u8 = 1;
const MERGED: u8 = 2;
const MERGE_FAILED: u8 = 3;
const DELETED: u8 = 4;

/// Everything that ever happened, in no order.
fn all(workspace: &Workspace) -> impl Iterator<Item = Happening> {
    let extra = &workspace.reference.extra;
    let people = || {
        workspace
            .contacts
            .iter()
            .filter(|contact| contact.life != Life::Visitor)
    };
    let created = people().map(|contact| (contact.created_at, CREATED, contact.row, 0));
    let deleted = people()
        .filter(|contact| contact.life == Life::Deleted)
        .map(|contact| (contact.updated_at, DELETED, contact.row, 0));
    let merged = workspace
        .merges
        .iter()
        .map(|(from, (into, at))| (*at, MERGED, *into, *from));
    let changed = extra
        .role_changes
        .iter()
        .enumerate()
        .map(|(place, (row, at, _))| (*at, ROLE_UPDATED, *row, place as u32));
    let failed = extra
        .failed_merges
        .iter()
        .enumerate()
        .map(|(place, (from, _, at))| (*at, MERGE_FAILED, *from, place as u32));
    created.chain(deleted).chain(merged).chain(changed).chain(failed)
}

/// The id of a happening, which is also the cursor behind it.
fn id((at, kind, row, number): Happening) -> String {
    format!("{}.{kind}{row:08x}{number:08x}", at * 1_000)
}

fn read_id(text: &str) -> Option<Happening> {
    let (at, rest) = text.split_once('.')?;
    let at = at.parse::<i64>().ok()?.checked_div(1_000)?;
    let kind = rest.get(..1)?.parse().ok()?;
    let row = u32::from_str_radix(rest.get(1..9)?, 16).ok()?;
    let number = u32::from_str_radix(rest.get(9..)?, 16).ok()?;
    Some((at, kind, row, number))
}

fn view(workspace: &Workspace, happening: Happening) -> Value {
    let (at, kind, row, number) = happening;
    let subject = &workspace.contacts[row as usize];
    let name = |row: u32| json!(workspace.ids.contact(row));
    let role = |is_lead: bool| json!(if is_lead { "lead" } else { "user" });
    let mut shown = Map::new();
    let mut put = |field: &str, value: Value| {
        shown.insert(field.to_owned(), value);
    };
    put("type", json!("contact_activity"));
    put("id", json!(id(happening)));
    put(
        "event_type",
        json!(match kind {
            CREATED => "contact.created",
            ROLE_UPDATED => "contact.role_updated",
            MERGED => "contact.merged",
            MERGE_FAILED => "contact.merge_failed",
            _ => "contact.deleted",
        }),
    );
    put("contact_id", name(row));
    if kind != MERGE_FAILED {
        put("external_id", json!(subject.external_id(workspace.seed)));
        let is_lead = match kind {
            ROLE_UPDATED => workspace.reference.extra.role_changes[number as usize].2,
            _ => subject.is_lead,
        };
        put("role", role(is_lead));
    }
    if kind == MERGED {
        put("merge_source_id", name(number));
        put("merge_target_id", name(row));
    }
    if kind == MERGE_FAILED {
        let (from, into, _) = workspace.reference.extra.failed_merges[number as usize];
        put("merge_source_id", name(from));
        put("merge_target_id", name(into));
        put("failure_reason", json!("The two contacts cannot be merged"));
    }
    put("created_at", json!(at));
    Value::Object(shown)
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let per_page = paging::per_page(request.query("per_page"), 50, 150)?;
    let after = match request.query("starting_after") {
        None => None,
        Some(text) => Some(read_id(text).ok_or_else(paging::bad_cursor)?),
    };
    // The smallest of what lies behind the cursor, without sorting the rest.
    let mut page = BinaryHeap::with_capacity(per_page + 2);
    for happening in all(workspace).filter(|one| after.is_none_or(|after| *one > after)) {
        page.push(happening);
        if page.len() > per_page + 1 {
            page.pop();
        }
    }
    let mut page = page.into_sorted_vec();
    let has_more = page.len() > per_page;
    page.truncate(per_page);
    let mut pages = json!({ "type": "pages", "per_page": per_page });
    if let (true, Some(last)) = (has_more, page.last()) {
        pages["next"] = json!({ "starting_after": id(*last) });
    }
    let data: Vec<Value> = page
        .into_iter()
        .map(|happening| view(workspace, happening))
        .collect();
    Ok(Reply::json(
        &json!({ "type": "list", "data": data, "pages": pages }),
    ))
}
