//! What a run did and what the mirror holds, for people and for machines.
//!
//! The one rule: a stream that could not be read is never shown as complete. `sync/finish.rs` fills the report of a run,
//! `verify.rs` the report on demand.

use jiff::Timestamp;
use serde::Serialize;

/// How the reading of a stream ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum StreamState {
    /// Everything that the API gives was read.
    Complete,
    /// Something could not be read; `why` says what.
    Partial,
    /// The token or the workspace's plan does not allow it.
    EmptyByPermission,
    /// The connection's version does not have it.
    NotInVersion,
    /// It takes an option that was not given; `advice` names it.
    NotAskedFor,
    /// The reading failed; `code` and `why` say how.
    Failed,
}

impl StreamState {
    /// The state in a word or two.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Complete => "complete",
            Self::Partial => "partial",
            Self::EmptyByPermission => "no permission",
            Self::NotInVersion => "not in version",
            Self::NotAskedFor => "not asked for",
            Self::Failed => "failed",
        }
    }
}

/// What a run did with one stream.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct StreamReport {
    /// The stream, also the table.
    pub stream: &'static str,
    /// How its reading ended.
    pub state: StreamState,
    /// What a person should know about the state.
    pub why: Option<String>,
    /// The error's code, where there was one.
    pub code: Option<&'static str>,
    /// What to do about it.
    pub advice: Option<String>,
    /// Records that were read.
    pub records: u64,
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that were marked deleted.
    pub deleted: u64,
    /// Requests that were sent for it, failed ones included.
    pub requests: u64,
    /// How long its reading took.
    pub seconds: f64,
    /// Rows that the mirror holds now.
    pub held: u64,
    /// Rows that the API says there are.
    pub stated: Option<u64>,
    /// Rows that the run had to change because the mirror did not say yet what they say: in a mirror that is fed by
    /// webhooks, what those missed.
    pub found_by_poll: u64,
    /// The keys of some of them, the newest changes first.
    pub newest_found: Vec<String>,
}

impl StreamReport {
    /// Rows that the API says there are and the mirror lacks.
    #[must_use]
    pub fn missing(&self) -> u64 {
        self.stated.map_or(0, |stated| stated.saturating_sub(self.held))
    }
}

/// Records that could not become rows.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Rejected {
    /// The stream.
    pub stream: String,
    /// How many are kept aside.
    pub records: u64,
    /// What is wrong with the latest.
    pub latest: String,
}

/// What is known to be lacking beyond whole rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Lacking {
    /// Conversations whose parts are still to be read.
    pub conversations_lacking_parts: u64,
    /// Conversations with more parts than the API gives.
    pub conversations_truncated: u64,
    /// Contacts with a list that is still to be read.
    pub contacts_lacking_lists: u64,
    /// Records that could not become rows.
    pub rejected: Vec<Rejected>,
}

/// What a run did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct SyncReport {
    /// The workspace's code.
    pub workspace: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// The workspace's time zone.
    pub time_zone: String,
    /// The API version that was spoken.
    pub version: String,
    /// When the run began.
    pub started_at: Timestamp,
    /// How long it took.
    pub seconds: f64,
    /// Requests that were sent in all.
    pub requests: u64,
    /// Every selected stream, in the order of the tables.
    pub streams: Vec<StreamReport>,
    /// What the mirror is known to lack.
    #[serde(flatten)]
    pub lacking: Lacking,
}

impl SyncReport {
    /// Whether everything that the token and the version allow was read.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.streams
            .iter()
            .all(|stream| !matches!(stream.state, StreamState::Failed | StreamState::Partial))
    }

    /// The line of a stream.
    #[must_use]
    pub fn stream(&self, name: &str) -> Option<&StreamReport> {
        self.streams.iter().find(|stream| stream.stream == name)
    }
}

/// One stream of the mirror against what the API says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamCompleteness {
    /// The stream.
    pub stream: &'static str,
    /// Rows that the mirror holds.
    pub held: u64,
    /// Rows that are kept as deleted.
    pub deleted: u64,
    /// Rows that the API says there are, where it says so.
    pub stated: Option<u64>,
    /// Rows that are lacking.
    pub missing: u64,
    /// Rows that the API no longer counts; a run with `--full` finds out which.
    pub surplus: u64,
    /// Why nothing can be said, or why the stream is empty.
    pub why: Option<String>,
    /// Whether the token or the version keeps the stream out of reach, or an option that was not given.
    pub out_of_reach: bool,
}

/// The mirror against what the API says.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CompletenessReport {
    /// Every stream of the mirror.
    pub streams: Vec<StreamCompleteness>,
    /// What is lacking beyond whole rows.
    #[serde(flatten)]
    pub lacking: Lacking,
}

impl CompletenessReport {
    /// Whether nothing is missing that the API could give.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.streams.iter().all(|stream| stream.missing == 0)
            && self.lacking.conversations_lacking_parts == 0
            && self.lacking.contacts_lacking_lists == 0
    }
}

/// One stream as `check` found it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct StreamCheck {
    /// The stream.
    pub stream: &'static str,
    /// Whether and how it can be read.
    pub state: StreamState,
    /// Rows that the API says there are.
    pub expected: Option<u64>,
    /// The permission to tick in the Developer Hub, where one is lacking.
    pub permission: Option<&'static str>,
    /// What a person should know.
    pub why: Option<String>,
    /// The error's code, where there was one.
    pub code: Option<&'static str>,
}

/// What a mirror of a workspace would hold and cost.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct CheckReport {
    /// The workspace's code.
    pub workspace: String,
    /// The workspace's name.
    pub workspace_name: String,
    /// Its time zone, by which contact search cuts days.
    pub time_zone: String,
    /// Whether that time zone is known here; without it a day more is read again.
    pub time_zone_known: bool,
    /// Where it is hosted, as it says itself.
    pub region: String,
    /// The region whose address was called, where that is another one: Intercom may or may not pass calls on.
    pub wrong_region: Option<String>,
    /// The API version that is spoken.
    pub version: String,
    /// Calls that the workspace allows in 10 seconds, where it says so.
    pub rate_limit: Option<u32>,
    /// Every stream.
    pub streams: Vec<StreamCheck>,
    /// Requests that a full mirror is expected to take, but for one more for each contact with notes, or with more than
    /// ten tags or companies: how many these are, no answer tells.
    pub expected_requests: u64,
    /// Minutes that a full mirror is expected to take at that limit.
    pub expected_minutes: f64,
}

impl CheckReport {
    /// Whether every stream that the version has can be read.
    #[must_use]
    pub fn is_success(&self) -> bool {
        self.streams
            .iter()
            .all(|stream| matches!(stream.state, StreamState::Complete | StreamState::NotInVersion))
    }
}
