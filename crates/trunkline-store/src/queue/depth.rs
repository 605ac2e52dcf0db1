//! How much waits, for whom, and since when it is due.
//!
//! The one rule: the lanes know it, so asking costs the same however much waits.

use jiff::Timestamp;
use serde::Serialize;

use crate::{Store, StoreError, database::Statement};

/// What waits for one destination of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct QueueDepth {
    /// The flow's name.
    pub flow: String,
    /// The destination's name.
    pub destination: String,
    /// How many deliveries wait or are under way.
    pub pending: u64,
    /// In how many lanes.
    pub lanes: u64,
    /// How many of these somebody is at.
    pub held: u64,
    /// When the first of what waits is due.
    pub oldest_due: Timestamp,
}

impl Store {
    /// What waits, by flow and destination. Destinations for which nothing waits are not named.
    pub async fn queue_depths(&self, now: Timestamp) -> Result<Vec<QueueDepth>, StoreError> {
        let question = Statement::new(
            "SELECT flow, destination, CAST(sum(pending) AS BIGINT), count(*), \
             count(CASE WHEN locked_until > $1 THEN 1 END), min(next_at) \
             FROM flow_lanes WHERE pending > 0 GROUP BY flow, destination ORDER BY flow, destination",
        )
        .bind(now);
        let count = |number: i64| u64::try_from(number).unwrap_or(0);
        self.read(question)
            .await?
            .into_iter()
            .map(|mut row| {
                Ok(QueueDepth {
                    flow: row.text()?,
                    destination: row.text()?,
                    pending: count(row.int()?),
                    lanes: count(row.int()?),
                    held: count(row.int()?),
                    oldest_due: row.moment()?,
                })
            })
            .collect()
    }

    /// How many deliveries of a flow wait or are under way.
    pub async fn pending_deliveries(&self, flow: &str) -> Result<u64, StoreError> {
        let question = Statement::new(
            "SELECT CAST(coalesce(sum(pending), 0) AS BIGINT) FROM flow_lanes WHERE flow = $1",
        )
        .bind(flow);
        match self.read_one(question).await? {
            Some(mut row) => Ok(u64::try_from(row.int()?).unwrap_or(0)),
            None => Ok(0),
        }
    }

    /// When something of a flow can be claimed next, paused or not; none when nothing waits. It may be over already.
    pub async fn next_delivery_of(&self, flow: &str) -> Result<Option<Timestamp>, StoreError> {
        let question = Statement::new(
            "SELECT min(CASE WHEN locked_until > next_at THEN locked_until ELSE next_at END) FROM flow_lanes \
             WHERE pending > 0 AND flow = $1",
        )
        .bind(flow);
        match self.read_one(question).await? {
            Some(mut row) => row.moment_or_none(),
            None => Ok(None),
        }
    }

    /// When something can be claimed next, of active flows; none when nothing waits. It may be over already.
    pub async fn next_delivery_at(&self) -> Result<Option<Timestamp>, StoreError> {
        let question = Statement::new(
            "SELECT min(CASE WHEN locked_until > next_at THEN locked_until ELSE next_at END) FROM flow_lanes \
             WHERE pending > 0 AND flow IN (SELECT name FROM flows WHERE state = 'active')",
        );
        match self.read_one(question).await? {
            Some(mut row) => row.moment_or_none(),
            None => Ok(None),
        }
    }
}
