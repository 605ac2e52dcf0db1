//! Mirrors that are kept by the long-running process: which connection, what, where to, how often; and their runs.
//!
//! The one rule: a run is begun and finished under its mirror's lease, so no run happens twice however many processes share
//! the store; a run whose process died is marked so by whoever begins the next.

mod paging;

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::{
    Lease, Store, StoreError,
    connections::check_name,
    database::{Row, Statement},
    document,
    entropy::first_id_at,
    forgetting::LOT,
};

const COLUMNS: &str =
    "SELECT id, name, connection, details, is_paused, next_run_at, created_at, updated_at FROM mirrors";
const RUN_COLUMNS: &str = "SELECT id, mirror, owner, state, started_at, finished_at, report FROM runs";

/// What a mirror holds, and where.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MirrorDetails {
    /// The streams; all when none are named.
    pub streams: Option<Vec<String>>,
    /// The types of custom objects.
    pub custom_objects: Vec<String>,
    /// Where to, such as `sqlite:mirror.db`.
    pub to: String,
    /// Seconds between the beginnings of two runs.
    pub interval_seconds: u64,
    /// Whether every version of every row is kept.
    pub keeps_history: bool,
    /// Columns to leave out, as `stream.column`.
    pub exclude: Vec<String>,
    /// Columns to store only as a hash.
    pub hash: Vec<String>,
    /// Whether notifications are applied as they come.
    pub follows_webhooks: bool,
}

impl MirrorDetails {
    /// The time between the beginnings of two runs.
    #[must_use]
    pub const fn interval(&self) -> Duration {
        Duration::from_secs(self.interval_seconds)
    }
}

/// A mirror to add.
#[derive(Clone, Debug)]
pub struct NewMirror {
    /// The name that people use.
    pub name: String,
    /// The connection's id.
    pub connection: String,
    /// What it holds.
    pub details: MirrorDetails,
}

/// A mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Mirror {
    /// Our id.
    pub id: String,
    /// The name that people use.
    pub name: String,
    /// The connection's id.
    pub connection: String,
    /// What it holds.
    pub details: MirrorDetails,
    /// Whether somebody paused it.
    pub is_paused: bool,
    /// When the next run is due.
    pub next_run_at: Timestamp,
    /// When it was added.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
}

/// How a run ended, or that it has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RunState {
    /// It is under way.
    Running,
    /// Everything was read.
    Complete,
    /// Something is missing; the report says what.
    Incomplete,
    /// It could not be done.
    Failed,
    /// Its process ended under it.
    Lost,
}

impl RunState {
    const ALL: [Self; 5] = [
        Self::Running,
        Self::Complete,
        Self::Incomplete,
        Self::Failed,
        Self::Lost,
    ];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Complete => "complete",
            Self::Incomplete => "incomplete",
            Self::Failed => "failed",
            Self::Lost => "lost",
        }
    }
}

/// One run of a mirror.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct MirrorRun {
    /// Our id.
    pub id: String,
    /// The mirror's id.
    pub mirror: String,
    /// The process that does it.
    pub owner: String,
    /// How it ended.
    pub state: RunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub finished_at: Option<Timestamp>,
    /// Its report or its error, as JSON text.
    #[serde(skip)]
    pub report: Option<String>,
}

impl Store {
    /// Adds a mirror, whose first run is due at once.
    pub async fn add_mirror(&self, new: &NewMirror, now: Timestamp) -> Result<Mirror, StoreError> {
        check_name("mirror", &new.name)?;
        let added = Statement::new(
            "INSERT INTO mirrors (id, name, connection, details, is_paused, next_run_at, created_at, updated_at) \
             VALUES ($1, $2, $3, $4, 0, $5, $5, $5) ON CONFLICT DO NOTHING",
        )
        .bind(self.entropy.id(now))
        .bind(&new.name)
        .bind(&new.connection)
        .bind(document::write(&new.details)?)
        .bind(now)
        .exactly(1);
        match self.write(vec![added]).await {
            Err(StoreError::Unmet) => Err(StoreError::Exists {
                kind: "mirror",
                name: new.name.clone(),
            }),
            Err(error) => Err(error),
            Ok(_) => self.mirror(&new.name).await,
        }
    }

    /// All mirrors, by name.
    pub async fn mirrors(&self) -> Result<Vec<Mirror>, StoreError> {
        let rows = self
            .read(Statement::new(format!("{COLUMNS} ORDER BY name")))
            .await?;
        rows.into_iter().map(mirror).collect()
    }

    /// The mirror of a name, or of an id of ours.
    pub async fn mirror(&self, name: &str) -> Result<Mirror, StoreError> {
        let question = Statement::new(format!("{COLUMNS} WHERE name = $1 OR id = $1")).bind(name);
        let row = self
            .read_one(question)
            .await?
            .ok_or_else(|| StoreError::NotFound {
                kind: "mirror",
                name: name.to_owned(),
            })?;
        mirror(row)
    }

    /// Pauses a mirror, or lets it go on; going on makes its next run due at once.
    pub async fn pause_mirror(&self, name: &str, is_paused: bool, now: Timestamp) -> Result<(), StoreError> {
        let changed = Statement::new(
            "UPDATE mirrors SET is_paused = CAST($1 AS BIGINT), next_run_at = CASE WHEN CAST($1 AS BIGINT) = 0 THEN $2 ELSE next_run_at END, updated_at = $2 \
             WHERE name = $3 OR id = $3",
        )
        .bind(is_paused)
        .bind(now)
        .bind(name)
        .exactly(1);
        self.write_one_of("mirror", name, changed).await
    }

    /// Makes a mirror's next run due now.
    pub async fn run_mirror_now(&self, name: &str, now: Timestamp) -> Result<(), StoreError> {
        let changed = Statement::new("UPDATE mirrors SET next_run_at = $1 WHERE name = $2 OR id = $2")
            .bind(now)
            .bind(name)
            .exactly(1);
        self.write_one_of("mirror", name, changed).await
    }

    /// Forgets a mirror and its runs; what it wrote stays.
    pub async fn remove_mirror(&self, name: &str) -> Result<(), StoreError> {
        let removed = Statement::new("DELETE FROM mirrors WHERE name = $1 OR id = $1")
            .bind(name)
            .exactly(1);
        self.write_one_of("mirror", name, removed).await
    }

    /// Begins a run under the mirror's lease, when it is still due: its next one becomes due an interval later. None when
    /// another process was faster. Runs that a dead process left open are marked lost.
    pub async fn begin_run(
        &self,
        mirror: &Mirror,
        lease: &Lease,
        now: Timestamp,
    ) -> Result<Option<MirrorRun>, StoreError> {
        let next = now
            + SignedDuration::try_from(mirror.details.interval()).unwrap_or(SignedDuration::from_hours(1));
        let id = self.entropy.id(now);
        let statements = vec![
            lease.held(),
            Statement::new(
                "UPDATE mirrors SET next_run_at = $1 WHERE id = $2 AND next_run_at = $3 AND is_paused = 0",
            )
            .bind(next)
            .bind(&mirror.id)
            .bind(mirror.next_run_at)
            .exactly(1),
            Statement::new(
                "UPDATE runs SET state = 'lost', finished_at = $1 WHERE mirror = $2 AND state = 'running'",
            )
            .bind(now)
            .bind(&mirror.id),
            Statement::new(
                "INSERT INTO runs (id, mirror, owner, state, started_at) VALUES ($1, $2, $3, 'running', $4)",
            )
            .bind(&id)
            .bind(&mirror.id)
            .bind(&lease.owner)
            .bind(now),
        ];
        match self.write(statements).await {
            Err(StoreError::Unmet) => Ok(None),
            Err(error) => Err(error),
            Ok(_) => Ok(Some(MirrorRun {
                id,
                mirror: mirror.id.clone(),
                owner: lease.owner.clone(),
                state: RunState::Running,
                started_at: now,
                finished_at: None,
                report: None,
            })),
        }
    }

    /// Notes how a run ended. Refused, with [`StoreError::Unmet`], when it was marked lost meanwhile.
    pub async fn finish_run(
        &self,
        run: &MirrorRun,
        state: RunState,
        report: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let finished = Statement::new(
            "UPDATE runs SET state = $1, report = $2, finished_at = $3 WHERE id = $4 AND state = 'running'",
        )
        .bind(state.as_str())
        .bind(report)
        .bind(now)
        .bind(&run.id)
        .exactly(1);
        self.write(vec![finished]).await.map(drop)
    }

    /// The runs of a mirror, newest first.
    pub async fn runs(&self, mirror: &str, limit: u32) -> Result<Vec<MirrorRun>, StoreError> {
        let question = Statement::new(format!(
            "{RUN_COLUMNS} WHERE mirror = $1 ORDER BY started_at DESC, id DESC LIMIT $2"
        ))
        .bind(mirror)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(run).collect()
    }

    /// Forgets runs that ended before a moment, but for the last of each mirror; returns how many.
    pub async fn forget_runs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM runs WHERE id IN (SELECT id FROM runs AS old WHERE id < $1 AND finished_at < $2 AND EXISTS \
             (SELECT 1 FROM runs AS later WHERE later.mirror = old.mirror AND later.started_at > old.started_at) \
             ORDER BY id LIMIT $3)",
        )
        .bind(first_id_at(before))
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}

fn mirror(mut row: Row) -> Result<Mirror, StoreError> {
    Ok(Mirror {
        id: row.text()?,
        name: row.text()?,
        connection: row.text()?,
        details: document::read(&row.text()?)?,
        is_paused: row.flag()?,
        next_run_at: row.moment()?,
        created_at: row.moment()?,
        updated_at: row.moment()?,
    })
}

fn run(mut row: Row) -> Result<MirrorRun, StoreError> {
    Ok(MirrorRun {
        id: row.text()?,
        mirror: row.text()?,
        owner: row.text()?,
        state: {
            let word = row.text()?;
            RunState::ALL
                .into_iter()
                .find(|state| state.as_str() == word)
                .ok_or_else(|| StoreError::Damaged {
                    what: "a run in an unknown state".to_owned(),
                })?
        },
        started_at: row.moment()?,
        finished_at: row.moment_or_none()?,
        report: row.text_or_none()?,
    })
}
