//! jq: an expression is compiled once and run on JSON values, through jaq.
//!
//! The one rule: **no expression hangs, ends or outgrows its caller.** A run has a limit in steps, in memory made, in outputs
//! and in time, and whatever it does, [`Expression::run`] returns soon after the time is over.
//!
//! How that is kept, since jaq itself has no limits:
//!
//! - A run has a thread of its own with a stack of known size (`worker.rs`); the caller waits for it no longer than the limit.
//! - At each step of an expression jaq asks our data for its table of terms, and that is where steps are counted, the depth of
//!   the stack is looked at and a run that is no longer waited for ends itself (`meter.rs`). It unwinds, so this crate needs
//!   `panic = "unwind"`.
//! - Values (`value.rs`) count what they allocate, so that ten doublings of a list or `"x" * 1000000000` stop before the
//!   memory is gone, and are refused when they nest too deep to be dropped or printed.
//! - A function that calls itself with filters for arguments pays more steps for each call (`toll.rs`), since jaq makes a chain
//!   of them that is dropped recursively.
//!
//! What cannot be interrupted: one step of the library on one big value, such as the sorting of a list of millions or a search
//! with a regular expression in a long text. The caller gets its answer all the same; the thread goes on to the end of that
//! step and then ends. Memory is what values take by our own count, not what the allocator gives, and texts that the
//! library builds inside of one step (`@html`, `gsub`) are counted when they are there.
//!
//! The language is jq's as jaq speaks it, without what reaches outside: `removed.rs` has the list, each with the reason.
//! Read `compile.rs` next, then `run.rs`.

mod compare;
mod compile;
mod convert;
mod error;
mod meter;
mod natives;
mod operators;
mod paths;
mod position;
mod removed;
mod run;
mod text;
mod toll;
mod value;
mod worker;

#[cfg(test)]
mod tests;

pub use compile::{Expression, MAX_TEXT};
pub use error::{CompileError, RunError, RunFailure};
pub use position::Place;
pub use run::{Input, Limits, MAX_STEPS};
pub use value::MAX_DEPTH;
