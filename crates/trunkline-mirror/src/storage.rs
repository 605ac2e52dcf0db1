//! The mirror's database: one writer thread that applies batches, and readers beside it.
//!
//! The one rule: [`Storage::write`] answers only after its batch and its checkpoint are committed together.
//! Read [`Change`] for what can be written, `writer.rs` for the thread, `apply.rs` for what each change does.

mod change;
mod engine;
mod errors;
mod handle;
mod opening;
mod options;
mod queries;
mod writer;

pub use change::{Batch, Change, Checkpoint, Tally, Written};
pub use errors::{BadColumnRef, StorageError};
pub use handle::Storage;
pub use options::{ColumnRef, StorageOptions};
pub use queries::{
    Alias, Completeness, Needs, PendingContact, PendingParts, Rejects, StreamCompleteness, StreamCount, Workspace,
};
