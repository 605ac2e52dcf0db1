//! The flags of the long-running process and of what it received.

use std::{net::SocketAddr, path::PathBuf};

use clap::{Args, Subcommand};
use ipnet::IpNet;

use super::{More, data::Data};

#[derive(Debug, Args)]
pub(crate) struct Serve {
    #[command(flatten)]
    pub(crate) data: Data,
    /// A settings file; `trunkline.toml` in the data folder is read when it exists.
    #[arg(long, value_name = "FILE", env = "TRUNKLINE_CONFIG")]
    pub(crate) config: Option<PathBuf>,
    /// The address to listen on; port 0 picks a free one. Others than loopback need a key to the API first.
    #[arg(
        long,
        value_name = "ADDRESS",
        default_value = "127.0.0.1:7070",
        env = "TRUNKLINE_LISTEN"
    )]
    pub(crate) listen: SocketAddr,
    /// The address that Intercom and browsers reach this process by, such as `https://trunkline.example.com`
    #[arg(long, value_name = "URL", env = "TRUNKLINE_PUBLIC_URL")]
    pub(crate) public_url: Option<String>,
    /// A proxy in front, whose word on who calls is believed; may be given several times.
    #[arg(
        long = "trusted-proxy",
        value_name = "NETWORK",
        env = "TRUNKLINE_TRUSTED_PROXY",
        value_delimiter = ','
    )]
    pub(crate) trusted_proxies: Vec<IpNet>,
    /// An own certificate, as a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_key", env = "TRUNKLINE_TLS_CERT")]
    pub(crate) tls_cert: Option<PathBuf>,
    /// The certificate's private key, as a PEM file.
    #[arg(long, value_name = "FILE", requires = "tls_cert", env = "TRUNKLINE_TLS_KEY")]
    pub(crate) tls_key: Option<PathBuf>,
    /// Refuse notifications that are older than this when they arrive, such as `1h`.
    #[arg(long, value_name = "SPAN")]
    pub(crate) webhook_max_age: Option<String>,
    /// How long notifications are kept, such as `14d`; as the settings say when it is left out, which is 14 days until somebody changes them.
    #[arg(long, value_name = "SPAN")]
    pub(crate) keep_notifications: Option<String>,
    /// How long the request log is kept, such as `7d`; as the settings say when it is left out, usually 7 days.
    #[arg(long, value_name = "SPAN")]
    pub(crate) keep_requests: Option<String>,
    /// How long runs of mirrors, flows and actions are kept, with dead letters and what was written to Intercom, such as `90d`; as the
    /// settings say when it is left out, usually 90 days.
    #[arg(long, value_name = "SPAN")]
    pub(crate) keep_runs: Option<String>,
    /// How long it is remembered who changed what, such as `365d`; as the settings say when it is left out, usually 365 days.
    #[arg(long, value_name = "SPAN")]
    pub(crate) keep_audit: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Notifications {
    #[command(subcommand)]
    pub(crate) command: NotificationsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) more: More,
}

#[derive(Debug, Args)]
pub(crate) struct Watch {
    /// The topics to print, separated by commas; `conversation.*` is all that begin so. All by default.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) topics: Vec<String>,
    /// Only those of a workspace, by its code.
    #[arg(long, value_name = "CODE")]
    pub(crate) workspace: Option<String>,
    /// Begin with what was received since then: a time, or a span such as `2h`. From now on by default.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Print whole bodies, one line of JSON each.
    #[arg(long)]
    pub(crate) json: bool,
    #[command(flatten)]
    pub(crate) data: Data,
}

/// Which notifications.
#[derive(Debug, Args)]
pub(crate) struct Which {
    /// Those of a workspace, by its code.
    #[arg(long, value_name = "CODE")]
    pub(crate) workspace: Option<String>,
    /// Those with these topics, separated by commas; `conversation.*` is all that begin so.
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    pub(crate) topics: Vec<String>,
    /// Those that are waiting, done or failed.
    #[arg(long, value_name = "STATE")]
    pub(crate) state: Option<String>,
    /// Those received since then: a time, or a span such as `2h`.
    #[arg(long, value_name = "TIME")]
    pub(crate) since: Option<String>,
    /// Those received before then.
    #[arg(long, value_name = "TIME")]
    pub(crate) until: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum NotificationsCommand {
    /// List what was received, newest first.
    List {
        #[command(flatten)]
        which: Which,
        /// How many at most.
        #[arg(long, default_value_t = 50)]
        limit: u32,
    },
    /// Show one notification with its body.
    Show {
        /// Its number, or Intercom's id of it.
        id: String,
    },
    /// Apply notifications once more: one by its number or id, or those that fit.
    Replay {
        /// Its number, or Intercom's id of it.
        #[arg(conflicts_with_all = ["workspace", "topics", "state", "since", "until"])]
        id: Option<String>,
        #[command(flatten)]
        which: Which,
    },
}
