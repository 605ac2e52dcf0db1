//! `trunkline call`: runs an action.
//!
//! The one rule: what the command line says becomes one JSON object, the same that the API takes; everything else happens in
//! `trunkline-actions`, alike for every door.

mod files;
mod input;

pub(super) use input::field;

use std::{collections::BTreeMap, ops::ControlFlow, path::Path, process::ExitCode};

use jiff::tz::TimeZone;
use serde_json::{Value, json};
use trunkline_actions::{CallOptions, Change, Outcome, Plan, PlannedWrite, Workspace};
use trunkline_catalog::Effect;
use trunkline_client::{Clock as _, Priority, SystemClock};
use trunkline_flow::jq::{Expression, Limits};

use crate::{
    cli::{self, Shape},
    desk::Desk,
    failure::Failure,
    output::{errors, json, records::Records, tables},
};

/// Checks, then calls, plans or applies.
pub(crate) async fn run(arguments: cli::Call) -> Result<ExitCode, Failure> {
    let options = CallOptions {
        key: arguments.key.clone(),
        zone: zone(&arguments.time_zone)?,
        allow_unknown: arguments.allow_unknown,
        priority: Priority::Interactive,
        ..super::by_hand()
    };
    // What can be known before a token is needed is said first.
    let plan = arguments.apply.as_deref().map(read_plan).transpose()?;
    let input = mapped(arguments.map.as_deref(), input::read(&arguments)?)?;
    let action = match (&plan, &arguments.id) {
        (Some(plan), _) => trunkline_actions::action(&plan.action)?,
        (None, Some(id)) => trunkline_actions::action(id)?,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    let writes = !arguments.dry_run && (action.effect != Effect::Read || arguments.key.is_some());
    let desk = Desk::open(&arguments.workspace, writes).await?;
    let outcome = perform(&arguments, action.id, plan, input, options, &desk.workspace).await;
    desk.close().await;
    outcome
}

async fn perform(
    arguments: &cli::Call,
    id: &str,
    plan: Option<Plan>,
    input: Value,
    options: CallOptions,
    workspace: &Workspace,
) -> Result<ExitCode, Failure> {
    if let Some(plan) = plan {
        let printed = arguments.shape.open()?;
        show(printed, workspace.apply(&plan, options).await?)?;
        return Ok(ExitCode::SUCCESS);
    }
    if arguments.dry_run {
        show_plan(&workspace.plan(id, input, options).await?, &arguments.shape)?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut printed = arguments.shape.open()?;
    let mut failure = None;
    let mut take = |row: Value| match printed.item(row) {
        Ok(flow) => flow,
        Err(error) => {
            failure = Some(error);
            ControlFlow::Break(())
        }
    };
    let outcome = workspace.each(id, input, options, &mut take).await?;
    match (failure, outcome) {
        (Some(failure), _) => return Err(failure),
        (None, Some(outcome)) => show(printed, outcome)?,
        (None, None) => printed.finish()?,
    }
    Ok(ExitCode::SUCCESS)
}

/// The input as a request transformer makes it: one object for one object.
fn mapped(map: Option<&str>, input: Value) -> Result<Value, Failure> {
    let Some(map) = map else {
        return Ok(input);
    };
    let text = match map.strip_prefix('@') {
        Some(path) => std::fs::read_to_string(path).map_err(|error| {
            Failure::usage(
                "TL0007",
                format!("the expression in {path} cannot be read: {error}"),
                "Check the path and its permissions.",
            )
        })?,
        None => map.to_owned(),
    };
    let expression = Expression::compile_with(&text, &["now"])?;
    let now = json!(SystemClock.now().as_second());
    let variables = BTreeMap::from([("now".to_owned(), now)]);
    let mut made = expression.run_with(input, &variables, &Limits::default())?;
    match (made.pop(), made.is_empty()) {
        (Some(one), true) => Ok(one),
        (one, _) => Err(Failure::usage(
            "TL0007",
            format!(
                "`--map` gives {} values, and a call has one input",
                made.len() + usize::from(one.is_some())
            ),
            "Let the expression give one object, such as `{path: {id: .ticket}}`.",
        )),
    }
}

/// The time zone of this name.
pub(super) fn zone(name: &str) -> Result<TimeZone, Failure> {
    TimeZone::get(name).map_err(|_| {
        Failure::usage(
            "TL0007",
            format!("`{name}` is not a time zone"),
            "Write it as in the tz database, such as `Europe/Dublin` or `UTC`.",
        )
    })
}

fn read_plan(path: &Path) -> Result<Plan, Failure> {
    let bad = |reason: String| {
        Failure::usage(
            "TL0764",
            format!("the plan {} cannot be used: {reason}", path.display()),
            "Make it with `trunkline call … --dry-run --json`.",
        )
    };
    let text = std::fs::read_to_string(path).map_err(|error| bad(error.to_string()))?;
    serde_json::from_str(&text).map_err(|error| bad(error.to_string()))
}

/// Prints what an action gave, and what there is to know beside it.
fn show(printed: Records, outcome: Outcome) -> Result<(), Failure> {
    match outcome.output {
        Value::Array(rows) => printed.all(rows)?,
        value => printed.one(value)?,
    }
    for note in &outcome.notes {
        errors::note(note);
    }
    if let Some(run) = &outcome.run {
        errors::note(&format!("run {run}: `trunkline undo {run}` puts it back"));
    }
    Ok(())
}

/// Prints a plan: for people field by field, for `--apply` as it is.
pub(super) fn show_plan(plan: &Plan, shape: &Shape) -> Result<(), Failure> {
    if shape.is_any() {
        return shape.open()?.one(json!(plan));
    }
    let mut table = tables::new(&["call", "on", "field", "becomes", "was", "will be"]);
    for write in &plan.writes {
        rows(write, &mut table);
    }
    if plan.writes.is_empty() {
        json::line("Nothing would change.")?;
    } else {
        json::line(&table.trim_fmt())?;
    }
    json::line(&format!(
        "{}; {} to carry it out{}",
        tables::counted(plan.writes.len(), "write"),
        tables::counted(plan.calls as usize, "call"),
        plan.seconds.map(lasting).unwrap_or_default()
    ))?;
    for note in &plan.notes {
        json::line(&format!("note: {note}"))?;
    }
    Ok(())
}

/// How long calls take at the workspace's limit, in words.
fn lasting(seconds: f64) -> String {
    if seconds < 1.0 {
        return String::new();
    }
    if seconds < 120.0 {
        return format!(", about {seconds:.0} seconds at the workspace's limit");
    }
    format!(", about {:.0} minutes at the workspace's limit", seconds / 60.0)
}

fn rows(write: &PlannedWrite, table: &mut comfy_table::Table) {
    let subject = write.subject.clone().unwrap_or_else(|| "(new)".to_owned());
    if write.fields.is_empty() {
        table.add_row([write.operation.as_str(), &subject, "", "", "", ""]);
    }
    for (index, field) in write.fields.iter().enumerate() {
        let (operation, subject) = if index == 0 {
            (write.operation.as_str(), subject.as_str())
        } else {
            ("", "")
        };
        let becomes = match field.change {
            Change::Create => "set",
            Change::Change => "changed",
            Change::Keep => "as it is",
        };
        let before = field.before.as_ref().map(ToString::to_string).unwrap_or_default();
        table.add_row([
            operation,
            subject,
            &field.field,
            becomes,
            &before,
            &field.after.to_string(),
        ]);
    }
}
