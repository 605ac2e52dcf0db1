//! Office hours schedules: when a team is there (facts 6.10). Their exceptions are in `office_hours_exceptions.rs`.

use serde_json::{Value, json};

use super::{Handler, records};
use crate::{
    errors::Refusal,
    paging,
    reply::{Answer, Reply},
    request::Request,
    workspace::{Workspace, reference},
};

pub(crate) const HANDLERS: &[(&str, Handler)] = &[
    ("office_hours_schedules.list", Handler::Read(list)),
    ("office_hours_schedules.get", Handler::Read(get)),
    ("office_hours_schedules.create", Handler::Write(create)),
    ("office_hours_schedules.update", Handler::Write(update)),
    ("office_hours_schedules.delete", Handler::Write(delete)),
];

const DAY: i64 = 1_440;
const WEEK: i64 = 7 * DAY;

/// The refusal of what no schedule can have.
pub(super) fn invalid() -> Refusal {
    Refusal::new(422, "data_invalid", "Invalid or duplicated record reference")
}

/// Intervals as answers show them: in order, each with the day that it begins on. Minutes count from Monday's midnight.
pub(super) fn intervals(sent: &Value) -> Result<Vec<Value>, Refusal> {
    let mut spans = Vec::new();
    for interval in sent.as_array().ok_or_else(invalid)? {
        let start = interval["start_minute"].as_i64().ok_or_else(invalid)?;
        let end = interval["end_minute"].as_i64().ok_or_else(invalid)?;
        if start < 0 || end <= start || end > WEEK {
            return Err(invalid());
        }
        spans.push((start, end));
    }
    spans.sort_unstable();
    if spans.windows(2).any(|pair| pair[1].0 < pair[0].1) {
        return Err(invalid());
    }
    Ok(spans
        .into_iter()
        .map(|(start, end)| json!({ "start_minute": start, "end_minute": end, "day_of_week": start / DAY }))
        .collect())
}

fn is_always_open(intervals: &[Value]) -> bool {
    let open: i64 = intervals
        .iter()
        .map(|interval| {
            interval["end_minute"].as_i64().unwrap_or(0) - interval["start_minute"].as_i64().unwrap_or(0)
        })
        .sum();
    open >= WEEK
}

fn list(workspace: &Workspace, _: &Request<'_>) -> Answer {
    let rows = workspace.reference.lists.office_hours_schedules.clone();
    Ok(Reply::json(&paging::whole_list(
        "office_hours_schedule.list",
        "data",
        rows,
    )))
}

fn get(workspace: &Workspace, request: &Request<'_>) -> Answer {
    let rows = &workspace.reference.lists.office_hours_schedules;
    records::one(request, rows, records::object_unknown)
}

/// Writes what the body says, or nothing when any of it is refused.
fn write(row: &mut Value, request: &Request<'_>) -> Result<(), Refusal> {
    let zone = request.text("time_zone_name");
    if zone
        .as_deref()
        .is_some_and(|zone| jiff::tz::TimeZone::get(zone).is_err())
    {
        return Err(invalid());
    }
    let spans = match request.body.get("time_intervals") {
        None | Some(Value::Null) => None,
        Some(sent) => Some(intervals(sent)?),
    };
    let name = request.text("name");
    if name.as_deref().is_some_and(|name| name.trim().is_empty()) {
        return Err(invalid());
    }
    if let Some(name) = name {
        row["name"] = json!(name);
    }
    if let Some(zone) = zone {
        row["time_zone_name"] = json!(zone);
    }
    if let Some(spans) = spans {
        row["twenty_four_seven"] = json!(is_always_open(&spans));
        row["time_intervals"] = json!(spans);
    }
    row["updated_at"] = json!(request.now);
    Ok(())
}

fn create(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let mut made = json!({
        "type": "office_hours_schedule",
        "id": Value::Null,
        "name": request.required("name")?,
        "time_zone_name": request.required("time_zone_name")?,
        "time_intervals": [],
        "twenty_four_seven": false,
        "created_at": request.now,
        "updated_at": request.now,
    });
    write(&mut made, request)?;
    made["id"] = json!(workspace.reference.next_id().to_string());
    workspace
        .reference
        .lists
        .office_hours_schedules
        .push(made.clone());
    workspace.changed();
    Ok(Reply::with_status(201, &made))
}

fn update(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let rows = &mut workspace.reference.lists.office_hours_schedules;
    let place = records::place(rows, request.parameter("id"), records::object_unknown)?;
    write(&mut rows[place], request)?;
    let shown = rows[place].clone();
    workspace.changed();
    Ok(Reply::json(&shown))
}

/// Removes a schedule with its exceptions.
fn delete(workspace: &mut Workspace, request: &Request<'_>) -> Answer {
    let lists = &mut workspace.reference.lists;
    let place = records::place(
        &lists.office_hours_schedules,
        request.parameter("id"),
        records::object_unknown,
    )?;
    let gone = lists.office_hours_schedules.remove(place);
    lists
        .office_hours_exceptions
        .retain(|exception| exception["office_hours_schedule_id"] != gone["id"]);
    workspace.changed();
    Ok(records::deleted(&gone["id"], "office_hours_schedule"))
}

/// The id of the schedule in a path of two.
pub(super) fn of_path(workspace: &Workspace, request: &Request<'_>) -> Result<Value, Refusal> {
    let id = request.parameter("office_hours_schedule_id");
    reference::find(&workspace.reference.lists.office_hours_schedules, id)
        .map(|row| row["id"].clone())
        .ok_or_else(records::object_unknown)
}
