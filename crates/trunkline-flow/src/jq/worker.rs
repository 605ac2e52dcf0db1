//! The threads that expressions are compiled and run on.
//!
//! The one rule: whoever waits, waits no longer than it wanted to. A job that is late is told so by a flag and left behind
//! with its thread, which ends as soon as the job does.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, Ordering},
        mpsc::{self, RecvTimeoutError, Sender},
    },
    thread,
    time::Duration,
};

use super::meter;

/// The stack of a worker. Only what a job touches of it is ever backed by memory. Calls of an expression are stopped long
/// before its end; the rest is for the chains that jaq drops one link inside of the other, of which there can be as many as
/// a run has steps.
pub(super) const STACK: usize = 512 << 20;

/// A worker that used more of its stack than this is not kept: what was touched once stays taken.
const MOST_STACK_KEPT: usize = 4 << 20;

/// Nor one that made more steps: what it dropped may have used as much, which nobody measures.
const MOST_STEPS_KEPT: u64 = 1_000_000;

/// How many idle workers are kept.
const MOST_IDLE: usize = 4;

type Job = Box<dyn FnOnce() + Send>;

static IDLE: Mutex<Vec<Sender<Job>>> = Mutex::new(Vec::new());

/// Why there is no answer.
#[derive(Debug)]
pub(super) enum Lost {
    /// The job was not done in time.
    Late,
    /// No thread could be started, or the job ended without an answer.
    Broken(String),
}

/// Does the job on a worker and waits for what it gives. The job is given the flag that tells it to stop.
pub(super) fn run<T: Send + 'static>(
    time: Duration,
    job: impl FnOnce(Arc<AtomicBool>) -> T + Send + 'static,
) -> Result<T, Lost> {
    run_while(time, || false, job)
}

/// The same for a job of several parts: it is waited for as long as each time there is something new.
pub(super) fn run_while<T: Send + 'static>(
    time: Duration,
    mut is_on: impl FnMut() -> bool,
    job: impl FnOnce(Arc<AtomicBool>) -> T + Send + 'static,
) -> Result<T, Lost> {
    let abandoned = Arc::new(AtomicBool::new(false));
    let flag = Arc::clone(&abandoned);
    let (answer, waiting) = mpsc::sync_channel(1);
    let mut job: Job = Box::new(move || {
        meter::begin_job();
        let given = catch_unwind(AssertUnwindSafe(|| job(flag)));
        // Nobody may be there any more.
        let _ = answer.send((given, meter::stack_used(), meter::steps_made()));
    });
    let worker = loop {
        let idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let worker = match idle {
            Some(worker) => worker,
            None => start()?,
        };
        match worker.send(job) {
            Ok(()) => break worker,
            // It has ended meanwhile.
            Err(unsent) => job = unsent.0,
        }
    };
    let mut given = waiting.recv_timeout(time);
    while matches!(given, Err(RecvTimeoutError::Timeout)) && is_on() {
        given = waiting.recv_timeout(time);
    }
    match given {
        Ok((given, stack, steps)) => {
            // What a job that went far leaves on the stack goes with its thread.
            let is_fresh = stack <= MOST_STACK_KEPT && steps <= MOST_STEPS_KEPT;
            let mut idle = IDLE.lock().unwrap_or_else(PoisonError::into_inner);
            if is_fresh && idle.len() < MOST_IDLE {
                idle.push(worker);
            }
            given.map_err(|panic| Lost::Broken(words(&*panic)))
        }
        Err(RecvTimeoutError::Timeout) => {
            abandoned.store(true, Ordering::Relaxed);
            Err(Lost::Late)
        }
        Err(RecvTimeoutError::Disconnected) => {
            Err(Lost::Broken("its thread ended without an answer".to_owned()))
        }
    }
}

fn start() -> Result<Sender<Job>, Lost> {
    let (sender, jobs) = mpsc::channel::<Job>();
    thread::Builder::new()
        .name("jq".to_owned())
        .stack_size(STACK)
        .spawn(move || jobs.into_iter().for_each(|job| job()))
        .map_err(|error| Lost::Broken(format!("no thread could be started: {error}")))?;
    Ok(sender)
}

/// What a panic said.
pub(super) fn words(panic: &(dyn std::any::Any + Send)) -> String {
    panic
        .downcast_ref::<&str>()
        .map(|text| (*text).to_owned())
        .or_else(|| panic.downcast_ref::<String>().cloned())
        .unwrap_or_else(|| "it ended without a word".to_owned())
}
