//! Everything that exists now, by the names of the streams that a mirror holds.

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::{
    habits::Habits,
    presenter::{View, companies, contacts, conversations, parts, reference, tickets, value},
    texts::{self, mix},
    workspace::{
        Workspace, company, contact,
        conversation::{Author, Conversation},
    },
};

/// How many objects of each stream exist.
pub(crate) fn counts(workspace: &Workspace) -> BTreeMap<&'static str, usize> {
    let lists = &workspace.reference;
    let mut counts: BTreeMap<&'static str, usize> = small_lists(workspace)
        .map(|(name, rows)| (name, rows.len()))
        .collect();
    counts.insert("tags", workspace.tags.iter().filter(|tag| !tag.deleted).count());
    counts.insert("segments", workspace.segments.len());
    counts.insert("contacts", workspace.contact_order.len());
    counts.insert("companies", listed_companies(workspace).count());
    counts.insert("conversations", workspace.conversation_order.len());
    counts.insert(
        "conversation_parts",
        alive(workspace)
            .map(|conversation| conversation.parts.len())
            .sum(),
    );
    counts.insert("tickets", workspace.ticket_order.len());
    counts.insert(
        "ticket_parts",
        workspace
            .tickets
            .iter()
            .filter(|ticket| !ticket.deleted)
            .map(|ticket| ticket.parts.len())
            .sum(),
    );
    counts.insert("deleted_conversations", workspace.deleted_conversations.len());
    counts.insert("ticket_type_attributes", lists.ticket_types.len() * 4);
    let people = || workspace.contacts.iter().filter(|contact| contact.is_listed());
    counts.insert("notes", people().map(|contact| contact.notes.len()).sum());
    counts.insert("contact_tags", people().map(|contact| contact.tags.len()).sum());
    counts.insert(
        "contact_companies",
        people().map(|contact| contact.companies.len()).sum(),
    );
    counts.insert(
        "contact_segments",
        people()
            .map(|contact| workspace.segments_of_contact(contact).count())
            .sum(),
    );
    counts.insert(
        "contact_subscriptions",
        people().map(|contact| contact.consents.len()).sum(),
    );
    counts.insert(
        "company_tags",
        listed_companies(workspace)
            .map(|company| company.tags.len())
            .sum(),
    );
    counts.insert(
        "company_segments",
        listed_companies(workspace)
            .map(|company| workspace.segments_of_company(company).count())
            .sum(),
    );
    counts.insert(
        "conversation_tags",
        alive(workspace).map(|conversation| conversation.tags.len()).sum(),
    );
    counts.insert(
        "conversation_contacts",
        alive(workspace)
            .map(|conversation| conversation.contacts.len())
            .sum(),
    );
    counts.insert(
        "team_admins",
        lists
            .teams
            .iter()
            .map(|team| team["admin_ids"].as_array().map_or(0, Vec::len))
            .sum(),
    );
    counts
}

/// The objects of a stream, one line each, as the version shows them; `None` when there is no such stream.
pub(crate) fn lines(
    workspace: &Workspace,
    habits: &Habits,
    version: Version,
    stream: &str,
) -> Option<Vec<u8>> {
    let view = View {
        workspace,
        version,
        habits,
    };
    let mut out = Lines::default();
    match stream {
        "contacts" => people(workspace).for_each(|contact| out.push(&contacts::view(view, contact))),
        "companies" => listed_companies(workspace).for_each(|company| out.push(&companies::view(view, company))),
        "conversations" => alive(workspace).for_each(|row| out.push(&conversations::row(view, row))),
        "conversation_parts" => alive(workspace).for_each(|row| conversation_parts(view, row, &mut out)),
        "tickets" => workspace.tickets.iter().filter(|ticket| !ticket.deleted).for_each(|ticket| out.push(&tickets::view(view, ticket))),
        "ticket_parts" => {
            for ticket in workspace.tickets.iter().filter(|ticket| !ticket.deleted) {
                for index in 0..ticket.parts.len() {
                    out.push(&with(parts::of_ticket(view, ticket, index), "ticket_id", &ticket.id()));
                }
            }
        }
        "tags" => workspace.tags.iter().filter(|tag| !tag.deleted).for_each(|tag| out.push(&json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }))),
        "segments" => workspace.segments.iter().for_each(|segment| {
            let count = match segment.person_type() {
                "company" => listed_companies(workspace).filter(|company| segment.holds_company(company)).count(),
                _ => people(workspace).filter(|contact| segment.holds_contact(workspace.seed, contact)).count(),
            };
            let mut shown = companies::segment(segment);
            shown["count"] = json!(count);
            out.push(&shown);
        }),
        "notes" => people(workspace).for_each(|contact| notes(view, contact, &mut out)),
        "articles" => workspace.reference.articles.iter().for_each(|article| out.push(&reference::article(article, version))),
        "deleted_conversations" => workspace.deleted_conversations.iter().for_each(|(row, at)| {
            out.push(&json!({ "type": "conversation", "id": crate::workspace::conversation::id(*row), "metrics_retained": true, "deleted_at": at }));
        }),
        other => {
            if let Some((_, rows)) = small_lists(workspace).find(|(name, _)| *name == other) {
                rows.iter().for_each(|row| out.push(row));
            } else {
                pairs(workspace, other)?.into_iter().for_each(|pair| out.push(&pair));
            }
        }
    }
    Some(out.bytes)
}

#[derive(Default)]
struct Lines {
    bytes: Vec<u8>,
}

impl Lines {
    fn push(&mut self, row: &impl Serialize) {
        serde_json::to_writer(&mut self.bytes, row)
            .expect("views have string keys and no failing serializers");
        self.bytes.push(b'\n');
    }
}

fn people(workspace: &Workspace) -> impl Iterator<Item = &contact::Contact> {
    workspace.contacts.iter().filter(|contact| contact.is_listed())
}

fn alive(workspace: &Workspace) -> impl Iterator<Item = &Conversation> {
    workspace
        .conversations
        .iter()
        .filter(|conversation| !conversation.deleted)
}

fn listed_companies(workspace: &Workspace) -> impl Iterator<Item = &company::Company> {
    workspace
        .companies
        .iter()
        .filter(|company| !company.deleted && workspace.contacts_of_company(company.row).next().is_some())
}

fn small_lists(workspace: &Workspace) -> impl Iterator<Item = (&'static str, &[Value])> {
    let lists = &workspace.reference;
    [
        ("admins", lists.admins.as_slice()),
        ("teams", &lists.teams),
        ("ticket_types", &lists.ticket_types),
        ("ticket_states", &lists.ticket_states),
        ("subscription_types", &lists.subscription_types),
        ("data_attributes", &lists.data_attributes),
        ("conversation_attributes", &lists.conversation_attributes),
        ("articles", &lists.articles),
        ("collections", &lists.collections),
        ("help_centers", &lists.help_centers),
        ("internal_articles", &lists.internal_articles),
        ("activity_logs", &lists.activity_logs),
        ("news_items", &lists.news_items),
        ("newsfeeds", &lists.newsfeeds),
        ("away_status_reasons", &lists.away_status_reasons),
        ("brands", &lists.brands),
        ("emails", &lists.emails),
        ("macros", &lists.macros),
    ]
    .into_iter()
}

fn with(mut row: Value, field: &str, parent: &str) -> Value {
    row[field] = json!(parent);
    row
}

fn conversation_parts(view: View<'_>, conversation: &Conversation, out: &mut Lines) {
    let id = conversation.id();
    for index in 0..conversation.parts.len() {
        let part = value(&parts::of_conversation(view, conversation, index));
        out.push(&with(part, "conversation_id", &id));
    }
}

fn notes(view: View<'_>, contact: &contact::Contact, out: &mut Lines) {
    let workspace = view.workspace;
    let id = contact.id(workspace.seed);
    for row in &contact.notes {
        let note = &workspace.notes[*row as usize];
        let body = note
            .body
            .clone()
            .unwrap_or_else(|| texts::note(mix(workspace.seed, 12, note.row)).to_owned());
        out.push(&json!({
            "type": "note",
            "id": note.id(),
            "created_at": note.created_at,
            "contact": { "type": "contact", "id": id },
            "contact_id": id,
            "author": value(&parts::author(view, Author::Admin(note.admin))),
            "body": format!("<p>{body}</p>"),
        }));
    }
}

fn pairs(workspace: &Workspace, stream: &str) -> Option<Vec<Value>> {
    let seed = workspace.seed;
    let tag = |row: &u32| workspace.tags[*row as usize].id.to_string();
    let mut all = Vec::new();
    match stream {
        "contact_tags" => people(workspace).for_each(|contact| {
            all.extend(contact.tags.iter().map(|row| json!({ "contact_id": contact.id(seed), "tag_id": tag(row) })));
        }),
        "contact_companies" => people(workspace).for_each(|contact| {
            all.extend(contact.companies.iter().map(|row| json!({ "contact_id": contact.id(seed), "company_id": company::id(seed, *row) })));
        }),
        "contact_segments" => people(workspace).for_each(|contact| {
            all.extend(workspace.segments_of_contact(contact).map(|segment| json!({ "contact_id": contact.id(seed), "segment_id": segment.id })));
        }),
        "contact_subscriptions" => people(workspace).for_each(|contact| {
            all.extend(contact.consents.iter().map(|(number, is_in)| {
                let kind = &workspace.reference.subscription_types[usize::from(*number)]["id"];
                json!({ "contact_id": contact.id(seed), "subscription_type_id": kind, "consent": if *is_in { "opt_in" } else { "opt_out" } })
            }));
        }),
        "company_tags" => listed_companies(workspace).for_each(|company| {
            all.extend(company.tags.iter().map(|row| json!({ "company_id": company.id(seed), "tag_id": tag(row) })));
        }),
        "company_segments" => listed_companies(workspace).for_each(|company| {
            all.extend(workspace.segments_of_company(company).map(|segment| json!({ "company_id": company.id(seed), "segment_id": segment.id })));
        }),
        "conversation_tags" => alive(workspace).for_each(|conversation| {
            all.extend(conversation.tags.iter().map(|row| json!({ "conversation_id": conversation.id(), "tag_id": tag(row) })));
        }),
        "conversation_contacts" => alive(workspace).for_each(|conversation| {
            all.extend(conversation.contacts.iter().map(|row| json!({ "conversation_id": conversation.id(), "contact_id": contact::id(seed, *row) })));
        }),
        "team_admins" => workspace.reference.teams.iter().for_each(|team| {
            all.extend(team["admin_ids"].as_array().into_iter().flatten().map(|admin| json!({ "team_id": team["id"], "admin_id": admin.to_string() })));
        }),
        _ => return None,
    }
    Some(all)
}
