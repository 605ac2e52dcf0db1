//! Why the process does not run, or a connection cannot be used.

use std::{io, net::SocketAddr, path::PathBuf};

use trunkline_client::{BuildError, CallError, oauth::OAuthError};
use trunkline_flow::ComponentError;
use trunkline_store::StoreError;

/// Why the process does not run, or a connection cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ServerError {
    /// The address cannot be listened on.
    #[error("{address} cannot be listened on: {source}")]
    Listen {
        /// The address.
        address: SocketAddr,
        /// What the system says.
        source: io::Error,
    },
    /// Others could reach it, and nothing would keep them out.
    #[error("{address} can be reached from other machines, and no key to the API was made yet")]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The certificate cannot be used.
    #[error("the certificate of {}: {reason}", path.display())]
    Certificate {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// There is no connection to use.
    #[error("no connection is named and none is the default")]
    NoConnection,
    /// The connection has no token.
    #[error("the connection `{name}` has no access token yet")]
    NoToken {
        /// Its name.
        name: String,
    },
    /// The connection has no app whose grants it could use.
    #[error("the connection `{name}` has no app to ask for a grant with")]
    NoApp {
        /// Its name.
        name: String,
    },
    /// The connection's grant is over.
    #[error("the connection `{name}` needs a new grant: {reason}")]
    NeedsGrant {
        /// Its name.
        name: String,
        /// Why.
        reason: String,
    },
    /// Somebody paused the connection.
    #[error("the connection `{name}` is paused")]
    Paused {
        /// Its name.
        name: String,
    },
    /// The connection's details make no client.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// A call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// A grant was not given, or its code not exchanged.
    #[error(transparent)]
    SignIn(#[from] OAuthError),
    /// The workspace does not say who it is.
    #[error("the answer of /me names no workspace: {reason}")]
    NoWorkspace {
        /// What is missing.
        reason: String,
    },
    /// A target of a mirror cannot be.
    #[error("{reason}")]
    Target {
        /// Why not.
        reason: String,
    },
    /// A channel of alerts cannot be.
    #[error("the channel `{name}` of alerts: {reason}")]
    Channel {
        /// Its name.
        name: String,
        /// Why not.
        reason: String,
    },
    /// There is no such channel of alerts.
    #[error("there is no channel `{name}` of alerts")]
    NoChannel {
        /// The name.
        name: String,
    },
    /// A channel of alerts did not take a message.
    #[error("the channel `{name}` of alerts did not take the message: {error}")]
    Untold {
        /// Its name.
        name: String,
        /// Why not.
        error: Box<ComponentError>,
    },
    /// Nodes cannot call each other so.
    #[error("the settings of NATS: {reason}")]
    Calls {
        /// Why not.
        reason: String,
    },
    /// The nodes were not called.
    #[error("the nodes were not called: {error}")]
    NotCalled {
        /// Why not.
        error: Box<ComponentError>,
    },
    /// A thread did not start.
    #[error("a thread of the process did not start: {reason}")]
    Thread {
        /// What the system says.
        reason: String,
    },
    /// The store failed.
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl ServerError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub fn code(&self) -> &'static str {
        match self {
            Self::Listen { .. } => "TL0601",
            Self::Unprotected { .. } => "TL0602",
            Self::Certificate { .. } => "TL0603",
            Self::NoConnection => "TL0604",
            Self::NoToken { .. } => "TL0605",
            Self::NeedsGrant { .. } => "TL0606",
            Self::Paused { .. } => "TL0607",
            Self::NoWorkspace { .. } => "TL0608",
            Self::NoApp { .. } => "TL0609",
            Self::Target { .. } => "TL0003",
            Self::Thread { .. } => "TL0009",
            Self::Channel { .. } => "TL0910",
            Self::NoChannel { .. } => "TL0911",
            Self::Calls { .. } => "TL0926",
            Self::Untold { error, .. } | Self::NotCalled { error } => error.code,
            Self::Build(error) => error.code(),
            Self::Call(error) => error.code(),
            Self::SignIn(error) => error.code(),
            Self::Store(error) => error.code(),
        }
    }

    /// One line on what to do.
    #[must_use]
    pub fn advice(&self) -> String {
        match self {
            Self::Listen { .. } => {
                "Choose another address with `--listen`, or stop what listens there.".to_owned()
            }
            Self::Unprotected { .. } => {
                "Make a key first (`trunkline keys add admin --role admin`), or listen on 127.0.0.1."
                    .to_owned()
            }
            Self::Certificate { .. } => {
                "Name PEM files that this user can read, with `--tls-cert` and `--tls-key`.".to_owned()
            }
            Self::NoConnection => {
                "Make one with `trunkline connect NAME`, name one with `--connection`, or set INTERCOM_TOKEN."
                    .to_owned()
            }
            Self::NoToken { name } | Self::NeedsGrant { name, .. } => format!(
                "Grant access: `trunkline connect {name} --replace`, with `--token-env` or `--oauth`."
            ),
            Self::NoApp { name } => format!(
                "Give it one: `trunkline apps add`, then `trunkline connect {name} --replace --app APP`."
            ),
            Self::Paused { name } => format!("Let it go on with `trunkline connections resume {name}`."),
            Self::Target { .. } => {
                "Write the target as `sqlite:FILE`, for example `--to sqlite:mirror.db`.".to_owned()
            }
            Self::Channel { .. } => {
                "Mend it under `[alerts.channels.…]` in trunkline.toml; docs/guides/alerts.md has examples."
                    .to_owned()
            }
            Self::NoChannel { .. } => "`trunkline alerts channels` lists them.".to_owned(),
            Self::Calls { .. } => {
                "Mend `[nats]` in trunkline.toml; docs/guides/deploy.md has an example.".to_owned()
            }
            Self::Untold { error, .. } | Self::NotCalled { error } => error.advice.clone(),
            Self::Thread { .. } => "Check the limits on threads and files.".to_owned(),
            Self::NoWorkspace { .. } => "Check that the address is Intercom's.".to_owned(),
            Self::Build(error) => error.advice(),
            Self::Call(error) => error.advice(),
            Self::SignIn(error) => error.advice().to_owned(),
            Self::Store(error) => error.advice(),
        }
    }
}
