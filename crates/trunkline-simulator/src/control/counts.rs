//! How many objects of each stream exist.

use std::collections::BTreeMap;

use serde_json::Value;

use crate::{
    presenter::{conversations, parts},
    resources::{calls, conversations::handling_events},
    workspace::{
        Workspace,
        company::Company,
        contact::Contact,
        conversation::Conversation,
        people::{Note, Subject},
        ticket::Ticket,
    },
};

/// Counts every stream that a mirror holds.
pub(crate) fn counts(workspace: &Workspace) -> BTreeMap<&'static str, usize> {
    let people = |size: &dyn Fn(&Contact) -> usize| -> usize {
        workspace
            .contacts
            .iter()
            .filter(|contact| contact.is_listed())
            .map(size)
            .sum()
    };
    let companies = |size: &dyn Fn(&Company) -> usize| -> usize {
        workspace
            .companies
            .iter()
            .filter(|company| is_listed(workspace, company))
            .map(size)
            .sum()
    };
    let conversations = |size: &dyn Fn(&Conversation) -> usize| -> usize {
        workspace
            .conversations
            .iter()
            .filter(|found| found.is_listed())
            .map(size)
            .sum()
    };
    let tickets = |size: &dyn Fn(&Ticket) -> usize| -> usize {
        workspace
            .tickets
            .iter()
            .filter(|ticket| !ticket.deleted)
            .map(size)
            .sum()
    };
    let mut counts: BTreeMap<&'static str, usize> = small_lists(workspace)
        .map(|(name, rows)| (name, rows.len()))
        .collect();
    let members = |team: &Value| team["admin_ids"].as_array().map_or(0, Vec::len);
    counts.extend([
        ("tags", workspace.tags.iter().filter(|tag| !tag.deleted).count()),
        ("segments", workspace.segments.len()),
        ("contacts", workspace.contact_order.len()),
        ("companies", companies(&|_| 1)),
        ("conversations", workspace.conversation_order.len()),
        ("conversation_parts", conversations(&|found| found.parts.len())),
        (
            "attachments",
            conversations(&|found| {
                let of_parts = found.parts.iter().map(parts::count);
                conversations::count_source_files(found) + of_parts.sum::<usize>()
            }),
        ),
        ("tickets", workspace.ticket_order.len()),
        ("ticket_parts", tickets(&|ticket| ticket.parts.len())),
        ("ticket_contacts", tickets(&|ticket| ticket.contacts.len())),
        (
            "ticket_conversations",
            tickets(&|ticket| {
                workspace
                    .reference
                    .extra
                    .links
                    .get(&ticket.row)
                    .map_or(0, Vec::len)
            }),
        ),
        (
            "custom_object_instances",
            workspace.reference.lists.custom_objects.len(),
        ),
        ("company_notes", company_notes(workspace).count()),
        ("contact_merges", workspace.merges.len()),
        (
            "handling_events",
            conversations(&|found| handling_events(workspace, found).len()),
        ),
        ("calls", calls::listed(workspace).count()),
        ("deleted_conversations", workspace.deleted_conversations.len()),
        (
            "ticket_type_attributes",
            ticket_type_attributes(workspace).count(),
        ),
        ("notes", people(&|contact| contact.notes.len())),
        ("contact_tags", people(&|contact| contact.tags.len())),
        ("contact_companies", people(&|contact| contact.companies.len())),
        (
            "contact_segments",
            people(&|contact| workspace.segments_of_contact(contact).count()),
        ),
        ("contact_subscriptions", people(&|contact| contact.consents.len())),
        ("company_tags", companies(&|company| company.tags.len())),
        (
            "company_segments",
            companies(&|company| workspace.segments_of_company(company).count()),
        ),
        ("conversation_tags", conversations(&|found| found.tags.len())),
        (
            "conversation_contacts",
            conversations(&|found| found.contacts.len()),
        ),
        ("team_admins", workspace.reference.teams.iter().map(members).sum()),
    ]);
    counts
}

/// Whether lists show a company: it has somebody.
pub(crate) fn is_listed(workspace: &Workspace, company: &Company) -> bool {
    !company.deleted && workspace.contacts_of_company(company.row).next().is_some()
}

/// The lists whose rows are kept as the newest version shows them.
pub(super) fn small_lists(workspace: &Workspace) -> impl Iterator<Item = (&'static str, &[Value])> {
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
        ("office_hours_schedules", &lists.lists.office_hours_schedules),
        ("office_hours_exceptions", &lists.lists.office_hours_exceptions),
        ("macros", &lists.macros),
    ]
    .into_iter()
}

/// The notes on companies that lists show.
pub(super) fn company_notes(workspace: &Workspace) -> impl Iterator<Item = &Note> {
    workspace.notes.iter().filter(|note| match note.subject {
        Subject::Company(row) => is_listed(workspace, &workspace.companies[row as usize]),
        Subject::Contact(_) => false,
    })
}

/// The attributes of all ticket types.
pub(super) fn ticket_type_attributes(workspace: &Workspace) -> impl Iterator<Item = &Value> {
    let types = workspace.reference.ticket_types.iter();
    types.flat_map(|kind| {
        kind["ticket_type_attributes"]["data"]
            .as_array()
            .into_iter()
            .flatten()
    })
}
