//! Notifications: what Intercom pushed, kept raw from before it was acknowledged until its time is over.
//!
//! The one rule: a notification is kept once however often it is sent, and it waits until it was applied. What is acknowledged
//! is acknowledged under a lease's fence, so a process that lost its turn changes nothing.

mod query;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Lease, Store, StoreError,
    database::{Database, Row, Statement},
    forgetting::LOT,
};

pub use query::NotificationFilter;

const COLUMNS: &str = "SELECT seq, workspace, notification, topic, via, body, received_at, created_at, state, attempts, error \
                       FROM notifications";

/// A notification that arrived.
#[derive(Clone, Debug)]
pub struct NewNotification {
    /// The workspace's code: `app_id` of the body.
    pub workspace: String,
    /// Its id, `notif_…`; pings have none.
    pub notification: Option<String>,
    /// Its topic.
    pub topic: String,
    /// Whose secret its signature fits: a connection's or an app's id.
    pub via: String,
    /// The body, byte by byte.
    pub body: Vec<u8>,
    /// When Intercom made it, where it says so.
    pub created_at: Option<Timestamp>,
    /// Whether somebody waits for it; it is done from the start otherwise.
    pub waits: bool,
}

/// Whether a notification was new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Received {
    /// It is kept now, under this number.
    New(i64),
    /// It was kept before.
    Repeated,
}

/// How far a notification has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum NotificationState {
    /// It waits to be applied.
    Waiting,
    /// It was applied, or concerns nothing that is kept.
    Done,
    /// It could not be applied as often as is tried; it can be replayed.
    Failed,
}

impl NotificationState {
    const ALL: [Self; 3] = [Self::Waiting, Self::Done, Self::Failed];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A notification as it is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notification {
    /// Our number for it, growing.
    pub seq: i64,
    /// The workspace's code.
    pub workspace: String,
    /// Intercom's id of it.
    pub notification: Option<String>,
    /// Its topic.
    pub topic: String,
    /// Whose secret its signature fits.
    pub via: String,
    /// The body, byte by byte.
    pub body: Vec<u8>,
    /// When it arrived.
    pub received_at: Timestamp,
    /// When Intercom made it.
    pub created_at: Option<Timestamp>,
    /// How far it has come.
    pub state: NotificationState,
    /// How often it was tried.
    pub attempts: i64,
    /// Why the last attempt failed.
    pub error: Option<String>,
}

/// What became of a notification that waited.
#[derive(Clone, Debug)]
pub enum Kept {
    /// Done; nothing is left to do.
    Done(i64),
    /// To be tried again at this time.
    Again {
        /// Its number.
        seq: i64,
        /// When.
        at: Timestamp,
        /// Why.
        error: String,
    },
    /// Given up, until somebody replays it.
    Failed {
        /// Its number.
        seq: i64,
        /// Why.
        error: String,
    },
}

impl Store {
    /// Keeps a notification. When this returns, it is on disk.
    pub async fn receive(&self, new: NewNotification, now: Timestamp) -> Result<Received, StoreError> {
        // A ping has no id, and every ping counts.
        let dedup = new.notification.clone().unwrap_or_else(|| self.entropy.id(now));
        let kept = Statement::new(
            "INSERT INTO notifications (workspace, dedup, notification, topic, via, body, received_at, created_at, state, \
             attempts, next_at) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, 0, $7) \
             ON CONFLICT (workspace, dedup) DO NOTHING RETURNING seq",
        )
        .bind(new.workspace)
        .bind(dedup)
        .bind(new.notification)
        .bind(new.topic)
        .bind(new.via)
        .bind(new.body)
        .bind(now)
        .bind(new.created_at)
        .bind(if new.waits {
            NotificationState::Waiting.as_str()
        } else {
            NotificationState::Done.as_str()
        });
        match self.write_one(kept).await?.rows.pop() {
            Some(mut row) => Ok(Received::New(row.int()?)),
            None => Ok(Received::Repeated),
        }
    }

    /// The workspaces for which notifications wait.
    pub async fn workspaces_waiting(&self, now: Timestamp) -> Result<Vec<String>, StoreError> {
        let question = Statement::new(
            "SELECT DISTINCT workspace FROM notifications WHERE state = 'waiting' AND next_at <= $1",
        )
        .bind(now);
        self.read(question)
            .await?
            .into_iter()
            .map(|mut row| row.text())
            .collect()
    }

    /// What waits for a workspace, oldest first.
    pub async fn waiting(
        &self,
        workspace: &str,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Notification>, StoreError> {
        // Where nothing waits, what SQLite has counted leads it through all that ever came to the workspace.
        let by = match self.database {
            Database::Sqlite(_) => " INDEXED BY notifications_due",
            Database::Postgres(_) => "",
        };
        let question = Statement::new(format!(
            "{COLUMNS}{by} WHERE state = 'waiting' AND workspace = $1 AND next_at <= $2 ORDER BY seq LIMIT $3"
        ))
        .bind(workspace)
        .bind(now)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(notification).collect()
    }

    /// Notes what became of notifications that waited. Refused as a whole, with [`StoreError::Unmet`], when the lease under
    /// which they were worked on was lost.
    pub async fn settle(&self, lease: &Lease, outcomes: &[Kept]) -> Result<(), StoreError> {
        let mut statements = vec![lease.held()];
        statements.extend(outcomes.iter().map(|outcome| match outcome {
            Kept::Done(seq) => Statement::new(
                "UPDATE notifications SET state = 'done', attempts = attempts + 1, error = NULL WHERE seq = $1",
            )
            .bind(*seq),
            Kept::Again { seq, at, error } => Statement::new(
                "UPDATE notifications SET attempts = attempts + 1, next_at = $1, error = $2 WHERE seq = $3",
            )
            .bind(*at)
            .bind(error)
            .bind(*seq),
            Kept::Failed { seq, error } => Statement::new(
                "UPDATE notifications SET state = 'failed', attempts = attempts + 1, error = $1 WHERE seq = $2",
            )
            .bind(error)
            .bind(*seq),
        }));
        self.write(statements).await.map(drop)
    }

    /// Marks what waits for a workspace as done: nobody wants it applied. It is kept for its time all the same.
    pub async fn settle_unclaimed(&self, workspace: &str) -> Result<u64, StoreError> {
        let settled = Statement::new(
            "UPDATE notifications SET state = 'done' WHERE workspace = $1 AND state = 'waiting'",
        )
        .bind(workspace);
        Ok(self.write_one(settled).await?.changed)
    }

    /// Forgets what was received before a moment and no longer waits; returns how many.
    pub async fn forget_notifications(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM notifications WHERE seq IN (SELECT seq FROM notifications WHERE received_at < $1 AND state <> 'waiting' \
             ORDER BY received_at LIMIT $2) AND state <> 'waiting'",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}

fn notification(mut row: Row) -> Result<Notification, StoreError> {
    Ok(Notification {
        seq: row.int()?,
        workspace: row.text()?,
        notification: row.text_or_none()?,
        topic: row.text()?,
        via: row.text()?,
        body: row.bytes()?,
        received_at: row.moment()?,
        created_at: row.moment_or_none()?,
        state: NotificationState::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
            what: "a notification in an unknown state".to_owned(),
        })?,
        attempts: row.int()?,
        error: row.text_or_none()?,
    })
}
