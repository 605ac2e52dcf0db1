//! What can be wrong with the body of a notification.

/// Why a body could not be decoded. Whoever keeps bodies keeps this one too: it was signed, so somebody sent it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum DecodeError {
    /// The body is no JSON object: cut off, in another encoding, or something else altogether.
    #[error("the body of {length} bytes is not a JSON object: {reason}")]
    NotJson {
        /// How long it is.
        length: usize,
        /// What is wrong, and where.
        reason: String,
    },
    /// It is JSON, but no notification.
    #[error("the body is no notification: {field} is {found}, expected {expected}")]
    NotANotification {
        /// The field.
        field: &'static str,
        /// What stands there.
        found: String,
        /// What must stand there.
        expected: &'static str,
    },
    /// It comes from an app whose version is 1.x.
    #[error("{topic} has the shape of version 1.x of the API ({sign}), which is not understood")]
    OldVersion {
        /// The topic.
        topic: String,
        /// By what one can tell.
        sign: &'static str,
    },
    /// The item does not say which record it is about.
    #[error("the item of {topic} has no {what}")]
    NoRecord {
        /// The topic.
        topic: String,
        /// What is missing.
        what: &'static str,
    },
}

impl DecodeError {
    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => "TL0214",
            Self::NotANotification { .. } => "TL0215",
            Self::OldVersion { .. } => "TL0216",
            Self::NoRecord { .. } => "TL0217",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(&self) -> &'static str {
        match self {
            Self::NotJson { .. } => {
                "If a proxy stands in front, let it pass bodies unchanged and whole; the next poll finds what was to be told."
            }
            Self::NotANotification { .. } => {
                "Send only Intercom's webhooks to this address; the next poll finds what was to be told."
            }
            Self::OldVersion { .. } => "Set the app to version 2.7 or newer in the Developer Hub.",
            Self::NoRecord { .. } => {
                "The next poll finds what was to be told; please report the topic's shape."
            }
        }
    }
}
