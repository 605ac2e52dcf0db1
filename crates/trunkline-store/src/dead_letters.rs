//! Dead letters: records that a flow gave up, with all that is needed to see why and to try again.
//!
//! The one rule: while a dead letter waits, its dedupe key is its own, so the same record does not come in a second time beside it.
//! Read `dead_letters/query.rs` for which there are, `dead_letters/redrive.rs` for the way back.

mod query;
mod redrive;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    NewFate, Origins, Store, StoreError,
    database::{Row, Statement},
    document,
    fates::{adding, origins, written},
    journal::check_word,
    queue::kept_word,
};

pub use query::{DeadLetterCount, DeadLetterFilter, FoundDeadLetters};
pub use redrive::Redriven;

const COLUMNS: &str = "SELECT id, flow, destination, run, key, dedupe_key, source_record, record, head, steps, request, answer, code, \
                       message, attempts, first_at, last_at, state, origins FROM dead_letters";

/// What became of a dead letter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum DeadLetterState {
    /// Somebody has to look at it.
    Waiting,
    /// It went back into the queue.
    Redriven,
    /// Nobody wants it.
    Dropped,
}

impl DeadLetterState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Redriven, Self::Dropped];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Redriven => "redriven",
            Self::Dropped => "dropped",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// Why a record was given up, and what is known of its way. Documents are JSON text.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Failure {
    /// The record as the source gave it.
    pub source_record: Option<String>,
    /// The record as the destination was to take it, if it came so far.
    pub record: Option<String>,
    /// What is known of the record without looking into it.
    pub head: Option<String>,
    /// The record before and after each transform.
    pub steps: String,
    /// What was sent.
    pub request: Option<String>,
    /// What was answered.
    pub answer: Option<String>,
    /// The error's code.
    pub code: String,
    /// The error in words.
    pub message: String,
}

/// A dead letter of a record that was not in the queue.
#[derive(Clone, Debug)]
pub struct NewDeadLetter {
    /// The flow's name.
    pub flow: String,
    /// The destination's name.
    pub destination: String,
    /// The run that read it.
    pub run: Option<String>,
    /// Its key, for the way back.
    pub key: Option<String>,
    /// Its dedupe key, for the way back.
    pub dedupe_key: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When it failed first.
    pub first_at: Timestamp,
    /// Which records of the source it came of, where their way is kept.
    pub origins: Option<Origins>,
    /// Why it was given up.
    pub failure: Failure,
}

/// A dead letter.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetter {
    /// Our id; ids sort by the time that the records were given up at.
    pub id: String,
    /// The flow's name.
    pub flow: String,
    /// The destination's name.
    pub destination: String,
    /// The run that read it.
    pub run: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// Its dedupe key.
    pub dedupe_key: Option<String>,
    /// Why it was given up.
    #[serde(flatten)]
    pub failure: Failure,
    /// How often it was tried.
    pub attempts: i64,
    /// When it failed first.
    pub first_at: Timestamp,
    /// When it failed last.
    pub last_at: Timestamp,
    /// What became of it.
    pub state: DeadLetterState,
    /// Which records of the source it came of, where their way is kept.
    #[serde(skip)]
    pub origins: Option<Origins>,
}

impl Store {
    /// Keeps a dead letter of a record that went past the queue; returns its id.
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept and for documents that are not JSON.
    pub async fn add_dead_letter(&self, new: &NewDeadLetter, now: Timestamp) -> Result<String, StoreError> {
        check_word("the flow's name", &new.flow)?;
        check_word("the destination's name", &new.destination)?;
        if let Some(run) = &new.run {
            check_word("the run's id", run)?;
        }
        new.failure.check()?;
        let id = self.entropy.id(now);
        let kept = |key: &Option<String>| key.as_deref().map(kept_word).map(String::from);
        let failure = &new.failure;
        let added = Statement::new(
            "INSERT INTO dead_letters (id, flow, destination, run, key, dedupe_key, source_record, record, steps, request, answer, \
             code, message, attempts, first_at, last_at, state, head, origins) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, 'waiting', $17, $18)",
        )
        .bind(&id)
        .bind(&new.flow)
        .bind(&new.destination)
        .bind(new.run.clone())
        .bind(kept(&new.key))
        .bind(kept(&new.dedupe_key))
        .bind(failure.source_record.clone())
        .bind(failure.record.clone())
        .bind(&failure.steps)
        .bind(failure.request.clone())
        .bind(failure.answer.clone())
        .bind(&failure.code)
        .bind(&failure.message)
        .bind(new.attempts)
        .bind(new.first_at)
        .bind(now)
        .bind(failure.head.clone())
        .bind(written(new.origins.as_ref()));
        let mut statements = vec![added];
        if let (Some(origins), Some(run)) = (&new.origins, &new.run) {
            let fate = NewFate::of_letter(
                origins,
                run,
                &new.destination,
                new.key.as_ref(),
                new.attempts,
                now,
            );
            statements.extend(adding(&new.flow, fate.rows(&self.entropy, Some(&id))));
        }
        self.write(statements).await?;
        Ok(id)
    }
}

impl Failure {
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_word("the error's code", &self.code)?;
        document::check("what the transforms made", &self.steps)?;
        let documents = [
            ("the source's record", &self.source_record),
            ("the record", &self.record),
            ("the record's head", &self.head),
            ("the request", &self.request),
            ("the answer", &self.answer),
        ];
        for (what, text) in documents {
            text.as_deref()
                .map_or(Ok(()), |text| document::check(what, text))?;
        }
        if self.message.contains('\0') {
            return Err(StoreError::Invalid {
                what: "the error's message".to_owned(),
                reason: "holds a character that no database takes",
            });
        }
        Ok(())
    }

    /// Makes a delivery that waits in a lane a dead letter; the delivery itself stays.
    pub(crate) fn buried(&self, id: &str, lane: i64, seq: i64, now: Timestamp) -> Statement {
        Statement::new(
            "INSERT INTO dead_letters (id, flow, destination, run, key, dedupe_key, source_record, record, steps, request, answer, \
             code, message, attempts, first_at, last_at, state, head, origins) \
             SELECT CAST($1 AS TEXT), l.flow, l.destination, d.run, d.key, d.dedupe_key, \
             coalesce(CAST($4 AS TEXT), CASE WHEN d.form = 'source' THEN d.record ELSE d.source_record END), \
             coalesce(CAST($5 AS TEXT), CASE WHEN d.form = 'ready' THEN d.record END), \
             CAST($6 AS TEXT), CAST($7 AS TEXT), CAST($8 AS TEXT), CAST($9 AS TEXT), CAST($10 AS TEXT), d.attempts + 1, \
             coalesce(d.first_at, CAST($11 AS BIGINT)), CAST($11 AS BIGINT), 'waiting', coalesce(CAST($12 AS TEXT), d.head), d.origins \
             FROM deliveries AS d JOIN flow_lanes AS l ON l.id = d.lane WHERE d.lane = $2 AND d.seq = $3",
        )
        .bind(id)
        .bind(lane)
        .bind(seq)
        .bind(self.source_record.clone())
        .bind(self.record.clone())
        .bind(&self.steps)
        .bind(self.request.clone())
        .bind(self.answer.clone())
        .bind(&self.code)
        .bind(&self.message)
        .bind(now)
        .bind(self.head.clone())
        .exactly(1)
    }
}

fn letter(mut row: Row) -> Result<DeadLetter, StoreError> {
    Ok(DeadLetter {
        id: row.text()?,
        flow: row.text()?,
        destination: row.text()?,
        run: row.text_or_none()?,
        key: row.text_or_none()?,
        dedupe_key: row.text_or_none()?,
        failure: Failure {
            source_record: row.text_or_none()?,
            record: row.text_or_none()?,
            head: row.text_or_none()?,
            steps: row.text()?,
            request: row.text_or_none()?,
            answer: row.text_or_none()?,
            code: row.text()?,
            message: row.text()?,
        },
        attempts: row.int()?,
        first_at: row.moment()?,
        last_at: row.moment()?,
        state: DeadLetterState::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
            what: "a dead letter in an unknown state".to_owned(),
        })?,
        origins: origins(row.text_or_none()?)?,
    })
}

fn not_found(id: &str) -> StoreError {
    StoreError::NotFound {
        kind: "dead letter",
        name: id.to_owned(),
    }
}
