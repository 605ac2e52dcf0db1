//! The flags of a request by hand.

use std::path::PathBuf;

use clap::Args;
use trunkline_catalog::Method;

use super::Workspace;

#[derive(Debug, Args)]
pub(crate) struct Request {
    /// GET, POST, PUT, PATCH or DELETE.
    #[arg(value_name = "METHOD", value_parser = method)]
    pub(crate) method: Method,
    /// The path under the connection's address, such as `/segments`; it may have a query. Whole addresses are refused.
    pub(crate) path: String,
    /// A query parameter; may be given several times.
    #[arg(long, value_name = "NAME=VALUE")]
    pub(crate) query: Vec<String>,
    /// A header; may be given several times. `Intercom-Version` takes the place of the connection's version.
    #[arg(long, value_name = "NAME: VALUE")]
    pub(crate) header: Vec<String>,
    /// The body: JSON, `@FILE` with it, or `-` for standard input.
    #[arg(long, value_name = "JSON")]
    pub(crate) body: Option<String>,
    /// Write the body of a success into this file, as it came.
    #[arg(long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Print the request that would be sent, without the token, and send nothing.
    #[arg(long, conflicts_with = "output")]
    pub(crate) dry_run: bool,
    /// Put the output through a jq expression, such as `.body.segments`, and print what that gives.
    #[arg(long, value_name = "EXPRESSION", conflicts_with = "json")]
    pub(crate) jq: Option<String>,
    /// Print the JSON on one line.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) workspace: Workspace,
}

fn method(text: &str) -> Result<Method, String> {
    text.to_ascii_uppercase()
        .parse()
        .map_err(|_| "the methods are GET, POST, PUT, PATCH and DELETE".to_owned())
}
