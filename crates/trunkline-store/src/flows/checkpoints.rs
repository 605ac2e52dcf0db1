//! How far each part of a flow's source was read.
//!
//! The one rule: only who holds the flow's lease saves a checkpoint, and none with an older fence than the one that is there; so a
//! runner that was asleep never sets a flow back.

use jiff::Timestamp;
use serde::Serialize;

use super::not_found;
use crate::{
    Lease, Store, StoreError,
    database::{Row, Statement},
    document,
    journal::{check_word, may_be},
};

/// What the names of parts begin with that are ranges of time.
const RANGE: &str = "range:";

/// A position in a part of a source, made durable after its records were acknowledged.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowCheckpoint {
    /// The flow's name.
    pub flow: String,
    /// The part of its source, such as a stream.
    pub part: String,
    /// The cursor, as JSON text.
    pub cursor: String,
    /// The fence of the lease under which it was saved.
    pub fence: i64,
    /// When it was saved.
    pub saved_at: Timestamp,
}

impl Store {
    /// The name of the lease that a flow's runner holds.
    #[must_use]
    pub fn flow_lease(flow: &str) -> String {
        format!("flow:{flow}")
    }

    /// The name of the lease under which ranges of a flow's source are read again, one at a time, beside its runner.
    #[must_use]
    pub fn range_lease(flow: &str) -> String {
        format!("flow:{flow}/range")
    }

    /// The part of a flow's source that is a range of time.
    #[must_use]
    pub fn range_part(since: Timestamp, until: Timestamp) -> String {
        format!("{RANGE}{since}/{until}")
    }

    /// How far a part of a flow's source was read, if anything of it was.
    pub async fn checkpoint(&self, flow: &str, part: &str) -> Result<Option<FlowCheckpoint>, StoreError> {
        if !may_be(part) {
            return Ok(None);
        }
        Ok(self
            .checkpoints(flow)
            .await?
            .into_iter()
            .find(|found| found.part == part))
    }

    /// How far every part of a flow's source was read.
    pub async fn checkpoints(&self, flow: &str) -> Result<Vec<FlowCheckpoint>, StoreError> {
        if !may_be(flow) {
            return Ok(Vec::new());
        }
        let question = Statement::new(
            "SELECT flow, part, cursor, fence, saved_at FROM flow_checkpoints WHERE flow = $1 ORDER BY part",
        )
        .bind(flow);
        self.read(question).await?.into_iter().map(checkpoint).collect()
    }

    /// Saves how far a part of a flow's source was read, under the flow's lease, or
    /// that of its ranges.
    ///
    /// # Errors
    /// TL0518 when the lease was lost or is not the flow's, TL0510 for words that cannot be kept and for a cursor that is not JSON.
    pub async fn save_checkpoint(
        &self,
        flow: &str,
        part: &str,
        cursor: &str,
        holder: &Lease,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        check_word("the flow's name", flow)?;
        check_word("the part of the source", part)?;
        document::check("the cursor", cursor)?;
        let lost = || StoreError::NotHeld {
            kind: "flow",
            name: flow.to_owned(),
        };
        let lease = if part.starts_with(RANGE) {
            Self::range_lease(flow)
        } else {
            Self::flow_lease(flow)
        };
        if holder.name != lease {
            return Err(lost());
        }
        let saved = Statement::new(
            "INSERT INTO flow_checkpoints (flow, part, cursor, fence, saved_at) VALUES ($1, $2, $3, $4, $5) \
             ON CONFLICT (flow, part) DO UPDATE SET cursor = excluded.cursor, fence = excluded.fence, saved_at = excluded.saved_at \
             WHERE flow_checkpoints.fence <= excluded.fence",
        )
        .bind(flow)
        .bind(part)
        .bind(cursor)
        .bind(holder.fence)
        .bind(now)
        .exactly(1);
        match self.write(vec![holder.held(), saved]).await {
            Err(StoreError::Unmet) => Err(lost()),
            other => other.map(drop),
        }
    }

    /// Forgets how far a flow's source was read, all of it or one part, so that it is read from its beginning; returns how many
    /// parts that were. Under a lease, as saving is.
    ///
    /// # Errors
    /// TL0507 when there is no such flow, TL0518 when the lease was lost.
    pub async fn forget_checkpoints(
        &self,
        flow: &str,
        part: Option<&str>,
        holder: &Lease,
    ) -> Result<u64, StoreError> {
        self.find_flow(flow).await?.ok_or_else(|| not_found(flow))?;
        let forgotten = Statement::new(
            "DELETE FROM flow_checkpoints WHERE flow = $1 AND part = coalesce(CAST($2 AS TEXT), part)",
        )
        .bind(flow)
        .bind(part);
        match self.write(vec![holder.held(), forgotten]).await {
            Err(StoreError::Unmet) => Err(StoreError::NotHeld {
                kind: "flow",
                name: flow.to_owned(),
            }),
            other => Ok(other?.last().map_or(0, |done| done.changed)),
        }
    }
}

fn checkpoint(mut row: Row) -> Result<FlowCheckpoint, StoreError> {
    Ok(FlowCheckpoint {
        flow: row.text()?,
        part: row.text()?,
        cursor: row.text()?,
        fence: row.int()?,
        saved_at: row.moment()?,
    })
}
