//! The product from outside: the real binary against the real simulator, over a socket.
//!
//! The one rule: nothing here looks inside a crate; what a test knows, it knows from the command line, from the
//! database file or from the simulator's own account of the truth. Read `harness.rs` next.

mod bad_input;
mod commands;
mod extras;
mod harness;
mod incremental;
mod kill;
mod limits;
mod places;
mod quickstart;
mod requests;
mod sharing;
mod truncation;
mod truth;
mod versions;
mod workspaces;
