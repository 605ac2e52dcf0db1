//! The flags of the request log.

use clap::Args;

use super::{More, data::Data};

#[derive(Debug, Args)]
pub(crate) struct Requests {
    /// Those of a connection.
    #[arg(long, value_name = "NAME")]
    pub(crate) connection: Option<String>,
    /// Those with this status: 429, 4xx, 200-299, or none for calls without an answer.
    #[arg(long, value_name = "STATUS")]
    pub(crate) status: Option<String>,
    /// Those that ended since then: a time, or a span such as `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// How many at most.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u32).range(1..=100_000))]
    pub(crate) limit: u32,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON, a line for each request.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) more: More,
}
