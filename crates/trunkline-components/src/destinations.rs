//! Where records go.

pub(crate) mod chat;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod intercom;
pub(crate) mod mail;
pub(crate) mod nats;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod stdout;

pub use nats::is_subject as is_nats_subject;
