//! How true the simulator is: calls of a real workspace are kept, and replayed against the simulator.
//!
//! The one rule: nothing that opens a workspace is ever kept, and values of people only when that was asked for. Read `record.rs`
//! for the listening side, `replay.rs` for how ids find their way, `compare.rs` for what counts as a difference.

mod compare;
mod errors;
mod exchange;
mod record;
mod redact;
mod replay;

pub use self::{
    compare::{Difference, Kind},
    errors::FidelityError,
    record::{RecordOptions, Recording, record},
    replay::{Report, diff},
};

#[cfg(test)]
mod tests;
