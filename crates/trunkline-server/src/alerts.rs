//! Alerts: somebody is told when a flow fails, dead letters grow, a connection needs a new grant, a mirror is stale or a
//! subscription is silent; and when that is over.
//!
//! The one rule: one process looks, under a lease, and what it found is in the store before anybody is told; so a restart repeats
//! nothing, and a channel that cannot be reached delays no other. Read `alerts/conditions.rs` for what is looked at,
//! `alerts/course.rs` for when something is said, `alerts/watch.rs` for the rounds, `alerts/channels.rs` for the ways out.

mod channels;
mod conditions;
mod course;
mod settings;
#[cfg(test)]
mod tests;
mod watch;
mod words;

pub(crate) use watch::supervise;

pub use channels::{Channel, Channels};
pub(crate) use conditions::KINDS;
pub use settings::AlertSettings;
pub(crate) use words::advice;
pub use words::title;
