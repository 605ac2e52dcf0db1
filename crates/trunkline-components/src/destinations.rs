//! Where records go.

pub(crate) mod chat;
pub(crate) mod file;
pub(crate) mod http;
pub(crate) mod intercom;
pub(crate) mod mail;
pub(crate) mod nats;
pub(crate) mod postgres;
pub(crate) mod sqlite;
pub(crate) mod stdout;

pub use nats::is_subject as is_nats_subject;

use trunkline_flow::{Delivered, Record};

/// Brings records one after the other, each by itself.
async fn one_by_one<'a, F: Future<Output = Delivered>>(
    records: &'a [Record],
    bring: impl Fn(&'a Record) -> F,
) -> Vec<Delivered> {
    let mut results = Vec::with_capacity(records.len());
    for record in records {
        results.push(bring(record).await);
    }
    results
}
