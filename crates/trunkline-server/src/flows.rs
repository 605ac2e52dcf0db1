//! Flows of a process: run under a lease, one run of a flow at a time, with everything that must outlive it in the store.
//!
//! The one rule: whoever runs a flow holds the flow's lease, and stops when it is lost; so a flow's cursor is moved by one process
//! only, however many there are. Read `flows/runner.rs` for a run, `flows/keeper.rs` for what is kept, `flows/schedule.rs` for
//! when, `flows/way.rs` for what became of a record.

mod by_hand;
mod forgetting;
mod keeper;
mod letting_go;
mod mirrors;
mod notifications;
mod pushes;
mod queue;
mod runner;
mod schedule;
mod way;
mod workspaces;

pub(crate) use by_hand::ByHand;
pub(crate) use forgetting::forget_all;
pub(crate) use schedule::{runner, supervise};

pub use letting_go::let_go;
pub use mirrors::StoredMirrors;
pub use notifications::StoredNotifications;
pub use queue::Wakes;
pub use runner::{DrainOptions, FlowError, FlowRunner, Report, RunOptions, environment};
pub use way::{RecordPlace, RecordWay, way};
