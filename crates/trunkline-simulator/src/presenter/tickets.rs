//! A ticket as the API shows it.

use std::borrow::Cow;

use serde::Serialize;
use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{Shown, View, parts, reference};
use crate::{
    texts,
    workspace::{conversation::PartKind, ids::Ids, ticket::Ticket},
};

/// A ticket with all its parts, in the platform's order of fields.
#[derive(Debug, Serialize)]
pub(crate) struct TicketView<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    id: String,
    ticket_id: String,
    /// Since 2.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    category: Option<&'a Value>,
    ticket_attributes: Map<String, Value>,
    ticket_state: State<'a>,
    ticket_type: Cow<'a, Value>,
    contacts: Value,
    admin_assignee_id: Assignee,
    team_assignee_id: Assignee,
    created_at: i64,
    updated_at: i64,
    open: bool,
    snoozed_until: Option<i64>,
    /// Since 2.10.
    #[serde(skip_serializing_if = "Option::is_none")]
    linked_objects: Option<Value>,
    ticket_parts: Parts,
    is_shared: bool,
    company_id: Option<String>,
    /// Since 2.12.
    #[serde(skip_serializing_if = "Option::is_none")]
    previous_ticket_state_id: Option<Value>,
    /// Up to 2.11, beside the state's word.
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_state_internal_label: Option<&'a Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    ticket_state_external_label: Option<&'a Value>,
}

/// Text up to 2.15, a number since.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum Assignee {
    Text(String),
    Number(u64),
}

/// A word up to 2.11, an object since.
#[derive(Debug, Serialize)]
#[serde(untagged)]
enum State<'a> {
    Word(&'a Value),
    Whole {
        #[serde(rename = "type")]
        kind: &'static str,
        id: &'a Value,
        category: &'a Value,
        internal_label: &'a Value,
        external_label: &'a Value,
    },
}

#[derive(Debug, Serialize)]
struct Parts {
    #[serde(rename = "type")]
    kind: &'static str,
    ticket_parts: Vec<Shown<parts::TicketPartView>>,
    total_count: usize,
}

/// Shows a ticket with all its parts.
pub(crate) fn view<'a>(view: View<'a>, ticket: &Ticket) -> Shown<TicketView<'a>> {
    Shown::of(plain(view, ticket), &ticket.kept)
}

fn plain<'a>(view: View<'a>, ticket: &Ticket) -> TicketView<'a> {
    let lists = &view.workspace.reference;
    let state = &lists.ticket_states[usize::from(ticket.state)];
    let ticket_type = &lists.ticket_types[usize::from(ticket.ticket_type)];
    let knows_categories = view.version >= Version::V2_10;
    let has_states = view.version >= Version::V2_12;
    let assignee = |number: u16, id: fn(&Ids, u16) -> u64| {
        let id = number
            .checked_sub(1)
            .map_or(0, |number| id(&view.workspace.ids, number));
        if view.version >= Version::V2_16 {
            Assignee::Number(id)
        } else {
            Assignee::Text(id.to_string())
        }
    };
    let shown: Vec<_> = (0..ticket.parts.len())
        .map(|index| parts::of_ticket(view, ticket, index))
        .collect();
    TicketView {
        kind: "ticket",
        id: ticket.id(&view.workspace.ids),
        ticket_id: ticket.ticket_id(&view.workspace.ids),
        category: knows_categories.then(|| &ticket_type["category"]),
        ticket_attributes: attributes(ticket),
        ticket_state: if has_states {
            State::Whole {
                kind: "ticket_state",
                id: &state["id"],
                category: &state["category"],
                internal_label: &state["internal_label"],
                external_label: &state["external_label"],
            }
        } else {
            State::Word(&state["category"])
        },
        ticket_type: reference::ticket_type_of_ticket(ticket_type, view.version),
        contacts: people(view, ticket),
        admin_assignee_id: assignee(ticket.admin, Ids::admin),
        team_assignee_id: assignee(ticket.team, Ids::team),
        created_at: ticket.created_at,
        updated_at: ticket.updated_at,
        open: ticket.open,
        snoozed_until: ticket.snoozed_until,
        linked_objects: knows_categories.then(|| linked(view, ticket)),
        ticket_parts: Parts {
            kind: "ticket_part.list",
            total_count: shown.len(),
            ticket_parts: shown,
        },
        is_shared: ticket.is_shared,
        company_id: company(view, ticket),
        previous_ticket_state_id: has_states.then(|| previous_state(view, ticket)),
        ticket_state_internal_label: (!has_states).then(|| &state["internal_label"]),
        ticket_state_external_label: (!has_states).then(|| &state["external_label"]),
    }
}

fn people(view: View<'_>, ticket: &Ticket) -> Value {
    let workspace = view.workspace;
    let contacts: Vec<Value> = ticket
        .contacts
        .iter()
        .map(|row| {
            // What was told of a contact before the link became the usual one (2.10).
            if view.version < Version::V2_10 {
                let role = if workspace.contacts[*row as usize].is_lead {
                    "lead"
                } else {
                    "user"
                };
                return json!({ "id": workspace.ids.contact(*row), "role": role });
            }
            let external_id = workspace.contacts[*row as usize].external_id(workspace.seed);
            json!({ "type": "contact", "id": view.workspace.ids.contact(*row), "external_id": external_id })
        })
        .collect();
    json!({ "type": "contact.list", "contacts": contacts })
}

/// The id of the state before the last change of state.
fn previous_state(view: View<'_>, ticket: &Ticket) -> Value {
    let from = ticket.parts.iter().rev().find_map(|part| match part.kind {
        PartKind::TicketState { from, .. } => Some(from),
        _ => None,
    });
    from.map_or(Value::Null, |from| {
        view.workspace.reference.ticket_states[usize::from(from)]["id"].clone()
    })
}

/// The company that a ticket was made for.
fn company(view: View<'_>, ticket: &Ticket) -> Option<String> {
    let row = view
        .workspace
        .reference
        .extra
        .company_of_ticket
        .get(&ticket.row)
        .filter(|row| !view.workspace.companies[**row as usize].deleted)?;
    Some(view.workspace.ids.company(*row))
}

/// The conversations that are linked to a ticket.
fn linked(view: View<'_>, ticket: &Ticket) -> Value {
    let linked = view.workspace.reference.extra.links.get(&ticket.row);
    let data: Vec<Value> = linked
        .into_iter()
        .flatten()
        .filter(|row| !view.workspace.conversations[**row as usize].deleted)
        .map(|row| json!({ "type": "conversation", "id": view.workspace.ids.conversation(*row), "category": Value::Null }))
        .collect();
    json!({ "type": "list", "total_count": data.len(), "has_more": false, "data": data })
}

const TITLES: [&str; 8] = [
    "Export stops halfway",
    "Second charge in one month",
    "Refund for a cancelled seat",
    "Webhook arrives three times",
    "Report shows no numbers",
    "Import rejects a row",
    "Login mail never comes",
    "App closes on opening a report",
];
const SEVERITIES: [&str; 3] = ["low", "normal", "high"];

/// The attributes of a ticket, generated and written ones.
pub(crate) fn attributes(ticket: &Ticket) -> Map<String, Value> {
    let mut all = Map::new();
    let number = texts::mix(0, 17, ticket.row);
    if ticket.generated {
        let title = TITLES[(number % TITLES.len() as u64) as usize];
        all.insert("_default_title_".to_owned(), json!(title));
        all.insert(
            "_default_description_".to_owned(),
            json!(texts::opening("en", number >> 8)),
        );
        all.insert(
            "Order: number".to_owned(),
            json!(format!("A-{}", 1_000 + u64::from(ticket.row))),
        );
        all.insert(
            "Severity".to_owned(),
            json!(SEVERITIES[(number >> 16) as usize % SEVERITIES.len()]),
        );
    } else {
        all.insert("_default_title_".to_owned(), Value::Null);
        all.insert("_default_description_".to_owned(), Value::Null);
    }
    if let Some(written) = &ticket.attributes {
        all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    all
}
