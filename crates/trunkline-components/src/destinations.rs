//! Where records go.

pub(crate) mod chat;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod intercom;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod stdout;
