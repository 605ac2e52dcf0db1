//! Notices of alerts: one for each channel, kept until it arrived or was given up.
//!
//! The one rule: what became of a notice is noted under the lease that it was sent under, so two processes never count the same one.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Lease, Store, StoreError,
    database::{Row, Statement, Value},
};

const COLUMNS: &str = "SELECT n.id, n.alert, a.kind, a.subject, a.began_at, n.channel, n.word, n.facts, n.state, n.attempts, n.next_at, n.code, \
                       n.message, n.created_at, n.sent_at FROM alert_notices AS n JOIN alerts AS a ON a.id = n.alert";

/// What a notice says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeWord {
    /// The condition holds.
    Began,
    /// It still holds.
    Reminder,
    /// It is over.
    Ended,
}

impl NoticeWord {
    const ALL: [Self; 3] = [Self::Began, Self::Reminder, Self::Ended];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Began => "began",
            Self::Reminder => "reminder",
            Self::Ended => "ended",
        }
    }
}

/// How far a notice has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeState {
    /// It is to be sent.
    Waiting,
    /// The channel took it.
    Sent,
    /// It was tried for as long as is sensible.
    Failed,
}

impl NoticeState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Sent, Self::Failed];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Sent => "sent",
            Self::Failed => "failed",
        }
    }
}

/// A notice for a channel.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AlertNotice {
    /// Our id.
    pub id: String,
    /// The alert's id.
    pub alert: String,
    /// The condition.
    pub kind: String,
    /// What it is about.
    pub subject: String,
    /// When the condition began.
    pub began_at: Timestamp,
    /// The channel's name.
    pub channel: String,
    /// What it says.
    pub word: NoticeWord,
    /// What was known when it was made, as JSON text.
    pub facts: String,
    /// How far it has come.
    pub state: NoticeState,
    /// How often it was tried.
    pub attempts: i64,
    /// When it is tried next.
    pub next_at: Timestamp,
    /// The code of the last failure.
    pub code: Option<String>,
    /// The last failure in words.
    pub message: Option<String>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When the channel took it.
    pub sent_at: Option<Timestamp>,
}

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeOutcome {
    /// The channel took it.
    Sent,
    /// It is tried again at this time.
    Again {
        /// When.
        at: Timestamp,
        /// The failure's code.
        code: String,
        /// The failure in words.
        message: String,
    },
    /// It is given up.
    Failed {
        /// The failure's code.
        code: String,
        /// The failure in words.
        message: String,
    },
}

impl Store {
    /// The notices that are due, oldest first.
    pub async fn due_notices(&self, limit: u32, now: Timestamp) -> Result<Vec<AlertNotice>, StoreError> {
        let question = Statement::new(format!(
            "{COLUMNS} WHERE n.state = 'waiting' AND n.next_at <= $1 ORDER BY n.created_at, n.channel, a.kind, a.subject LIMIT $2"
        ))
        .bind(now)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(notice).collect()
    }

    /// The notices of an alert, oldest first.
    pub async fn notices_of(&self, alert: &str) -> Result<Vec<AlertNotice>, StoreError> {
        let question = Statement::new(format!(
            "{COLUMNS} WHERE n.alert = $1 ORDER BY n.created_at, n.channel"
        ))
        .bind(alert);
        self.read(question).await?.into_iter().map(notice).collect()
    }

    /// The newest notice for a channel that was tried, and how many wait.
    pub async fn notices_for(&self, channel: &str) -> Result<(Option<AlertNotice>, u64), StoreError> {
        let newest = Statement::new(format!(
            "{COLUMNS} WHERE n.channel = $1 AND (n.attempts > 0 OR n.state <> 'waiting') ORDER BY n.created_at DESC, n.id DESC LIMIT 1"
        ))
        .bind(channel);
        let newest = self.read_one(newest).await?.map(notice).transpose()?;
        let waiting =
            Statement::new("SELECT count(*) FROM alert_notices WHERE channel = $1 AND state = 'waiting'")
                .bind(channel);
        let waiting = self.read_one(waiting).await?.map_or(Ok(0), |mut row| row.int())?;
        Ok((newest, u64::try_from(waiting).unwrap_or(0)))
    }

    /// Notes what became of notices. Refused as a whole, with [`StoreError::Unmet`], when the lease was lost.
    pub async fn settle_notices(
        &self,
        lease: &Lease,
        ids: &[String],
        outcome: &NoticeOutcome,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut statements = vec![lease.held()];
        for id in ids {
            let (state, next_at, code, message, sent_at) = match outcome {
                NoticeOutcome::Sent => (NoticeState::Sent, None, None, None, Some(now)),
                NoticeOutcome::Again { at, code, message } => {
                    (NoticeState::Waiting, Some(*at), Some(code), Some(message), None)
                }
                NoticeOutcome::Failed { code, message } => {
                    (NoticeState::Failed, None, Some(code), Some(message), None)
                }
            };
            statements.push(
                Statement::new(
                    "UPDATE alert_notices SET state = $1, attempts = attempts + 1, next_at = coalesce(CAST($2 AS BIGINT), next_at), \
                     code = $3, message = $4, sent_at = $5 WHERE id = $6 AND state = 'waiting'",
                )
                .bind(state.as_str())
                .bind(next_at)
                .bind(Value::from(code))
                .bind(Value::from(message.map(|message| message.replace('\0', ""))))
                .bind(sent_at)
                .bind(id),
            );
        }
        self.write(statements).await.map(drop)
    }
}

/// A statement that keeps a notice, due at once.
pub(super) fn new(
    id: &str,
    alert: &str,
    channel: &str,
    word: NoticeWord,
    facts: &str,
    now: Timestamp,
) -> Statement {
    Statement::new(
        "INSERT INTO alert_notices (id, alert, channel, word, facts, state, attempts, next_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, 'waiting', 0, $6, $6)",
    )
    .bind(id)
    .bind(alert)
    .bind(channel)
    .bind(word.as_str())
    .bind(facts)
    .bind(now)
}

fn notice(mut row: Row) -> Result<AlertNotice, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: format!("a notice {what}"),
    };
    Ok(AlertNotice {
        id: row.text()?,
        alert: row.text()?,
        kind: row.text()?,
        subject: row.text()?,
        began_at: row.moment()?,
        channel: row.text()?,
        word: {
            let word = row.text()?;
            let known = NoticeWord::ALL.into_iter().find(|known| known.as_str() == word);
            known.ok_or_else(|| damaged("that says an unknown thing"))?
        },
        facts: row.text()?,
        state: {
            let word = row.text()?;
            let known = NoticeState::ALL.into_iter().find(|known| known.as_str() == word);
            known.ok_or_else(|| damaged("in an unknown state"))?
        },
        attempts: row.int()?,
        next_at: row.moment()?,
        code: row.text_or_none()?,
        message: row.text_or_none()?,
        created_at: row.moment()?,
        sent_at: row.moment_or_none()?,
    })
}
