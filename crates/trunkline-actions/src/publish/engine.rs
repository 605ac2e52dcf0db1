//! The engine: takes rows, runs the action on as many at once as the rate budget takes, tells what became of each.
//!
//! The one rule: a row is rejected only for what is wrong with the row. What may pass is waited for; what no row can get around
//! (a lost grant, a permission, the store) stops the whole, with every row before it told and kept.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use serde_json::Value;
use tokio::{
    sync::{mpsc, watch},
    task::JoinSet,
    time::{Instant, MissedTickBehavior, interval},
};
use trunkline_client::{BudgetState, Disposition, PortError, Told};

use super::{
    End, PlannedRow, Progress, Rejection, Row, RowEnd,
    frontier::Frontier,
    lanes::{Lanes, identities},
};
use crate::{Action, ActionError, CallOptions, Change, Input, Outcome, Plan, Workspace};

/// The most rows that wait for an earlier one about the same person.
const MOST_PARKED: usize = 512;
/// The most rows that are done with before an earlier one is.
const MOST_AHEAD: usize = 2_000;
/// The fewest calls that may wait for their place in the rate budget before no further row is begun.
const FEWEST_WAITING: u32 = 32;
/// How long a row that is begun needs before its own call waits, beside an answer's way: it is gathered, looked up, journaled.
const BEFORE_ITS_CALL: Duration = Duration::from_millis(250);
/// The length of a window of the rate limit, in seconds (facts 3).
const WINDOW: f64 = 10.0;
/// How many rows are looked up together, where the action can.
const TOGETHER: usize = 60;
/// How often progress is shown.
const BEAT: Duration = Duration::from_millis(250);
/// How many beats lie between two times that progress is kept: rows wait meanwhile, and what was not kept is only told again.
const KEPT_EVERY: u32 = 8;
/// The pause before a row is tried again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_secs(1);
const LONGEST_PAUSE: Duration = Duration::from_secs(60);
/// How often a row is tried again before the whole is stopped: the client's own attempts come on top.
const ROUNDS: u32 = 20;

/// What a publisher does with each row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Way {
    /// Carries it out as a row of this batch; without one nothing is kept of where it stood.
    Publish(Option<String>),
    /// Finds out what it would do.
    Plan,
}

/// How it goes, for whoever looks.
#[derive(Clone, Debug, PartialEq)]
pub struct Live {
    /// Rows that are done with.
    pub progress: Progress,
    /// Rows that are being carried out.
    pub running: usize,
    /// What rows wait for, when something is in the way.
    pub waiting: Option<String>,
}

/// Who is told what became of the rows, and keeps it.
pub trait Clerk: Send {
    /// Takes a row that is done with; rows come in their order.
    ///
    /// # Errors
    ///
    /// It cannot be kept; nothing more is begun then.
    fn row(&mut self, row: RowEnd) -> Result<(), PortError>;

    /// Makes durable what was told, then notes how far the rows have come.
    fn commit<'a>(&'a mut self, progress: &'a Progress) -> Told<'a, ()>;

    /// Shows how it goes.
    fn show(&mut self, live: &Live);
}

/// Why it stopped before the last row.
#[derive(Clone, Debug)]
pub enum Halt {
    /// It was asked to.
    Asked,
    /// Nothing gets around this.
    Failed(ActionError),
    /// What became of the rows cannot be kept.
    Clerk(PortError),
}

/// How it ended.
#[derive(Clone, Debug)]
pub struct Finish {
    /// How far it came.
    pub progress: Progress,
    /// Why it did not come to the end.
    pub halt: Option<Halt>,
}

/// One action on many rows.
#[derive(Clone, Debug)]
pub struct Publisher {
    workspace: Workspace,
    action: &'static Action,
    options: CallOptions,
    way: Way,
    most: usize,
}

/// What a row waits for, shared by all that wait.
type Obstacle = Arc<Mutex<(u32, String)>>;

impl Publisher {
    /// Runs `action` in `workspace`, on at most `most` rows at once.
    #[must_use]
    pub fn new(
        workspace: Workspace,
        action: &'static Action,
        options: CallOptions,
        way: Way,
        most: usize,
    ) -> Self {
        Self {
            workspace,
            action,
            options,
            way,
            most: most.max(1),
        }
    }

    /// Takes rows until there are none, or until `stop` says so; goes on behind `from`.
    pub async fn run(
        &self,
        rows: &mut mpsc::Receiver<Row>,
        from: Progress,
        clerk: &mut dyn Clerk,
        mut stop: watch::Receiver<bool>,
    ) -> Finish {
        let (halt_all, halted) = watch::channel(false);
        let mut work = Work {
            publisher: self,
            running: JoinSet::new(),
            under_way: 0,
            gathered: Vec::new(),
            lanes: Lanes::default(),
            frontier: Frontier::from(from),
            kept: from,
            beats: 0,
            obstacle: Obstacle::default(),
            halted,
            halt: None,
        };
        let mut has_more = true;
        let mut may_be_asked = true;
        let mut beat = interval(BEAT);
        beat.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            if work.halt.is_some() {
                halt_all.send_replace(true);
                work.gathered.clear();
            }
            let is_open = has_more && work.halt.is_none();
            // Nobody comes any more who could make the group larger.
            if !is_open || work.running.is_empty() {
                work.look_up();
            }
            if work.running.is_empty() && !is_open && (work.halt.is_some() || work.lanes.parked() == 0) {
                break;
            }
            tokio::select! {
                biased;
                asked = async { stop.wait_for(|asked| *asked).await.is_ok() }, if may_be_asked => {
                    // Whoever could ask may be gone; then nobody does.
                    may_be_asked = false;
                    if asked {
                        work.halt.get_or_insert(Halt::Asked);
                    }
                }
                _ = beat.tick() => work.beat(clerk).await,
                Some(done) = work.running.join_next() => work.done(done, clerk),
                row = rows.recv(), if is_open && work.has_room() => match row {
                    Some(row) => work.take(row, clerk),
                    None => has_more = false,
                },
            }
        }
        // Whoever brings rows must not wait for a reader that has gone.
        rows.close();
        if let Err(error) = clerk.commit(&work.frontier.progress).await {
            work.halt.get_or_insert(Halt::Clerk(error));
        }
        clerk.show(&work.live());
        Finish {
            progress: work.frontier.progress,
            halt: work.halt,
        }
    }
}

/// A row that may start, with what it takes.
type Ready = (Row, Value);
type Ended = (Box<RowEnd>, Option<ActionError>);

/// What a task was for.
enum Task {
    /// A row, and what became of it.
    Row(Ended),
    /// Rows that were looked up, and are carried out now.
    Looked(Vec<Ready>),
}

struct Work<'p> {
    publisher: &'p Publisher,
    running: JoinSet<Task>,
    /// Rows that have been taken and are not done with, but for those that wait.
    under_way: usize,
    /// Rows that are to be looked up together, with what the module gets.
    gathered: Vec<(Ready, Input)>,
    lanes: Lanes<Ready>,
    frontier: Frontier,
    kept: Progress,
    beats: u32,
    obstacle: Obstacle,
    halted: watch::Receiver<bool>,
    halt: Option<Halt>,
}

impl Work<'_> {
    /// Whether another row may be taken.
    fn has_room(&self) -> bool {
        let budget = self.publisher.workspace.budget();
        self.under_way < self.publisher.most
            && self.lanes.parked() < MOST_PARKED
            && self.frontier.ahead() < MOST_AHEAD
            && (self.running.is_empty() || budget.waiting < most_waiting(&budget))
    }

    fn take(&mut self, row: Row, clerk: &mut dyn Clerk) {
        let Publisher {
            workspace,
            action,
            options,
            ..
        } = self.publisher;
        let end = match &row.input {
            Err(rejection) => End::Rejected(rejection.clone()),
            Ok(None) => End::Skipped,
            Ok(Some(input)) => match workspace.fitted(action, input.clone(), options) {
                Ok(fitted) => {
                    let input = input.clone();
                    let identities = identities(action, &input);
                    if let Some(ready) = self.lanes.enter(row.number, identities, (row, input)) {
                        self.under_way += 1;
                        match fitted.filter(|_| action.look_ahead.is_some()) {
                            Some(fitted) => self.gather(ready, fitted),
                            None => self.start(ready),
                        }
                    }
                    return;
                }
                Err(error) if error.disposition() == Disposition::Reject => {
                    End::Rejected(Rejection::of(&error))
                }
                Err(error) => {
                    self.halt = Some(Halt::Failed(error));
                    return;
                }
            },
        };
        let row = ended(row, end);
        self.tell(row, clerk);
    }

    fn gather(&mut self, ready: Ready, fitted: Input) {
        self.gathered.push((ready, fitted));
        if self.gathered.len() >= TOGETHER {
            self.look_up();
        }
    }

    /// Looks the gathered rows up together, and carries them out then.
    fn look_up(&mut self) {
        let Some(look_ahead) = self
            .publisher
            .action
            .look_ahead
            .filter(|_| !self.gathered.is_empty())
        else {
            return;
        };
        let workspace = self.publisher.workspace.clone();
        let priority = self.publisher.options.priority;
        let (ready, inputs): (Vec<Ready>, Vec<Input>) = self.gathered.drain(..).unzip();
        self.running.spawn(async move {
            // Each row looks for itself what was not found out here, and meets what was in the way.
            look_ahead(&workspace, inputs, priority).await.ok();
            Task::Looked(ready)
        });
    }

    fn start(&mut self, (row, input): Ready) {
        let one = One {
            publisher: self.publisher.clone(),
            obstacle: Arc::clone(&self.obstacle),
            halted: self.halted.clone(),
        };
        self.running
            .spawn(async move { Task::Row(one.run(row, input).await) });
    }

    fn done(&mut self, done: Result<Task, tokio::task::JoinError>, clerk: &mut dyn Clerk) {
        let (row, error) = match done {
            Ok(Task::Row(ended)) => ended,
            Ok(Task::Looked(ready)) => {
                for ready in ready {
                    if self.halt.is_none() {
                        self.start(ready);
                    }
                }
                return;
            }
            Err(error) => {
                let reason = format!("the work on a row broke off: {error}");
                self.halt.get_or_insert(Halt::Clerk(PortError { reason }));
                return;
            }
        };
        self.lanes.leave(row.number);
        self.under_way = self.under_way.saturating_sub(1);
        match error {
            None => self.tell(*row, clerk),
            // The row is not done with; whoever resumes begins with it.
            Some(error) => {
                self.halt.get_or_insert(Halt::Failed(error));
            }
        }
        while self.halt.is_none()
            && self.under_way < self.publisher.most
            && let Some(ready) = self.lanes.next(|(row, _)| row.number)
        {
            self.under_way += 1;
            self.start(ready);
        }
    }

    fn tell(&mut self, row: RowEnd, clerk: &mut dyn Clerk) {
        if let Err(error) = self.frontier.done(row, |row| clerk.row(row)) {
            self.halt.get_or_insert(Halt::Clerk(error));
        }
    }

    async fn beat(&mut self, clerk: &mut dyn Clerk) {
        self.look_up();
        self.beats += 1;
        if self.beats.is_multiple_of(KEPT_EVERY) && self.kept != self.frontier.progress {
            self.kept = self.frontier.progress;
            if let Err(error) = clerk.commit(&self.kept).await {
                self.halt.get_or_insert(Halt::Clerk(error));
            }
        }
        clerk.show(&self.live());
    }

    fn live(&self) -> Live {
        let obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner);
        Live {
            progress: self.frontier.progress,
            running: self.under_way,
            waiting: (obstacle.0 > 0).then(|| obstacle.1.clone()),
        }
    }
}

/// The work on one row.
struct One {
    publisher: Publisher,
    obstacle: Obstacle,
    halted: watch::Receiver<bool>,
}

impl One {
    /// What became of the row, or why it is not done with.
    async fn run(mut self, row: Row, input: Value) -> Ended {
        let mut pause = FIRST_PAUSE;
        for round in 1.. {
            let error = match self.once(row.number, input.clone()).await {
                Ok(done) => return (Box::new(done.of(row)), None),
                Err(error) => error,
            };
            let is_over = round >= ROUNDS || *self.halted.borrow();
            match error.disposition() {
                Disposition::Reject => {
                    let rejection = Rejection::of(&error);
                    return (Box::new(ended(row, End::Rejected(rejection))), None);
                }
                Disposition::Retry if !is_over && self.waited(pause, &error).await => {
                    pause = (pause * 2).min(LONGEST_PAUSE);
                }
                _ => return (Box::new(ended(row, End::Skipped)), Some(error)),
            }
        }
        unreachable!("the loop ends by its rounds")
    }

    async fn once(&self, number: u64, input: Value) -> Result<Done, ActionError> {
        let Publisher {
            workspace,
            action,
            options,
            way,
            ..
        } = &self.publisher;
        let mut options = options.clone();
        match way {
            Way::Plan => {
                let plan = workspace.plan(action.id, input, options).await?;
                Ok(Done::Planned(change(&plan), plan))
            }
            Way::Publish(batch) => {
                options.key = batch.as_ref().map(|batch| format!("{batch}/{number}"));
                options.batch.clone_from(batch);
                workspace.call(action.id, input, options).await.map(Done::Made)
            }
        }
    }

    /// Waits before another try; false when nobody wants one any more.
    async fn waited(&mut self, pause: Duration, error: &ActionError) -> bool {
        let change = |by: fn(u32) -> u32| {
            let mut obstacle = self.obstacle.lock().unwrap_or_else(PoisonError::into_inner);
            obstacle.0 = by(obstacle.0);
            obstacle.1 = error.to_string();
        };
        change(|waiting| waiting + 1);
        let until = Instant::now() + pause;
        let halted = self.halted.wait_for(|halted| *halted);
        let is_wanted = tokio::time::timeout_at(until, halted).await.is_err();
        change(|waiting| waiting.saturating_sub(1));
        is_wanted
    }
}

enum Done {
    Made(Outcome),
    Planned(Change, Plan),
}

impl Done {
    fn of(self, row: Row) -> RowEnd {
        match self {
            Self::Made(outcome) => RowEnd {
                id: id_of(&outcome.output),
                run: outcome.run.filter(|run| !run.is_empty()),
                ..ended(row, outcome.change.into())
            },
            Self::Planned(change, plan) => RowEnd {
                planned: Some(PlannedRow {
                    writes: plan.writes,
                    calls: plan.calls,
                }),
                ..ended(row, change.into())
            },
        }
    }
}

/// Calls that wait for their place, beyond which no further row is begun: as many as leave while a new row gets as far as its own
/// call, so that the limit is never left unused, and no more rows are held than that takes.
fn most_waiting(budget: &BudgetState) -> u32 {
    let per_second = f64::from(budget.limit.unwrap_or(0)) / WINDOW;
    let ahead = per_second * (budget.round_trip + BEFORE_ITS_CALL).as_secs_f64();
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a small number of calls"
    )]
    let ahead = ahead.ceil() as u32;
    ahead.max(FEWEST_WAITING)
}

/// A row that is done with; what it was is needed only of those that are rejected.
fn ended(row: Row, end: End) -> RowEnd {
    RowEnd {
        number: row.number,
        line: row.line,
        original: matches!(end, End::Rejected(_)).then_some(row.original),
        end,
        run: None,
        id: None,
        planned: None,
    }
}

/// What a plan's writes would do, all in all.
fn change(plan: &Plan) -> Change {
    let action = crate::action(&plan.action).ok();
    plan.writes
        .iter()
        .map(|write| match action {
            Some(action) => crate::run::change_of_planned(action, write),
            None => Change::Change,
        })
        .max()
        .unwrap_or(Change::Keep)
}

/// The id of what an action gives, or of the one object in it.
fn id_of(output: &Value) -> Option<String> {
    let own = |value: &Value| match value.get("id")? {
        Value::String(id) => Some(id.clone()),
        Value::Number(id) => Some(id.to_string()),
        _ => None,
    };
    own(output).or_else(|| output.as_object()?.values().find_map(own))
}
