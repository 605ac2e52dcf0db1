//! Why the process does not run, or a connection cannot be used.

use std::{io, net::SocketAddr, path::PathBuf};

use trunkline_client::{BuildError, CallError, oauth::OAuthError};
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
            Self::Thread { .. } => "Check the limits on threads and files.".to_owned(),
            Self::NoWorkspace { .. } => "Check that the address is Intercom's.".to_owned(),
            Self::Build(error) => error.advice(),
            Self::Call(error) => error.advice(),
            Self::SignIn(error) => error.advice().to_owned(),
            Self::Store(error) => error.advice(),
        }
    }
}
