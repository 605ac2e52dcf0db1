//! The flags of the lists to pick from.

use clap::Args;
use clap_complete::engine::ArgValueCompleter;

use super::{Shape, Workspace};
use crate::complete;

#[derive(Debug, Args)]
pub(crate) struct Lookup {
    /// The list, such as `admins`, `tags` or `ticket_types`; without it every list is named.
    #[arg(add = ArgValueCompleter::new(complete::lookups))]
    pub(crate) name: Option<String>,
    /// Words that the id, the name or the details must contain; for contacts the API looks for them.
    pub(crate) words: Vec<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=10_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) shape: Shape,
    #[command(flatten)]
    pub(crate) workspace: Workspace,
}
