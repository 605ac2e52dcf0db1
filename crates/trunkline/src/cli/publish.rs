//! Flags of the commands that publish many rows and look at their batches.

use std::path::PathBuf;

use clap::{Args, Subcommand, ValueEnum};
use trunkline_server::publishing;

use super::{Data, Workspace};

/// The form of a text with rows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// A table with a header, its cells between commas, semicolons, tabs or bars.
    Csv,
    /// One JSON object a line.
    Jsonl,
}

impl From<Format> for publishing::Format {
    fn from(format: Format) -> Self {
        match format {
            Format::Csv => Self::Csv,
            Format::Jsonl => Self::Jsonl,
        }
    }
}

#[derive(Debug, Args)]
pub(crate) struct Publish {
    #[command(flatten)]
    pub(crate) workspace: Workspace,
    /// The action's id, such as `contacts.upsert`; not with `--resume`, which knows it.
    #[arg(
        value_name = "ID",
        required_unless_present = "resume",
        conflicts_with = "resume"
    )]
    pub(crate) action: Option<String>,
    /// Where the rows come from: a file, `sqlite:FILE` with a query, or `-` for standard input.
    #[arg(long, value_name = "SOURCE", required_unless_present = "resume")]
    pub(crate) from: Option<String>,
    /// What the source holds; by default what its name or its first line says.
    #[arg(long, value_enum, conflicts_with = "resume")]
    pub(crate) format: Option<Format>,
    /// What stands between the cells of a table: one letter or `tab`; found out by default.
    #[arg(long, value_name = "LETTER", conflicts_with = "resume")]
    pub(crate) delimiter: Option<String>,
    /// The source's encoding, such as `windows-1252` or `utf-16le`; found out by default.
    #[arg(long, value_name = "NAME", conflicts_with = "resume")]
    pub(crate) encoding: Option<String>,
    /// The query that gives the rows of a database.
    #[arg(long, value_name = "SQL", conflicts_with = "resume")]
    pub(crate) query: Option<String>,
    /// A jq expression, or a file with one (`map.jq`, `@file`), that makes the action's fields of a row; without it the columns
    /// are the fields.
    #[arg(long, value_name = "EXPR|FILE", conflicts_with = "resume")]
    pub(crate) map: Option<String>,
    /// A column that is a field of another name; may be given several times.
    #[arg(long, value_name = "FIELD=COLUMN", conflicts_with = "resume")]
    pub(crate) column: Vec<String>,
    /// A column that is not meant for the action; may be given several times.
    #[arg(long, value_name = "COLUMN", conflicts_with = "resume")]
    pub(crate) ignore: Vec<String>,
    /// A field that is the same for every row, as `field=value` or, for a value in JSON, `field:=value`.
    #[arg(long, value_name = "FIELD=VALUE", conflicts_with = "resume")]
    pub(crate) set: Vec<String>,
    /// What becomes of an empty cell: `left-out`, or `null`, which takes the field's value away.
    #[arg(long, value_name = "HOW", default_value = "left-out", value_parser = ["left-out", "null"], conflicts_with = "resume")]
    pub(crate) empty: String,
    /// Send names too that the catalog does not know.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) allow_unknown: bool,
    /// Where a time without a zone is, such as `Europe/Dublin`.
    #[arg(long, value_name = "ZONE", default_value = "UTC", conflicts_with = "resume")]
    pub(crate) time_zone: String,
    /// Stop at the first N rows.
    #[arg(long, value_name = "N", conflicts_with = "resume", value_parser = clap::value_parser!(u64).range(1..))]
    pub(crate) limit: Option<u64>,
    /// Send nothing when a row does not fit the action.
    #[arg(long, conflicts_with = "resume")]
    pub(crate) strict: bool,
    /// The most rows at once; the workspace's rate limit decides below it.
    #[arg(long, value_name = "N", default_value_t = 384, value_parser = clap::value_parser!(u16).range(1..=4_096))]
    pub(crate) concurrency: u16,
    /// Keep the rejected rows in this file, with the reason; mend them there and publish the file.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) rejects: Option<PathBuf>,
    /// Write what became of each row to this file, one line of JSON each.
    #[arg(long, value_name = "FILE", conflicts_with = "resume")]
    pub(crate) results: Option<PathBuf>,
    /// Go on with a batch that was interrupted; everything else is as it was.
    #[arg(long, value_name = "BATCH", conflicts_with_all = ["from", "dry_run"])]
    pub(crate) resume: Option<String>,
    /// With `--resume`: the process that was at it is dead for certain; do not wait until its hold ends.
    #[arg(long, requires = "resume")]
    pub(crate) take_over: bool,
    /// Show what would be created, changed and left alone, and how many calls and minutes it takes; write nothing.
    #[arg(long)]
    pub(crate) dry_run: bool,
    /// Print JSON, and no progress.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct Batches {
    #[command(subcommand)]
    pub(crate) command: BatchesCommand,
}

#[derive(Debug, Subcommand)]
pub(crate) enum BatchesCommand {
    /// List batches, newest first.
    List(ListBatches),
    /// Show one batch: what was published, how, and how far it came.
    Show(OneBatch),
    /// Give a batch up: it is not resumed any more, and the same source may begin anew.
    Abandon(OneBatch),
}

#[derive(Debug, Args)]
pub(crate) struct ListBatches {
    /// Those of an action, such as `contacts.upsert`.
    #[arg(long, value_name = "ACTION")]
    pub(crate) action: Option<String>,
    /// Those in a state: running, interrupted, stopped, done or abandoned.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct OneBatch {
    /// The batch's id.
    pub(crate) id: String,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}
