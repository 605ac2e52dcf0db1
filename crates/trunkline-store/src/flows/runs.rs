//! The runs of flows: what each read, delivered and gave up, and how it ended.
//!
//! The one rule: a run ends once; counts are noted as they stand, so noting them twice changes nothing. A run whose process died stays
//! as it is until whoever takes the flow over ends it.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Store, StoreError,
    database::{Row, Statement, Value},
    document,
    entropy::first_id_at,
    forgetting::LOT,
    journal::{check_word, may_be},
};

/// Runs whose errors in the queue are asked for at once.
const ERRORS_OF: usize = 50;

const COLUMNS: &str = "SELECT id, flow, version, cause, state, started_at, ended_at, records_read, \
                       delivered + queue_delivered, filtered, dead + queue_dead, retried + queue_retried, queued, calls + queue_calls, bytes, \
                       errors, note, followed FROM flow_runs";

/// Why a run began.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowRunCause {
    /// Its time had come.
    Schedule,
    /// Somebody asked for it.
    Manual,
    /// Something happened.
    Event,
    /// Dead letters went back.
    Redrive,
    /// A range is read once more.
    Backfill,
}

impl FlowRunCause {
    const ALL: [Self; 5] = [
        Self::Schedule,
        Self::Manual,
        Self::Event,
        Self::Redrive,
        Self::Backfill,
    ];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Schedule => "schedule",
            Self::Manual => "manual",
            Self::Event => "event",
            Self::Redrive => "redrive",
            Self::Backfill => "backfill",
        }
    }

    /// The cause of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|cause| cause.as_str() == word)
    }
}

/// How far a run has come.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum FlowRunState {
    /// It is at it, or its process died and nobody has noticed yet.
    Running,
    /// It read to the end.
    Done,
    /// It could not go on.
    Failed,
    /// Somebody stopped it.
    Stopped,
}

impl FlowRunState {
    const ALL: [Self; 4] = [Self::Running, Self::Done, Self::Failed, Self::Stopped];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Stopped => "stopped",
        }
    }

    /// The state of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|state| state.as_str() == word)
    }
}

/// A run to begin.
#[derive(Clone, Debug)]
pub struct NewFlowRun {
    /// The flow's name.
    pub flow: String,
    /// The version of its text.
    pub version: i64,
    /// Why it begins.
    pub cause: FlowRunCause,
}

/// What a run did so far.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct FlowRunCounts {
    /// Records that the source gave.
    pub read: u64,
    /// Those that arrived at every destination.
    pub delivered: u64,
    /// Those that a transform left out.
    pub filtered: u64,
    /// Those that became dead letters.
    pub dead: u64,
    /// Attempts beyond the first.
    pub retried: u64,
    /// Those that went into the queue; what becomes of them there is counted when it happens.
    pub queued: u64,
    /// Calls spent.
    pub calls: u64,
    /// Bytes read, where the source knows.
    pub bytes: Option<u64>,
    /// Records whose whole way is kept.
    pub followed: u64,
    /// Errors by their codes.
    pub errors: BTreeMap<String, u64>,
    /// What people should know of it.
    pub note: Option<String>,
}

/// A run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowRun {
    /// Our id; ids sort by the time that the runs began at.
    pub id: String,
    /// The flow's name.
    pub flow: String,
    /// The version of its text.
    pub version: i64,
    /// Why it began.
    pub cause: FlowRunCause,
    /// How far it has come.
    pub state: FlowRunState,
    /// When it began.
    pub started_at: Timestamp,
    /// When it ended.
    pub ended_at: Option<Timestamp>,
    /// What it did.
    #[serde(flatten)]
    pub counts: FlowRunCounts,
}

/// Which runs. Every part that is given narrows it; an empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct FlowRunFilter {
    /// Those of a flow.
    pub flow: Option<String>,
    /// Those in a state.
    pub state: Option<FlowRunState>,
    /// Those that began at or after this.
    pub since: Option<Timestamp>,
    /// Those that began before this.
    pub until: Option<Timestamp>,
    /// Those that began before this run, for whoever pages.
    pub before: Option<String>,
}

impl Store {
    /// Begins a run of a flow; returns its id.
    ///
    /// # Errors
    /// TL0510 for a name that cannot be kept.
    pub async fn begin_flow_run(&self, new: &NewFlowRun, now: Timestamp) -> Result<String, StoreError> {
        check_word("the flow's name", &new.flow)?;
        let id = self.entropy.id(now);
        let begun = Statement::new(
            "INSERT INTO flow_runs (id, flow, version, cause, state, started_at, records_read, delivered, filtered, dead, retried, \
             calls, errors) VALUES ($1, $2, $3, $4, 'running', $5, 0, 0, 0, 0, 0, 0, '{}')",
        )
        .bind(&id)
        .bind(&new.flow)
        .bind(new.version)
        .bind(new.cause.as_str())
        .bind(now);
        self.write_one(begun).await?;
        Ok(id)
    }

    /// Notes what a run did so far.
    ///
    /// # Errors
    /// TL0518 when it has ended, TL0510 for a note that cannot be kept.
    pub async fn note_flow_run(&self, id: &str, counts: &FlowRunCounts) -> Result<(), StoreError> {
        self.move_run(id, FlowRunState::Running, counts, None).await
    }

    /// Ends a run, and notes what it did.
    ///
    /// # Errors
    /// TL0518 when it has ended already, TL0510 for a state that is no end and a note that cannot be kept.
    pub async fn end_flow_run(
        &self,
        id: &str,
        state: FlowRunState,
        counts: &FlowRunCounts,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        if state == FlowRunState::Running {
            return Err(StoreError::Invalid {
                what: "the state `running`".to_owned(),
                reason: "is not one that a run ends in",
            });
        }
        self.move_run(id, state, counts, Some(now)).await
    }

    /// Ends the runs of a flow that a process left behind when it died, as failed: those of its ranges, or all others; returns how
    /// many. For whoever has just taken the lease for them, before a run of its own.
    pub async fn end_left_flow_runs(
        &self,
        flow: &str,
        of_ranges: bool,
        note: &str,
        now: Timestamp,
    ) -> Result<u64, StoreError> {
        check_word("the flow's name", flow)?;
        let ended = Statement::new(
            "UPDATE flow_runs SET state = 'failed', ended_at = $1, note = $2 WHERE flow = $3 AND state = 'running' \
             AND (CASE WHEN cause = 'backfill' THEN 1 ELSE 0 END) = CAST($4 AS BIGINT)",
        )
        .bind(now)
        .bind(plain(note))
        .bind(flow)
        .bind(of_ranges);
        Ok(self.write_one(ended).await?.changed)
    }

    /// The runs that fit, newest first. The next page is that with the last one's id as `before`.
    pub async fn flow_runs(&self, filter: &FlowRunFilter, limit: u32) -> Result<Vec<FlowRun>, StoreError> {
        if ![&filter.flow, &filter.before]
            .into_iter()
            .flatten()
            .all(|word| may_be(word))
        {
            return Ok(Vec::new());
        }
        let mut values = vec![Value::Int(limit.into())];
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{condition} ${}", values.len()));
            }
        };
        add("flow =", filter.flow.clone().map(Value::from));
        add("started_at >=", filter.since.map(Value::from));
        add("started_at <", filter.until.map(Value::from));
        // Ids sort by the same time, and what is sorted by is found without looking at the rest.
        add("id >=", filter.since.map(|since| first_id_at(since).into()));
        add("id <", filter.until.map(|until| first_id_at(until).into()));
        add("id <", filter.before.clone().map(Value::from));
        if let Some(state) = filter.state {
            // The words stand in the text, so that the index of what is not done is found.
            conditions.push(format!("state = '{}'", state.as_str()));
            if state != FlowRunState::Done {
                conditions.push("state <> 'done'".to_owned());
            }
        }
        let question = Statement {
            values,
            ..Statement::new(format!(
                "{COLUMNS} WHERE {} ORDER BY id DESC LIMIT $1",
                conditions.join(" AND ")
            ))
        };
        let mut runs = self
            .read(question)
            .await?
            .into_iter()
            .map(run)
            .collect::<Result<Vec<_>, _>>()?;
        self.with_queue_errors(&mut runs).await?;
        Ok(runs)
    }

    /// Adds the errors of what waited in the queue.
    async fn with_queue_errors(&self, runs: &mut [FlowRun]) -> Result<(), StoreError> {
        // Without a queue there are none.
        let queued = runs.iter_mut().filter(|run| run.counts.queued > 0);
        let mut queued: Vec<&mut FlowRun> = queued.collect();
        for some in queued.chunks_mut(ERRORS_OF) {
            let places: Vec<String> = (1..=some.len()).map(|at| format!("${at}")).collect();
            let mut question = Statement::new(format!(
                "SELECT run, code, count FROM queue_errors WHERE run IN ({})",
                places.join(", ")
            ));
            question
                .values
                .extend(some.iter().map(|run| Value::from(&run.id)));
            for mut row in self.read(question).await? {
                let (id, code, count) = (row.text()?, row.text()?, row.int()?);
                if let Some(run) = some.iter_mut().find(|run| run.id == id) {
                    *run.counts.errors.entry(code).or_default() += count.unsigned_abs();
                }
            }
        }
        Ok(())
    }

    /// One run of a flow.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn flow_run(&self, id: &str) -> Result<FlowRun, StoreError> {
        let found = if may_be(id) {
            self.read_one(Statement::new(format!("{COLUMNS} WHERE id = $1")).bind(id))
                .await?
        } else {
            None
        };
        let mut found = [run(found.ok_or_else(|| StoreError::NotFound {
            kind: "flow run",
            name: id.to_owned(),
        })?)?];
        self.with_queue_errors(&mut found).await?;
        let [found] = found;
        Ok(found)
    }

    /// Forgets runs that ended before a moment; returns how many.
    pub async fn forget_flow_runs(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM flow_runs WHERE id IN (SELECT id FROM flow_runs WHERE ended_at < $1 ORDER BY ended_at LIMIT $2)",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }

    /// Forgets all but so many of a flow's newest runs that ended; returns how many.
    pub async fn keep_newest_flow_runs(&self, flow: &str, keep: u32) -> Result<u64, StoreError> {
        if !may_be(flow) {
            return Ok(0);
        }
        let beyond = Statement::new(
            "DELETE FROM flow_runs WHERE id IN (SELECT id FROM flow_runs WHERE flow = $1 AND ended_at IS NOT NULL \
             ORDER BY id DESC LIMIT $2 OFFSET $3)",
        )
        .bind(flow)
        .bind(LOT)
        .bind(i64::from(keep));
        self.forget_in_lots(&beyond).await
    }

    async fn move_run(
        &self,
        id: &str,
        state: FlowRunState,
        counts: &FlowRunCounts,
        ended_at: Option<Timestamp>,
    ) -> Result<(), StoreError> {
        let mut moved = Statement::new(
            "UPDATE flow_runs SET state = $1, ended_at = $2, errors = $3, note = $4, bytes = $5, records_read = $6, delivered = $7, \
             filtered = $8, dead = $9, retried = $10, queued = $11, calls = $12, followed = $13 WHERE id = $14 AND state = 'running'",
        )
        .bind(state.as_str())
        .bind(ended_at)
        .bind(document::write(&counts.errors)?)
        .bind(counts.note.as_deref().map(plain))
        .bind(counts.bytes.map(count));
        for number in [
            counts.read,
            counts.delivered,
            counts.filtered,
            counts.dead,
            counts.retried,
            counts.queued,
            counts.calls,
            counts.followed,
        ] {
            moved = moved.bind(count(number));
        }
        match self.write_one(moved.bind(id)).await?.changed {
            0 => Err(StoreError::NotHeld {
                kind: "flow run",
                name: id.to_owned(),
            }),
            _ => Ok(()),
        }
    }
}

/// A count as the database has it; beyond what it can count, it stays at the end.
fn count(number: u64) -> i64 {
    i64::try_from(number).unwrap_or(i64::MAX)
}

/// A note without what a database refuses.
fn plain(note: &str) -> String {
    note.replace('\0', "\u{fffd}")
}

fn run(mut row: Row) -> Result<FlowRun, StoreError> {
    let damaged = |what: &str| StoreError::Damaged {
        what: what.to_owned(),
    };
    fn number(row: &mut Row) -> Result<u64, StoreError> {
        Ok(u64::try_from(row.int()?).unwrap_or(0))
    }
    Ok(FlowRun {
        id: row.text()?,
        flow: row.text()?,
        version: row.int()?,
        cause: FlowRunCause::of(&row.text()?).ok_or_else(|| damaged("a run of an unknown cause"))?,
        state: FlowRunState::of(&row.text()?).ok_or_else(|| damaged("a run in an unknown state"))?,
        started_at: row.moment()?,
        ended_at: row.moment_or_none()?,
        counts: FlowRunCounts {
            read: number(&mut row)?,
            delivered: number(&mut row)?,
            filtered: number(&mut row)?,
            dead: number(&mut row)?,
            retried: number(&mut row)?,
            queued: number(&mut row)?,
            calls: number(&mut row)?,
            bytes: row.int_or_none()?.and_then(|bytes| u64::try_from(bytes).ok()),
            errors: document::read(&row.text()?)?,
            note: row.text_or_none()?,
            followed: number(&mut row)?,
        },
    })
}
