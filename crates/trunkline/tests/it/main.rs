//! The product from outside: the real binary against the real simulator, over a socket.
//!
//! The one rule: nothing here looks inside a crate; what a test knows, it knows from the command line, from the
//! database file or from the simulator's own account of the truth. Only `notifications.rs` calls the mirror itself, as
//! whoever receives webhooks does. Read `harness.rs` next.

mod actions;
mod alerts;
mod api_guide;
mod bad_input;
mod browser;
mod bucket;
mod calls;
mod commands;
mod complete;
mod console;
mod crowd;
mod extras;
mod flows;
mod flows_deliveries;
mod flows_push;
mod flows_queue;
mod harness;
mod incremental;
mod journeys;
mod kill;
mod killing;
mod limits;
mod lookup;
mod names;
mod notifications;
mod oauth;
mod output;
mod permissions;
mod places;
mod process;
mod publish;
mod quickstart;
mod receiver;
mod recipes;
mod report;
mod request;
mod requests;
mod serve;
mod sharing;
mod sink;
mod targets;
mod truncation;
mod truth;
mod upgrade;
mod versions;
mod workspaces;
