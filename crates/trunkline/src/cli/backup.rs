//! The flags of backups.

use std::path::PathBuf;

use clap::Args;

use super::data::Data;

#[derive(Debug, Args)]
pub(crate) struct Backup {
    #[command(flatten)]
    pub(crate) data: Data,
    /// The file to write, which must not exist yet.
    #[arg(long, value_name = "FILE")]
    pub(crate) to: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct Restore {
    /// The data folder to put it into, which must not have a store yet; with `--store`, the folder of the key.
    #[arg(long, value_name = "DIR", env = "TRUNKLINE_DATA")]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database to put the state into, which must not have a store yet, instead of a file in the data folder.
    #[arg(long, value_name = "URL", env = "TRUNKLINE_STORE", hide_env_values = true)]
    pub(crate) store: Option<String>,
    /// The backup.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
}
