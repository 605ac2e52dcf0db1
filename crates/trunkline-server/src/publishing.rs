//! Rows on their way into Intercom: where they come from, what they become, what is kept of each. For `trunkline publish` and for the
//! console's imports, which make and resume the same batches.
//!
//! The one rule: whatever decides what a row becomes is in [`Orders`], which the store keeps with the batch, so whoever resumes it, by
//! whichever door, makes of every row what it would have been. The engine is `trunkline_actions::publish`. Read `orders.rs` next, then
//! `reading.rs` for how the rows come, `keeper.rs` for what is kept of them.

mod error;
mod files;
mod keeper;
mod orders;
mod reading;
mod source;

pub use error::PublishError;
pub use files::is_table;
pub use keeper::{Columns, Keeper};
pub use orders::{Orders, Rules, zone};
pub use reading::{Look, Reader};
pub use source::{Format, Peek, Source};
