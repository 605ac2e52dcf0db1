//! Exceptions of an office hours schedule: a day that is closed or has hours of its own (facts 6.10).

use serde_json::{Value, json};

use super::{Handler, common, office_hours_schedules, records};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("office_hours_exceptions.list", Handler::Read(list)),
    ("office_hours_exceptions.get", Handler::Read(get)),
    ("office_hours_exceptions.create", Handler::Write(create)),
    ("office_hours_exceptions.update", Handler::Write(update)),
    ("office_hours_exceptions.delete", Handler::Write(delete)),
];

/// The exceptions of the schedule that the path names.
fn of_schedule(workspace: &Workspace, request: &Request<'_>) -> Result<Vec<Value>, Refusal> {
    let schedule = office_hours_schedules::of_path(workspace, request)?;
    let rows = &workspace.reference.lists.office_hours_exceptions;
    Ok(rows
        .iter()
        .filter(|row| row["office_hours_schedule_id"] == schedule)
        .cloned()
        .collect())
}

fn place(workspace: &Workspace, request: &Request<'_>) -> Result<usize, Refusal> {
    let schedule = office_hours_schedules::of_path(workspace, request)?;
    let rows = &workspace.reference.lists.office_hours_exceptions;
    reference::position(rows, request.parameter("id"))
        .filter(|place| rows[*place]["office_hours_schedule_id"] == schedule)
        .ok_or_else(records::object_unknown)
}

fn list(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = of_schedule(workspace, request)?;
    Ok(Reply::json(&paging::whole_list(
        "office_hours_exception.list",
        "data",
        rows,
    )))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    records::one(
        request,
        &of_schedule(workspace, request)?,
        records::object_unknown,
    )
}

/// An exception with what the body says; the answer is refused when the two do not fit.
fn written(mut row: Value, request: &Request<'_>) -> Result<Value, Refusal> {
    common::copy(
        reference::fields(&mut row),
        &request.body,
        &["exception_date", "exception_type", "name", "recurring_annually"],
    );
    let is_date = row["exception_date"]
        .as_str()
        .is_some_and(|text| text.parse::<jiff::civil::Date>().is_ok());
    if !is_date {
        return Err(office_hours_schedules::invalid());
    }
    if request.body["time_intervals"].is_array() {
        row["time_intervals"] = json!(office_hours_schedules::intervals(
            &request.body["time_intervals"]
        )?);
    }
    if row["exception_type"] == "closed" {
        row["time_intervals"] = Value::Null;
    } else if row["time_intervals"].as_array().is_none_or(Vec::is_empty) {
        return Err(office_hours_schedules::invalid());
    }
    row["updated_at"] = json!(request.now);
    Ok(row)
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let schedule = office_hours_schedules::of_path(workspace, request)?;
    let blank = json!({
        "type": "office_hours_exception",
        "id": Value::Null,
        "office_hours_schedule_id": schedule,
        "exception_date": request.required("exception_date")?,
        "exception_type": request.required("exception_type")?,
        "name": Value::Null,
        "time_intervals": Value::Null,
        "recurring_annually": false,
        "created_at": request.now,
        "updated_at": request.now,
    });
    let mut made = written(blank, request)?;
    let is_taken = of_schedule(workspace, request)?
        .iter()
        .any(|held| held["exception_date"] == made["exception_date"]);
    if is_taken {
        return Err(office_hours_schedules::invalid());
    }
    made["id"] = json!(workspace.reference.next_id().to_string());
    workspace
        .reference
        .lists
        .office_hours_exceptions
        .push(made.clone());
    workspace.changed();
    Ok(Reply::with_status(201, &made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let held = workspace.reference.lists.office_hours_exceptions[place].clone();
    let row = written(held, request)?;
    workspace.reference.lists.office_hours_exceptions[place] = row.clone();
    workspace.changed();
    Ok(Reply::json(&row))
}

fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let place = place(workspace, request)?;
    let gone = workspace.reference.lists.office_hours_exceptions.remove(place);
    workspace.changed();
    Ok(records::deleted(&gone["id"], "office_hours_exception"))
}
