//! Writes: the calls of a run that change the workspace, written down before they are sent and when they are answered.
//!
//! The one rule: when [`Store::record_sending`] returns, the write is on disk, and only then may the call be sent; a write without
//! an answer may have happened.

use jiff::Timestamp;
use serde::Serialize;
use serde_json::Value as Json;

use super::{HeldRun, check_word, course::held_or_not, json, may_be, text};
use crate::{
    Store, StoreError,
    database::{Row, Statement},
};

const COLUMNS: &str = "SELECT seq, operation, subject, path, query, payload, before, after, inverse, state, status, request_id, \
                       sent_at, answered_at FROM action_writes";
/// What of a server's own id of a request is kept.
const LONGEST_REQUEST_ID: usize = 128;

/// A call that is about to be sent.
#[derive(Clone, Debug, Default)]
pub struct NewWrite {
    /// The operation's id, such as `contacts.update`.
    pub operation: String,
    /// What it changes, such as `contacts/6723…`, where that is known.
    pub subject: Option<String>,
    /// Values in the path.
    pub path: Option<Json>,
    /// Values in the query.
    pub query: Option<Json>,
    /// The body.
    pub payload: Option<Json>,
    /// What the subject was before.
    pub before: Option<Json>,
    /// What would put it back, where that is known beforehand.
    pub inverse: Option<Json>,
}

impl NewWrite {
    pub(super) fn check(&self) -> Result<(), StoreError> {
        check_word("the operation's id", &self.operation)?;
        if let Some(subject) = &self.subject {
            check_word("what is changed", subject)?;
        }
        Ok(())
    }

    /// Keeps it under the number that its run's row has counted to.
    pub(super) fn kept(&self, run: &str, now: Timestamp) -> Statement {
        Statement::new(
            "INSERT INTO action_writes (run, seq, operation, subject, path, query, payload, before, inverse, state, sent_at) \
             SELECT id, writes, $2, $3, $4, $5, $6, $7, $8, 'sending', CAST($9 AS BIGINT) FROM action_runs WHERE id = $1 \
             RETURNING seq",
        )
        .bind(run)
        .bind(&self.operation)
        .bind(self.subject.clone())
        .bind(text(self.path.as_ref()))
        .bind(text(self.query.as_ref()))
        .bind(text(self.payload.as_ref()))
        .bind(text(self.before.as_ref()))
        .bind(text(self.inverse.as_ref()))
        .bind(now)
    }
}

/// How far a write has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum WriteState {
    /// It is about to be sent, or was, and no answer is known.
    Sending,
    /// Intercom did it.
    Done,
    /// Intercom did not do it.
    Refused,
    /// Whether Intercom did it could not be found out.
    Unknown,
}

impl WriteState {
    const ALL: [Self; 4] = [Self::Sending, Self::Done, Self::Refused, Self::Unknown];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Sending => "sending",
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Unknown => "unknown",
        }
    }
}

/// What became of a call.
#[derive(Clone, Debug)]
pub struct Answer {
    /// Whether it was done; not [`WriteState::Sending`].
    pub state: WriteState,
    /// The HTTP status, where there was an answer.
    pub status: Option<u16>,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// What it changed, where that is known only now.
    pub subject: Option<String>,
    /// What the subject was before, where that is known only now.
    pub before: Option<Json>,
    /// What the subject is now.
    pub after: Option<Json>,
    /// What would put it back, where that is known only now.
    pub inverse: Option<Json>,
}

impl Answer {
    /// An answer of which nothing else is known.
    #[must_use]
    pub const fn of(state: WriteState) -> Self {
        Self {
            state,
            status: None,
            request_id: None,
            subject: None,
            before: None,
            after: None,
            inverse: None,
        }
    }

    /// Keeps it, where its run is held and its write has none yet.
    pub(super) fn kept(&self, run: &HeldRun, seq: i64, now: Timestamp) -> Result<Statement, StoreError> {
        if self.state == WriteState::Sending {
            return Err(StoreError::Invalid {
                what: "the state `sending`".to_owned(),
                reason: "is not one that a write ends in",
            });
        }
        if let Some(subject) = &self.subject {
            check_word("what is changed", subject)?;
        }
        Ok(Statement::new(
            "UPDATE action_writes SET state = $3, status = $4, request_id = $5, subject = coalesce($6, subject), \
             before = coalesce($7, before), after = $8, inverse = coalesce($9, inverse), answered_at = $10 \
             WHERE run = $1 AND seq = $2 AND state IN ('sending', 'unknown') \
             AND EXISTS (SELECT 1 FROM action_runs WHERE id = $1 AND fence = $11 AND state = 'running')",
        )
        .bind(&run.id)
        .bind(seq)
        .bind(self.state.as_str())
        .bind(self.status.map(i64::from))
        .bind(self.request_id.as_deref().map(printable))
        .bind(self.subject.clone())
        .bind(text(self.before.as_ref()))
        .bind(text(self.after.as_ref()))
        .bind(text(self.inverse.as_ref()))
        .bind(now)
        .bind(run.fence))
    }
}

/// A write as it is kept.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ActionWrite {
    /// Its number in the run, from 1.
    pub seq: i64,
    /// The operation's id.
    pub operation: String,
    /// What it changes.
    pub subject: Option<String>,
    /// Values in the path.
    pub path: Option<Json>,
    /// Values in the query.
    pub query: Option<Json>,
    /// The body.
    pub payload: Option<Json>,
    /// What the subject was before.
    pub before: Option<Json>,
    /// What the subject was afterwards.
    pub after: Option<Json>,
    /// What would put it back.
    pub inverse: Option<Json>,
    /// How far it has come.
    pub state: WriteState,
    /// The HTTP status.
    pub status: Option<u16>,
    /// Intercom's id of the request.
    pub request_id: Option<String>,
    /// When it was about to be sent.
    pub sent_at: Timestamp,
    /// When it was answered.
    pub answered_at: Option<Timestamp>,
}

impl Store {
    /// Writes down a call that is about to be sent, and returns its number in the run. When this returns, it is on disk.
    ///
    /// # Errors
    /// TL0518 when the run is no longer held: the call must not be sent then. TL0510 for words that cannot be kept.
    pub async fn record_sending(
        &self,
        run: &HeldRun,
        write: &NewWrite,
        now: Timestamp,
    ) -> Result<i64, StoreError> {
        write.check()?;
        // The run's row is changed, and so locked, for whoever would take the run over at this moment.
        let counted = Statement::new(
            "UPDATE action_runs SET writes = writes + 1 WHERE id = $1 AND fence = $2 AND state = 'running'",
        )
        .bind(&run.id)
        .bind(run.fence)
        .exactly(1);
        let kept = write.kept(&run.id, now);
        let mut done = held_or_not(run, self.write(vec![counted, kept]).await)?;
        let row = done.pop().and_then(|mut done| done.rows.pop());
        row.ok_or_else(|| run.lost())?.int()
    }

    /// Writes down what became of a call. A write whose end is known stays as it is.
    ///
    /// # Errors
    /// TL0518 when the run is no longer held, or no write of this number waits for an answer; TL0510 for an answer that is none.
    pub async fn record_answer(
        &self,
        run: &HeldRun,
        seq: i64,
        answer: &Answer,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let answered = answer.kept(run, seq, now)?;
        match self.write_one(answered).await?.changed {
            0 => Err(run.lost()),
            _ => Ok(()),
        }
    }

    /// What a run wrote, in order; nothing for a run that is not there.
    pub async fn action_writes(&self, run: &str) -> Result<Vec<ActionWrite>, StoreError> {
        if !may_be(run) {
            return Ok(Vec::new());
        }
        let question = Statement::new(format!("{COLUMNS} WHERE run = $1 ORDER BY seq")).bind(run);
        self.read(question).await?.into_iter().map(write).collect()
    }
}

/// What a server says, without what a database may refuse.
fn printable(word: &str) -> String {
    word.chars()
        .filter(|letter| !letter.is_control())
        .take(LONGEST_REQUEST_ID)
        .collect()
}

fn write(mut row: Row) -> Result<ActionWrite, StoreError> {
    Ok(ActionWrite {
        seq: row.int()?,
        operation: row.text()?,
        subject: row.text_or_none()?,
        path: json(&mut row)?,
        query: json(&mut row)?,
        payload: json(&mut row)?,
        before: json(&mut row)?,
        after: json(&mut row)?,
        inverse: json(&mut row)?,
        state: {
            let word = row.text()?;
            WriteState::ALL
                .into_iter()
                .find(|state| state.as_str() == word)
                .ok_or_else(|| StoreError::Damaged {
                    what: "a write in an unknown state".to_owned(),
                })?
        },
        status: row.int_or_none()?.and_then(|status| u16::try_from(status).ok()),
        request_id: row.text_or_none()?,
        sent_at: row.moment()?,
        answered_at: row.moment_or_none()?,
    })
}
