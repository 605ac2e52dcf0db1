//! What Intercom tells by webhooks, and what the mirror makes of it: bodies are decoded, applied at once, and audited by
//! the next poll.
//!
//! The one rule: a notification is a hint. It comes late, twice, out of order or not at all, so it only ever writes what is
//! newer than what is held, and what it cannot tell precisely is fetched. Read `decode.rs` for bodies, `heads.rs` for
//! what each topic is about, `apply.rs` for what is done, `audit.rs` for what the poll finds afterwards.

mod apply;
mod audit;
mod contact;
mod coverage;
mod decode;
mod errors;
mod fetch;
mod fields;
mod heads;
mod plan;
mod record;
mod state;

#[cfg(test)]
mod tests;

pub use apply::{AppliedReport, Outcome, TryAgain, apply};
pub use audit::{Gap, Silence, gaps, silent};
pub use coverage::{streams_of, told_by};
pub use decode::{Head, Notification, decode};
pub use errors::DecodeError;
