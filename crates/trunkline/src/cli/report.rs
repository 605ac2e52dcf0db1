//! The flags of `trunkline report`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

#[derive(Debug, Args)]
pub(crate) struct Report {
    /// The mirror's file; what `--to` of `trunkline sync` says, or `trunkline-data/mirror.db`, when nothing is said.
    #[arg(long, value_name = "FILE", env = "TRUNKLINE_TO", hide_env_values = true)]
    pub(crate) mirror: Option<String>,
    /// The first day or moment (ISO 8601); four weeks before the end when nothing is said.
    #[arg(long, value_name = "TIME")]
    pub(crate) from: Option<String>,
    /// The last day, counted to its end, or the first moment that is not within; today when nothing is said.
    #[arg(long, value_name = "TIME")]
    pub(crate) to: Option<String>,
    /// Only conversations that are assigned to this team, by name or id.
    #[arg(long, value_name = "NAME")]
    pub(crate) team: Option<String>,
    /// Only conversations with this tag, by name or id.
    #[arg(long, value_name = "NAME")]
    pub(crate) tag: Option<String>,
    /// Only conversations of this company, by name, your own id or Intercom's.
    #[arg(long, value_name = "NAME")]
    pub(crate) company: Option<String>,
    /// The time zone of days and hours, such as Europe/Berlin; the workspace's when nothing is said.
    #[arg(long, value_name = "ZONE")]
    pub(crate) time_zone: Option<String>,
    /// The office hours to count minutes by, by name or id; the oldest schedule when nothing is said.
    #[arg(long, value_name = "NAME")]
    pub(crate) office_hours: Option<String>,
    /// What to write; what the name of the output file ends with, or Markdown, when nothing is said.
    #[arg(long, value_enum)]
    pub(crate) format: Option<Format>,
    /// Write to a file instead of standard output; it is there only when it is whole.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// A settings file; `trunkline-data/trunkline.toml` is read when it exists.
    #[arg(long, value_name = "FILE", env = "TRUNKLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
}

/// What a report is written as.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum Format {
    /// One page with charts, no script, nothing from elsewhere.
    Html,
    /// Everything, for machines.
    Json,
    /// One figure a row.
    Csv,
    /// Markdown tables.
    Md,
}
