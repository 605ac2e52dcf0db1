//! Removing a flow.
//!
//! The one rule: what hangs on a flow, its checkpoints and what it still has to deliver, goes with it only when that was asked for.

use super::not_found;
use crate::{Store, StoreError, database::Statement, forgetting::LOT};

/// A flow's history: what is never read again once it goes, so that it may go before the flow does.
const HISTORY: [&str; 3] = [
    "DELETE FROM dead_letters WHERE id IN (SELECT id FROM dead_letters WHERE flow = $1 LIMIT $2)",
    "DELETE FROM fates WHERE id IN (SELECT id FROM fates WHERE flow = $1 LIMIT $2)",
    "DELETE FROM flow_runs WHERE id IN (SELECT id FROM flow_runs WHERE flow = $1 AND ended_at IS NOT NULL LIMIT $2)",
];

/// What hangs on a flow, and the word for it; history is not among it.
const HANGING: [(&str, &str); 3] = [
    (
        "checkpoints",
        "SELECT count(*) FROM flow_checkpoints WHERE flow = $1",
    ),
    (
        "waiting deliveries",
        "SELECT CAST(coalesce(sum(pending), 0) AS BIGINT) FROM flow_lanes WHERE flow = $1",
    ),
    (
        "dead letters",
        "SELECT CAST(coalesce(sum(waiting), 0) AS BIGINT) FROM dead_letter_counts WHERE flow = $1",
    ),
];

impl Store {
    /// Removes a flow: with everything that hangs on it, its history included, or only when nothing does. Whoever removes one with much
    /// history and is interrupted finds the flow with a part of it, and removes it again.
    ///
    /// # Errors
    /// TL0507 when there is none of this name; TL0880 when something hangs on it and it was not said that this goes too.
    pub async fn remove_flow(&self, name: &str, with_its_state: bool) -> Result<(), StoreError> {
        self.flow(name).await?;
        if !with_its_state {
            let hanging = self.hanging_on(name).await?;
            if !hanging.is_empty() {
                return Err(StoreError::FlowHolds {
                    name: name.to_owned(),
                    what: hanging.join(", "),
                });
            }
        }
        if with_its_state {
            for history in HISTORY {
                self.forget_in_lots(&Statement::new(history).bind(name).bind(LOT))
                    .await?;
            }
        }
        let mut statements: Vec<_> = [
            // Whoever adds a delivery right now is waited for.
            "UPDATE flow_lanes SET fence = fence + 1 WHERE flow = $1",
            "DELETE FROM deliveries WHERE lane IN (SELECT id FROM flow_lanes WHERE flow = $1)",
            "DELETE FROM flow_lanes WHERE flow = $1",
            "DELETE FROM delivery_keys WHERE flow = $1",
            "DELETE FROM flow_checkpoints WHERE flow = $1",
            "DELETE FROM fates WHERE flow = $1",
        ]
        .map(|sql| Statement::new(sql).bind(name))
        .into();
        if with_its_state {
            statements.extend(
                [
                    "DELETE FROM dead_letters WHERE flow = $1",
                    "DELETE FROM flow_runs WHERE flow = $1",
                ]
                .map(|sql| Statement::new(sql).bind(name)),
            );
        } else {
            // Something may have been added since we looked.
            statements.insert(
                0,
                Statement::new(
                    "UPDATE flows SET version = version WHERE name = $1 \
                     AND NOT EXISTS (SELECT 1 FROM flow_lanes WHERE flow = $1 AND pending > 0) \
                     AND NOT EXISTS (SELECT 1 FROM flow_checkpoints WHERE flow = $1)",
                )
                .bind(name)
                .exactly(1),
            );
        }
        statements.push(
            Statement::new("DELETE FROM flows WHERE name = $1")
                .bind(name)
                .exactly(1),
        );
        match self.write(statements).await {
            Err(StoreError::Unmet) if self.find_flow(name).await?.is_none() => Err(not_found(name)),
            other => other.map(drop),
        }
    }

    async fn hanging_on(&self, name: &str) -> Result<Vec<String>, StoreError> {
        let mut hanging = Vec::new();
        for (what, sql) in HANGING {
            let row = self.read_one(Statement::new(sql).bind(name)).await?;
            let count = row.map_or(Ok(0), |mut row| row.int())?;
            if count > 0 {
                hanging.push(format!("{count} {what}"));
            }
        }
        Ok(hanging)
    }
}
