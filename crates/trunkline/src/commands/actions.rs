//! `trunkline actions` and `trunkline action`: what can be done, and what it takes.

use std::process::ExitCode;

use serde_json::{Value, json};
use trunkline_actions::{Action, Field, Place, Returns};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
};

/// Lists actions, one line each.
pub(crate) fn list(arguments: &cli::Actions) -> Result<ExitCode, Failure> {
    let found: Vec<&Action> = trunkline_actions::search(&arguments.words.join(" "))
        .into_iter()
        .filter(|action| !arguments.modules || !action.is_operation())
        .collect();
    if arguments.json {
        json::print(&found.iter().map(|action| describe(action)).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = tables::new(&["action", "effect", "what it does"]);
    for action in &found {
        table.add_row([action.id, action.effect.as_str(), action.summary]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!("{} actions", found.len()))?;
    Ok(ExitCode::SUCCESS)
}

/// Explains one action.
pub(crate) fn explain(arguments: &cli::ActionPage) -> Result<ExitCode, Failure> {
    let action = trunkline_actions::action(&arguments.id)?;
    if arguments.schema {
        json::print(&json!({
            "input": trunkline_actions::input_schema(action),
            "output": trunkline_actions::output_schema(action),
        }))?;
    } else if arguments.json {
        json::print(&describe(action))?;
    } else {
        json::line(&page(action))?;
    }
    Ok(ExitCode::SUCCESS)
}

fn page(action: &Action) -> String {
    let mut lines = vec![
        format!("{}: {}", action.id, action.summary),
        format!("  effect      {}", action.effect.as_str()),
        format!("  versions    {} to {}", action.versions.0, action.versions.1),
        format!("  gives       {}", gives(action.returns)),
        format!("  calls       {}", action.operations.join(", ")),
        "\nfields (* must be given)".to_owned(),
    ];
    lines.extend(action.fields.iter().map(line));
    lines.join("\n")
}

fn line(field: &Field) -> String {
    let star = if field.required { "*" } else { "" };
    let sort = if field.time.is_some() {
        "time"
    } else {
        field.field_type.as_str()
    };
    let mut text = format!("  {:<34} {sort}", format!("{}{star}", field.name));
    if !field.choices.is_empty() {
        text.push_str(": ");
        text.push_str(&field.choices.join(" | "));
    }
    if field.place != Place::Module {
        text.push_str(&format!(" ({})", field.place.as_str()));
    }
    if let Some(default) = field.default {
        text.push_str(&format!(", {default} by default"));
    }
    if !field.help.is_empty() {
        text.push_str(&format!("\n      {}", field.help));
    }
    if let Some(lookup) = field.lookup {
        text.push_str(&format!(" `trunkline lookup {lookup}` lists them."));
    }
    if !field.aliases.is_empty() {
        text.push_str(&format!(" Also named {}.", field.aliases.join(", ")));
    }
    text
}

const fn gives(returns: Returns) -> &'static str {
    match returns {
        Returns::One => "one value",
        Returns::Rows => "rows",
    }
}

fn describe(action: &Action) -> Value {
    json!({
        "id": action.id,
        "summary": action.summary,
        "effect": action.effect.as_str(),
        "is_operation": action.is_operation(),
        "since": action.versions.0.as_str(),
        "until": action.versions.1.as_str(),
        "gives": gives(action.returns),
        "operations": action.operations,
        "fields": action.fields.iter().map(field).collect::<Vec<_>>(),
    })
}

fn field(field: &Field) -> Value {
    json!({
        "name": field.name,
        "aliases": field.aliases,
        "type": field.field_type.as_str(),
        "is_time": field.time.is_some(),
        "required": field.required,
        "nullable": field.nullable,
        "choices": field.choices,
        "place": field.place.as_str(),
        "group": field.group.map(|group| group.name),
        "lookup": field.lookup,
        "help": field.help,
        "default": field.default,
        "since": field.versions.0.as_str(),
        "until": field.versions.1.as_str(),
        "alternative": field.alternative,
    })
}
