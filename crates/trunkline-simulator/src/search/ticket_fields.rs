//! The fields that a search for tickets knows.

use super::fields::{Kind, Value};
use crate::{
    presenter::tickets,
    workspace::{Workspace, conversation::Author, ids::Ids, ticket::Ticket},
};

/// The kind of a field; `None` when there is no such field.
pub(crate) fn kind(field: &str) -> Option<Kind> {
    Some(match field {
        "created_at" | "updated_at" | "snoozed_until" => Kind::Time,
        "open" => Kind::Flag,
        "id" | "title" | "description" | "category" | "ticket_type_id" | "contact_ids" | "teammate_ids"
        | "admin_assignee_id" | "team_assignee_id" | "state" => Kind::Text,
        attribute if attribute.starts_with("ticket_attribute.") => Kind::Any,
        _ => return None,
    })
}

/// What a ticket holds in a field.
pub(crate) fn value(workspace: &Workspace, ticket: &Ticket, field: &str) -> Value {
    let lists = &workspace.reference;
    let kind = &lists.ticket_types[usize::from(ticket.ticket_type)];
    let ids = &workspace.ids;
    let assignee = |number: u16, id: fn(&Ids, u16) -> u64| {
        Value::Text(
            number
                .checked_sub(1)
                .map_or(0, |number| id(ids, number))
                .to_string(),
        )
    };
    match field {
        "updated_at" => Value::Number(ticket.updated_at),
        "created_at" => Value::Number(ticket.created_at),
        "snoozed_until" => ticket.snoozed_until.into(),
        "open" => Value::Flag(ticket.open),
        "id" => Value::Text(ticket.id(&workspace.ids)),
        "category" => Value::Text(category(kind["category"].as_str().unwrap_or_default()).to_owned()),
        "ticket_type_id" => Value::from(&kind["id"]),
        "state" => Value::from(&lists.ticket_states[usize::from(ticket.state)]["category"]),
        "contact_ids" => Value::List(
            ticket
                .contacts
                .iter()
                .map(|row| workspace.ids.contact(*row))
                .collect(),
        ),
        "teammate_ids" => teammates(workspace, ticket),
        "admin_assignee_id" => assignee(ticket.admin, Ids::admin),
        "team_assignee_id" => assignee(ticket.team, Ids::team),
        "title" => tickets::attributes(ticket)
            .get("_default_title_")
            .map_or(Value::Null, Value::from),
        "description" => tickets::attributes(ticket)
            .get("_default_description_")
            .map_or(Value::Null, Value::from),
        _ => attribute(ticket, kind, field.trim_start_matches("ticket_attribute.")),
    }
}

/// What the search calls a category.
fn category(category: &str) -> &str {
    match category {
        "Customer" => "request",
        "Back-office" => "task",
        "Tracker" => "tracker",
        other => other,
    }
}

fn teammates(workspace: &Workspace, ticket: &Ticket) -> Value {
    let mut numbers: Vec<u16> = ticket.admin.checked_sub(1).into_iter().collect();
    numbers.extend(ticket.parts.iter().filter_map(|part| match part.author {
        Author::Admin(number) => Some(number),
        _ => None,
    }));
    Value::List(
        numbers
            .into_iter()
            .map(|number| workspace.ids.admin(number).to_string())
            .collect(),
    )
}

/// An attribute by its id.
fn attribute(ticket: &Ticket, kind: &serde_json::Value, id: &str) -> Value {
    let all = kind["ticket_type_attributes"]["data"].as_array();
    let name = all
        .and_then(|all| all.iter().find(|one| one["id"] == id))
        .and_then(|one| one["name"].as_str());
    name.and_then(|name| tickets::attributes(ticket).get(name).map(Value::from))
        .unwrap_or(Value::Null)
}
