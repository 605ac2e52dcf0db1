//! Where records come from.

pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod intercom;
pub(crate) mod mirror;
pub(crate) mod nats;
pub(crate) mod sql;
pub(crate) mod webhook;
