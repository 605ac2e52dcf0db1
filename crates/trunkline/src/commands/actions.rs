//! `trunkline actions` and `trunkline action`: what can be done, and what it takes.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};
use trunkline_actions::{Action, Field, Name, Place, Returns, names, names_of};

use crate::{
    cli,
    failure::Failure,
    output::{json, tables},
};

/// Lists actions, one line each.
pub(crate) fn list(arguments: &cli::Actions) -> Result<ExitCode, Failure> {
    let words: Vec<String> = arguments.words.iter().map(|word| word.to_lowercase()).collect();
    let found: Vec<&Action> = trunkline_actions::search(&arguments.words.join(" "))
        .into_iter()
        .filter(|action| !arguments.modules || !action.is_operation())
        .collect();
    if arguments.json {
        json::print(&found.iter().map(|action| describe(action)).collect::<Vec<_>>())?;
        return Ok(ExitCode::SUCCESS);
    }
    let commands = if words.is_empty() {
        BTreeMap::new()
    } else {
        commands(&words)
    };
    let mut table = tables::new(&["action", "effect", "what it does"]);
    for action in &found {
        table.add_row([action.id, action.effect.as_str(), action.summary]);
    }
    json::line(&table.trim_fmt())?;
    json::line(&format!("{} actions", found.len()))?;
    for (command, names) in commands {
        json::line(&format!("`trunkline {command}` is {}", names.join("; ")))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The commands that are what the words ask for, with the modules of other connectors that they answer.
fn commands(words: &[String]) -> BTreeMap<&'static str, Vec<String>> {
    let mut found: BTreeMap<&str, Vec<String>> = BTreeMap::new();
    for name in names().iter().filter(|name| name.mentions(words)) {
        if let Some(command) = name.command().filter(|_| name.field.is_empty()) {
            let called = format!("{}: {}", name.system, name.module);
            found.entry(command).or_default().push(called);
        }
    }
    found
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
    let elsewhere: Vec<String> = names_of(action.id)
        .filter(|name| name.field.is_empty())
        .map(|name| format!("  {}: {}", name.system, name.module))
        .collect();
    if !elsewhere.is_empty() {
        lines.push("\nelsewhere".to_owned());
        lines.extend(elsewhere);
    }
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
        "elsewhere": names_of(action.id).map(elsewhere).collect::<Vec<_>>(),
    })
}

fn elsewhere(name: &Name) -> Value {
    json!({
        "system": name.system,
        "module": name.module,
        "field": Some(name.field).filter(|field| !field.is_empty()),
        "our_fields": name.our_fields().collect::<Vec<_>>(),
        "note": name.note,
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
