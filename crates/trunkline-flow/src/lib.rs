//! Flows: source, transforms, destinations, and the engine that runs them.
//!
//! The one rule: nothing here knows HTTP, SQL or Intercom, reads a file, looks at the clock or at the environment. Components bring
//! what reaches outside, ports keep what must be kept. Read [`component`] for the words, [`document`] for a flow's file,
//! [`engine`] for a run, [`jq`] for expressions.

pub mod component;
pub mod conformance;
pub mod document;
pub mod engine;
pub mod jq;
pub mod nearest;
mod origin;
mod record;

pub use component::{
    Batch, ComponentError, Cursor, Delivered, Destination, Failed, Item, Occasion, Read, Reader, Source,
    Transform, Trigger, Verdict,
};
pub use origin::{Frontier, Mark, Marks, Origins};
pub use record::{Head, Record, Shared};
