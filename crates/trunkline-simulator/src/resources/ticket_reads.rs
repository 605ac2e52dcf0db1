//! Tickets as they are read: one and searches.

use serde_json::{Value, json};

use super::Handler;
use crate::{
    errors::Refusal,
    pipeline::Request,
    presenter::tickets,
    reply::{Answer, Reply},
    search::{self, Plan, Times, fields},
    workspace::{Workspace, ticket},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("tickets.get", Handler::Read(get)),
    ("tickets.search", Handler::Read(search)),
];

/// The row of a ticket that exists.
pub(crate) fn find(workspace: &Workspace, id: &str) -> Result<u32, Refusal> {
    ticket::row(id)
        .filter(|row| {
            workspace
                .tickets
                .get(*row as usize)
                .is_some_and(|ticket| !ticket.deleted)
        })
        .ok_or_else(|| Refusal::new(404, "ticket_not_found", "Ticket not found"))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = find(workspace, request.parameter("id"))?;
    Ok(Reply::json(&tickets::view(
        request.view(workspace),
        &workspace.tickets[row as usize],
    )))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let filter = search::compile(&request.body["query"], &fields::ticket_kind, Times::Seconds)?;
    let plan = Plan::read(&request.body, 20, 150)?;
    let value = |row: u32, field: &str| fields::of_ticket(workspace, &workspace.tickets[row as usize], field);
    let passes = |row: u32| filter.passes(&|field| value(row, field));
    let key = |field: &str, row: u32| match value(row, field) {
        fields::Value::Number(number) => number,
        _ => i64::from(row),
    };
    let found = search::run(&plan, &filter, &workspace.ticket_order, &passes, &key, None);
    let view = request.view(workspace);
    let shown: Vec<Value> = found
        .rows
        .iter()
        .map(|row| tickets::view(view, &workspace.tickets[*row as usize]))
        .collect();
    Ok(Reply::json(&json!({
        "type": "ticket.list", "pages": found.pages, "total_count": found.total, "tickets": shown,
    })))
}
