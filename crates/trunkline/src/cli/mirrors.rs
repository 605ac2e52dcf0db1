//! The flags of mirrors that the long-running process keeps.

use clap::{Args, Subcommand};

use super::data::Data;

#[derive(Debug, Args)]
pub(crate) struct Mirrors {
    #[command(subcommand)]
    pub(crate) command: MirrorsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

/// A mirror to add.
#[derive(Debug, Args)]
pub(crate) struct AddMirror {
    /// The name to give it.
    pub(crate) name: String,
    /// The connection to read with; the default one when none is named.
    #[arg(long, value_name = "NAME")]
    pub(crate) connection: Option<String>,
    /// Where to: `sqlite:FILE`, of which a relative path begins in the data folder.
    #[arg(long, value_name = "TARGET", default_value = "sqlite:mirror.db")]
    pub(crate) to: String,
    /// The streams to mirror, separated by commas; all by default.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) streams: Option<Vec<String>>,
    /// The types of custom objects to mirror, separated by commas.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) custom_objects: Vec<String>,
    /// The time between the beginnings of two runs, such as `10m`.
    #[arg(long, value_name = "SPAN", default_value = "10m")]
    pub(crate) every: String,
    /// Also keep every version of every row and membership.
    #[arg(long)]
    pub(crate) history: bool,
    /// A column to leave out, such as `contacts.phone`.
    #[arg(long, value_name = "STREAM.COLUMN", value_delimiter = ',')]
    pub(crate) exclude: Vec<String>,
    /// A column to store only as a hash, such as `contacts.email`.
    #[arg(long, value_name = "STREAM.COLUMN", value_delimiter = ',')]
    pub(crate) hash: Vec<String>,
    /// Do not apply notifications as they come.
    #[arg(long)]
    pub(crate) no_webhooks: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum MirrorsCommand {
    /// Add a mirror; its first run begins at once.
    Add(AddMirror),
    /// List all mirrors and how their last runs ended.
    List,
    /// Show a mirror, its last run, and what notifications missed.
    Show {
        /// The mirror.
        name: String,
    },
    /// List the runs of a mirror, newest first.
    Runs {
        /// The mirror.
        name: String,
        /// How many at most.
        #[arg(long, default_value_t = 20)]
        limit: u32,
    },
    /// Make a mirror's next run due now.
    Run {
        /// The mirror.
        name: String,
    },
    /// Let a mirror rest.
    Pause {
        /// The mirror.
        name: String,
    },
    /// Let a paused mirror go on.
    Resume {
        /// The mirror.
        name: String,
    },
    /// Forget a mirror and its runs; what it wrote stays.
    Remove {
        /// The mirror.
        name: String,
    },
}
