//! Merging a lead into a user, and what is left of the lead (facts 6.1).
//!
//! The one rule: after a merge nothing hangs on the lead any more, and everything that moved is touched.

use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{Handler, contacts};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    webhooks::{outbox::Subject as OfTopic, topic::Topic},
    workspace::{Workspace, contact::Life, people::Subject},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("contacts.merge", Handler::Write(merge)),
    ("contacts.preview_merge", Handler::Read(preview)),
    ("contacts.list_merge_history", Handler::Read(list_history)),
];

/// The refusal for a lead that went into somebody else, with the way to whom.
pub(super) fn gone(workspace: &Workspace, row: u32) -> Refusal {
    let mut into = row;
    while let Some((next, _)) = workspace.merges.get(&into) {
        into = *next;
    }
    let message = "This contact has been merged. See the 'Link' header for the canonical contact.";
    let link = format!("</contacts/{}>; rel=\"canonical\"", workspace.ids.contact(into));
    Refusal {
        link: Some(link),
        ..Refusal::new(410, "contact_merged", message)
    }
}

/// Whether an answer is to tell what went into a contact.
pub(super) fn is_asked_for(request: &Request<'_>) -> bool {
    request.version >= Version::V2_16 && request.query("include_merge_history") == Some("true")
}

/// Everybody who went into a contact, newest first.
fn entries(workspace: &Workspace, row: u32) -> Vec<(i64, u32)> {
    let mut all: Vec<(i64, u32)> = workspace
        .merges
        .iter()
        .filter(|(_, (into, _))| *into == row)
        .map(|(from, (_, at))| (*at, *from))
        .collect();
    all.sort_unstable_by(|left, right| right.cmp(left));
    all
}

fn entry(workspace: &Workspace, (at, from): (i64, u32)) -> Value {
    json!({
        "type": "merge_history",
        "source_contact_id": workspace.ids.contact(from),
        "source_contact_role": "lead",
        "merged_at": at,
    })
}

/// The history as it stands inside a contact.
pub(super) fn history(workspace: &Workspace, row: u32) -> Value {
    let shown = entries(workspace, row).into_iter().take(10);
    shown.map(|merge| entry(workspace, merge)).collect()
}

fn list_history(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = contacts::of_path(workspace, request).map_err(|refusal| {
        if refusal.status == 404 {
            Refusal::not_found("Contact")
        } else {
            refusal
        }
    })?;
    let per_page = paging::per_page(request.query("per_page"), 50, 150)?;
    let after = request.query("cursor").map(paging::Cursor::decode).transpose()?;
    let ascending = request.query("order") == Some("asc");
    let mut all = entries(workspace, row);
    if ascending {
        all.reverse();
    }
    // Merges may have come since the page before; what lies behind its last row has not moved.
    all.retain(|merge| match after {
        None => true,
        Some(cursor) if ascending => *merge > (cursor.value, cursor.row),
        Some(cursor) => *merge < (cursor.value, cursor.row),
    });
    let has_more = all.len() > per_page;
    all.truncate(per_page);
    let next = all.last().filter(|_| has_more).map(|(at, from)| {
        paging::Cursor {
            value: *at,
            row: *from,
            page: 0,
        }
        .encode()
    });
    let data: Vec<Value> = all.into_iter().map(|merge| entry(workspace, merge)).collect();
    Ok(Reply::json(
        &json!({ "type": "list", "data": data, "next_cursor": next, "has_more": has_more }),
    ))
}

/// Why two contacts cannot be merged, in the words of the preview.
fn obstacle(
    workspace: &Workspace,
    version: Version,
    from: u32,
    into: u32,
    forced: bool,
) -> Option<&'static str> {
    let seed = workspace.seed;
    let (lead, user) = (
        &workspace.contacts[from as usize],
        &workspace.contacts[into as usize],
    );
    if from == into || !lead.is_lead || user.is_lead {
        return Some("invalid_merge_role_pair");
    }
    let same = |left: Option<String>, right: Option<String>| {
        left.is_some() && left.map(|text| text.to_lowercase()) == right.map(|text| text.to_lowercase())
    };
    let is_duplicate = same(lead.email(seed), user.email(seed)) || same(lead.phone(seed), user.phone(seed));
    (version >= Version::V2_16 && !forced && !is_duplicate).then_some("no_shared_identifier")
}

fn named(workspace: &Workspace, request: &Request<'_>, field: &str) -> Result<u32, Refusal> {
    contacts::find(workspace, request, &request.required(field)?)
}

fn merge(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let (from, into) = (
        named(workspace, request, "from")?,
        named(workspace, request, "into")?,
    );
    let forced = request.body["skip_duplicate_validation"] == true;
    let obstacle = obstacle(workspace, request.version, from, into, forced);
    if obstacle.is_some() {
        let failed = &mut workspace.reference.extra.failed_merges;
        failed.push((from, into, request.now));
        workspace.changed();
    }
    match obstacle {
        None => {}
        Some("no_shared_identifier") => {
            return Err(Refusal::new(
                400,
                "invalid_merge",
                "Contacts can only be merged when they are duplicates (matching email or phone). \
                 Pass skip_duplicate_validation=true to override this check.",
            ));
        }
        Some(_) => {
            return Err(Refusal::new(
                400,
                "invalid_merge",
                "Only a lead can be merged into a user",
            ));
        }
    }
    merge_rows(workspace, from, into, request.now);
    contacts::shown(workspace, request, into)
}

fn preview(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let (from, into) = (
        named(workspace, request, "from")?,
        named(workspace, request, "into")?,
    );
    let forced = request.body["skip_duplicate_validation"] == true;
    let reason = obstacle(workspace, request.version, from, into, forced);
    let Some(code) = reason else {
        return Ok(Reply::json(&json!({ "allowed": true })));
    };
    let message = match code {
        "no_shared_identifier" => "These contacts share neither an email nor a phone number",
        _ => "Only a lead can be merged into a user",
    };
    Ok(Reply::json(
        &json!({ "allowed": false, "reasons": [{ "code": code, "message": message }] }),
    ))
}

/// Puts `into` in the place of `from`; tells whether `from` was there.
fn replace(list: &mut Vec<u32>, from: u32, into: u32) -> bool {
    let Some(place) = list.iter().position(|held| *held == from) else {
        return false;
    };
    if list.contains(&into) {
        list.remove(place);
    } else {
        list[place] = into;
    }
    true
}

/// Moves everything of a lead to a user, copies what the user lacks, and takes the lead away.
pub(crate) fn merge_rows(workspace: &mut Workspace, from: u32, into: u32, now: i64) {
    move_links(workspace, from, into, now);
    let seed = workspace.seed;
    let lead = workspace.contacts[from as usize].clone();
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
    let own = [user.name(seed), user.email(seed), user.phone(seed)];
    let theirs = [
        ("name", lead.name(seed)),
        ("email", lead.email(seed)),
        ("phone", lead.phone(seed)),
    ];
    for (own, (field, value)) in own.into_iter().zip(theirs) {
        if let (None, Some(value)) = (own, value) {
            user.write(field, json!(value));
        }
    }
    let own = user.custom_attributes(seed);
    for (name, value) in lead.custom_attributes(seed) {
        if !own.contains_key(&name) {
            user.attributes.get_or_insert_default().insert(name, value);
        }
    }
    let gone = &mut workspace.contacts[from as usize];
    gone.life = Life::Merged;
    gone.tags.clear();
    gone.companies.clear();
    gone.notes.clear();
    workspace.merges.insert(from, (into, now));
    workspace.touch_contact(from, now);
    workspace.touch_contact(into, now);
    workspace.happened(Topic::ContactMerged, OfTopic::Merge { from, into }, now);
}

/// Everything elsewhere that names the lead names the user from now on, but for the parts that the lead once wrote.
fn move_links(workspace: &mut Workspace, from: u32, into: u32, now: i64) {
    let lead = &workspace.contacts[from as usize];
    let (companies, notes) = (lead.companies.clone(), lead.notes.clone());
    for company in companies {
        replace(&mut workspace.companies[company as usize].contacts, from, into);
    }
    for note in notes {
        workspace.notes[note as usize].subject = Subject::Contact(into);
    }
    for told in &mut workspace.reference.extra.event_summaries {
        if told.contact == from {
            told.contact = into;
        }
    }
    for event in &mut workspace.events {
        if event.contact == from {
            event.contact = into;
        }
    }
    let moved: Vec<u32> = workspace
        .conversations
        .iter_mut()
        .filter_map(|conversation| {
            replace(&mut conversation.contacts, from, into).then_some(conversation.row)
        })
        .collect();
    for row in moved {
        let at = workspace.conversations[row as usize].updated_at.max(now);
        workspace.touch_conversation(row, at);
    }
    let moved: Vec<u32> = workspace
        .tickets
        .iter_mut()
        .filter_map(|ticket| replace(&mut ticket.contacts, from, into).then_some(ticket.row))
        .collect();
    for row in moved {
        let at = workspace.tickets[row as usize].updated_at.max(now);
        workspace.touch_ticket(row, at);
    }
}
