//! Searching companies, which only Preview can; exact to the second like everything of Preview.

use serde_json::{Value, json};

use super::{Handler, companies};
use crate::{
    presenter::{self, companies as presented},
    reply::{Answer, Reply},
    request::Request,
    search::{self, Plan, Times, company_fields, fields},
    workspace::{Workspace, order::Order},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[("companies.search", Handler::Read(search))];

fn search(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let filter = search::compile(&request.body["query"], &company_fields::kind, Times::Seconds)?;
    let plan = Plan::read(&request.body, 15, 150)?;
    let value =
        |row: u32, field: &str| company_fields::value(workspace, &workspace.companies[row as usize], field);
    let passes = |row: u32| filter.passes(&|field| value(row, field));
    let key = |field: &str, row: u32| match value(row, field) {
        fields::Value::Number(number) => number,
        _ => i64::from(row),
    };
    // Companies have no index of changes, because up to 2.16 nothing asks for one.
    let mut order = Order::default();
    for company in companies::listed(workspace) {
        order.insert(company.updated_at, company.row);
    }
    let found = search::run(&plan, &filter, &order, &passes, &key, None);
    let view = request.view(workspace);
    let data: Vec<Value> = found
        .rows
        .iter()
        .map(|row| presenter::value(&presented::view(view, &workspace.companies[*row as usize])))
        .collect();
    Ok(Reply::json(
        &json!({ "type": "list", "data": data, "total_count": found.total, "pages": found.pages }),
    ))
}
