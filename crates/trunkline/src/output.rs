//! What people and machines see: progress and errors on standard error, tables and JSON on standard output.

pub(crate) mod errors;
pub(crate) mod json;
pub(crate) mod logs;
pub(crate) mod permissions;
pub(crate) mod progress;
pub(crate) mod publishing;
pub(crate) mod records;
pub(crate) mod report;
pub(crate) mod running;
pub(crate) mod tables;
