//! Flags of the commands that find, explain and call actions.

use std::path::PathBuf;

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::{Shape, Workspace};
use crate::complete;

#[derive(Debug, Args)]
pub(crate) struct Actions {
    /// Only actions that mention all of these words, by our names or by those of other connectors.
    pub(crate) words: Vec<String>,
    /// Only modules, without the operations as they are.
    #[arg(long)]
    pub(crate) modules: bool,
    /// Print JSON, with every field.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ActionPage {
    /// The action's id, such as `contacts.upsert`.
    #[arg(add = ArgValueCompleter::new(complete::action_ids))]
    pub(crate) id: String,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
    /// Print the JSON Schemas of what it takes and gives.
    #[arg(long, conflicts_with = "json")]
    pub(crate) schema: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Call {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The action's id, such as `tickets.get`; not with `--apply`, which knows it.
    #[arg(required_unless_present = "apply", add = ArgValueCompleter::new(complete::action_ids))]
    pub(crate) id: Option<String>,
    /// Fields, as `name=value` or, for a value in JSON, `name:=value`; a dot leads into an object (`custom_attributes.plan=pro`).
    #[arg(
        value_name = "FIELD=VALUE",
        conflicts_with = "apply",
        add = ArgValueCompleter::new(complete::fields)
    )]
    pub(crate) fields: Vec<String>,
    /// Fields as a JSON object, from a file (`@file.json`) or from standard input (`-`).
    #[arg(long, value_name = "JSON", conflicts_with = "apply")]
    pub(crate) input: Option<String>,
    /// A parameter of the operation's path, such as `id=3`.
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "apply")]
    pub(crate) path: Vec<String>,
    /// A parameter of the operation's query; may be given several times.
    #[arg(long, value_name = "NAME=VALUE", conflicts_with = "apply")]
    pub(crate) query: Vec<String>,
    /// The operation's body as JSON, from a file (`@file.json`) or from standard input (`-`).
    #[arg(long, value_name = "JSON", conflicts_with = "apply")]
    pub(crate) payload: Option<String>,
    /// Send names too that the catalog does not know.
    #[arg(long)]
    pub(crate) allow_unknown: bool,
    /// Where a time without a zone is, such as `Europe/Dublin`.
    #[arg(long, value_name = "ZONE", default_value = "UTC")]
    pub(crate) time_zone: String,
    /// A key of your own: the same call with the same key runs once, also when it is repeated after a crash.
    #[arg(long, value_name = "KEY", conflicts_with = "dry_run")]
    pub(crate) key: Option<String>,
    /// Show what would be created, changed or left alone, and how many calls it takes; write nothing. With `--json`: a plan for `--apply`.
    #[arg(long, conflicts_with = "apply")]
    pub(crate) dry_run: bool,
    /// Do exactly what a plan says, unless the workspace has moved on since.
    #[arg(long, value_name = "PLAN")]
    pub(crate) apply: Option<PathBuf>,
    /// A request transformer: a jq expression, or `@FILE` with one, that makes the input of what was given; `$now` is the time.
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "apply")]
    pub(crate) map: Option<String>,
    #[command(flatten)]
    pub(crate) shape: Shape,
}
