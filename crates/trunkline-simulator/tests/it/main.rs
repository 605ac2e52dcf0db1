//! The simulated workspace as any HTTP client meets it: every test starts one on a free port and talks to it over a socket.
//!
//! The one rule: what is expected here comes from the platform's facts, never from the simulator's own code.

mod activity;
mod admins;
mod articles;
mod companies;
mod contacts;
mod conversations;
mod data_attributes;
mod data_events;
mod errors;
mod faults;
mod habits;
mod harness;
mod memberships;
mod merges;
mod messages;
mod paging;
mod pipeline;
mod reference;
mod repeatable;
mod scroll;
mod search;
mod tags;
mod tickets;
mod truth;
mod versions;
mod visitors;
