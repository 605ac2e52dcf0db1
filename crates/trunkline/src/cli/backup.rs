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
    /// The data folder to put it into, which must not have a store yet.
    #[arg(long, value_name = "DIR", env = "TRUNKLINE_DATA")]
    pub(crate) data: PathBuf,
    /// The backup.
    #[arg(long, value_name = "FILE")]
    pub(crate) from: PathBuf,
}
