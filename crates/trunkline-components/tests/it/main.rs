//! Components as flows use them: built from a flow's text, held to the suite beside the traits, and to what is their own.
//!
//! `harness.rs` has the site; `conformance/` a subject for each source and destination; the rest is good and bad input.

mod conformance;
mod destinations;
mod documents;
mod harness;
mod http;
mod mail;
mod nats;
mod sources;
mod tables;
