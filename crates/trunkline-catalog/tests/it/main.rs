//! The embedded catalog as its users see it.

mod operations;
mod paths;
mod streams;
mod tables;
mod topics;
