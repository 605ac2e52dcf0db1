//! One execution of an action: what it reads, and the one gate through which it writes.
//!
//! The one rule: no module calls the client itself. A read goes through [`Run::read`], [`Run::find`] or [`Run::rows`], a
//! change through [`Run::write`]: planned when only a plan is wanted, else kept in the journal first, then sent once.

mod find_out;
mod guarded;
mod inverse;
mod scroll;
mod subject;
mod write;

use std::{collections::VecDeque, ops::ControlFlow};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::Value;
use trunkline_catalog::Version;
use trunkline_client::{Answer, Call, Client, ErrorKind, Priority};

use crate::{
    Action, ActionError, CallOptions, Change, Input, KeptWrite, Outcome, PlannedWrite, Problem, RunEnd, Work,
    Workspace, WriteState, input::Checked, journal::Begun, journal::NewRun, registry,
};

pub(crate) use guarded::is_made_once;
pub use inverse::Inverse;
pub(crate) use subject::{Subject, subject};
pub use write::Write;
pub(crate) use write::change_of_planned;

/// One execution of an action.
#[derive(Debug)]
pub struct Run {
    workspace: Workspace,
    action: &'static Action,
    options: CallOptions,
    now: Timestamp,
    mode: Mode,
    input: Value,
    /// Its id, once it is in the journal.
    id: Option<String>,
    /// What an interrupted run with the same key wrote already.
    earlier: Vec<KeptWrite>,
    /// The numbers of those among them whose end is not in the journal yet.
    open: Vec<u32>,
    /// Whether it is open what came of one of its writes.
    is_unsettled: bool,
    seq: u32,
    reads: u32,
    writes: u32,
    /// What the writes so far did to the workspace.
    change: Change,
    notes: Vec<String>,
    was_interrupted: bool,
    /// By how much Intercom's clock is ahead of ours.
    ahead: SignedDuration,
    planned: Vec<PlannedWrite>,
}

/// What becomes of a run's writes.
#[derive(Debug)]
pub(crate) enum Mode {
    /// They are sent.
    Live,
    /// They are only written down.
    Planning,
    /// They are sent as long as they are those of a plan.
    Applying(VecDeque<PlannedWrite>),
}

impl Run {
    pub(crate) fn new(
        workspace: Workspace,
        action: &'static Action,
        input: Value,
        options: CallOptions,
        now: Timestamp,
        mode: Mode,
    ) -> Self {
        Self {
            workspace,
            action,
            options,
            now,
            mode,
            input,
            id: None,
            earlier: Vec::new(),
            open: Vec::new(),
            is_unsettled: false,
            seq: 0,
            reads: 0,
            writes: 0,
            change: Change::Keep,
            notes: Vec::new(),
            was_interrupted: false,
            ahead: SignedDuration::ZERO,
            planned: Vec::new(),
        }
    }

    /// The workspace that it runs in.
    #[must_use]
    pub const fn workspace(&self) -> &Workspace {
        &self.workspace
    }

    /// The version that the connection speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.client().version()
    }

    /// The moment that the run counts from.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Whether names that nobody knows are sent.
    pub(crate) const fn allows_unknown(&self) -> bool {
        self.options.allow_unknown
    }

    /// An input whose parts fit one by one and yet cannot be.
    pub(crate) const fn misfits(&self, problems: Vec<Problem>) -> ActionError {
        ActionError::Input {
            action: self.action.id,
            problems,
        }
    }

    /// A row, held against what another action takes.
    pub(crate) fn check_row(&self, action: &str, row: Value) -> Result<Input, ActionError> {
        let action = registry::action(action)?;
        match self.workspace.check(action, row, &self.options, self.now)? {
            Checked::Module(input) => Ok(input),
            Checked::Record(_) => {
                let what = "must have the names of fields, not path, query and payload";
                Err(self.misfits(vec![Problem::new("input", what)]))
            }
        }
    }

    /// Does what another module does, as a part of this run.
    pub(crate) async fn do_row(&mut self, action: &str, input: Input) -> Result<Value, ActionError> {
        match registry::action(action)?.work {
            Work::Module(module) => module(self, input).await,
            Work::Operation(operation) => Err(ActionError::Unknown {
                id: operation.id.to_owned(),
                near: Vec::new(),
            }),
        }
    }

    /// Whether its writes are only written down.
    #[must_use]
    pub const fn is_planning(&self) -> bool {
        matches!(self.mode, Mode::Planning)
    }

    /// Whether its writes are sent as they come, rather than planned or held against a plan.
    pub(crate) const fn is_live(&self) -> bool {
        matches!(self.mode, Mode::Live)
    }

    /// The action's id.
    pub(crate) const fn action_id(&self) -> &'static str {
        self.action.id
    }

    /// Where a time without a zone is.
    pub(crate) const fn zone(&self) -> &TimeZone {
        &self.options.zone
    }

    /// The refusal of one field that does not fit beside the others.
    pub(crate) fn misfit(&self, field: &str, what: impl Into<String>) -> ActionError {
        ActionError::Input {
            action: self.action.id,
            problems: vec![Problem::new(field, what)],
        }
    }

    /// Says that it undoes another run, which happens once.
    pub(crate) fn undoes(&mut self, run: &str) {
        self.options.undo_of = Some(run.to_owned());
        self.options.key.get_or_insert_with(|| format!("undo/{run}"));
    }

    /// Tells whoever called something beside the outcome, once.
    pub fn note(&mut self, text: impl Into<String>) {
        let text = text.into();
        if !self.notes.contains(&text) {
            self.notes.push(text);
        }
    }

    fn client(&self) -> &Client {
        self.workspace.client()
    }

    pub(crate) const fn has_key(&self) -> bool {
        self.options.key.is_some()
    }

    const fn priority(&self) -> Priority {
        self.options.priority
    }

    /// Calls an operation that changes nothing.
    pub async fn read(&mut self, call: Call) -> Result<Value, ActionError> {
        self.reads += 1;
        let answer = self.client().call(call.priority(self.priority())).await?;
        Ok(value_of(&answer))
    }

    /// Calls an operation that changes nothing; none when there is no such object.
    pub async fn find(&mut self, call: Call) -> Result<Option<Value>, ActionError> {
        match self.read(call).await {
            Ok(found) => Ok(Some(found)),
            Err(ActionError::Call(error)) if error.kind == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    /// The rows of an operation that lists, page by page, at most `limit`.
    pub async fn rows(&mut self, call: Call, limit: Option<usize>) -> Result<Vec<Value>, ActionError> {
        self.rows_that(call, limit, &|_| true).await
    }

    /// As [`rows`](Self::rows), but only those rows that `keep` keeps.
    pub async fn rows_that(
        &mut self,
        call: Call,
        limit: Option<usize>,
        keep: &(dyn Fn(&Value) -> bool + Sync),
    ) -> Result<Vec<Value>, ActionError> {
        let mut rows = Vec::new();
        let wanted = limit.unwrap_or(usize::MAX);
        let mut take = |row: Value| {
            if keep(&row) {
                rows.push(row);
            }
            if rows.len() < wanted {
                ControlFlow::Continue(())
            } else {
                ControlFlow::Break(())
            }
        };
        self.each_row(call, limit, &mut take).await?;
        Ok(rows)
    }

    /// Hands over the rows of an operation that lists, as they come, until `take` has enough. `about` says how many that may
    /// be, for the size of the pages.
    pub(crate) async fn each_row(
        &mut self,
        call: Call,
        about: Option<usize>,
        take: &mut (dyn FnMut(Value) -> ControlFlow<()> + Send),
    ) -> Result<(), ActionError> {
        let turn = scroll::turn(self.client(), &call).await;
        let mut is_whole = false;
        let mut pages = self.client().pages(call.priority(self.priority()), None);
        if let Some(about) = about.and_then(|about| u16::try_from(about).ok()) {
            pages = pages.with_per_page(about.max(1));
        }
        'pages: loop {
            let Some(page) = pages.next().await? else {
                is_whole = true;
                break;
            };
            self.reads += page.requests;
            for row in page.rows() {
                if take(serde_json::from_slice(row).unwrap_or(Value::Null)).is_break() {
                    break 'pages;
                }
            }
        }
        if let Some(turn) = turn.filter(|_| is_whole) {
            // Whoever waits for it asks again; what was read is read.
            let _ = turn.finish().await;
        }
        Ok(())
    }

    /// Puts the run into the journal, unless it is there; with a key it is there before anything is done.
    pub(crate) async fn begin(&mut self) -> Result<Option<Outcome>, ActionError> {
        if self.id.is_some() || self.is_planning() {
            return Ok(None);
        }
        let begun = self
            .workspace
            .journal()
            .begin(NewRun {
                action: self.action.id.to_owned(),
                input: self.input.clone(),
                key: self.options.key.clone(),
                undo_of: self.options.undo_of.clone(),
                batch: self.options.batch.clone(),
                by_whom: self.options.by_whom.clone(),
                at: self.workspace.now(),
            })
            .await?;
        match begun {
            Begun::New(id) => self.id = Some(id),
            Begun::Interrupted(id, writes, began) => {
                self.id = Some(id);
                self.now = began;
                self.was_interrupted = true;
                self.settle(writes).await?;
                self.forget_made();
            }
            Begun::Done(id, output) => return self.repeated(id, output).await.map(Some),
            Begun::Busy(run) => return Err(ActionError::KeyBusy { run }),
            Begun::Taken(run, action) => return Err(ActionError::KeyTaken { action, run }),
        }
        Ok(None)
    }

    /// The outcome of an earlier run with the same key.
    async fn repeated(&self, id: String, output: Value) -> Result<Outcome, ActionError> {
        let writes = self.workspace.journal().writes(&id).await?.unwrap_or_default();
        let done = writes.iter().filter(|write| write.state == WriteState::Done);
        let change = done.map(|kept| write::change_of_kept(self.action, kept)).max();
        Ok(Outcome {
            run: Some(id),
            action: self.action.id,
            output,
            change: change.unwrap_or(Change::Keep),
            notes: Vec::new(),
            reads: 0,
            writes: 0,
            repeated: true,
        })
    }

    /// Its id in the journal, into which it is put now.
    pub(crate) async fn in_journal(&mut self) -> Result<String, ActionError> {
        if let Some(earlier) = self.begin().await? {
            return Err(ActionError::refused(
                "TL0766",
                format!("it was done before, by run {}", earlier.run.unwrap_or_default()),
                "There is nothing left to do; `trunkline runs list` shows both runs.",
            ));
        }
        Ok(self.id.clone().unwrap_or_default())
    }

    /// Whether an earlier attempt had begun such a write, and what came of it was found out.
    pub(crate) fn found_out(&self, operation: &str, payload: &Value) -> bool {
        self.earlier
            .iter()
            .any(|kept| kept.operation == operation && kept.payload.as_ref() == Some(payload))
    }

    /// Whether it goes on where an earlier attempt with its key stopped.
    pub(crate) const fn was_interrupted(&self) -> bool {
        self.was_interrupted
    }

    /// What an earlier attempt did by an operation, where nothing has taken it over yet.
    pub(crate) fn done_earlier(&self, operation: &str) -> Vec<KeptWrite> {
        let done = |kept: &&KeptWrite| kept.operation == operation && kept.state == WriteState::Done;
        self.earlier.iter().filter(done).cloned().collect()
    }

    /// Looks once more at what an earlier attempt had begun by an operation and that seemed not to be done: a request that a dead
    /// process left on its way may arrive after it was asked for.
    pub(crate) async fn look_again(&mut self, operation: &str) -> Result<(), ActionError> {
        for place in 0..self.earlier.len() {
            let kept = self.earlier[place].clone();
            if kept.operation != operation || kept.state != WriteState::Sending {
                continue;
            }
            if let find_out::Found::Done(after) = find_out::find_out(self, &kept).await? {
                self.earlier[place].state = WriteState::Done;
                self.earlier[place].after = Some(after);
            }
        }
        Ok(())
    }

    /// Takes what an earlier attempt made off the plan that is applied.
    fn forget_made(&mut self) {
        if let Mode::Applying(left) = &mut self.mode {
            left.retain(|planned| {
                !self.earlier.iter().any(|kept| {
                    kept.operation == planned.operation
                        && kept.path == planned.path
                        && kept.query == planned.query
                        && kept.payload == planned.payload
                })
            });
        }
    }

    /// Keeps how it ended, and says what came of it.
    pub(crate) async fn finish(mut self, result: Result<Value, ActionError>) -> Result<Outcome, ActionError> {
        let result = match self.end_open().await {
            // What went wrong first is what the caller must hear.
            Err(error) if result.is_ok() => Err(error),
            _ => result,
        };
        if let Some(id) = self.id.take().filter(|id| !id.is_empty()) {
            let end = match &result {
                Ok(output) => RunEnd::Done(output.clone()),
                Err(error) if self.is_unsettled => RunEnd::Unknown(error.to_string()),
                Err(error) => RunEnd::Failed(error.to_string()),
            };
            let kept = self
                .workspace
                .journal()
                .finish(&id, end, self.workspace.now())
                .await;
            // What went wrong first is what the caller must hear.
            if result.is_ok() {
                kept?;
            }
            self.id = Some(id);
        }
        let output = result?;
        if let Mode::Applying(left) = &self.mode
            && let Some(next) = left.front()
        {
            return Err(ActionError::Moved {
                difference: format!("{} is not needed any more", next.operation),
            });
        }
        Ok(Outcome {
            run: self.id,
            action: self.action.id,
            output,
            change: self.change,
            notes: self.notes,
            reads: self.reads,
            writes: self.writes,
            repeated: false,
        })
    }

    pub(crate) fn into_planned(self) -> (Vec<PlannedWrite>, Vec<String>, u32) {
        (self.planned, self.notes, self.reads)
    }
}

/// What an answer holds: JSON, else text, else bytes as base64.
pub(crate) fn value_of(answer: &Answer) -> Value {
    use base64::Engine as _;
    if answer.body.is_empty() {
        // What lies elsewhere, such as the recording of a call.
        let place = answer
            .headers
            .get("location")
            .and_then(|place| place.to_str().ok());
        return place.map_or(Value::Null, |place| serde_json::json!({ "location": place }));
    }
    if let Ok(value) = serde_json::from_slice(&answer.body) {
        return value;
    }
    match std::str::from_utf8(&answer.body) {
        Ok(text) => Value::String(text.to_owned()),
        Err(_) => serde_json::json!({
            "base64": base64::engine::general_purpose::STANDARD.encode(&answer.body),
        }),
    }
}
