//! A run: one value in, the values of the expression out.
//!
//! The one rule: here is the one place where a run that the meter ended is caught, and what it gave out before is kept.

use std::{
    collections::BTreeMap,
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use jaq_core::{Ctx, Vars};
use serde_json::Value;

use super::{
    compile::{Compiled, Expression},
    convert,
    error::{RunError, RunFailure},
    meter::{self, Stop},
    natives::{Kind, Terms},
    text,
    value::Held,
    worker::{self, Lost},
};
use crate::Shared;

/// The most steps that a run can be given: what jaq leaves behind after so many can be dropped on a worker's stack.
pub const MAX_STEPS: u64 = 20_000_000;

/// How far a run may go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// How many steps it may make; at most [`MAX_STEPS`]. `.name` is two, an object of three fields about ten.
    pub steps: u64,
    /// How many bytes of values it may make, all in all.
    pub memory: u64,
    /// How many values it may give out.
    pub outputs: usize,
    /// How long it may take.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            steps: 2_000_000,
            memory: 256 << 20,
            outputs: 100_000,
            time: Duration::from_secs(5),
        }
    }
}

impl Expression {
    /// Runs the expression on a value. The calling thread waits, at most for the time of the limits; in asynchronous code,
    /// call it where blocking is allowed.
    ///
    /// # Errors
    ///
    /// The expression failed, or went too far. The error has what was given out before.
    pub fn run(&self, input: Value, limits: &Limits) -> Result<Vec<Value>, RunError> {
        self.run_with(input, &BTreeMap::new(), limits)
    }

    /// Runs the expression with values for its variables, named without `$`.
    ///
    /// # Errors
    ///
    /// As [`Expression::run`]; and the variables are not those that it was compiled with.
    pub fn run_with(
        &self,
        input: Value,
        variables: &BTreeMap<String, Value>,
        limits: &Limits,
    ) -> Result<Vec<Value>, RunError> {
        let values = self
            .values(variables)
            .map_err(|failure| self.error(None, failure, Vec::new()))?;
        let limits = Limits {
            steps: limits.steps.min(MAX_STEPS),
            ..*limits
        };
        let input = Arc::new(input);
        let job = {
            let (compiled, input) = (Arc::clone(&self.0), Arc::clone(&input));
            move |abandoned| evaluate(&compiled, &input, &values, &limits, abandoned)
        };
        let (before, failure) = match worker::run(limits.time, job) {
            Ok((outputs, None)) => return Ok(outputs),
            Ok((before, Some(failure))) => (before, failure),
            Err(Lost::Late) => (Vec::new(), RunFailure::Late(limits.time)),
            Err(Lost::Broken(why)) => (Vec::new(), RunFailure::Broken(why)),
        };
        Err(self.error(Some(text::excerpt_of_json(&input)), failure, before))
    }

    /// Runs the expression on several inputs, one after the other, on one worker: each within the limits by itself, and one that goes
    /// too far ends only itself. The outcomes are in the order of the inputs.
    pub fn run_many(&self, inputs: &Arc<Vec<Input>>, limits: &Limits) -> Vec<Result<Vec<Value>, RunError>> {
        let limits = Limits {
            steps: limits.steps.min(MAX_STEPS),
            ..*limits
        };
        let mut all = Vec::with_capacity(inputs.len());
        while all.len() < inputs.len() {
            let first = all.len();
            let done: Arc<Mutex<Vec<Evaluated>>> = Arc::default();
            let job = {
                let (compiled, inputs, done) = (Arc::clone(&self.0), Arc::clone(inputs), Arc::clone(&done));
                move |abandoned: Arc<AtomicBool>| {
                    for input in &inputs[first..] {
                        if abandoned.load(Ordering::Relaxed) {
                            return;
                        }
                        let one = if input.variables.len() == compiled.variables.len() {
                            let flag = Arc::clone(&abandoned);
                            evaluate(&compiled, &input.value, &input.variables, &limits, flag)
                        } else {
                            let name = compiled.variables.get(input.variables.len());
                            let failure = RunFailure::NoVariable(name.cloned().unwrap_or_default());
                            (Vec::new(), Some(failure))
                        };
                        lock(&done).push(one);
                    }
                }
            };
            // Looked at four times within the time of one, so that a late one is not waited for twice as long.
            let (mut seen, mut looks) = (0, 0);
            let is_on = || {
                let now = lock(&done).len();
                looks = if now == seen { looks + 1 } else { 0 };
                seen = now;
                looks < LOOKS
            };
            let lost = worker::run_while(limits.time / LOOKS, is_on, job).err();
            let made = std::mem::take(&mut *lock(&done));
            let failure = lost.map(|lost| match lost {
                Lost::Late => RunFailure::Late(limits.time),
                Lost::Broken(why) => RunFailure::Broken(why),
            });
            let room = inputs.len() - first;
            let late = failure.map(|failure| (Vec::new(), Some(failure)));
            let outcomes = made.into_iter().chain(late).take(room);
            for ((outputs, failure), input) in outcomes.zip(&inputs[first..]) {
                all.push(match failure {
                    None => Ok(outputs),
                    Some(failure) => {
                        let shown = text::excerpt_of_json(&input.value);
                        Err(self.error(Some(shown), failure, outputs))
                    }
                });
            }
        }
        all
    }

    /// The names of its variables, in the order in which [`Input::variables`] has their values.
    pub fn variables(&self) -> &[String] {
        &self.0.variables
    }

    fn values(&self, variables: &BTreeMap<String, Value>) -> Result<Vec<Value>, RunFailure> {
        let names = &self.0.variables;
        if let Some(strange) = variables.keys().find(|name| !names.contains(name)) {
            return Err(RunFailure::StrangeVariable(strange.clone()));
        }
        names
            .iter()
            .map(|name| {
                variables
                    .get(name)
                    .cloned()
                    .ok_or_else(|| RunFailure::NoVariable(name.clone()))
            })
            .collect()
    }

    fn error(&self, input: Option<String>, failure: RunFailure, before: Vec<Value>) -> RunError {
        RunError {
            expression: text::shortened(self.text()),
            input,
            failure,
            before,
        }
    }
}

/// What an expression is run on: a value, and the values of its variables in their order.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Input {
    /// The value.
    pub value: Shared,
    /// As [`Expression::variables`] names them.
    pub variables: Vec<Value>,
}

/// What was given out, and why it ended before its end.
type Evaluated = (Vec<Value>, Option<RunFailure>);

/// How often is looked whether one of many is late, within its time.
const LOOKS: u32 = 4;

fn lock(done: &Mutex<Vec<Evaluated>>) -> MutexGuard<'_, Vec<Evaluated>> {
    done.lock().unwrap_or_else(PoisonError::into_inner)
}

fn evaluate(
    compiled: &Compiled,
    input: &Value,
    variables: &[Value],
    limits: &Limits,
    abandoned: Arc<AtomicBool>,
) -> Evaluated {
    meter::begin(limits.steps, limits.memory, abandoned);
    let mut outputs = Vec::new();
    let ended = catch_unwind(AssertUnwindSafe(|| {
        let variables = Vars::new(variables.iter().map(convert::take));
        let context = Ctx::<Kind>::new(Terms(&compiled.filter.lut), variables);
        for output in compiled.filter.id.run((context, convert::take(input))) {
            match output {
                Ok(output) if outputs.len() < limits.outputs => outputs.push(convert::give(&output.value)),
                Ok(_) => return Some(RunFailure::Outputs(limits.outputs)),
                Err(exception) => {
                    return Some(match exception.get_err() {
                        Ok(error) => RunFailure::Failed(message(&error.into_val())),
                        Err(_) => RunFailure::Broken("it ended in the middle of a jump".to_owned()),
                    });
                }
            }
        }
        None
    }));
    let failure = ended.unwrap_or_else(|panic| {
        Some(match panic.downcast_ref::<Stop>() {
            // Nobody hears it; the one who waited has said it already.
            Some(Stop::Abandoned) => RunFailure::Late(limits.time),
            Some(Stop::Steps) => RunFailure::Steps(limits.steps),
            Some(Stop::Memory) => RunFailure::Memory(limits.memory),
            Some(Stop::Calls) => RunFailure::Calls,
            Some(Stop::Depth) => RunFailure::Depth,
            None => RunFailure::Broken(worker::words(&*panic)),
        })
    });
    (outputs, failure)
}

/// What an error says: its text, or the value that `error` was given.
fn message(value: &Held) -> String {
    match &value.value {
        jaq_json::Val::TStr(said) => String::from_utf8_lossy(said).into_owned(),
        _ => value.to_string(),
    }
}
