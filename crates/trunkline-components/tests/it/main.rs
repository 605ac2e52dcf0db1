//! Components as flows use them: built from a flow's text, held to the suite beside the traits, and to what is their own.
//!
//! `harness.rs` has the site; `conformance/` a subject for each source and destination; the rest is good and bad input.

mod bucket;
mod conformance;
mod desk;
mod destinations;
mod documents;
mod harness;
mod http;
mod mail;
mod mirror;
mod nats;
mod parquet;
mod reference;
mod sources;
mod tables;
