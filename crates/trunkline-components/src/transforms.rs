//! What becomes of records on their way: pure, but for the moment, which is told.

pub(crate) mod filter;
pub(crate) mod jq;
pub(crate) mod map;
pub(crate) mod route;
