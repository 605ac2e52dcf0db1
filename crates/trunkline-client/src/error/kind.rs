//! The sorts of failure, their codes and what to do about each.

/// What sort of failure a call met.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum ErrorKind {
    /// The token is not accepted (401); older endpoints say so for a missing permission too.
    Unauthorized,
    /// The token lacks a permission (403).
    Forbidden,
    /// The workspace's plan lacks the feature (403, 402).
    PlanRestricted,
    /// Intercom refuses the version, or the endpoint in that version (400).
    VersionInvalid,
    /// There is no such object (404).
    NotFound,
    /// The object was merged into another one (410).
    Gone,
    /// The object exists already, or is in a state that forbids the call (409).
    Conflict,
    /// Intercom refuses the values (400, 422 and other statuses from 400 to 499).
    Invalid,
    /// Too many calls (429).
    RateLimited,
    /// Another scroll of the workspace's companies is open.
    ScrollBusy,
    /// The scroll cannot go on and must start again.
    ScrollLost,
    /// Intercom failed (5xx).
    Server,
    /// No answer in time.
    Timeout,
    /// No connection, or it broke.
    Network,
    /// An answer that cannot be used: not JSON, empty, without rows, a repeated cursor.
    BadAnswer,
    /// The catalog says that the connection's version lacks the operation; nothing was sent.
    NotInVersion,
    /// The call does not fit the operation; nothing was sent.
    BadCall,
}

/// What a caller should do with the record or the run that a failed call belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Disposition {
    /// It may work later, unchanged.
    Retry,
    /// It will work once the connection has another token.
    Reauthenticate,
    /// It will not work for this record; others may.
    Reject,
    /// It will not work for any record until a person changes something.
    Halt,
}

impl ErrorKind {
    /// Every kind, in order of code.
    pub const ALL: [Self; 17] = [
        Self::Unauthorized,
        Self::Forbidden,
        Self::PlanRestricted,
        Self::VersionInvalid,
        Self::NotFound,
        Self::Gone,
        Self::Conflict,
        Self::Invalid,
        Self::RateLimited,
        Self::ScrollBusy,
        Self::ScrollLost,
        Self::Server,
        Self::Timeout,
        Self::Network,
        Self::BadAnswer,
        Self::NotInVersion,
        Self::BadCall,
    ];

    /// The code, with a page under `docs/errors/`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Unauthorized => "TL0101",
            Self::Forbidden => "TL0102",
            Self::PlanRestricted => "TL0103",
            Self::VersionInvalid => "TL0104",
            Self::NotFound => "TL0105",
            Self::Gone => "TL0106",
            Self::Conflict => "TL0107",
            Self::Invalid => "TL0108",
            Self::RateLimited => "TL0109",
            Self::ScrollBusy => "TL0110",
            Self::ScrollLost => "TL0111",
            Self::Server => "TL0112",
            Self::Timeout => "TL0113",
            Self::Network => "TL0114",
            Self::BadAnswer => "TL0115",
            Self::NotInVersion => "TL0116",
            Self::BadCall => "TL0117",
        }
    }

    /// The kind in a few words.
    #[must_use]
    pub const fn title(self) -> &'static str {
        match self {
            Self::Unauthorized => "the access token is not accepted",
            Self::Forbidden => "the token lacks a permission",
            Self::PlanRestricted => "the workspace's plan does not include this",
            Self::VersionInvalid => "Intercom refuses the API version",
            Self::NotFound => "not found",
            Self::Gone => "merged into another object",
            Self::Conflict => "conflict with what exists",
            Self::Invalid => "Intercom refuses the values",
            Self::RateLimited => "too many calls",
            Self::ScrollBusy => "another scroll is open",
            Self::ScrollLost => "the scroll is lost",
            Self::Server => "Intercom failed",
            Self::Timeout => "no answer in time",
            Self::Network => "the network failed",
            Self::BadAnswer => "the answer cannot be used",
            Self::NotInVersion => "not in this API version",
            Self::BadCall => "the call does not fit the operation",
        }
    }

    /// One line on what to do.
    #[must_use]
    pub const fn advice(self) -> &'static str {
        match self {
            Self::Unauthorized => {
                "Check the token and the region; a token works only in the region of its workspace, and only until the \
                 app is removed."
            }
            Self::Forbidden => {
                "Tick the missing permission of the app in the Developer Hub and authorize it again."
            }
            Self::PlanRestricted => {
                "Leave this stream or operation out, or ask the workspace's owner about the plan."
            }
            Self::VersionInvalid => {
                "Choose another version with `--api-version`; 2.16 has the most operations."
            }
            Self::NotFound => "Check the id; the object may be deleted or live in another workspace.",
            Self::Gone => "Use the object that the link names.",
            Self::Conflict => "Read the id in the message and update that object instead.",
            Self::Invalid => "Correct the values that the message names.",
            Self::RateLimited => "Lower `--max-share`, or let other users of the workspace finish first.",
            Self::ScrollBusy => "Wait a minute: another program reads the workspace's companies.",
            Self::ScrollLost => "Start the reading of the companies again.",
            Self::Server => "Try again later; status.intercom.com tells of outages.",
            Self::Timeout => "Try again; raise the time limit when answers are large.",
            Self::Network => "Check the address, the proxy and the firewall, then try again.",
            Self::BadAnswer => "Try again; a proxy in between may have answered instead of Intercom.",
            Self::NotInVersion => {
                "Choose a version that has the operation; `trunkline operation ID` lists them."
            }
            Self::BadCall => "Correct the call; `trunkline operation ID` shows what the operation takes.",
        }
    }

    /// What a caller should do.
    #[must_use]
    pub const fn disposition(self) -> Disposition {
        match self {
            Self::RateLimited
            | Self::ScrollBusy
            | Self::ScrollLost
            | Self::Server
            | Self::Timeout
            | Self::Network
            | Self::BadAnswer => Disposition::Retry,
            Self::Unauthorized => Disposition::Reauthenticate,
            Self::NotFound | Self::Gone | Self::Conflict | Self::Invalid => Disposition::Reject,
            Self::Forbidden
            | Self::PlanRestricted
            | Self::VersionInvalid
            | Self::NotInVersion
            | Self::BadCall => Disposition::Halt,
        }
    }

    /// The kind that an error status and Intercom's code stand for.
    pub(crate) fn of_answer(status: u16, code: Option<&str>) -> Self {
        match (status, code) {
            (_, Some("intercom_version_invalid")) => Self::VersionInvalid,
            (400, Some("scroll_exists")) => Self::ScrollBusy,
            (402, _) | (403, Some("api_plan_restricted")) => Self::PlanRestricted,
            (401, _) => Self::Unauthorized,
            (403, _) => Self::Forbidden,
            (404, _) => Self::NotFound,
            (408, _) => Self::Timeout,
            (409, _) => Self::Conflict,
            (410, _) => Self::Gone,
            (429, _) => Self::RateLimited,
            (400..=499, _) => Self::Invalid,
            (500.., _) => Self::Server,
            _ => Self::BadAnswer,
        }
    }
}
