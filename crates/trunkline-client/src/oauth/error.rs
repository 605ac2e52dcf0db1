//! What can go wrong between "grant access" and a token.
//!
//! The one rule: no variant holds a code, a secret or a token, and nothing that a server says is kept before it was cleaned
//! of them.

use std::{borrow::Cow, fmt};

/// What a sign-in server said, cleaned.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Told {
    /// The HTTP status, when there was an answer.
    pub status: Option<u16>,
    /// Its words, on one line, without secrets.
    pub message: String,
    /// Its id of the request.
    pub request_id: Option<String>,
}

impl fmt::Display for Told {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.status, self.message.as_str()) {
            (Some(status), "") => write!(f, "HTTP {status}")?,
            (Some(status), message) => write!(f, "HTTP {status}: {message}")?,
            (None, message) => f.write_str(message)?,
        }
        match &self.request_id {
            Some(id) => write!(f, " [request {id}]"),
            None => Ok(()),
        }
    }
}

/// Why a sign-in did not give a grant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum OAuthError {
    /// An address of the sign-in cannot be used.
    #[error("the {what} {url:?} cannot be used: {reason}")]
    Address {
        /// Which one.
        what: &'static str,
        /// The address, without a password or a query.
        url: String,
        /// What is wrong with it.
        reason: String,
    },
    /// The app's credentials cannot be sent.
    #[error("the app's {part} {reason}")]
    App {
        /// Client id or client secret.
        part: &'static str,
        /// What is wrong with it; never the credential itself.
        reason: &'static str,
    },
    /// The code is not accepted: wrong, older than some minutes, used before, of another app, or with a wrong secret.
    #[error("the code is not accepted, {0}")]
    CodeRefused(Told),
    /// The token that should be renewed or given back is not accepted any more.
    #[error("the grant is over, {0}")]
    GrantOver(Told),
    /// The server does not accept the app's own credentials.
    #[error("the app's client id or client secret is not accepted, {0}")]
    AppRefused(Told),
    /// An answer without a token that can be used.
    #[error("the answer to the exchange cannot be used: {0}")]
    BadAnswer(Told),
    /// The server failed, throttled, was not reached, or did not answer in time.
    #[error("the sign-in server did not answer: {told}")]
    Unavailable {
        /// What is known.
        told: Told,
        /// Whether the request may have arrived, so that its code may be used up.
        may_have_arrived: bool,
    },
    /// What the browser brought back is no code, or the person refused.
    #[error("the browser brought no grant back: {reason}")]
    Callback {
        /// What is wrong with it; never a code or a state.
        reason: Cow<'static, str>,
    },
}

impl OAuthError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Address { .. } => "TL0122",
            Self::App { .. } => "TL0123",
            Self::CodeRefused(_) => "TL0124",
            Self::GrantOver(_) => "TL0125",
            Self::AppRefused(_) => "TL0126",
            Self::BadAnswer(_) => "TL0127",
            Self::Unavailable { .. } => "TL0128",
            Self::Callback { .. } => "TL0129",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::Address { .. } => {
                "Give an https address; http is spoken only with 127.0.0.1, [::1] and localhost."
            }
            Self::App { .. } => {
                "Copy the client id and the client secret from the app's page in the Developer Hub, each on one line."
            }
            Self::CodeRefused(_) => {
                "Grant access once more, and finish within five minutes; if that fails too, check the client secret."
            }
            Self::GrantOver(_) => "Grant access once more.",
            Self::AppRefused(_) => {
                "Check the client id and the client secret on the app's page in the Developer Hub."
            }
            Self::BadAnswer(_) => "Check the access token URL; a proxy in between may have answered instead.",
            Self::Unavailable { .. } => {
                "Try again; if it goes on, check the access token URL and the network."
            }
            Self::Callback { .. } => "Begin again with \"Grant access\", in the same browser.",
        }
    }

    /// Whether only a person can go on, by granting access once more.
    #[must_use]
    pub const fn needs_new_grant(&self) -> bool {
        match self {
            Self::CodeRefused(_) | Self::GrantOver(_) | Self::Callback { .. } => true,
            // A code that arrived is used up, whatever became of the answer.
            Self::Unavailable { may_have_arrived, .. } => *may_have_arrived,
            Self::BadAnswer(_) => true,
            Self::Address { .. } | Self::App { .. } | Self::AppRefused(_) => false,
        }
    }
}
