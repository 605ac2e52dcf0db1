//! What the mirror says about the work: the end models as views, times within office hours, the figures of a report and
//! its charts.
//!
//! The one rule: a figure has one definition, in `docs/guides/report.md`, and what happened in one conversation has one
//! source, the view `conversation_metrics`. Read [`models`] for the views, [`hours`] and [`schedules`] for office hours, [`figures`] for what
//! is counted, [`read`] for where it comes from, [`page`] and [`plain`] for how it is shown. [`charts`] knows nothing of any of it.

pub mod charts;
mod error;
pub mod figures;
pub mod hours;
pub mod models;
pub mod page;
pub mod plain;
pub mod read;
pub mod schedules;

pub use error::ReportError;

#[cfg(test)]
mod testing;
