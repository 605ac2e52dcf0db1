//! Everything that exists now, line by line, by the names of the streams that a mirror holds.
//!
//! The one rule: a span of rows at a time, so that neither memory nor a lock is held for a whole stream. Counting is in
//! `counts.rs`.

use serde::Serialize;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::counts::{company_notes, is_listed, small_lists, ticket_type_attributes};
use crate::{
    files::Addresses,
    habits::Habits,
    presenter::{View, companies, contacts, conversations, notes, parts, reference, tickets, value},
    resources::{calls, conversations::handling_events, custom_object_instances, visitors},
    workspace::{
        Workspace,
        company::Company,
        contact::{Contact, Life},
        conversation::Conversation,
        ticket::Ticket,
    },
};

/// How many rows are looked at before the lock is let go.
const SPAN: usize = 500;

/// Lines of one span.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    pub(crate) bytes: Vec<u8>,
}

impl Lines {
    fn push(&mut self, row: &impl Serialize) {
        serde_json::to_writer(&mut self.bytes, row)
            .expect("views have string keys and no failing serializers");
        self.bytes.push(b'\n');
    }
}

/// What a stream's lines are made from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Base {
    Contacts,
    Companies,
    Conversations,
    Tickets,
    /// A list so small that it is one span.
    Small,
}

fn base(workspace: &Workspace, stream: &str) -> Option<Base> {
    Some(match stream {
        "contacts"
        | "notes"
        | "contact_tags"
        | "contact_companies"
        | "contact_segments"
        | "contact_subscriptions"
        | "visitors" => Base::Contacts,
        "companies" | "company_tags" | "company_segments" => Base::Companies,
        "conversations"
        | "conversation_parts"
        | "conversation_tags"
        | "conversation_contacts"
        | "attachments"
        | "handling_events" => Base::Conversations,
        "tickets" | "ticket_parts" | "ticket_contacts" | "ticket_conversations" => Base::Tickets,
        "tags"
        | "segments"
        | "articles"
        | "ticket_type_attributes"
        | "calls"
        | "company_notes"
        | "contact_merges"
        | "custom_object_instances"
        | "deleted_conversations"
        | "team_admins" => Base::Small,
        other => small_lists(workspace)
            .any(|(name, _)| name == other)
            .then_some(Base::Small)?,
    })
}

/// One span of a stream's lines as a version shows them, and where the next one begins; `None` for an unknown stream.
pub(crate) fn span(
    workspace: &Workspace,
    habits: &Habits,
    version: Version,
    stream: &str,
    from: usize,
) -> Option<(Lines, Option<usize>)> {
    let view = View {
        workspace,
        version,
        habits,
        files: Addresses::bare(),
    };
    let base = base(workspace, stream)?;
    let mut out = Lines::default();
    let to = from + SPAN;
    let total = match base {
        Base::Contacts => {
            of(&workspace.contacts, from, to).for_each(|row| of_contact(view, stream, row, &mut out));
            workspace.contacts.len()
        }
        Base::Companies => {
            of(&workspace.companies, from, to)
                .filter(|row| is_listed(workspace, row))
                .for_each(|row| of_company(view, stream, row, &mut out));
            workspace.companies.len()
        }
        Base::Conversations => {
            of(&workspace.conversations, from, to)
                .filter(|row| row.is_listed())
                .for_each(|row| of_conversation(view, stream, row, &mut out));
            workspace.conversations.len()
        }
        Base::Tickets => {
            of(&workspace.tickets, from, to)
                .filter(|row| !row.deleted)
                .for_each(|row| of_ticket(view, stream, row, &mut out));
            workspace.tickets.len()
        }
        Base::Small => {
            small(view, stream, &mut out);
            0
        }
    };
    Some((out, (to < total).then_some(to)))
}

fn of<T>(rows: &[T], from: usize, to: usize) -> impl Iterator<Item = &T> {
    rows.get(from..to.min(rows.len())).unwrap_or_default().iter()
}

fn with(row: &impl Serialize, field: &str, parent: &str) -> Value {
    let mut row = value(row);
    row[field] = json!(parent);
    row
}

fn of_contact(view: View<'_>, stream: &str, row: &Contact, out: &mut Lines) {
    let workspace = view.workspace;
    if stream == "visitors" {
        if row.life == Life::Visitor {
            out.push(&visitors::view(workspace, row));
        }
        return;
    }
    if !row.is_listed() {
        return;
    }
    let id = row.id(&workspace.ids);
    let tag = |tag: &u32| workspace.tags[*tag as usize].id.to_string();
    match stream {
        "contacts" => out.push(&contacts::view(view, row)),
        "notes" => row.notes.iter().for_each(|note| {
            out.push(&with(
                &notes::view(view, &workspace.notes[*note as usize]),
                "contact_id",
                &id,
            ));
        }),
        "contact_tags" => row
            .tags
            .iter()
            .for_each(|held| out.push(&json!({ "contact_id": id, "tag_id": tag(held) }))),
        "contact_companies" => row.companies.iter().for_each(|held| {
            out.push(&json!({ "contact_id": id, "company_id": workspace.ids.company(*held) }));
        }),
        "contact_segments" => workspace.segments_of_contact(row).for_each(|segment| {
            out.push(&json!({ "contact_id": id, "segment_id": segment.id }));
        }),
        _ => row.consents.iter().for_each(|(number, is_in)| {
            let kind = &workspace.reference.subscription_types[usize::from(*number)]["id"];
            let consent = if *is_in { "opt_in" } else { "opt_out" };
            out.push(&json!({ "contact_id": id, "subscription_type_id": kind, "consent": consent }));
        }),
    }
}

fn of_company(view: View<'_>, stream: &str, row: &Company, out: &mut Lines) {
    let workspace = view.workspace;
    let id = row.id(&workspace.ids);
    match stream {
        "companies" => out.push(&companies::view(view, row)),
        "company_tags" => row.tags.iter().for_each(|held| {
            out.push(&json!({ "company_id": id, "tag_id": workspace.tags[*held as usize].id.to_string() }));
        }),
        _ => workspace.segments_of_company(row).for_each(|segment| {
            out.push(&json!({ "company_id": id, "segment_id": segment.id }));
        }),
    }
}

fn of_conversation(view: View<'_>, stream: &str, row: &Conversation, out: &mut Lines) {
    let workspace = view.workspace;
    let id = row.id(&workspace.ids);
    match stream {
        "conversations" => out.push(&conversations::row(view, row)),
        "conversation_parts" => (0..row.parts.len()).for_each(|index| {
            out.push(&with(
                &parts::of_conversation(view, row, index),
                "conversation_id",
                &id,
            ));
        }),
        "attachments" => {
            let first = conversations::source_files(view, row);
            push_files(&id, None, first, out);
            for (index, part) in row.parts.iter().enumerate() {
                push_files(
                    &id,
                    Some(&row.part_id(&workspace.ids, index)),
                    parts::attachments(view, part),
                    out,
                );
            }
        }
        "handling_events" => {
            for (place, mut event) in (1..).zip(handling_events(workspace, row)) {
                event["id"] = json!(format!("{id}-{place}"));
                event["conversation_id"] = json!(id);
                event["place"] = json!(place);
                out.push(&event);
            }
        }
        "conversation_tags" => row.tags.iter().for_each(|held| {
            out.push(
                &json!({ "conversation_id": id, "tag_id": workspace.tags[*held as usize].id.to_string() }),
            );
        }),
        _ => row.contacts.iter().for_each(|held| {
            out.push(&json!({ "conversation_id": id, "contact_id": workspace.ids.contact(*held) }));
        }),
    }
}

/// Files with the ids that a mirror makes for them.
fn push_files(conversation: &str, part: Option<&str>, files: Vec<Value>, out: &mut Lines) {
    for (place, mut file) in (1..).zip(files) {
        let id = match part {
            Some(part) => format!("{conversation}-{part}-{place}"),
            None => format!("{conversation}-{place}"),
        };
        file["id"] = json!(id);
        file["conversation_id"] = json!(conversation);
        file["part_id"] = json!(part);
        file["place"] = json!(place);
        out.push(&file);
    }
}

fn of_ticket(view: View<'_>, stream: &str, row: &Ticket, out: &mut Lines) {
    let id = row.id(&view.workspace.ids);
    match stream {
        "tickets" => out.push(&tickets::view(view, row)),
        "ticket_parts" => (0..row.parts.len()).for_each(|index| {
            out.push(&with(&parts::of_ticket(view, row, index), "ticket_id", &id));
        }),
        "ticket_conversations" => {
            let links = &view.workspace.reference.extra.links;
            links.get(&row.row).into_iter().flatten().for_each(|linked| {
                out.push(
                    &json!({ "ticket_id": id, "conversation_id": view.workspace.ids.conversation(*linked) }),
                );
            });
        }
        _ => row.contacts.iter().for_each(|held| {
            let contact = view.workspace.ids.contact(*held);
            out.push(&json!({ "ticket_id": id, "contact_id": contact }));
        }),
    }
}

fn small(view: View<'_>, stream: &str, out: &mut Lines) {
    let workspace = view.workspace;
    match stream {
        "tags" => workspace.tags.iter().filter(|tag| !tag.deleted).for_each(|tag| {
            out.push(&json!({ "type": "tag", "id": tag.id.to_string(), "name": tag.name }));
        }),
        "segments" => workspace
            .segments
            .iter()
            .for_each(|segment| out.push(&companies::counted(workspace, segment))),
        "articles" => {
            let articles = &workspace.reference.articles;
            articles.iter().for_each(|article| {
                out.push(&reference::article(&workspace.reference, article, view.version));
            });
        }
        "ticket_type_attributes" => {
            ticket_type_attributes(workspace).for_each(|attribute| out.push(attribute));
        }
        "deleted_conversations" => workspace.deleted_conversations.iter().for_each(|(row, at)| {
            let id = workspace.ids.conversation(*row);
            out.push(
                &json!({ "type": "conversation", "id": id, "metrics_retained": true, "deleted_at": at }),
            );
        }),
        // Who asks for an address gets one of the host that was asked: the truth knows only what stands behind it.
        "calls" => calls::listed(workspace).for_each(|call| {
            let mut shown = calls::view(workspace, "", call);
            let said = calls::transcript(workspace, call);
            if !said.is_empty() {
                shown["transcript"] = json!(said);
            }
            out.push(&shown);
        }),
        "custom_object_instances" => workspace
            .reference
            .lists
            .custom_objects
            .iter()
            .for_each(|object| out.push(&custom_object_instances::view(object))),
        "company_notes" => company_notes(workspace).for_each(|note| out.push(&notes::view(view, note))),
        "contact_merges" => workspace.merges.iter().for_each(|(from, (_, at))| {
            out.push(&json!({
                "type": "merge_history",
                "source_contact_id": workspace.ids.contact(*from),
                "source_contact_role": "lead",
                "merged_at": at,
            }));
        }),
        "team_admins" => workspace.reference.teams.iter().for_each(|team| {
            for admin in team["admin_ids"].as_array().into_iter().flatten() {
                out.push(&json!({ "team_id": team["id"], "admin_id": admin.to_string() }));
            }
        }),
        "admins" => workspace
            .reference
            .admins
            .iter()
            .for_each(|row| out.push(&reference::admin(row, view.version))),
        "activity_logs" => workspace
            .reference
            .activity_logs
            .iter()
            .for_each(|row| out.push(&reference::activity(row, view.version))),
        "teams" => workspace
            .reference
            .teams
            .iter()
            .for_each(|row| out.push(&reference::team(row, view.version))),
        "collections" => reference::collections(&workspace.reference, view.version)
            .iter()
            .for_each(|row| out.push(row)),
        "ticket_types" => {
            let lists = &workspace.reference;
            lists
                .ticket_types
                .iter()
                .for_each(|row| out.push(&reference::ticket_type(lists, row, view.version)));
        }
        "conversation_attributes" if view.version < Version::V2_16 => workspace
            .reference
            .conversation_attributes
            .iter()
            .for_each(|row| out.push(&reference::conversation_attribute_of_old(row))),
        "ticket_states" => {
            let lists = &workspace.reference;
            lists
                .ticket_states
                .iter()
                .for_each(|row| out.push(&reference::ticket_state(lists, row)));
        }
        other => small_lists(workspace)
            .filter(|(name, _)| *name == other)
            .flat_map(|(_, rows)| rows)
            .for_each(|row| out.push(row)),
    }
}
