//! A workspace's streams kept as tables: which tables there are, how a record becomes a row, and how rows are kept true.
//!
//! The one rule: a checkpoint is saved in the same transaction as the rows that it stands for, never before them.
//! Read [`tables`] for what is kept, [`storage`] for how it is written, [`extract`] for how JSON becomes columns.

pub mod analytics;
pub mod browse;
pub mod check;
pub mod extract;
pub mod feed;
pub mod notifications;
pub mod objects;
pub mod report;
pub mod search;
pub mod storage;
pub mod sync;
pub mod tables;
pub mod targets;
pub mod text;
pub mod time;
pub mod verify;
