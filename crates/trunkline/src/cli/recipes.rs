//! The flags of recipes.

use std::path::PathBuf;

use clap::{Args, Subcommand};

#[derive(Debug, Args)]
pub(crate) struct Recipes {
    #[command(subcommand)]
    pub(crate) command: RecipesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecipesCommand {
    /// List the recipes.
    List(ListRecipes),
    /// Print a recipe's README.
    Show(OneRecipe),
    /// Copy a recipe's files into a folder that is not there yet, or is empty.
    Copy(CopyRecipe),
}

#[derive(Debug, Args)]
pub(crate) struct ListRecipes {
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneRecipe {
    /// The recipe's name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
}

#[derive(Debug, Args)]
pub(crate) struct CopyRecipe {
    /// The recipe's name.
    #[arg(value_name = "NAME")]
    pub(crate) name: String,
    /// The folder.
    #[arg(value_name = "DIR")]
    pub(crate) folder: PathBuf,
}
