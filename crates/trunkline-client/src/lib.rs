//! Calls operations of Intercom's API: auth, region, version, rate budget, retry, paging and errors in one place.
//!
//! The one rule: nobody else in the project talks HTTP to Intercom, so every call takes its place in the budget and
//! leaves through the one ordered stack of `stack.rs`. Read [`Client`] next, then `stack.rs`, then `pages.rs`.

mod answer;
mod budget;
mod call;
mod client;
mod clock;
mod connection;
mod error;
mod ledger;
mod log;
pub mod oauth;
mod pages;
pub mod permissions;
mod raw;
mod redact;
pub mod request;
pub mod retry;
mod settings;
mod stack;
mod transport;

pub use answer::Answer;
pub use budget::{BudgetState, BudgetUse};
pub use call::{Call, Priority};
pub use client::{Client, Meter};
pub use clock::{Clock, ManualClock, SystemClock};
pub use connection::{BuildError, Connection, Region};
pub use error::{CallError, CallFailure, Disposition, ErrorKind, Refusal};
pub use ledger::{LedgerPage, PortError, ProcessTurns, RateLedger, ScrollTurn, ScrollTurns, Told, Turn};
pub use log::{RequestLog, RequestRecord};
pub use pages::{Page, PageState, Pages};
pub use raw::{Draft, RawAnswer, RawCall, RawError};
pub use redact::redact_text;
pub use settings::Settings;
pub use transport::{Exchange, Transport, TransportError, with_causes};

#[cfg(test)]
mod testing;
