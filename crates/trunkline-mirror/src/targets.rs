//! The mirror anywhere: another database, a folder of files or a place in object storage that is brought up to the mirror file after each run.
//!
//! The one rule: what a target holds and how far it says it got change together, or not at all. [`bring_up`] is the same for
//! every target; read `round.rs` for it, `shape.rs` for what is written, `postgres.rs`, `parquet.rs` and `lake.rs` for how.

mod chunks;
mod custom;
mod errors;
pub mod lake;
pub mod parquet;
pub mod postgres;
mod round;
mod shape;
mod views;

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    future::Future,
};

use serde::Serialize;
use tokio::sync::mpsc;

use crate::{feed::Position, storage::StorageError};

pub use chunks::{Cell, Chunk};
pub use errors::TargetError;
pub use round::{Moment, bring_up};
pub use shape::{CellKind, ColumnShape, TableShape};

/// The rows of a table as they come out of the mirror.
pub type Chunks = mpsc::Receiver<Result<Chunk, StorageError>>;

/// What a target wants to be given of a table that changed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Appetite {
    /// The rows that changed.
    Rows,
    /// All rows.
    Tables,
}

/// How much of a table the given rows are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Extent {
    /// All of it: what is not among them is gone.
    Whole,
    /// What changed.
    Changed,
}

/// What a target holds when a round begins.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Standing {
    /// How far it got; nothing when it holds no mirror yet.
    pub position: Option<Position>,
    /// The workspace that it holds.
    pub workspace: Option<String>,
    /// What the columns of custom attributes hold, by table and column.
    pub custom: BTreeMap<String, BTreeMap<String, CellKind>>,
}

/// What became of the rows of one table.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Counts {
    /// Rows that are new.
    pub inserted: u64,
    /// Rows that changed.
    pub updated: u64,
    /// Rows that were taken away.
    pub deleted: u64,
    /// Rows of a table that was written anew as a whole.
    pub rewritten: u64,
}

/// What became of one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct TableReport {
    /// The table.
    pub table: String,
    /// Its rows.
    #[serde(flatten)]
    pub counts: Counts,
}

/// What a round did.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct TargetReport {
    /// The target, without secrets.
    pub to: String,
    /// Whether everything was compared, as the first time; otherwise only what changed since the last round.
    pub snapshot: bool,
    /// The tables that were written.
    pub tables: Vec<TableReport>,
    /// The last change of the mirror that it holds.
    pub position: i64,
    /// How long it took.
    pub seconds: f64,
}

/// Somewhere that a mirror can be kept. One round is [`Target::begin`], [`Target::prepare`], [`Target::write`] for each table
/// and [`Target::commit`]; one that is not committed must leave no trace.
pub trait Target: Send {
    /// What it is called, without secrets.
    fn name(&self) -> &str;

    /// What it wants to be given.
    fn appetite(&self) -> Appetite;

    /// Begins a round and tells what is held. A round that was begun before and not committed is forgotten.
    fn begin(&mut self, moment: &Moment) -> impl Future<Output = Result<Standing, TargetError>> + Send;

    /// Makes and widens tables; answers those that have to be written whole.
    fn prepare(
        &mut self,
        shapes: &[TableShape],
    ) -> impl Future<Output = Result<BTreeSet<String>, TargetError>> + Send;

    /// Writes rows of a table.
    fn write(
        &mut self,
        shape: &TableShape,
        extent: Extent,
        chunks: Chunks,
    ) -> impl Future<Output = Result<Counts, TargetError>> + Send;

    /// Makes everything since [`Target::begin`] hold at once, and with it the position.
    fn commit(
        &mut self,
        workspace: &str,
        position: &Position,
    ) -> impl Future<Output = Result<(), TargetError>> + Send;
}
