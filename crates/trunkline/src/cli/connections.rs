//! The flags of connections, apps, keys and secrets.

use clap::{Args, Subcommand};

use super::{RegionName, data::Data};

#[derive(Debug, Args)]
pub(crate) struct Connect {
    /// The name to give the connection.
    pub(crate) name: String,
    /// The environment variable that holds the access token.
    #[arg(long, value_name = "NAME", conflicts_with = "oauth")]
    pub(crate) token_env: Option<String>,
    /// Ask for a grant in the browser, for the app that `--app` names.
    #[arg(long, requires = "app")]
    pub(crate) oauth: bool,
    /// The app whose grants the connection uses (see `trunkline apps`).
    #[arg(long, value_name = "APP")]
    pub(crate) app: Option<String>,
    /// With `--oauth`: the port of this machine that the browser comes back to; a free one by default.
    #[arg(long, value_name = "PORT", default_value_t = 0, requires = "oauth")]
    pub(crate) port: u16,
    /// With `--oauth`: let `trunkline serve` at this address receive the browser, instead of a port of this machine.
    #[arg(
        long,
        value_name = "URL",
        env = "TRUNKLINE_PUBLIC_URL",
        conflicts_with = "port"
    )]
    pub(crate) public_url: Option<String>,
    #[command(flatten)]
    pub(crate) details: Details,
    /// Give the connection of this name a new token or grant.
    #[arg(long)]
    pub(crate) replace: bool,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long)]
    pub(crate) json: bool,
}

/// How a connection is reached.
#[derive(Debug, Args)]
pub(crate) struct Details {
    /// The region that the workspace lives in.
    #[arg(long, value_enum)]
    pub(crate) region: Option<RegionName>,
    /// The address of the API, instead of a region's: a simulator or a proxy.
    #[arg(long, value_name = "URL", conflicts_with = "region")]
    pub(crate) base_url: Option<String>,
    /// The page that asks for grants, instead of the region's.
    #[arg(long, value_name = "URL")]
    pub(crate) authorize_url: Option<String>,
    /// Where codes are exchanged for tokens, instead of Intercom's own address.
    #[arg(long, value_name = "URL")]
    pub(crate) access_token_url: Option<String>,
    /// The version of Intercom's API to speak; 2.16 by default.
    #[arg(long, value_name = "VERSION")]
    pub(crate) api_version: Option<String>,
    /// The environment variable that holds the secret of the connection's webhooks, where that is not the app's client secret.
    #[arg(long, value_name = "NAME")]
    pub(crate) webhook_secret_env: Option<String>,
    /// Whether calls and grants are kept in the request log (see `trunkline requests`).
    #[arg(long, value_name = "YES", num_args = 0..=1, default_missing_value = "true")]
    pub(crate) log_requests: Option<bool>,
    /// Whatever you want to remember.
    #[arg(long, value_name = "TEXT")]
    pub(crate) notes: Option<String>,
}

#[derive(Debug, Args)]
pub(crate) struct Connections {
    #[command(subcommand)]
    pub(crate) command: ConnectionsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ConnectionsCommand {
    /// List all connections and how they are doing.
    List,
    /// Show one connection, without its secrets.
    Show {
        /// The connection.
        name: String,
    },
    /// Ask a connection's workspace who it is.
    Test {
        /// The connection; all of them when none is named.
        name: Option<String>,
    },
    /// Change how a connection is reached.
    Set {
        /// The connection.
        name: String,
        #[command(flatten)]
        details: Box<Details>,
    },
    /// Give a connection another name.
    Rename {
        /// The connection.
        name: String,
        /// Its new name.
        new_name: String,
    },
    /// Make a connection the one that is meant when none is named.
    Default {
        /// The connection.
        name: String,
    },
    /// Let nothing use a connection for now.
    Pause {
        /// The connection.
        name: String,
    },
    /// Let a paused connection be used again.
    Resume {
        /// The connection.
        name: String,
    },
    /// Forget a connection and its secrets.
    Remove {
        /// The connection.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Apps {
    #[command(subcommand)]
    pub(crate) command: AppsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum AppsCommand {
    /// Add an app of the Developer Hub: its client id and secret.
    Add {
        /// The name to give it.
        name: String,
        /// Its client id.
        #[arg(long, value_name = "ID")]
        client_id: String,
        /// The environment variable that holds its client secret, which also signs its webhooks.
        #[arg(long, value_name = "NAME")]
        client_secret_env: String,
        /// The page that asks for grants, instead of the region's.
        #[arg(long, value_name = "URL")]
        authorize_url: Option<String>,
        /// Where codes are exchanged for tokens, instead of Intercom's own address.
        #[arg(long, value_name = "URL")]
        access_token_url: Option<String>,
        /// The token address takes proofs of the code's owner (PKCE).
        #[arg(long)]
        pkce: bool,
        /// Put this in the place of the app of that name.
        #[arg(long)]
        replace: bool,
    },
    /// List all apps.
    List,
    /// Forget an app that no connection uses.
    Remove {
        /// The app.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct Keys {
    #[command(subcommand)]
    pub(crate) command: KeysCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum KeysCommand {
    /// Make a key to the API and print it, this once.
    Add {
        /// The name to give it.
        name: String,
        /// What it may do: read, operate or admin.
        #[arg(long, default_value = "read")]
        role: String,
    },
    /// List all keys.
    List,
    /// End a key.
    Remove {
        /// The key.
        name: String,
    },
}

#[derive(Debug, Args)]
pub(crate) struct People {
    #[command(subcommand)]
    pub(crate) command: PeopleCommand,
    #[command(flatten)]
    pub(crate) data: Data,
    /// Print JSON.
    #[arg(long, global = true)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum PeopleCommand {
    /// Invite somebody to the console, by a link that is printed this once.
    Invite {
        /// The name to sign in with: an address of mail, or any short word.
        name: String,
        /// What they may do: read, operate or admin.
        #[arg(long, default_value = "read")]
        role: String,
        #[command(flatten)]
        reached: Reached,
    },
    /// Make a new link by which somebody chooses a password; earlier ones are over.
    Link {
        /// The person.
        name: String,
        #[command(flatten)]
        reached: Reached,
    },
    /// List who may sign in.
    List,
    /// Forget somebody and sign them out.
    Remove {
        /// The person.
        name: String,
    },
}

/// Where a browser finds the process.
#[derive(Debug, Args)]
pub(crate) struct Reached {
    /// The address of `trunkline serve`, as a browser knows it.
    #[arg(
        long,
        value_name = "URL",
        env = "TRUNKLINE_PUBLIC_URL",
        default_value = "http://127.0.0.1:7070"
    )]
    pub(crate) public_url: String,
}

#[derive(Debug, Args)]
pub(crate) struct Secrets {
    #[command(subcommand)]
    pub(crate) command: SecretsCommand,
    #[command(flatten)]
    pub(crate) data: Data,
}

#[derive(Debug, Subcommand)]
pub(crate) enum SecretsCommand {
    /// Seal every secret under a new key and forget the old one.
    Rotate,
}
