//! Which batches there are, newest first, and for how long.
//!
//! The one rule: one that can still be resumed is kept for its time as well, counted from when it last came further.

use jiff::Timestamp;

use super::{Batch, BatchState, IS_ALIVE, NewBatch, batch, may_be};
use crate::{
    Store, StoreError,
    database::{Statement, Value},
};

/// Which batches. Every part that is given narrows it; an empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct BatchFilter {
    /// Those into a workspace, by its code.
    pub workspace: Option<String>,
    /// Those of an action.
    pub action: Option<String>,
    /// Those in a state.
    pub state: Option<BatchState>,
    /// Those that began before this one, for whoever pages.
    pub before: Option<String>,
}

/// Batches as [`batch`] reads them; `$1` is the moment at which holders have to be alive.
fn columns() -> String {
    format!(
        "SELECT id, workspace, action, source_digest, input_name, options, \
         CASE WHEN state = 'running' AND NOT {IS_ALIVE} THEN 'interrupted' ELSE state END, \
         rows_done, position, created, changed, unchanged, rejected, started_at, updated_at FROM batches AS held"
    )
}

impl Store {
    /// The batches that fit, newest first. The next page is that with the last one's id as `before`.
    pub async fn batches(
        &self,
        filter: &BatchFilter,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<Batch>, StoreError> {
        let mut words = [&filter.workspace, &filter.action, &filter.before]
            .into_iter()
            .flatten();
        if !words.all(|word| may_be(word)) {
            return Ok(Vec::new());
        }
        let mut values = vec![Value::from(now)];
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<&String>| {
            if let Some(value) = value {
                values.push(value.into());
                conditions.push(format!("{condition} ${}", values.len()));
            }
        };
        add("workspace =", filter.workspace.as_ref());
        add("action =", filter.action.as_ref());
        add("id <", filter.before.as_ref());
        match filter.state {
            Some(BatchState::Running) => conditions.push(format!("state = 'running' AND {IS_ALIVE}")),
            Some(BatchState::Interrupted) => conditions.push(format!("state = 'running' AND NOT {IS_ALIVE}")),
            Some(ended) => conditions.push(format!("state = '{}'", ended.as_str())),
            None => {}
        }
        values.push(Value::Int(limit.into()));
        let question = Statement {
            sql: format!(
                "{} WHERE {} ORDER BY id DESC LIMIT ${}",
                columns(),
                conditions.join(" AND "),
                values.len()
            )
            .into(),
            values,
            exactly: None,
        };
        self.read(question).await?.into_iter().map(batch).collect()
    }

    /// One batch.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn batch(&self, id: &str, now: Timestamp) -> Result<Batch, StoreError> {
        let question = Statement::new(format!("{} WHERE id = $2", columns()))
            .bind(now)
            .bind(id);
        let found = if may_be(id) {
            self.read_one(question).await?
        } else {
            None
        };
        let row = found.ok_or_else(|| StoreError::NotFound {
            kind: "batch",
            name: id.to_owned(),
        })?;
        batch(row)
    }

    /// Forgets batches that did not come further since a moment, but for those that a living process is at; returns how many.
    pub async fn forget_batches(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let forgotten = Statement::new(format!(
            "DELETE FROM batches AS held WHERE updated_at < $2 AND NOT (state = 'running' AND {IS_ALIVE})"
        ))
        .bind(now)
        .bind(before);
        Ok(self.write_one(forgotten).await?.changed)
    }

    pub(super) async fn open_batch(
        &self,
        new: &NewBatch,
        now: Timestamp,
    ) -> Result<Option<Batch>, StoreError> {
        let question = Statement::new(format!(
            "{} WHERE workspace = $2 AND action = $3 AND source_digest = $4 AND state IN ('running', 'stopped')",
            columns()
        ))
        .bind(now)
        .bind(&new.workspace)
        .bind(&new.action)
        .bind(&new.source_digest);
        self.read_one(question).await?.map(batch).transpose()
    }
}
