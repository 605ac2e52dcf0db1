//! `trunkline call`: runs an action.
//!
//! The one rule: what the command line says becomes one JSON object, the same that the API takes; everything else happens in
//! `trunkline-actions`, alike for every door.

mod input;

use std::{path::Path, process::ExitCode, sync::Arc};

use jiff::tz::TimeZone;
use trunkline_actions::{CallOptions, Change, NoJournal, Outcome, Plan, PlannedWrite, Workspace};
use trunkline_client::{Call, Priority, SystemClock};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
    settings,
};

/// Checks, then calls, plans or applies.
pub(crate) async fn run(arguments: cli::Call) -> Result<ExitCode, Failure> {
    let options = CallOptions {
        key: arguments.key.clone(),
        zone: zone(&arguments.time_zone)?,
        allow_unknown: arguments.allow_unknown,
        priority: Priority::Interactive,
        ..CallOptions::default()
    };
    // What can be known before a token is needed is said first.
    let plan = arguments.apply.as_deref().map(read_plan).transpose()?;
    let input = input::read(&arguments)?;
    if let Some(id) = &arguments.id {
        trunkline_actions::action(id)?;
    }
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let session = settings::client(&arguments.workspace, &file).await?;
    let outcome = perform(&arguments, plan, input, options, &session).await;
    session.close().await;
    outcome
}

async fn perform(
    arguments: &cli::Call,
    plan: Option<Plan>,
    input: serde_json::Value,
    options: CallOptions,
    session: &settings::Session,
) -> Result<ExitCode, Failure> {
    let workspace = workspace(session).await?;
    let outcome = match (&plan, &arguments.id) {
        (Some(plan), _) => workspace.apply(plan, options).await?,
        (None, Some(id)) if arguments.dry_run => {
            show_plan(&workspace.plan(id, input, options).await?, arguments.json)?;
            return Ok(ExitCode::SUCCESS);
        }
        (None, Some(id)) => workspace.call(id, input, options).await?,
        (None, None) => unreachable!("clap asks for one of the two"),
    };
    show(&outcome)?;
    Ok(ExitCode::SUCCESS)
}

async fn workspace(session: &settings::Session) -> Result<Workspace, Failure> {
    let me: serde_json::Value = session
        .client()
        .call(Call::new("me.get").priority(Priority::Interactive))
        .await?
        .json()?;
    let id = me["app"]["id_code"].as_str().unwrap_or_default();
    Ok(Workspace::new(
        id,
        session.client().clone(),
        Arc::new(SystemClock),
        Arc::new(NoJournal),
    ))
}

fn zone(name: &str) -> Result<TimeZone, Failure> {
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

fn show(outcome: &Outcome) -> Result<(), Failure> {
    json::print(&outcome.output)?;
    for note in &outcome.notes {
        crate::output::errors::note(note);
    }
    Ok(())
}

fn show_plan(plan: &Plan, as_json: bool) -> Result<(), Failure> {
    if as_json {
        return json::print(plan);
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
    let time = plan.seconds.map_or(String::new(), |seconds| {
        format!(", about {:.1} minutes at the workspace's limit", seconds / 60.0)
    });
    json::line(&format!(
        "{} writes; {} calls to carry it out{time}",
        plan.writes.len(),
        plan.calls
    ))?;
    for note in &plan.notes {
        json::line(&format!("note: {note}"))?;
    }
    Ok(())
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
