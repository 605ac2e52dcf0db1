//! Tickets as they are read: one and searches.

use serde_json::Value;

use super::{Handler, common};
use crate::{
    presenter::{Shown, tickets},
    reply::{Answer, Reply},
    request::Request,
    search::{self, Plan, Times, fields, ticket_fields},
    workspace::Workspace,
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("tickets.get", Handler::Read(get)),
    ("tickets.search", Handler::Read(search)),
];

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let row = common::ticket_of_path(workspace, request)?;
    Ok(Reply::json(&tickets::view(
        request.view(workspace),
        &workspace.tickets[row as usize],
    )))
}

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let filter = search::compile(&request.body["query"], &ticket_fields::kind, Times::Seconds)?;
    let plan = Plan::read(&request.body, 20, 150)?;
    let value =
        |row: u32, field: &str| ticket_fields::value(workspace, &workspace.tickets[row as usize], field);
    let passes = |row: u32| filter.passes(&|field| value(row, field));
    let key = |field: &str, row: u32| match value(row, field) {
        fields::Value::Number(number) => number,
        _ => i64::from(row),
    };
    let order = &workspace.ticket_order;
    let asked = format!("tickets {}", request.body["query"]);
    let found = search::run_counted_once(workspace, asked, &plan, &filter, order, &passes, &key);
    let view = request.view(workspace);
    let tickets = found
        .rows
        .iter()
        .map(|row| tickets::view(view, &workspace.tickets[*row as usize]))
        .collect();
    let list = TicketList {
        kind: "ticket.list",
        pages: found.pages,
        total_count: found.total,
        tickets,
    };
    Ok(Reply::json(&list))
}

/// A list of tickets as the platform wraps it.
#[derive(serde::Serialize)]
struct TicketList<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    pages: Value,
    total_count: usize,
    tickets: Vec<Shown<tickets::TicketView<'a>>>,
}
