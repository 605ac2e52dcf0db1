//! Where Trunkline keeps its own state.

use std::path::PathBuf;

use clap::Args;

/// The data folder and the store.
#[derive(Clone, Debug, Args)]
pub(crate) struct Data {
    /// The data folder: state, secret key, mirrors.
    #[arg(
        long,
        global = true,
        value_name = "DIR",
        default_value = "trunkline-data",
        env = "TRUNKLINE_DATA"
    )]
    pub(crate) data: PathBuf,
    /// A PostgreSQL database for the state, instead of a file in the data folder: postgres://user@host/database
    #[arg(
        long,
        global = true,
        value_name = "URL",
        env = "TRUNKLINE_STORE",
        hide_env_values = true
    )]
    pub(crate) store: Option<String>,
}
