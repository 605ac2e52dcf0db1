//! Batches: long input published row by row, and how far each has come.
//!
//! The one rule: a row counts as done only when everything before it is, so a batch that was stopped anywhere goes on behind its
//! position; rows beyond it that were made already are known by the keys of their runs. What became of each row is the
//! business of whoever publishes. Read `batches/query.rs` for lists.

mod query;

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use crate::{
    Lease, Store, StoreError,
    database::{Row, Statement},
    document,
    journal::{IS_ALIVE, check_word, may_be},
};

pub use query::BatchFilter;

/// How often another process may be faster before we say so.
const ATTEMPTS: usize = 16;

/// A batch to begin.
#[derive(Clone, Debug)]
pub struct NewBatch {
    /// The workspace's code.
    pub workspace: String,
    /// The action's id.
    pub action: String,
    /// Stands for the input and for whatever else makes two batches the same.
    pub source_digest: String,
    /// The input's name, for people.
    pub input_name: String,
    /// How it is published, for whoever resumes it.
    pub options: Json,
}

/// How far a batch has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum BatchState {
    /// Its process is at it.
    Running,
    /// Its process ended under it; it can be resumed.
    Interrupted,
    /// It was stopped, by somebody or by an error; it can be resumed.
    Stopped,
    /// Every row was looked at.
    Done,
    /// Nobody wants the rest of it.
    Abandoned,
}

impl BatchState {
    const ALL: [Self; 5] = [
        Self::Running,
        Self::Interrupted,
        Self::Stopped,
        Self::Done,
        Self::Abandoned,
    ];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Interrupted => "interrupted",
            Self::Stopped => "stopped",
            Self::Done => "done",
            Self::Abandoned => "abandoned",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// How far a batch has come, in rows.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct BatchProgress {
    /// Rows from the first on that are done with, without a gap.
    pub rows_done: u64,
    /// Where the next row begins, for a reader that can go there at once.
    pub position: Option<String>,
    /// Rows that created something.
    pub created: u64,
    /// Rows that changed something.
    pub changed: u64,
    /// Rows that found everything as they wanted it.
    pub unchanged: u64,
    /// Rows that were refused.
    pub rejected: u64,
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Batch {
    /// Our id; ids sort by the time that the batches began at.
    pub id: String,
    /// The workspace's code.
    pub workspace: String,
    /// The action's id.
    pub action: String,
    /// Stands for the input.
    pub source_digest: String,
    /// The input's name.
    pub input_name: String,
    /// How it is published.
    pub options: Json,
    /// How far it has come.
    pub state: BatchState,
    /// The same in rows.
    #[serde(flatten)]
    pub progress: BatchProgress,
    /// When it began.
    pub started_at: Timestamp,
    /// When it last came further.
    pub updated_at: Timestamp,
}

/// The right to bring a batch further, for as long as nobody takes it over.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeldBatch {
    /// The batch's id.
    pub id: String,
    fence: i64,
}

/// What became of the wish to begin or resume a batch.
#[derive(Clone, Debug, PartialEq)]
pub enum BatchBegun {
    /// It has begun, or goes on from where it stands.
    Held(HeldBatch, Box<Batch>),
    /// One of this workspace, action and digest was left unfinished: resume or abandon it first.
    Unfinished(Box<Batch>),
    /// A living process is at it.
    Busy(Box<Batch>),
    /// It has ended.
    Ended(Box<Batch>),
}

impl Store {
    /// Begins a batch, unless one of the same workspace, action and digest is unfinished. Of several who ask at once one gets it.
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept.
    pub async fn begin_batch(
        &self,
        new: &NewBatch,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<BatchBegun, StoreError> {
        check_word("the workspace's code", &new.workspace)?;
        check_word("the action's id", &new.action)?;
        check_word("the input's digest", &new.source_digest)?;
        check_word("the input's name", &new.input_name)?;
        let id = self.entropy.id(now);
        for _ in 0..ATTEMPTS {
            let begun = Statement::new(
                "INSERT INTO batches (id, workspace, action, source_digest, input_name, options, state, owner, fence, \
                 rows_done, created, changed, unchanged, rejected, started_at, updated_at) \
                 VALUES ($1, $2, $3, $4, $5, $6, 'running', $7, 1, 0, 0, 0, 0, 0, $8, $8) ON CONFLICT DO NOTHING",
            )
            .bind(&id)
            .bind(&new.workspace)
            .bind(&new.action)
            .bind(&new.source_digest)
            .bind(&new.input_name)
            .bind(new.options.to_string())
            .bind(&holder.owner)
            .bind(now);
            if self.write_one(begun).await?.changed == 1 {
                let batch = self.batch(&id, now).await?;
                return Ok(BatchBegun::Held(HeldBatch { id, fence: 1 }, Box::new(batch)));
            }
            // Ended between the two: the next attempt begins ours.
            if let Some(open) = self.open_batch(new, now).await? {
                return Ok(match open.state {
                    BatchState::Running => BatchBegun::Busy(Box::new(open)),
                    _ => BatchBegun::Unfinished(Box::new(open)),
                });
            }
        }
        Err(StoreError::Unmet)
    }

    /// Goes on with a batch that was stopped or left behind. Never answers [`BatchBegun::Unfinished`].
    ///
    /// # Errors
    /// TL0507 when there is no such batch.
    pub async fn resume_batch(
        &self,
        id: &str,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<BatchBegun, StoreError> {
        for _ in 0..ATTEMPTS {
            let found = self.batch(id, now).await?;
            match found.state {
                BatchState::Running => return Ok(BatchBegun::Busy(Box::new(found))),
                BatchState::Done | BatchState::Abandoned => return Ok(BatchBegun::Ended(Box::new(found))),
                BatchState::Interrupted | BatchState::Stopped => {}
            }
            let taken = Statement::new(format!(
                "UPDATE batches AS held SET owner = $2, fence = fence + 1, state = 'running', updated_at = $1 \
                 WHERE id = $3 AND (state = 'stopped' OR (state = 'running' AND NOT {IS_ALIVE})) RETURNING fence"
            ))
            .bind(now)
            .bind(&holder.owner)
            .bind(id);
            if let Some(mut row) = self.write_one(taken).await?.rows.pop() {
                let held = HeldBatch {
                    id: id.to_owned(),
                    fence: row.int()?,
                };
                let batch = self.batch(id, now).await?;
                return Ok(BatchBegun::Held(held, Box::new(batch)));
            }
        }
        Err(StoreError::Unmet)
    }

    /// Takes the process that is at a batch for dead, so that the batch and its runs can be taken over at once. If it lives all
    /// the same, what it writes here is refused from the moment that somebody took them over.
    pub async fn give_up_holder_of(&self, batch: &str) -> Result<(), StoreError> {
        let given_up = Statement::new(
            "DELETE FROM leases WHERE name = (SELECT 'holder/' || owner FROM batches WHERE id = $1 AND state = 'running')",
        )
        .bind(batch);
        self.write_one(given_up).await.map(drop)
    }

    /// Notes how far a batch has come. It never goes back.
    ///
    /// # Errors
    /// TL0518 when it is no longer held; TL0510 when it would go back.
    pub async fn advance_batch(
        &self,
        batch: &HeldBatch,
        progress: &BatchProgress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        self.move_batch(batch, BatchState::Running, progress, now).await
    }

    /// Notes how far a batch came, and that it is done, stopped or abandoned.
    ///
    /// # Errors
    /// TL0518 when it is no longer held; TL0510 when it would go back, or for a state that is no end.
    pub async fn finish_batch(
        &self,
        batch: &HeldBatch,
        state: BatchState,
        progress: &BatchProgress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if matches!(state, BatchState::Running | BatchState::Interrupted) {
            return Err(StoreError::Invalid {
                what: format!("the state `{}`", state.as_str()),
                reason: "is not one that a batch ends in",
            });
        }
        self.move_batch(batch, state, progress, now).await
    }

    async fn move_batch(
        &self,
        batch: &HeldBatch,
        state: BatchState,
        progress: &BatchProgress,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if let Some(position) = &progress.position {
            check_word("the position", position)?;
        }
        let moved = Statement::new(
            "UPDATE batches SET state = $1, rows_done = $2, position = $3, created = $4, changed = $5, unchanged = $6, \
             rejected = $7, updated_at = $8 WHERE id = $9 AND fence = $10 AND state = 'running' AND rows_done <= $2",
        )
        .bind(state.as_str())
        .bind(count(progress.rows_done)?)
        .bind(progress.position.clone())
        .bind(count(progress.created)?)
        .bind(count(progress.changed)?)
        .bind(count(progress.unchanged)?)
        .bind(count(progress.rejected)?)
        .bind(now)
        .bind(&batch.id)
        .bind(batch.fence);
        if self.write_one(moved).await?.changed == 1 {
            return Ok(());
        }
        let question = Statement::new(
            "SELECT rows_done FROM batches WHERE id = $1 AND fence = $2 AND state = 'running'",
        )
        .bind(&batch.id)
        .bind(batch.fence);
        match self.read_one(question).await? {
            Some(_) => Err(StoreError::Invalid {
                what: format!("{} rows", progress.rows_done),
                reason: "are fewer than are done already",
            }),
            None => Err(StoreError::NotHeld {
                kind: "batch",
                name: batch.id.clone(),
            }),
        }
    }
}

fn count(rows: u64) -> Result<i64, StoreError> {
    i64::try_from(rows).map_err(|_| StoreError::Invalid {
        what: format!("{rows} rows"),
        reason: "are more than can be counted",
    })
}

fn batch(mut row: Row) -> Result<Batch, StoreError> {
    fn rows(row: &mut Row) -> Result<u64, StoreError> {
        Ok(u64::try_from(row.int()?).unwrap_or(0))
    }
    Ok(Batch {
        id: row.text()?,
        workspace: row.text()?,
        action: row.text()?,
        source_digest: row.text()?,
        input_name: row.text()?,
        options: document::read(&row.text()?)?,
        state: BatchState::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
            what: "a batch in an unknown state".to_owned(),
        })?,
        progress: BatchProgress {
            rows_done: rows(&mut row)?,
            position: row.text_or_none()?,
            created: rows(&mut row)?,
            changed: rows(&mut row)?,
            unchanged: rows(&mut row)?,
            rejected: rows(&mut row)?,
        },
        started_at: row.moment()?,
        updated_at: row.moment()?,
    })
}
