//! How much happened lately, minute by minute: notifications that came, records that flows delivered.
//!
//! The one rule: a question looks at the minutes that it asks for and at nothing older, so it costs the same however much is kept.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::{Store, StoreError, database::Statement};

const MINUTE: i64 = 60_000;

/// What happened in one minute.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Minute {
    /// When it began.
    pub at: Timestamp,
    /// Notifications that were received.
    pub received: u64,
    /// Records that arrived at every destination, by runs of flows that ended in it.
    pub delivered: u64,
}

impl Store {
    /// The last minutes up to now, oldest first; every one of them, also where nothing happened.
    pub async fn pulse(&self, minutes: u16, now: Timestamp) -> Result<Vec<Minute>, StoreError> {
        let last = now.as_millisecond().div_euclid(MINUTE);
        let first = last - i64::from(minutes) + 1;
        let since = now - SignedDuration::from_millis(now.as_millisecond() - first * MINUTE);
        let received = self
            .by_minute(
                "SELECT received_at / 60000, count(*) FROM notifications WHERE received_at >= $1 GROUP BY 1",
                since,
            )
            .await?;
        let delivered = self
            .by_minute(
                "SELECT ended_at / 60000, CAST(sum(delivered) AS BIGINT) FROM flow_runs WHERE ended_at >= $1 GROUP BY 1",
                since,
            )
            .await?;
        let count = |counts: &BTreeMap<i64, u64>, minute| counts.get(&minute).copied().unwrap_or(0);
        Ok((first..=last)
            .map(|minute| Minute {
                at: Timestamp::from_millisecond(minute * MINUTE).unwrap_or(now),
                received: count(&received, minute),
                delivered: count(&delivered, minute),
            })
            .collect())
    }

    async fn by_minute(&self, sql: &'static str, since: Timestamp) -> Result<BTreeMap<i64, u64>, StoreError> {
        self.read(Statement::new(sql).bind(since))
            .await?
            .into_iter()
            .map(|mut row| Ok((row.int()?, u64::try_from(row.int()?).unwrap_or(0))))
            .collect()
    }
}
