//! A ticket as the API shows it.

use serde_json::{Map, Value, json};
use trunkline_catalog::Version;

use super::{View, parts, reference};
use crate::{
    texts,
    workspace::{
        contact,
        reference::{admin_id, team_id},
        ticket::Ticket,
    },
};

/// Shows a ticket with all its parts.
pub(crate) fn view(view: View<'_>, ticket: &Ticket) -> Value {
    let workspace = view.workspace;
    let lists = &workspace.reference;
    let state = &lists.ticket_states[usize::from(ticket.state)];
    let ticket_type = &lists.ticket_types[usize::from(ticket.ticket_type)];
    let assignee = |number: u16, id: fn(u16) -> u64| {
        let id = number.checked_sub(1).map_or(0, id);
        if view.version >= Version::V2_16 {
            json!(id)
        } else {
            json!(id.to_string())
        }
    };
    let contacts: Vec<Value> = ticket
        .contacts
        .iter()
        .map(|row| {
            let external_id = workspace.contacts[*row as usize].external_id(workspace.seed);
            json!({ "type": "contact", "id": contact::id(workspace.seed, *row), "external_id": external_id })
        })
        .collect();
    let shown: Vec<Value> = (0..ticket.parts.len())
        .map(|index| parts::of_ticket(view, ticket, index))
        .collect();
    let mut fields = Map::new();
    let mut set = |name: &str, value: Value| fields.insert(name.to_owned(), value);
    set("type", json!("ticket"));
    set("id", json!(ticket.id()));
    set("ticket_id", json!(ticket.ticket_id()));
    set("created_at", json!(ticket.created_at));
    set("updated_at", json!(ticket.updated_at));
    set("category", ticket_type["category"].clone());
    set("ticket_attributes", Value::Object(attributes(ticket)));
    set("ticket_type", reference::ticket_type(ticket_type));
    set(
        "contacts",
        json!({ "type": "contact.list", "contacts": contacts }),
    );
    set("admin_assignee_id", assignee(ticket.admin, admin_id));
    set("team_assignee_id", assignee(ticket.team, team_id));
    set("open", json!(ticket.open));
    set("snoozed_until", json!(ticket.snoozed_until));
    set("is_shared", json!(ticket.is_shared));
    set(
        "linked_objects",
        json!({ "type": "list", "data": [], "total_count": 0, "has_more": false }),
    );
    set(
        "ticket_parts",
        json!({ "type": "ticket_part.list", "ticket_parts": shown, "total_count": ticket.parts.len() }),
    );
    if view.version >= Version::V2_12 {
        set("ticket_state", reference::ticket_state(state));
    } else {
        set("ticket_state", state["category"].clone());
        set("ticket_state_internal_label", state["internal_label"].clone());
        set("ticket_state_external_label", state["external_label"].clone());
    }
    Value::Object(fields)
}

fn attributes(ticket: &Ticket) -> Map<String, Value> {
    let mut all = Map::new();
    let number = u64::from(ticket.row);
    all.insert(
        "_default_title_".to_owned(),
        json!(format!("Ticket {}", ticket.row + 1)),
    );
    all.insert(
        "_default_description_".to_owned(),
        json!(texts::opening("en", number)),
    );
    all.insert("Order: number".to_owned(), json!(format!("A-{}", 1_000 + number)));
    if let Some(written) = &ticket.attributes {
        all.extend(written.iter().map(|(name, value)| (name.clone(), value.clone())));
    }
    all
}
