//! The components that are shipped: where records come from, what becomes of them, where they go.
//!
//! The one rule: a component is one file and one line in `registry.rs`. Its settings are a type, from which come the checks of a
//! flow's file, the JSON Schema and the reference. Read `registry.rs`, then `build.rs` for how a file becomes a flow, then any
//! one component.

mod asks;
mod build;
mod channel;
mod destinations;
mod http;
mod nats;
mod registry;
mod schema;
mod sign;
mod site;
mod sources;
mod sql;
pub mod tables;

mod text;
mod transforms;

pub use asks::{Asks, asks};
pub use build::{Answers, build, build_to_try, is_endless, outputs};
pub use channel::channel;
pub use destinations::is_nats_subject;
pub use nats::{Credentials as NatsCredentials, Server as NatsServer};
pub use registry::{DestinationKind, SourceKind, TransformKind, destinations, kinds, sources, transforms};
pub use schema::{Described, described, schema};
pub use site::{
    Environment, MirrorPlace, Mirrors, Notifications, Notified, Pushed, Pushes, Site, Workspaces,
};
pub use sources::http::Door;
pub use text::Env;
