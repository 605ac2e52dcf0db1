//! `trunkline recipes`: flows that are ready to be copied, shipped within the program.
//!
//! The one rule: nothing that is there is written over. The recipes themselves are within the server, whose console fills them in.

use std::{path::Path, process::ExitCode};

use serde_json::json;
use trunkline_flow::nearest;
use trunkline_server::{RECIPES, Recipe};

use crate::{
    cli::{self, RecipesCommand},
    failure::Failure,
    output::{json, tables},
};

/// Does what is asked with recipes.
pub(crate) fn run(arguments: &cli::Recipes) -> Result<ExitCode, Failure> {
    match &arguments.command {
        RecipesCommand::List(arguments) => list(arguments.json)?,
        RecipesCommand::Show(arguments) => json::line(named(&arguments.name)?.readme().trim_end())?,
        RecipesCommand::Copy(arguments) => {
            let recipe = named(&arguments.name)?;
            copy(recipe, &arguments.folder)?;
            json::line(&format!(
                "Copied {} files of {} to {}. Read README.md there.",
                recipe.files.len(),
                recipe.name,
                arguments.folder.display()
            ))?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn list(as_json: bool) -> Result<(), Failure> {
    if as_json {
        let all: Vec<_> = RECIPES
            .iter()
            .map(|recipe| {
                let files: Vec<&str> = recipe.files.iter().map(|(name, _)| *name).collect();
                json!({ "name": recipe.name, "summary": recipe.summary(), "files": files })
            })
            .collect();
        return json::print(&all);
    }
    let mut table = tables::new(&["recipe", "what it does"]);
    for recipe in RECIPES {
        table.add_row([recipe.name, recipe.summary()]);
    }
    json::line(&table.trim_fmt())
}

fn named(name: &str) -> Result<&'static Recipe, Failure> {
    Recipe::of(name).ok_or_else(|| {
        let advice = match nearest::of(name, RECIPES.iter().map(|recipe| recipe.name)) {
            Some(near) => format!("Did you mean {near}?"),
            None => "`trunkline recipes list` lists them.".to_owned(),
        };
        Failure::usage("TL0955", format!("there is no recipe {name}"), advice)
    })
}

fn copy(recipe: &Recipe, folder: &Path) -> Result<(), Failure> {
    let is_free = match std::fs::read_dir(folder) {
        Ok(mut entries) => entries.next().is_none(),
        Err(error) => error.kind() == std::io::ErrorKind::NotFound,
    };
    if !is_free {
        return Err(Failure::usage(
            "TL0956",
            format!("{} is there already, and is no empty folder", folder.display()),
            "Name another folder; nothing is written over.",
        ));
    }
    for (name, text) in recipe.files {
        let path = folder.join(name);
        let written = path
            .parent()
            .map_or(Ok(()), std::fs::create_dir_all)
            .and_then(|()| std::fs::write(&path, text));
        written.map_err(|error| {
            Failure::new(
                "TL0956",
                format!("{} cannot be written: {error}", path.display()),
                "Check the folder and its permissions, remove what was written of it, and copy again.",
            )
        })?;
    }
    Ok(())
}
