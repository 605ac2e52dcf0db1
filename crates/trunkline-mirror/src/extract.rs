//! How a record's JSON becomes the values of a row: one pass over the text with a compiled set of paths.
//!
//! The one rule: a value of an unexpected shape becomes NULL, never an error; only text that is no JSON object is one.
//! Read `plan.rs` for the paths, `visit.rs` for the pass, `list.rs` for the lists inside a record, `scan.rs` for JSON itself.

mod list;
mod plan;
mod scan;
mod splice;
mod value;
mod visit;

pub use list::{List, keys};
pub use plan::{Extracted, Plan};
pub use scan::NotJson;
pub use splice::{quoted, with_fields};
pub use value::Value;

#[cfg(test)]
mod tests;
