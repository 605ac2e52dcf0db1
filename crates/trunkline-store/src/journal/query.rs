//! Which runs somebody wants to see, newest first, and one of them whole.
//!
//! The one rule: a page begins behind a run, not at a number, so runs that are added meanwhile move nothing.

use jiff::Timestamp;

use super::{ActionRecord, ActionRun, ActionRunState, IS_ALIVE, json, may_be, run};
use crate::{
    Store, StoreError,
    database::{Statement, Value},
    entropy::first_id_at,
    rare::words_of,
};

/// Which runs. Every part that is given narrows it; an empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct ActionRunFilter {
    /// Those in a workspace, by its code.
    pub workspace: Option<String>,
    /// Those of an action.
    pub action: Option<String>,
    /// Those in a state.
    pub state: Option<ActionRunState>,
    /// Those with a key.
    pub key: Option<String>,
    /// Those of a batch.
    pub batch: Option<String>,
    /// Those that undo a run.
    pub undo_of: Option<String>,
    /// Those that wrote to this, such as `contacts/6723…`.
    pub subject: Option<String>,
    /// Those that began at or after this.
    pub since: Option<Timestamp>,
    /// Those that began before this.
    pub until: Option<Timestamp>,
    /// Those that began before this run, for whoever pages.
    pub before: Option<String>,
}

/// One run.
pub(super) enum Whose<'w> {
    Id(&'w str),
    Key(&'w str, &'w str),
}

/// Runs as [`run`] reads them; `$1` is the moment at which holders have to be alive.
fn columns() -> String {
    format!(
        "SELECT id, workspace, action, input_digest, key, \
         CASE WHEN state = 'running' AND NOT {IS_ALIVE} THEN 'interrupted' ELSE state END, \
         writes, outcome, error, started_at, ended_at, undo_of, \
         (SELECT max(undo.id) FROM action_runs AS undo WHERE undo.undo_of = held.id AND undo.state <> 'failed'), \
         batch, by_whom FROM action_runs AS held"
    )
}

impl ActionRunFilter {
    fn words(&self) -> impl Iterator<Item = &String> {
        [
            &self.workspace,
            &self.action,
            &self.key,
            &self.batch,
            &self.undo_of,
            &self.subject,
            &self.before,
        ]
        .into_iter()
        .flatten()
    }

    fn narrow(&self, now: Timestamp) -> (String, Vec<Value>) {
        let mut values = vec![Value::from(now)];
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace("$n", &format!("${}", values.len())));
            }
        };
        add("workspace = $n", self.workspace.clone().map(Value::from));
        add("action = $n", self.action.clone().map(Value::from));
        add("key = $n", self.key.clone().map(Value::from));
        add("batch = $n", self.batch.clone().map(Value::from));
        add("undo_of = $n", self.undo_of.clone().map(Value::from));
        add(
            "id IN (SELECT run FROM action_writes WHERE subject = $n)",
            self.subject.clone().map(Value::from),
        );
        add("started_at >= $n", self.since.map(Value::from));
        add("started_at < $n", self.until.map(Value::from));
        // Ids sort by the same time, and what is sorted by is found without looking at the rest.
        add("id >= $n", self.since.map(|since| first_id_at(since).into()));
        add("id < $n", self.until.map(|until| first_id_at(until).into()));
        add("id < $n", self.before.clone().map(Value::from));
        if self.key.is_some() && self.workspace.is_none() {
            // The index of keys begins with the workspace.
            conditions.push(format!("workspace IN ({})", words_of("action_runs", "workspace")));
        }
        if let Some(state) = self.state {
            // The words stand in the text, so that the index of what is not done is found.
            conditions.push(match state {
                ActionRunState::Running => format!("state = 'running' AND {IS_ALIVE}"),
                ActionRunState::Interrupted => format!("state = 'running' AND NOT {IS_ALIVE}"),
                ended => format!("state = '{}'", ended.as_str()),
            });
            if state != ActionRunState::Done {
                conditions.push("state <> 'done'".to_owned());
            }
        }
        (conditions.join(" AND "), values)
    }
}

impl Store {
    /// The runs that fit, newest first. The next page is that with the last one's id as `before`.
    pub async fn action_runs(
        &self,
        filter: &ActionRunFilter,
        limit: u32,
        now: Timestamp,
    ) -> Result<Vec<ActionRun>, StoreError> {
        if !filter.words().all(|word| may_be(word)) {
            return Ok(Vec::new());
        }
        let (condition, mut values) = filter.narrow(now);
        values.push(Value::Int(limit.into()));
        let question = Statement {
            sql: format!(
                "{} WHERE {condition} ORDER BY id DESC LIMIT ${}",
                columns(),
                values.len()
            )
            .into(),
            values,
            exactly: None,
        };
        self.read(question).await?.into_iter().map(run).collect()
    }

    /// One run.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn action_run(&self, id: &str, now: Timestamp) -> Result<ActionRun, StoreError> {
        if !may_be(id) {
            return Err(not_found(id));
        }
        self.action_run_of(Whose::Id(id), now)
            .await?
            .ok_or_else(|| not_found(id))
    }

    /// One run with its input and its writes.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn action_record(&self, id: &str, now: Timestamp) -> Result<ActionRecord, StoreError> {
        let run = self.action_run(id, now).await?;
        let question = Statement::new("SELECT input FROM action_inputs WHERE run = $1").bind(id);
        let input = match self.read_one(question).await? {
            Some(mut row) => json(&mut row)?,
            None => None,
        };
        let writes = self.action_writes(id).await?;
        Ok(ActionRecord { run, input, writes })
    }

    pub(super) async fn action_run_of(
        &self,
        whose: Whose<'_>,
        now: Timestamp,
    ) -> Result<Option<ActionRun>, StoreError> {
        let columns = columns();
        let question = match whose {
            Whose::Id(id) => Statement::new(format!("{columns} WHERE id = $2"))
                .bind(now)
                .bind(id),
            Whose::Key(workspace, key) => {
                Statement::new(format!("{columns} WHERE workspace = $2 AND key = $3"))
                    .bind(now)
                    .bind(workspace)
                    .bind(key)
            }
        };
        self.read_one(question).await?.map(run).transpose()
    }
}

pub(super) fn not_found(id: &str) -> StoreError {
    StoreError::NotFound {
        kind: "run",
        name: id.to_owned(),
    }
}
