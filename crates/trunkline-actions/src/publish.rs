//! Publishing: one action on row after row, many at once, each row carried out once.
//!
//! The one rule: nothing here knows files or terminals. Rows come through a channel, what became of them goes to a
//! [`Clerk`] in the order of the rows, and how far a batch has come is noted only after the clerk has kept what it was told. Read
//! [`Publisher`] next, then `lanes.rs` for the order of rows about one person and `frontier.rs` for the order of what is told.

mod columns;
mod end;
mod engine;
mod frontier;
mod lanes;
mod shape;
mod survey;

pub use columns::{BadColumns, check_columns};
pub use end::{End, Original, PlannedRow, Rejection, Row, RowEnd};
pub use engine::{Clerk, Finish, Halt, Live, Publisher, Way};
pub use frontier::Progress;
pub use shape::{Empty, Mapper, Shape};
pub use survey::{FieldCounts, Survey};
