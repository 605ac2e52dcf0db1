//! Flows as they were applied: the text of each, whether it runs, and who changed it last.
//!
//! The one rule: a text takes the place of the one that its author saw, never of one that somebody else put there meanwhile; whoever
//! comes second is shown what is there. Read `flows/checkpoints.rs` for how far a flow has read, `flows/runs.rs` for what it did.

mod checkpoints;
mod remove;
mod runs;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Store, StoreError,
    database::{Row, Statement},
    digest,
    journal::{check_word, may_be},
};

pub use checkpoints::FlowCheckpoint;
pub use runs::{FlowRun, FlowRunCause, FlowRunCounts, FlowRunFilter, FlowRunState, NewFlowRun};

/// How often another process may be faster before we say so.
const ATTEMPTS: usize = 16;

const COLUMNS: &str = "SELECT name, text, digest, state, origin, version, applied_at, by_whom FROM flows";

/// Whether a flow does its work.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowState {
    /// It runs when its time comes.
    Active,
    /// It does not begin, and nothing that waits for its destinations is handed out.
    Paused,
}

impl FlowState {
    const ALL: [Self; 2] = [Self::Active, Self::Paused];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Paused => "paused",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Where a flow's text came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowOrigin {
    /// A file, which a repository may own.
    File,
    /// Somebody in the console.
    Console,
}

impl FlowOrigin {
    const ALL: [Self; 2] = [Self::File, Self::Console];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::File => "file",
            Self::Console => "console",
        }
    }

    /// The origin of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|origin| origin.as_str() == word)
    }
}

/// A flow's text to put.
#[derive(Clone, Debug)]
pub struct NewFlow {
    /// Its name.
    pub name: String,
    /// The whole text, as it was written.
    pub text: String,
    /// Where it came from.
    pub origin: FlowOrigin,
    /// Who puts it, such as `command line` or a key's name.
    pub by_whom: String,
}

/// A flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Flow {
    /// Its name.
    pub name: String,
    /// The whole text.
    pub text: String,
    /// Stands for the text: SHA-256 in hexadecimal digits.
    pub digest: String,
    /// Whether it does its work.
    pub state: FlowState,
    /// Where the text came from.
    pub origin: FlowOrigin,
    /// Counts the texts that it had, from 1.
    pub version: i64,
    /// When this text was put.
    pub applied_at: Timestamp,
    /// Who put it.
    pub by_whom: String,
}

/// What became of a text that was put.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Put {
    /// There was none of this name.
    New(Flow),
    /// It took the place of the one that was expected.
    Changed(Flow),
    /// It was there already, word for word.
    Same(Flow),
    /// Something else is there than was expected; nothing was changed.
    Conflict {
        /// The version that is there; 0 when there is none any more.
        version: i64,
        /// Its digest; empty when there is none.
        digest: String,
    },
}

impl Store {
    /// Puts a flow's text. `expected` is the version that its author saw; none for a flow that is not there yet. A new flow is
    /// active; a changed one stays as it is.
    ///
    /// # Errors
    /// TL0510 for a name that cannot be kept.
    pub async fn put_flow(
        &self,
        new: &NewFlow,
        expected: Option<i64>,
        now: Timestamp,
    ) -> Result<Put, StoreError> {
        check_word("the flow's name", &new.name)?;
        check_word("who puts the flow", &new.by_whom)?;
        let digest = digest::of(&new.text);
        for _ in 0..ATTEMPTS {
            let found = self.find_flow(&new.name).await?;
            let (statement, is_new) = match &found {
                Some(there) if there.digest == digest => return Ok(Put::Same(there.clone())),
                Some(there) if Some(there.version) != expected => {
                    return Ok(Put::Conflict {
                        version: there.version,
                        digest: there.digest.clone(),
                    });
                }
                None if expected.is_some() => {
                    return Ok(Put::Conflict {
                        version: 0,
                        digest: String::new(),
                    });
                }
                Some(there) => (
                    Statement::new(
                        "UPDATE flows SET text = $2, digest = $3, origin = $4, version = version + 1, applied_at = $5, by_whom = $6 \
                         WHERE name = $1 AND version = $7 AND digest = $8",
                    )
                    .bind(&new.name)
                    .bind(&new.text)
                    .bind(&digest)
                    .bind(new.origin.as_str())
                    .bind(now)
                    .bind(&new.by_whom)
                    .bind(there.version)
                    .bind(&there.digest),
                    false,
                ),
                None => (
                    Statement::new(
                        "INSERT INTO flows (name, text, digest, state, origin, version, applied_at, by_whom) \
                         VALUES ($1, $2, $3, 'active', $4, 1, $5, $6) ON CONFLICT DO NOTHING",
                    )
                    .bind(&new.name)
                    .bind(&new.text)
                    .bind(&digest)
                    .bind(new.origin.as_str())
                    .bind(now)
                    .bind(&new.by_whom),
                    true,
                ),
            };
            // Somebody else was faster: what is there now is looked at anew.
            if self.write_one(statement).await?.changed == 1 {
                let flow = Flow {
                    name: new.name.clone(),
                    text: new.text.clone(),
                    digest,
                    state: found.as_ref().map_or(FlowState::Active, |there| there.state),
                    origin: new.origin,
                    version: found.map_or(1, |there| there.version + 1),
                    applied_at: now,
                    by_whom: new.by_whom.clone(),
                };
                return Ok(if is_new {
                    Put::New(flow)
                } else {
                    Put::Changed(flow)
                });
            }
        }
        Err(StoreError::Unmet)
    }

    /// One flow.
    ///
    /// # Errors
    /// TL0507 when there is none of this name.
    pub async fn flow(&self, name: &str) -> Result<Flow, StoreError> {
        self.find_flow(name).await?.ok_or_else(|| not_found(name))
    }

    /// One flow, if there is one of this name.
    pub async fn find_flow(&self, name: &str) -> Result<Option<Flow>, StoreError> {
        if !may_be(name) {
            return Ok(None);
        }
        let question = Statement::new(format!("{COLUMNS} WHERE name = $1")).bind(name);
        self.read_one(question).await?.map(flow).transpose()
    }

    /// All flows, by name.
    pub async fn flows(&self) -> Result<Vec<Flow>, StoreError> {
        let question = Statement::new(format!("{COLUMNS} ORDER BY name"));
        self.read(question).await?.into_iter().map(flow).collect()
    }

    /// Pauses a flow or lets it go on; whether that changed anything. What waits for its destinations keeps waiting while it is
    /// paused, and more may be added.
    ///
    /// # Errors
    /// TL0507 when there is none of this name.
    pub async fn set_flow_state(&self, name: &str, state: FlowState) -> Result<bool, StoreError> {
        self.flow(name).await?;
        let set = Statement::new("UPDATE flows SET state = $1 WHERE name = $2 AND state <> $1")
            .bind(state.as_str())
            .bind(name);
        Ok(self.write_one(set).await?.changed == 1)
    }
}

pub(crate) fn not_found(name: &str) -> StoreError {
    StoreError::NotFound {
        kind: "flow",
        name: name.to_owned(),
    }
}

fn flow(mut row: Row) -> Result<Flow, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: what.to_owned(),
    };
    Ok(Flow {
        name: row.text()?,
        text: row.text()?,
        digest: row.text()?,
        state: FlowState::of(&row.text()?).ok_or_else(|| damaged("a flow in an unknown state"))?,
        origin: FlowOrigin::of(&row.text()?).ok_or_else(|| damaged("a flow of an unknown origin"))?,
        version: row.int()?,
        applied_at: row.moment()?,
        by_whom: row.text()?,
    })
}
