//! The search language of contacts, conversations and tickets (facts 4.4).
//!
//! The one rule: a query is checked and compiled once, with every time turned into bounds in seconds; rows are then only
//! compared. The fields that may be asked for are in the files named after the resources.

pub(crate) mod company_fields;
mod compile;
pub(crate) mod contact_fields;
pub(crate) mod conversation_fields;
pub(crate) mod fields;
mod run;
pub(crate) mod ticket_fields;

pub(crate) use compile::{Filter, Times, compile};
pub(crate) use run::{Plan, run, run_counted_once};
