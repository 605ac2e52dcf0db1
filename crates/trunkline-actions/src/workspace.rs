//! A workspace in which actions run: a client, a clock and a journal.
//!
//! The one rule: everything that can call an action (the command line, the API, a flow, a program) goes through
//! [`Workspace::call`], so that all of them check, plan and keep alike.

use std::{collections::VecDeque, fmt, ops::ControlFlow, sync::Arc};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use trunkline_catalog::{Effect, Operation, Version};
use trunkline_client::{BudgetState, Call, Client, Clock, Meter, Priority};

use crate::{
    Action, ActionError, Input, Journal, Outcome, Plan, Run, Work, Write, generated,
    input::{self, Checked, Reading, Record},
    modules::People,
    registry,
    run::Mode,
};

/// How an action is called.
#[derive(Clone, Debug)]
pub struct CallOptions {
    /// The caller's key: the same call with the same key runs once.
    pub key: Option<String>,
    /// Where a time without a zone is.
    pub zone: TimeZone,
    /// Whether names that the catalog does not know are sent.
    pub allow_unknown: bool,
    /// Who waits.
    pub priority: Priority,
    /// The run that this one undoes.
    pub undo_of: Option<String>,
    /// The batch whose row this is.
    pub batch: Option<String>,
    /// Who calls, for the journal.
    pub by_whom: String,
}

impl Default for CallOptions {
    fn default() -> Self {
        Self {
            key: None,
            zone: TimeZone::UTC,
            allow_unknown: false,
            priority: Priority::Interactive,
            undo_of: None,
            batch: None,
            by_whom: "program".to_owned(),
        }
    }
}

/// A workspace in which actions run. Clones share everything.
#[derive(Clone)]
pub struct Workspace(Arc<Inner>, Client);

struct Inner {
    /// Intercom's id of it, or whatever tells it from others.
    id: String,
    clock: Arc<dyn Clock>,
    journal: Arc<dyn Journal>,
    /// What is remembered about people between two runs.
    people: People,
}

impl Workspace {
    /// The workspace `id` that `client` calls.
    #[must_use]
    pub fn new(
        id: impl Into<String>,
        client: Client,
        clock: Arc<dyn Clock>,
        journal: Arc<dyn Journal>,
    ) -> Self {
        let inner = Inner {
            id: id.into(),
            clock,
            journal,
            people: People::default(),
        };
        Self(Arc::new(inner), client)
    }

    pub(crate) fn client(&self) -> &Client {
        &self.1
    }

    /// The same workspace, whose requests are counted by a meter too.
    #[must_use]
    pub fn metered(&self, meter: Meter) -> Self {
        Self(Arc::clone(&self.0), self.1.metered(meter))
    }

    pub(crate) fn journal(&self) -> &Arc<dyn Journal> {
        &self.0.journal
    }

    pub(crate) fn people(&self) -> &People {
        &self.0.people
    }

    pub(crate) fn now(&self) -> Timestamp {
        self.0.clock.now()
    }

    /// Runs an action.
    ///
    /// # Errors
    ///
    /// Everything that does not fit, before anything is sent; then what a call fails with.
    pub async fn call(&self, id: &str, input: Value, options: CallOptions) -> Result<Outcome, ActionError> {
        let action = registry::action(id)?;
        let now = self.now();
        let checked = self.check(action, input.clone(), &options, now)?;
        let mut run = Run::new(
            self.clone(),
            action,
            input.clone(),
            options.clone(),
            now,
            Mode::Live,
        );
        if run.has_key() {
            match run.begin().await {
                Ok(None) => {}
                Ok(Some(earlier)) => return Ok(earlier),
                // A run that was taken over must not be left as if somebody were at it.
                Err(error) => return run.finish(Err(error)).await,
            }
        }
        let result = if run.was_interrupted() {
            match self.check(action, input, &options, run.now()) {
                Ok(checked) => work(&mut run, action, checked).await,
                Err(error) => Err(error),
            }
        } else {
            work(&mut run, action, checked).await
        };
        run.finish(result).await
    }

    /// Runs an action, and hands over the rows of an operation that lists as they come; of any other action what
    /// [`call`](Self::call) gives comes back whole.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call); rows that were handed over before stay handed over.
    pub async fn each(
        &self,
        id: &str,
        input: Value,
        options: CallOptions,
        take: &mut (dyn FnMut(Value) -> ControlFlow<()> + Send),
    ) -> Result<Option<Outcome>, ActionError> {
        let action = registry::action(id)?;
        let now = self.now();
        if let (Work::Operation(operation), None) = (action.work, &options.key)
            && operation.effect == Effect::Read
            && generated::lists(operation)
            && let Checked::Record(record) = self.check(action, input.clone(), &options, now)?
            && !record.names_a_page()
        {
            let limit = record.limit;
            let mut left = limit.unwrap_or(usize::MAX);
            let mut until = |row: Value| {
                left -= 1;
                match take(row) {
                    ControlFlow::Continue(()) if left > 0 => ControlFlow::Continue(()),
                    _ => ControlFlow::Break(()),
                }
            };
            let mut run = Run::new(self.clone(), action, input, options, now, Mode::Live);
            run.each_row(reading(operation, record), limit, &mut until)
                .await?;
            return Ok(None);
        }
        self.call(id, input, options).await.map(Some)
    }

    /// What an action would do, found out by reading alone.
    ///
    /// # Errors
    ///
    /// As [`call`](Self::call).
    pub async fn plan(&self, id: &str, input: Value, options: CallOptions) -> Result<Plan, ActionError> {
        self.plan_at(id, input, options, self.now()).await
    }

    async fn plan_at(
        &self,
        id: &str,
        input: Value,
        options: CallOptions,
        now: Timestamp,
    ) -> Result<Plan, ActionError> {
        let action = registry::action(id)?;
        let checked = self.check(action, input.clone(), &options, now)?;
        let zone = options.zone.iana_name().unwrap_or("UTC").to_owned();
        let mut run = Run::new(self.clone(), action, input.clone(), options, now, Mode::Planning);
        work(&mut run, action, checked).await?;
        let (writes, notes, reads) = run.into_planned();
        let calls = reads + u32::try_from(writes.len()).unwrap_or(u32::MAX);
        Ok(Plan {
            format: Plan::FORMAT,
            workspace: self.0.id.clone(),
            action: id.to_owned(),
            input,
            at: now,
            zone,
            writes,
            notes,
            reads,
            calls,
            seconds: self.seconds(calls),
        })
    }

    /// Does exactly what a plan says.
    ///
    /// # Errors
    ///
    /// [`ActionError::Moved`] when planning anew gives another plan, or the plan is for another workspace.
    pub async fn apply(&self, plan: &Plan, options: CallOptions) -> Result<Outcome, ActionError> {
        let moved = |difference: String| ActionError::Moved { difference };
        if plan.format != Plan::FORMAT {
            return Err(moved(format!(
                "it has format {}, this version reads {}",
                plan.format,
                Plan::FORMAT
            )));
        }
        if plan.workspace != self.0.id {
            return Err(moved(format!(
                "it is for the workspace {}, this is {}",
                plan.workspace, self.0.id
            )));
        }
        let options = CallOptions {
            zone: TimeZone::get(&plan.zone).unwrap_or(TimeZone::UTC),
            ..options
        };
        let action = registry::action(&plan.action)?;
        let checked = self.check(action, plan.input.clone(), &options, plan.at)?;
        let mode = Mode::Applying(VecDeque::from(plan.writes.clone()));
        let mut run = Run::new(
            self.clone(),
            action,
            plan.input.clone(),
            options.clone(),
            plan.at,
            mode,
        );
        if run.has_key() {
            match run.begin().await {
                Ok(None) => {}
                Ok(Some(earlier)) => return Ok(earlier),
                // A run that was taken over must not be left as if somebody were at it.
                Err(error) => return run.finish(Err(error)).await,
            }
        }
        // What an earlier attempt with this key has done of the plan is not to be planned again.
        if !run.was_interrupted() {
            let again = self
                .plan_at(&plan.action, plan.input.clone(), options, plan.at)
                .await;
            let refused = match again {
                Ok(again) if again.writes == plan.writes => None,
                Ok(again) => Some(moved(first_difference(plan, &again))),
                Err(error) => Some(error),
            };
            if let Some(error) = refused {
                return run.finish(Err(error)).await;
            }
        }
        let result = work(&mut run, action, checked).await;
        run.finish(result).await
    }

    /// Whether an input fits an action, as far as that can be known without a call.
    ///
    /// # Errors
    ///
    /// Everything that does not fit.
    pub fn fits(
        &self,
        action: &'static Action,
        input: Value,
        options: &CallOptions,
    ) -> Result<(), ActionError> {
        self.fitted(action, input, options).map(drop)
    }

    /// The input as the action's module gets it; none for an operation as it is.
    pub(crate) fn fitted(
        &self,
        action: &'static Action,
        input: Value,
        options: &CallOptions,
    ) -> Result<Option<Input>, ActionError> {
        match self.check(action, input, options, self.now())? {
            Checked::Module(input) => Ok(Some(input)),
            Checked::Record(_) => Ok(None),
        }
    }

    /// What is known of the rate budget that its calls come out of.
    #[must_use]
    pub fn budget(&self) -> BudgetState {
        self.client().budget()
    }

    /// Intercom's id of it, or whatever tells it from others.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.0.id
    }

    /// The version that its connection speaks.
    #[must_use]
    pub fn version(&self) -> Version {
        self.client().version()
    }

    pub(crate) fn check(
        &self,
        action: &'static Action,
        given: Value,
        options: &CallOptions,
        now: Timestamp,
    ) -> Result<Checked, ActionError> {
        input::check(
            action,
            given,
            &Reading {
                now,
                zone: options.zone.clone(),
                version: self.client().version(),
                allow_unknown: options.allow_unknown,
            },
        )
    }

    /// How long so many calls take at the workspace's limit, when that is known.
    pub(crate) fn seconds(&self, calls: u32) -> Option<f64> {
        const WINDOW: f64 = 10.0;
        let limit = self.client().budget().limit.filter(|limit| *limit > 0)?;
        Some(f64::from(calls) / f64::from(limit) * WINDOW)
    }
}

impl fmt::Debug for Workspace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Workspace")
            .field("id", &self.0.id)
            .field("client", &self.1)
            .finish_non_exhaustive()
    }
}

fn first_difference(plan: &Plan, again: &Plan) -> String {
    let pair = plan
        .writes
        .iter()
        .zip(&again.writes)
        .find(|(old, new)| old != new);
    match pair {
        Some((old, new)) if old.operation != new.operation => {
            format!("{} was planned, {} is needed now", old.operation, new.operation)
        }
        Some((old, new)) if old.before != new.before => format!(
            "{} changed meanwhile",
            old.subject.as_deref().unwrap_or("what it relies on")
        ),
        Some((old, _)) => format!("{} would be called with other values", old.operation),
        None => format!(
            "{} writes were planned, {} are needed now",
            plan.writes.len(),
            again.writes.len()
        ),
    }
}

async fn work(run: &mut Run, action: &'static Action, checked: Checked) -> Result<Value, ActionError> {
    match (checked, action.work) {
        (Checked::Module(input), Work::Module(module)) => module(run, input).await,
        (Checked::Record(record), Work::Operation(operation)) => operate(run, operation, record).await,
        (Checked::Record(record), Work::Module(_)) => {
            let operation = trunkline_catalog::Catalog::embedded()
                .operation(action.id)
                .expect("only a module that stands for an operation is given a record");
            operate(run, operation, record).await
        }
        (Checked::Module(_), Work::Operation(_)) => {
            unreachable!("the input of an operation is a record")
        }
    }
}

/// Calls an operation as it is.
async fn operate(run: &mut Run, operation: &'static Operation, record: Record) -> Result<Value, ActionError> {
    if operation.effect != Effect::Read {
        let mut write = Write::new(operation.id);
        for (name, value) in record.path {
            write = write.path(&name, value);
        }
        for (name, value) in record.query {
            write = write.query(&name, value);
        }
        if let Some(payload) = record.payload {
            write = write.payload(payload);
        }
        return run.write(write).await;
    }
    let lists = generated::lists(operation) && !record.names_a_page();
    let limit = record.limit;
    let call = reading(operation, record);
    if lists {
        return run.rows(call, limit).await.map(Value::Array);
    }
    run.read(call).await
}

/// The call of an operation that changes nothing.
fn reading(operation: &'static Operation, record: Record) -> Call {
    let mut call = Call::new(operation.id);
    for (name, value) in record.path {
        call = call.path(name, value);
    }
    for (name, value) in record.query {
        call = call.query(name, value);
    }
    match record.payload {
        Some(payload) => call.body(payload),
        None => call,
    }
}
