//! The long-running process: it receives webhooks, finishes grants, keeps mirrors, and answers for all of it over HTTP, to programs by
//! the JSON API and to people by the console.
//!
//! The one rule: a notification is answered with 200 only after the store has it on disk. Read [`Server`] next, then
//! `routes.rs` for every address that it answers, `receiver.rs` for a notification's way in, and `console.rs` for the pages.

mod alerts;
mod api;
mod batches;
mod calls;
mod connect;
mod console;
mod cookie;
mod error;
mod flows;
mod grant;
mod health;
mod identities;
mod imports;
mod indexing;
mod invitations;
mod journal;
mod keeper;
mod listener;
mod metrics;
mod options;
pub mod publishing;
mod push;
mod receiver;
mod recipes;
mod renewal;
mod reply;
mod request_log;
mod retention;
mod routes;
mod server;
mod shared;
mod sharing;
mod sign_in;
mod signature;
mod target;
mod wake;
mod workspaces;

pub use alerts::{AlertSettings, Channel, Channels, title as alert_title};
pub use api::api_description;
pub use batches::StoredBatch;
pub use calls::{NatsSettings, call_nodes};
pub use connect::{Opened, connect, identify};
pub use error::ServerError;
pub use flows::{
    DrainOptions, FlowError, FlowRunner, RecordPlace, RecordWay, Report, RunOptions, StoredMirrors,
    StoredNotifications, Wakes, environment, let_go, way as record_way,
};
pub use grant::{Code, endpoints, finish_grant};
pub use invitations::{invite, invite_first};
pub use journal::{RunHolder, StoredJournal};
pub use keeper::IDLE_READER;
pub use options::{Retention, ServerOptions, TlsFiles};
pub use recipes::{RECIPES, Recipe};
pub use request_log::StoredLog;
pub use server::Server;
pub use sign_in::begin_grant;
pub use target::Target;
