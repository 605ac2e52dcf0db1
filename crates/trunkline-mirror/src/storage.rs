//! The mirror's database: one writer thread that applies batches, and readers beside it.
//!
//! The one rule: [`Storage::write`] answers only after its batch and its checkpoint are committed together.
//! Read [`Change`] for what can be written, `writer.rs` for the thread, `apply.rs` for what each change does.

mod apply;
mod change;
mod engine;
mod errors;
mod files;
mod handle;
mod history;
mod layout;
mod lists;
mod members;
mod models;
mod office;
mod opening;
mod options;
mod parts;
mod passes;
mod privacy;
mod queries;
mod schema;
mod scrub;
mod steady;
mod upsert;
mod vanish;
mod views;
mod work;
mod writer;

pub use change::{Batch, Change, Checkpoint, Newest, Tally, Written};
pub use errors::{BadColumnRef, StorageError};
pub use handle::Storage;
pub(crate) use opening::{is_mirror, reader};
pub use options::{ColumnRef, StorageOptions};
pub use queries::{
    Alias, Completeness, Needs, PendingContact, PendingParts, Rejects, StreamCompleteness, StreamCount,
    Workspace,
};

pub(crate) use views::labels;

#[cfg(test)]
mod tests;
