//! Alerts: conditions that somebody wants to know of, from when they began to when they ended, and the notices of them.
//!
//! The one rule: a condition of a thing stands once, and its notices are kept in the transaction that begins or ends it; so whoever
//! starts anew knows what was said already. Read `alerts/notices.rs` for the way of notices to their channels.

mod notices;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Lease, Store, StoreError,
    database::{Row, Statement, Value},
    document,
    forgetting::LOT,
    journal::check_word,
};

pub use notices::{AlertNotice, NoticeOutcome, NoticeState, NoticeWord};

const COLUMNS: &str = "SELECT id, kind, subject, facts, began_at, held_at, noticed_at, ended_at FROM alerts";
/// A condition that stands, or stood.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Alert {
    /// Our id.
    pub id: String,
    /// The condition, such as `flow_failed`.
    pub kind: String,
    /// The name of what it is about.
    pub subject: String,
    /// What is known of it, as JSON text.
    pub facts: String,
    /// When it began.
    pub began_at: Timestamp,
    /// When it was last seen to hold.
    pub held_at: Timestamp,
    /// When channels were last told of it; none when they were not told yet.
    pub noticed_at: Option<Timestamp>,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
}

/// What to note of a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AlertChange {
    /// It holds from now on.
    Begins {
        /// The condition.
        kind: String,
        /// What it is about.
        subject: String,
        /// What is known of it, as JSON text.
        facts: String,
        /// Whether channels are told.
        is_noticed: bool,
    },
    /// It still holds.
    Holds {
        /// The alert.
        id: String,
        /// What is known of it now, as JSON text.
        facts: String,
        /// What channels are told, if anything.
        word: Option<NoticeWord>,
    },
    /// It is over.
    Ends {
        /// The alert.
        id: String,
        /// What was known of it, as JSON text.
        facts: String,
        /// Whether channels are told.
        is_noticed: bool,
    },
}

impl Store {
    /// The conditions that stand, oldest first.
    pub async fn standing_alerts(&self) -> Result<Vec<Alert>, StoreError> {
        let question = Statement::new(format!(
            "{COLUMNS} WHERE ended_at IS NULL ORDER BY began_at, kind, subject"
        ));
        self.read(question).await?.into_iter().map(alert).collect()
    }

    /// The conditions that ended at or after a moment, newest first.
    pub async fn ended_alerts(&self, since: Timestamp, limit: u32) -> Result<Vec<Alert>, StoreError> {
        let question = Statement::new(format!(
            "{COLUMNS} WHERE ended_at >= $1 ORDER BY ended_at DESC, id DESC LIMIT $2"
        ))
        .bind(since)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(alert).collect()
    }

    /// Notes what was found, all of it or nothing, with a notice for each of these channels where one is due. Refused, with
    /// [`StoreError::Unmet`], when the lease was lost.
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept and for facts that are not JSON.
    pub async fn change_alerts(
        &self,
        lease: &Lease,
        changes: &[AlertChange],
        channels: &[String],
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let mut statements = vec![lease.held()];
        for change in changes {
            let (id, facts, word) = match change {
                AlertChange::Begins {
                    kind,
                    subject,
                    facts,
                    is_noticed,
                } => {
                    check_word("the alert's kind", kind)?;
                    check_word("what the alert is about", subject)?;
                    let id = self.entropy.id(now);
                    let noticed_at = is_noticed.then_some(now);
                    statements.push(begun(&id, kind, subject, facts, noticed_at, now));
                    (id, facts, is_noticed.then_some(NoticeWord::Began))
                }
                AlertChange::Holds { id, facts, word } => {
                    statements.push(
                        Statement::new(
                            "UPDATE alerts SET facts = $1, held_at = $2, noticed_at = coalesce(CAST($3 AS BIGINT), noticed_at) \
                             WHERE id = $4 AND ended_at IS NULL",
                        )
                        .bind(facts)
                        .bind(now)
                        .bind(word.map(|_| now))
                        .bind(id),
                    );
                    (id.clone(), facts, *word)
                }
                AlertChange::Ends {
                    id,
                    facts,
                    is_noticed,
                } => {
                    statements.push(
                        Statement::new(
                            "UPDATE alerts SET ended_at = $1, noticed_at = coalesce(CAST($2 AS BIGINT), noticed_at) \
                             WHERE id = $3 AND ended_at IS NULL",
                        )
                        .bind(now)
                        .bind(is_noticed.then_some(now))
                        .bind(id),
                    );
                    (id.clone(), facts, is_noticed.then_some(NoticeWord::Ended))
                }
            };
            document::check("what is known of the alert", facts)?;
            if let Some(word) = word {
                for channel in channels {
                    check_word("the channel's name", channel)?;
                    let notice = self.entropy.id(now);
                    statements.push(notices::new(&notice, &id, channel, word, facts, now));
                }
            }
        }
        self.write(statements).await.map(drop)
    }

    /// Forgets alerts that ended before a moment, with their notices; returns how many.
    pub async fn forget_alerts(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM alerts WHERE id IN (SELECT id FROM alerts WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}

fn begun(
    id: &str,
    kind: &str,
    subject: &str,
    facts: &str,
    noticed_at: Option<Timestamp>,
    now: Timestamp,
) -> Statement {
    Statement::new(
        "INSERT INTO alerts (id, kind, subject, facts, began_at, held_at, noticed_at) VALUES ($1, $2, $3, $4, $5, $5, $6)",
    )
    .bind(id)
    .bind(kind)
    .bind(subject)
    .bind(facts)
    .bind(now)
    .bind(Value::from(noticed_at))
}

fn alert(mut row: Row) -> Result<Alert, StoreError> {
    Ok(Alert {
        id: row.text()?,
        kind: row.text()?,
        subject: row.text()?,
        facts: row.text()?,
        began_at: row.moment()?,
        held_at: row.moment()?,
        noticed_at: row.moment_or_none()?,
        ended_at: row.moment_or_none()?,
    })
}
