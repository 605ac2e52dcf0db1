//! `trunkline lookup`: ids and names of what a field of an action may be.

use std::{collections::BTreeMap, process::ExitCode};

use serde_json::{Value, json};
use trunkline_actions::lookup::{self, Choice, Choices};

use crate::{
    cli,
    failure::Failure,
    output::{errors, json, tables},
    settings,
};

/// Prints what can be picked from a list, or which lists there are.
pub(crate) async fn run(arguments: cli::Lookup) -> Result<ExitCode, Failure> {
    let Some(name) = &arguments.name else {
        print_lists(&arguments.shape)?;
        return Ok(ExitCode::SUCCESS);
    };
    let list = lookup::lookup(name)?;
    let file = settings::File::read(arguments.workspace.config.as_deref())?;
    let session = settings::client(&arguments.workspace, &file).await?;
    let limit = usize::try_from(arguments.limit).unwrap_or(usize::MAX);
    let found = list.choices(session.client(), &arguments.words, limit).await;
    session.close().await;
    let found = found?;
    if arguments.shape.is_any() {
        arguments.shape.open()?.all(found.choices.iter().map(shown))?;
    } else {
        print(list.details, &found)?;
    }
    if found.more {
        errors::note(&format!(
            "There are more than {limit}; give words to look for, or a larger `--limit`."
        ));
    }
    Ok(ExitCode::SUCCESS)
}

fn shown(choice: &Choice) -> Value {
    let details: BTreeMap<&str, &str> = choice
        .details
        .iter()
        .map(|(name, value)| (*name, value.as_str()))
        .collect();
    json!({ "id": choice.id, "name": choice.label, "details": details })
}

fn print(details: &[&'static str], found: &Choices) -> Result<(), Failure> {
    let value = |choice: &Choice, detail: &str| {
        let known = choice.details.iter().find(|(name, _)| *name == detail);
        known.map(|(_, value)| value.clone())
    };
    let columns: Vec<&str> = details
        .iter()
        .copied()
        .filter(|detail| found.choices.iter().any(|choice| value(choice, detail).is_some()))
        .collect();
    let headings: Vec<&str> = ["id", "name"]
        .into_iter()
        .chain(columns.iter().copied())
        .collect();
    let mut table = tables::new(&headings);
    for choice in &found.choices {
        let mut row = vec![choice.id.clone(), choice.label.clone()];
        row.extend(
            columns
                .iter()
                .map(|column| value(choice, column).unwrap_or_default()),
        );
        table.add_row(row);
    }
    json::line(&table.trim_fmt())
}

fn print_lists(shape: &cli::Shape) -> Result<(), Failure> {
    if shape.is_any() {
        return shape.open()?.all(lookup::lookups().iter().map(
            |list| json!({ "name": list.name, "lists": list.help, "operation": list.source.operation }),
        ));
    }
    let mut table = tables::new(&["list", "what it lists"]);
    for list in lookup::lookups() {
        table.add_row([list.name, list.help]);
    }
    json::line(&table.trim_fmt())
}
