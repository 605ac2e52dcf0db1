//! What a run has left: steps, memory to make, stack; and whether anybody still waits for it.
//!
//! The one rule: a run that has used up something unwinds from here, without a message, to the one place that catches it
//! (`run.rs`). A meter belongs to a thread, because the operators of a value are called by jaq with nothing but values.

use std::{
    cell::{Cell, RefCell},
    hint::black_box,
    panic::resume_unwind,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
};

/// How much stack an expression may use by calling itself; the rest of a worker's stack is for what jaq drops.
const STACK_FOR_CALLS: usize = 48 << 20;

/// How often a run looks whether it is still waited for, in steps.
const LOOK_EVERY: u64 = 64;

/// Why a run was ended from inside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Stop {
    /// Nobody waits any more.
    Abandoned,
    /// All steps were made.
    Steps,
    /// All memory was made use of.
    Memory,
    /// The expression calls itself too deep.
    Calls,
    /// A value nests too deep.
    Depth,
}

struct Meter {
    given: Cell<u64>,
    steps: Cell<u64>,
    memory: Cell<u64>,
    floor: Cell<usize>,
    lowest: Cell<usize>,
    /// The deepest stack and the most steps of the runs before, of one job.
    deepest: Cell<usize>,
    most: Cell<u64>,
    abandoned: RefCell<Option<Arc<AtomicBool>>>,
}

thread_local! {
    static METER: Meter = const {
        Meter {
            given: Cell::new(u64::MAX),
            steps: Cell::new(u64::MAX),
            memory: Cell::new(u64::MAX),
            floor: Cell::new(0),
            lowest: Cell::new(usize::MAX),
            deepest: Cell::new(0),
            most: Cell::new(0),
            abandoned: RefCell::new(None),
        }
    };
}

/// A job begins on this thread; what runs before used is of no interest any more.
pub(super) fn begin_job() {
    METER.with(|meter| {
        meter.given.set(u64::MAX);
        meter.steps.set(u64::MAX);
        meter.lowest.set(usize::MAX);
        meter.deepest.set(0);
        meter.most.set(0);
    });
}

/// Gives the run that begins on this thread what it may use. The stack is counted from here.
pub(super) fn begin(steps: u64, memory: u64, abandoned: Arc<AtomicBool>) {
    let here = address();
    let (deepest, most) = (stack_used(), steps_made());
    METER.with(|meter| {
        meter.deepest.set(deepest);
        meter.most.set(most);
        meter.given.set(steps);
        meter.steps.set(steps);
        meter.memory.set(memory);
        meter.floor.set(here.saturating_sub(STACK_FOR_CALLS));
        meter.lowest.set(here);
        *meter.abandoned.borrow_mut() = Some(abandoned);
    });
}

/// How much stack the runs of this job used at their deepest step.
pub(super) fn stack_used() -> usize {
    let here = address();
    METER.with(|meter| here.saturating_sub(meter.lowest.get()).max(meter.deepest.get()))
}

/// How many steps the longest run of this job made.
pub(super) fn steps_made() -> u64 {
    METER.with(|meter| (meter.given.get() - meter.steps.get()).max(meter.most.get()))
}

/// One step.
pub(super) fn step() {
    steps(1);
}

/// Work that is worth so many steps.
pub(super) fn steps(count: u64) {
    let why = METER.with(|meter| {
        let here = address();
        if here < meter.lowest.get() {
            meter.lowest.set(here);
            if here < meter.floor.get() {
                return Some(Stop::Calls);
            }
        }
        let left = meter.steps.get();
        if left < count {
            return Some(Stop::Steps);
        }
        meter.steps.set(left - count);
        let is_time_to_look = left / LOOK_EVERY != (left - count) / LOOK_EVERY;
        let is_abandoned = |flag: &Arc<AtomicBool>| flag.load(Ordering::Relaxed);
        (is_time_to_look && meter.abandoned.borrow().as_ref().is_some_and(is_abandoned))
            .then_some(Stop::Abandoned)
    });
    if let Some(why) = why {
        stop(why);
    }
}

/// Something of so many bytes is about to be made.
pub(super) fn make(bytes: usize) {
    let is_enough = METER.with(|meter| {
        let left = meter.memory.get();
        let rest = left.checked_sub(bytes as u64);
        meter.memory.set(rest.unwrap_or(left));
        rest.is_some()
    });
    if !is_enough {
        stop(Stop::Memory);
    }
}

/// Ends the run.
pub(super) fn stop(why: Stop) -> ! {
    // Past the hook that prints panics: this is how a run ends, not something that went wrong.
    resume_unwind(Box::new(why))
}

fn address() -> usize {
    let here = 0_u8;
    std::ptr::from_ref(black_box(&here)).addr()
}
