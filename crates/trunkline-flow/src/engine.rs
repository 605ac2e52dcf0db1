//! A run of a flow: reads, transforms, delivers, and keeps how far it came.
//!
//! The one rule: a cursor is kept only when every record before it was delivered, let go by a filter, or kept as a dead letter,
//! and when its destinations have said that what they took is durable. So a run that dies at any moment is taken up where it was,
//! and what is delivered twice is at most what was on its way.
//! Read `run.rs` next, then `lanes.rs` for order and `stages.rs` for what is between; `queue.rs`, `filling.rs` and `draining.rs` for
//! flows whose deliveries wait in a queue; `following.rs` for records whose whole way is kept.

mod draining;
mod filling;
mod flow;
mod following;
mod keeper;
mod lanes;
mod letter;
mod pipeline;
pub mod queue;
mod range;
mod run;
mod stages;
mod staging;
#[cfg(test)]
mod testing;
mod watching;

pub use filling::at_once;
pub use flow::{Flow, MakePipeline, StagedAll, Way};
pub use keeper::{Counts, DeadLetter, Fate, Keeper};
pub use pipeline::{Applied, Pipeline, Refused, Seen, Steps};
pub use range::Ranged;
pub use run::{Ended, Engine, Ran};
pub use watching::{First, Watched, WatchedWay, first};
