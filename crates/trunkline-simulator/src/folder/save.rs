//! From rows to records: what the newest version of the API shows of each, with its lists whole.
//!
//! The one rule: the order of records is the order of rows, and the order of fields is alphabetical, so that the same workspace
//! always gives the same bytes.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{FORMAT, OWN, lists};
use crate::{
    files::Addresses,
    habits::Habits,
    presenter::{View, companies, contacts, conversations, notes, tickets, value},
    resources::{calls, custom_object_instances, data_events, visitors},
    workspace::{
        Workspace,
        contact::{Contact, Life},
        people::{Rule, Subject},
    },
};

/// The texts of all files by their names.
pub(super) fn texts(workspace: &Workspace) -> Vec<(&'static str, String)> {
    let mut all: Vec<(&'static str, String)> = records(workspace)
        .into_iter()
        .map(|(name, records)| (name, text(&records)))
        .collect();
    let own = serde_json::to_string_pretty(&own(workspace)).expect("a map with string keys");
    all.push((OWN, own + "\n"));
    all
}

/// An array with one record a line.
fn text(records: &[Value]) -> String {
    let lines: Vec<String> = records.iter().map(ToString::to_string).collect();
    if lines.is_empty() {
        return "[]\n".to_owned();
    }
    format!("[\n{}\n]\n", lines.join(",\n"))
}

/// The platform's habits, but for those that leave out what is beyond a limit.
fn nothing_cut() -> Habits {
    Habits {
        ten_items: false,
        five_hundred_parts: false,
        ..Habits::default()
    }
}

/// The records of all files by their names.
pub(super) fn records(workspace: &Workspace) -> BTreeMap<&'static str, Vec<Value>> {
    let habits = nothing_cut();
    let view = View {
        workspace,
        version: Version::V2_16,
        habits: &habits,
        files: Addresses::bare(),
    };
    let mut all: BTreeMap<&'static str, Vec<Value>> = lists::NAMES
        .iter()
        .map(|name| (*name, lists::rows(&workspace.reference, name).to_vec()))
        .collect();
    people(view, &mut all);
    threads(view, &mut all);
    all
}

fn people(view: View<'_>, all: &mut BTreeMap<&'static str, Vec<Value>>) {
    let workspace = view.workspace;
    let tags = workspace.tags.iter().filter(|tag| !tag.deleted);
    let tags = tags.map(|tag| json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }));
    all.insert("tags", tags.collect());
    let segments = workspace.segments.iter();
    all.insert(
        "segments",
        segments.map(|row| companies::counted(workspace, row)).collect(),
    );
    let rows = workspace.companies.iter().filter(|row| !row.deleted);
    all.insert("companies", rows.map(|row| companies::view(view, row)).collect());
    let rows = workspace.contacts.iter().filter(|row| row.is_listed());
    all.insert(
        "contacts",
        rows.map(|row| value(&contacts::view(view, row))).collect(),
    );
    let rows = workspace.contacts.iter().filter(|row| row.life == Life::Visitor);
    all.insert(
        "visitors",
        rows.map(|row| visitors::view(workspace, row)).collect(),
    );
    let rows = workspace.notes.iter().filter(|note| match note.subject {
        Subject::Contact(_) => true,
        Subject::Company(row) => !workspace.companies[row as usize].deleted,
    });
    all.insert("notes", rows.map(|row| notes::view(view, row)).collect());
    let places = 0..workspace.events.len();
    all.insert(
        "events",
        places.map(|place| data_events::view(workspace, place)).collect(),
    );
    let objects = workspace.reference.lists.custom_objects.iter();
    all.insert(
        "custom_objects",
        objects.map(custom_object_instances::view).collect(),
    );
}

fn threads(view: View<'_>, all: &mut BTreeMap<&'static str, Vec<Value>>) {
    let workspace = view.workspace;
    let rows = workspace.conversations.iter().filter(|row| !row.deleted);
    all.insert(
        "conversations",
        rows.map(|row| value(&conversations::whole(view, row))).collect(),
    );
    let gone = workspace.deleted_conversations.iter().map(|(row, at)| {
        let id = workspace.ids.conversation(*row);
        json!({ "type": "conversation", "id": id, "metrics_retained": true, "deleted_at": at })
    });
    all.insert("deleted_conversations", gone.collect());
    let rows = workspace.tickets.iter().filter(|row| !row.deleted);
    all.insert(
        "tickets",
        rows.map(|row| value(&tickets::view(view, row))).collect(),
    );
    let rows = workspace.calls.iter();
    let rows = rows.filter(|call| !workspace.conversations[call.conversation as usize].deleted);
    let rows = rows.map(|call| {
        let mut shown = calls::view(workspace, "", call);
        let said = calls::transcript(workspace, call);
        if !said.is_empty() {
            shown["transcript"] = json!(said);
        }
        shown
    });
    all.insert("calls", rows.collect());
}

/// What the API does not show.
pub(super) fn own(workspace: &Workspace) -> Map<String, Value> {
    let extra = &workspace.reference.extra;
    let lists = &workspace.reference.lists;
    let contact = |row: u32| workspace.ids.contact(row);
    let conversation = |row: u32| workspace.ids.conversation(row);
    let merge =
        |(from, into, at): (u32, u32, i64)| json!({ "from": contact(from), "into": contact(into), "at": at });
    let merges = workspace
        .merges
        .iter()
        .map(|(from, (into, at))| (*from, *into, *at));
    let merged = extra.merged_conversations.iter();
    let merged = sorted(merged.map(|(from, into)| (conversation(*from), conversation(*into))));
    let merged = merged
        .iter()
        .map(|(from, into)| json!({ "from": from, "into": into }));
    let mut all = Map::new();
    let mut set = |name: &str, value: Value| all.insert(name.to_owned(), value);
    set("format", json!(FORMAT));
    set("seed", json!(workspace.seed));
    set("id_code", json!(workspace.id_code));
    set("name", json!(workspace.name));
    set("time_zone", json!(workspace.zone_name));
    set("created_at", json!(workspace.created_at));
    set("last_id", json!(workspace.reference.last_id));
    set("gone_contacts", json!(gone_contacts(workspace)));
    let blocked = workspace.contacts.iter().filter(|row| row.blocked);
    set(
        "blocked_contacts",
        json!(sorted(blocked.map(|row| contact(row.row)))),
    );
    set("segments", Value::Object(rules(workspace)));
    set("merges", merges.map(merge).collect());
    set(
        "failed_merges",
        extra.failed_merges.iter().copied().map(merge).collect(),
    );
    let changes = extra.role_changes.iter();
    let changes =
        changes.map(|(row, at, is_lead)| json!({ "contact": contact(*row), "at": at, "is_lead": is_lead }));
    set("role_changes", changes.collect());
    let summaries = extra.event_summaries.iter().map(|told| {
        json!({ "contact": contact(told.contact), "name": told.name, "first": told.first, "last": told.last, "count": told.count })
    });
    set("event_summaries", summaries.collect());
    let archived = workspace
        .conversations
        .iter()
        .filter(|row| row.archived && !row.deleted);
    set(
        "archived_conversations",
        json!(sorted(archived.map(|row| conversation(row.row)))),
    );
    set("merged_conversations", merged.collect());
    set("ticket_tags", json!(ticket_tags(workspace)));
    let messages = extra.outbound_messages.iter().map(|sent| {
        json!({ "contact": contact(sent.contact), "conversation": conversation(sent.conversation), "template": sent.template, "sent_at": sent.sent_at })
    });
    set("outbound_messages", messages.collect());
    let owners = lists.custom_objects.iter().filter_map(|object| {
        Some(json!({ "type": object.kind, "id": object.id.to_string(), "contact": contact(object.contact?) }))
    });
    set(
        "custom_object_types",
        json!(sorted(lists.custom_object_types.iter())),
    );
    set("custom_object_contacts", owners.collect());
    set("jobs", json!(extra.jobs));
    set("sights", json!(extra.sights));
    set("drafts", json!(extra.drafts));
    set("versions", json!(extra.versions));
    set("messages_sent", json!(extra.messages_sent));
    set("dismissals", json!(lists.dismissals));
    let allowlist = &lists.ip_allowlist;
    set(
        "ip_allowlist",
        json!({ "enabled": allowlist.enabled, "entries": allowlist.entries }),
    );
    all
}

/// In an order that does not depend on the rows.
fn sorted<T: Ord>(all: impl Iterator<Item = T>) -> Vec<T> {
    let mut all: Vec<T> = all.collect();
    all.sort_unstable();
    all
}

fn gone_contacts(workspace: &Workspace) -> Vec<Value> {
    let habits = nothing_cut();
    let view = View {
        workspace,
        version: Version::V2_16,
        habits: &habits,
        files: Addresses::bare(),
    };
    let life = |contact: &Contact| match contact.life {
        Life::Archived => Some("archived"),
        Life::Deleted => Some("deleted"),
        Life::Merged => Some("merged"),
        Life::Listed | Life::Visitor => None,
    };
    let gone = workspace
        .contacts
        .iter()
        .filter_map(|row| Some((row, life(row)?)));
    gone.map(|(row, life)| {
        let mut shown = value(&contacts::view(view, row));
        shown["life"] = json!(life);
        shown
    })
    .collect()
}

/// What makes the segments; members stand here where no rule tells them.
fn rules(workspace: &Workspace) -> Map<String, Value> {
    let told = |rule: &Rule| match rule {
        Rule::Leads => json!({ "rule": "leads" }),
        Rule::Language(language) => json!({ "rule": "language", "language": language }),
        Rule::Companies(least) => json!({ "rule": "companies", "least": least }),
        Rule::Size(least) => json!({ "rule": "size", "least": least }),
        Rule::Spend(least) => json!({ "rule": "spend", "least": least }),
        Rule::Members { contacts, .. } => {
            let ids = sorted(contacts.iter().map(|row| workspace.ids.contact(*row)));
            json!({ "rule": "members", "contacts": ids })
        }
    };
    let segments = workspace.segments.iter();
    segments.map(|row| (row.id.clone(), told(&row.rule))).collect()
}

fn ticket_tags(workspace: &Workspace) -> Vec<Value> {
    let rows = workspace.tickets.iter().filter(|row| !row.deleted);
    rows.filter_map(|row| {
        let tags = row.tags.iter().map(|tag| &workspace.tags[*tag as usize]);
        let tags: Vec<Value> = tags
            .filter(|tag| !tag.deleted)
            .map(|tag| json!({ "id": tag.id.to_string(), "name": tag.name }))
            .collect();
        (!tags.is_empty()).then(|| json!({ "ticket": row.id(&workspace.ids), "tags": tags }))
    })
    .collect()
}
