//! The flags that say how results are printed.
//!
//! The one rule: they mean the same for every command. A command that has a `--json` of its own takes [`More`], any other
//! takes [`Shape`]; `output/records.rs` does what they say. All are global, so that they may stand behind a subcommand.

use std::path::PathBuf;

use clap::Args;

#[derive(Clone, Debug, Default, Args)]
pub(crate) struct Shape {
    /// Print JSON, indented: a list as one array.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) more: More,
}

/// What there is beside `--json`.
#[derive(Clone, Debug, Default, Args)]
pub(crate) struct More {
    /// Print a line of JSON for each item.
    #[arg(long, global = true, conflicts_with = "json")]
    pub(crate) jsonl: bool,
    /// Print CSV, a line for each item, with a column for each field (`custom_attributes.plan`).
    #[arg(long, global = true, conflicts_with_all = ["json", "jsonl"])]
    pub(crate) csv: bool,
    /// Put the result through a jq expression and print what that gives. It sees the whole list, or with `--each` one item
    /// at a time.
    #[arg(long, global = true, value_name = "EXPRESSION")]
    pub(crate) jq: Option<String>,
    /// Only the first item.
    #[arg(long, global = true)]
    pub(crate) first: bool,
    /// The items one by one as they come, a line of JSON each unless `--csv` says otherwise.
    #[arg(long, global = true, conflicts_with_all = ["json", "first"])]
    pub(crate) each: bool,
    /// Write to a file instead, which is there only when it is whole.
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
}

impl Shape {
    /// Whether any of them is given.
    pub(crate) fn is_any(&self) -> bool {
        self.json || self.more.is_any()
    }
}

impl More {
    /// Whether any of them is given.
    pub(crate) fn is_any(&self) -> bool {
        self.jsonl || self.csv || self.jq.is_some() || self.first || self.each || self.output.is_some()
    }
}
