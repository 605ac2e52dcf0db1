//! The datasets of the reporting export: attributes by name, and a row's value for each (facts 8).

use std::io;

use bytes::Bytes;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use super::{archive, join};
use crate::workspace::{
    Workspace,
    conversation::{Author, Conversation},
    reference,
    ticket::Ticket,
};

/// A column of a dataset.
pub(crate) struct Attribute<R> {
    /// Its id without the dataset's prefix.
    pub(crate) id: &'static str,
    name: &'static str,
    value: fn(&Workspace, &R) -> String,
}

/// The ids of the datasets, with what they are of.
pub(crate) const DATASETS: [(&str, &str, &str); 2] = [
    ("conversation", "Conversations", "One row per conversation"),
    ("ticket", "Tickets", "One row per ticket"),
];

const CONVERSATION: [Attribute<Conversation>; 8] = [
    Attribute {
        id: "conversation_id",
        name: "Conversation ID",
        value: |workspace, row| row.id(&workspace.ids),
    },
    Attribute {
        id: "conversation_started_at",
        name: "Conversation started at",
        value: |_, row| reference::iso(row.created_at),
    },
    Attribute {
        id: "last_updated_at",
        name: "Last updated at",
        value: |_, row| reference::iso(row.updated_at),
    },
    Attribute {
        id: "current_conversation_state",
        name: "Current state",
        value: |_, row| row.state.as_str().to_owned(),
    },
    Attribute {
        id: "teammate_assigned_id",
        name: "Teammate assigned ID",
        value: |workspace, row| {
            row.admin
                .checked_sub(1)
                .map(|admin| workspace.ids.admin(admin).to_string())
                .unwrap_or_default()
        },
    },
    Attribute {
        id: "team_assigned_id",
        name: "Team assigned ID",
        value: |workspace, row| {
            row.team
                .checked_sub(1)
                .map(|team| workspace.ids.team(team).to_string())
                .unwrap_or_default()
        },
    },
    Attribute {
        id: "number_of_parts",
        name: "Number of parts",
        value: |_, row| row.parts.len().to_string(),
    },
    Attribute {
        id: "conversation_rating",
        name: "Conversation rating",
        value: |_, row| row.rating.map(|(score, _)| score.to_string()).unwrap_or_default(),
    },
];

const TICKET: [Attribute<Ticket>; 4] = [
    Attribute {
        id: "ticket_id",
        name: "Ticket ID",
        value: |workspace, row| row.id(&workspace.ids),
    },
    Attribute {
        id: "ticket_created_at",
        name: "Ticket created at",
        value: |_, row| reference::iso(row.created_at),
    },
    Attribute {
        id: "current_ticket_state",
        name: "Current state",
        value: |workspace, row| {
            workspace.reference.ticket_states[usize::from(row.state)]["internal_label"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        },
    },
    Attribute {
        id: "ticket_type",
        name: "Ticket type",
        value: |workspace, row| {
            workspace.reference.ticket_types[usize::from(row.ticket_type)]["name"]
                .as_str()
                .unwrap_or_default()
                .to_owned()
        },
    },
];

fn described<R>(dataset: &str, attributes: &[Attribute<R>], version: Version) -> Vec<Value> {
    let shown = |one: &Attribute<R>| {
        let mut shown = json!({ "id": one.id, "name": one.name });
        if version >= Version::V2_16 {
            shown["qualified_id"] = json!(format!("{dataset}.{}", one.id));
        }
        shown
    };
    attributes.iter().map(shown).collect()
}

/// The datasets as the API lists them.
pub(crate) fn datasets(version: Version) -> Vec<Value> {
    DATASETS
        .iter()
        .enumerate()
        .map(|(place, (id, name, description))| {
            json!({
                "id": id,
                "name": name,
                "description": description,
                "default_time_attribute_id": ids(place)[1],
                "attributes": if place == 0 { described(id, &CONVERSATION, version) } else { described(id, &TICKET, version) },
            })
        })
        .collect()
}

/// The ids of a dataset's attributes.
pub(crate) fn ids(dataset: usize) -> Vec<&'static str> {
    if dataset == 0 {
        CONVERSATION.iter().map(|one| one.id).collect()
    } else {
        TICKET.iter().map(|one| one.id).collect()
    }
}

fn table<'r, R: 'r>(
    workspace: &Workspace,
    known: &[Attribute<R>],
    picked: &[usize],
    rows: impl Iterator<Item = &'r R>,
) -> String {
    let mut text = join(picked.iter().map(|place| known[*place].name.to_owned()));
    for row in rows {
        text += &join(picked.iter().map(|place| (known[*place].value)(workspace, row)));
    }
    text
}

/// The packed file of a span; before 2.16 conversations that nobody from outside ever answered in are left out.
pub(crate) fn file(
    workspace: &Workspace,
    dataset: usize,
    attributes: &[usize],
    span: (i64, i64),
    only_replied: bool,
    now: i64,
) -> io::Result<Bytes> {
    let within = |at: i64| span.0 <= at && at <= span.1;
    let text = if dataset == 0 {
        let rows = workspace.conversations.iter().filter(|row| {
            !row.deleted
                && within(row.created_at)
                && (!only_replied
                    || row
                        .parts
                        .iter()
                        .any(|part| matches!(part.author, Author::Contact(_))))
        });
        table(workspace, &CONVERSATION, attributes, rows)
    } else {
        let rows = workspace
            .tickets
            .iter()
            .filter(|row| !row.deleted && within(row.created_at));
        table(workspace, &TICKET, attributes, rows)
    };
    archive(&format!("{}.csv", DATASETS[dataset].0), text.as_bytes(), now)
}
