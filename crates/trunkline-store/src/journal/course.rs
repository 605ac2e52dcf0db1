//! How a run goes: begun once for its key, held by one process at a time, ended by who holds it.
//!
//! The one rule: whoever asks first for a key gets the run, and of those who find it left behind one gets it; the database decides
//! both by a row that only one of them changes.

use jiff::Timestamp;
use serde_json::Value as Json;

use super::{
    ActionRun, ActionRunState, Answer, Begun, HeldRun, IS_ALIVE, NewActionRun, NewWrite, check_word, may_be,
    query::Whose, text,
};
use crate::{Lease, Store, StoreError, database::Statement};

/// How often a key may change hands under us before we say so.
const ATTEMPTS: usize = 16;

impl Store {
    /// Begins a run, unless there is one with its key. Of several who ask at once exactly one hears [`Begun::New`], and of
    /// several who find a run left behind exactly one [`Begun::Interrupted`].
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept, TL0507 when the run to undo is not there.
    pub async fn begin_action_run(
        &self,
        new: &NewActionRun,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        self.begin(new, None, holder, now).await
    }

    /// Begins a run together with its first write, whose number is 1: both are on disk when this returns, and the call may be sent
    /// when the answer is [`Begun::New`]. With any other answer the write was not kept, and nothing may be sent.
    ///
    /// # Errors
    /// As [`begin_action_run`](Self::begin_action_run) and [`record_sending`](Self::record_sending).
    pub async fn begin_and_send(
        &self,
        new: &NewActionRun,
        write: &NewWrite,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        self.begin(new, Some(write), holder, now).await
    }

    async fn begin(
        &self,
        new: &NewActionRun,
        write: Option<&NewWrite>,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        check(new)?;
        write.map_or(Ok(()), NewWrite::check)?;
        if let Some(undone) = &new.undo_of {
            self.check_undone(&new.workspace, undone).await?;
        }
        let id = self.entropy.id(now);
        for _ in 0..ATTEMPTS {
            let done = self
                .write(first_steps(new, write, &id, &holder.owner, now))
                .await?;
            if done.first().is_some_and(|done| done.changed == 1) {
                return Ok(Begun::New(HeldRun { id, fence: 1 }));
            }
            let Some(key) = &new.key else { break };
            let whose = Whose::Key(&new.workspace, key);
            // Forgotten between the two: the next attempt begins it.
            let Some(found) = self.action_run_of(whose, now).await? else {
                continue;
            };
            if found.action != new.action || found.input_digest != new.input_digest {
                return Ok(Begun::Other(Box::new(found)));
            }
            match found.state {
                ActionRunState::Running => return Ok(Begun::Busy(Box::new(found))),
                ActionRunState::Done => return Ok(Begun::Same(Box::new(found))),
                ActionRunState::Interrupted | ActionRunState::Unknown | ActionRunState::Failed => {
                    if let Some(taken) = self.take_found(&found, holder, now).await? {
                        return Ok(taken);
                    }
                }
            }
        }
        Err(StoreError::Unmet)
    }

    /// Takes over a run that a process left behind, or whose end was not found out, to find it out.
    ///
    /// The answer is [`Begun::Interrupted`]; [`Begun::Busy`] when a living process is at it, and [`Begun::Same`] when it has ended.
    ///
    /// # Errors
    /// TL0507 when there is no such run.
    pub async fn take_action_run(
        &self,
        id: &str,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<Begun, StoreError> {
        for _ in 0..ATTEMPTS {
            let found = self.action_run(id, now).await?;
            match found.state {
                ActionRunState::Running => return Ok(Begun::Busy(Box::new(found))),
                ActionRunState::Done => return Ok(Begun::Same(Box::new(found))),
                ActionRunState::Interrupted | ActionRunState::Unknown | ActionRunState::Failed => {
                    if let Some(taken) = self.take_found(&found, holder, now).await? {
                        return Ok(taken);
                    }
                }
            }
        }
        Err(StoreError::Unmet)
    }

    /// Ends a run. Writes whose answer was not recorded become unknown with it.
    ///
    /// # Errors
    /// TL0518 when it is no longer held, TL0510 for a state that is no end.
    pub async fn finish_action_run(
        &self,
        run: &HeldRun,
        state: ActionRunState,
        outcome: Option<&Json>,
        error: Option<&Json>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let statements = last_steps(run, state, outcome, error, now)?;
        held_or_not(run, self.write(statements).await.map(drop))
    }

    /// Writes down what became of a run's last call, and ends the run, in one step.
    ///
    /// # Errors
    /// As [`record_answer`](Self::record_answer) and [`finish_action_run`](Self::finish_action_run), of which then neither is done.
    pub async fn answer_and_finish(
        &self,
        run: &HeldRun,
        (seq, answer): (i64, &Answer),
        state: ActionRunState,
        outcome: Option<&Json>,
        error: Option<&Json>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut statements = vec![answer.kept(run, seq, now)?.exactly(1)];
        statements.extend(last_steps(run, state, outcome, error, now)?);
        held_or_not(run, self.write(statements).await.map(drop))
    }

    /// Forgets a run that has written nothing, so that its key is free again.
    ///
    /// # Errors
    /// TL0518 when it is no longer held, or has written.
    pub async fn abandon_action_run(&self, run: &HeldRun) -> Result<(), StoreError> {
        let abandoned = Statement::new(
            "DELETE FROM action_runs WHERE id = $1 AND fence = $2 AND state = 'running' AND writes = 0",
        )
        .bind(&run.id)
        .bind(run.fence);
        match self.write_one(abandoned).await?.changed {
            0 => Err(run.lost()),
            _ => Ok(()),
        }
    }

    async fn check_undone(&self, workspace: &str, id: &str) -> Result<(), StoreError> {
        let question = Statement::new("SELECT 1 FROM action_runs WHERE id = $1 AND workspace = $2")
            .bind(id)
            .bind(workspace);
        let found = if may_be(id) {
            self.read_one(question).await?
        } else {
            None
        };
        match found {
            Some(_) => Ok(()),
            None => Err(super::query::not_found(id)),
        }
    }

    /// Makes a run ours that nobody alive holds; none when somebody was faster.
    async fn take_found(
        &self,
        found: &ActionRun,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<Option<Begun>, StoreError> {
        let taken = Statement::new(format!(
            "UPDATE action_runs AS held SET owner = $2, fence = fence + 1, state = 'running', outcome = NULL, error = NULL, ended_at = NULL \
             WHERE id = $3 AND (state IN ('unknown', 'failed') OR (state = 'running' AND NOT {IS_ALIVE})) RETURNING fence"
        ))
        .bind(now)
        .bind(&holder.owner)
        .bind(&found.id);
        let Some(mut row) = self.write_one(taken).await?.rows.pop() else {
            return Ok(None);
        };
        let held = HeldRun {
            id: found.id.clone(),
            fence: row.int()?,
        };
        let record = self.action_record(&found.id, now).await?;
        Ok(Some(Begun::Interrupted(held, Box::new(record))))
    }
}

impl HeldRun {
    pub(super) fn lost(&self) -> StoreError {
        StoreError::NotHeld {
            kind: "run",
            name: self.id.clone(),
        }
    }
}

/// A change that names its holder and found none: the run is somebody else's, or has ended.
pub(super) fn held_or_not<T>(run: &HeldRun, outcome: Result<T, StoreError>) -> Result<T, StoreError> {
    match outcome {
        Err(StoreError::Unmet) => Err(run.lost()),
        outcome => outcome,
    }
}

/// The run and its input; nothing when the key is taken.
fn first_steps(
    new: &NewActionRun,
    write: Option<&NewWrite>,
    id: &str,
    owner: &str,
    now: Timestamp,
) -> Vec<Statement> {
    let run = Statement::new(
        "INSERT INTO action_runs (id, workspace, action, input_digest, key, state, owner, fence, writes, started_at, undo_of, batch, \
         by_whom) VALUES ($1, $2, $3, $4, $5, 'running', $6, 1, $7, $8, $9, $10, $11) ON CONFLICT DO NOTHING",
    )
    .bind(id)
    .bind(&new.workspace)
    .bind(&new.action)
    .bind(&new.input_digest)
    .bind(new.key.clone())
    .bind(owner)
    .bind(i64::from(write.is_some()))
    .bind(now)
    .bind(new.undo_of.clone())
    .bind(new.batch.clone())
    .bind(&new.by_whom);
    let input =
        Statement::new("INSERT INTO action_inputs (run, input) SELECT id, $2 FROM action_runs WHERE id = $1")
            .bind(id)
            .bind(new.input.to_string());
    let mut statements = vec![run, input];
    statements.extend(write.map(|write| write.kept(id, now)));
    statements
}

fn check(new: &NewActionRun) -> Result<(), StoreError> {
    check_word("the workspace's code", &new.workspace)?;
    check_word("the action's id", &new.action)?;
    check_word("the input's digest", &new.input_digest)?;
    check_word("who asks", &new.by_whom)?;
    for (what, word) in [("the key", &new.key), ("the batch's id", &new.batch)] {
        if let Some(word) = word {
            check_word(what, word)?;
        }
    }
    Ok(())
}

/// The end of a run that is held, and of writes without an answer.
fn last_steps(
    run: &HeldRun,
    state: ActionRunState,
    outcome: Option<&Json>,
    error: Option<&Json>,
    now: Timestamp,
) -> Result<Vec<Statement>, StoreError> {
    if matches!(state, ActionRunState::Running | ActionRunState::Interrupted) {
        return Err(StoreError::Invalid {
            what: format!("the state `{}`", state.as_str()),
            reason: "is not one that a run ends in",
        });
    }
    let finished = Statement::new(
        "UPDATE action_runs SET state = $1, outcome = $2, error = $3, ended_at = $4 \
         WHERE id = $5 AND fence = $6 AND state = 'running'",
    )
    .bind(state.as_str())
    .bind(text(outcome))
    .bind(text(error))
    .bind(now)
    .bind(&run.id)
    .bind(run.fence)
    .exactly(1);
    let unanswered =
        Statement::new("UPDATE action_writes SET state = 'unknown' WHERE run = $1 AND state = 'sending'")
            .bind(&run.id);
    Ok(vec![finished, unanswered])
}
