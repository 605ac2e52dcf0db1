//! The simulated workspace as any HTTP client meets it: every test starts one on a free port and talks to it over a socket.
//!
//! The one rule: what is expected here comes from the platform's facts, never from the simulator's own code.

mod activity;
mod admins;
mod ai_agent;
mod articles;
mod attachments;
mod bad_connections;
mod bad_input;
mod bulk_jobs;
mod calls;
mod companies;
mod contacts;
mod content;
mod conversations;
mod custom_object_instances;
mod data_attributes;
mod data_connectors;
mod data_events;
mod errors;
mod exports;
mod faults;
mod fin;
mod habits;
mod harness;
mod memberships;
mod merges;
mod messages;
mod oauth;
mod office_hours;
mod paging;
mod panel;
mod pipeline;
mod reference;
mod repeatable;
mod scroll;
mod search;
mod settings;
mod tags;
mod tickets;
mod truth;
mod versions;
mod visitors;
mod webhooks;
mod workspaces;
