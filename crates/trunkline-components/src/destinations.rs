//! Where records go.

pub(crate) mod file;
pub(crate) mod intercom;
pub(crate) mod stdout;
