//! Claiming lanes, and keeping or giving them back.
//!
//! The one rule: a claim raises the lane's fence, and whoever held the lane before is refused from then on. Lanes take turns: each claim
//! puts a lane behind all others, so a flow with a million deliveries and one with three get on alike.

use jiff::{SignedDuration, Timestamp};

use super::{Delivery, HeldLane, NEXT_AT, RecordForm};
use crate::{
    Store, StoreError,
    database::{Row, Statement, Value},
    fates::origins,
    journal::{check_word, may_be},
};

const COLUMNS: &str = "lane, seq, key, dedupe_key, record, form, run, due_at, enqueued_at, attempts, error, first_at, \
     head, source_record, origins";

/// What somebody wants to work on.
#[derive(Clone, Debug)]
pub struct Claim {
    /// Who wants it.
    pub owner: String,
    /// For how long without a word from him.
    pub life: SignedDuration,
    /// How many lanes at most.
    pub lanes: u32,
    /// How many deliveries of each at most.
    pub deliveries: u32,
    /// Those of one flow only.
    pub flow: Option<String>,
    /// Those for one destination only.
    pub destination: Option<String>,
    /// Of flows that are paused too: somebody asked for it.
    pub of_paused: bool,
}

/// A lane in one's hands, with the first that wait in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedLane {
    /// By which its deliveries are settled.
    pub held: HeldLane,
    /// The flow's name.
    pub flow: String,
    /// The destination's name.
    pub destination: String,
    /// Whether its deliveries have to arrive in this order; those without a key need not.
    pub keeps_order: bool,
    /// How often in a row it was claimed without anything coming of it: whoever held it died, or settled nothing.
    pub fruitless: i64,
    /// What is due, in order.
    pub deliveries: Vec<Delivery>,
}

impl Store {
    /// Claims lanes in which something is due, of active flows, those first that were not claimed for the longest.
    ///
    /// # Errors
    /// TL0510 for an owner that cannot be kept.
    pub async fn claim(&self, claim: &Claim, now: Timestamp) -> Result<Vec<ClaimedLane>, StoreError> {
        check_word("the owner's name", &claim.owner)?;
        let mut names = [&claim.flow, &claim.destination].into_iter().flatten();
        if claim.lanes == 0 || claim.deliveries == 0 || !names.all(|name| may_be(name)) {
            return Ok(Vec::new());
        }
        let taken = Statement::new(format!(
            "WITH due AS MATERIALIZED (SELECT id FROM flow_lanes WHERE pending > 0 AND next_at <= $3 AND locked_until <= $3 \
             AND flow IN (SELECT name FROM flows WHERE state = 'active' OR CAST($7 AS BIGINT) = 1) \
             AND flow = coalesce(CAST($5 AS TEXT), flow) AND destination = coalesce(CAST($6 AS TEXT), destination) \
             ORDER BY turn, id LIMIT $4 {}) \
             UPDATE flow_lanes SET owner = $1, locked_until = $2, fence = fence + 1, fruitless = fruitless + 1, \
             turn = (SELECT max(turn) + 1 FROM flow_lanes) \
             WHERE id IN (SELECT id FROM due) AND pending > 0 AND locked_until <= $3 \
             RETURNING id, fence, flow, destination, is_loose, fruitless",
            self.database.passing_over_locked()
        ))
        .bind(&claim.owner)
        .bind(now + claim.life)
        .bind(now)
        .bind(i64::from(claim.lanes))
        .bind(claim.flow.clone())
        .bind(claim.destination.clone())
        .bind(claim.of_paused);
        let mut lanes = Vec::new();
        for mut row in self.write_one(taken).await?.rows {
            lanes.push(ClaimedLane {
                held: HeldLane {
                    lane: row.int()?,
                    fence: row.int()?,
                },
                flow: row.text()?,
                destination: row.text()?,
                keeps_order: !row.flag()?,
                fruitless: row.int()? - 1,
                deliveries: Vec::new(),
            });
        }
        for keeps_order in [true, false] {
            self.fill(&mut lanes, keeps_order, claim.deliveries, now).await?;
        }
        // What is due may have been taken away with its flow, or the clock has gone back.
        for empty in lanes.extract_if(.., |lane| lane.deliveries.is_empty()) {
            self.release(&empty.held).await.or_else(still_held)?;
        }
        Ok(lanes)
    }

    /// Keeps a lane for longer.
    ///
    /// # Errors
    /// TL0518 when the lane was claimed by somebody else.
    pub async fn renew_lane(
        &self,
        held: &HeldLane,
        life: SignedDuration,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let renewed = Statement::new(
            "UPDATE flow_lanes SET locked_until = $1 WHERE id = $2 AND fence = $3 AND owner IS NOT NULL",
        )
        .bind(now + life)
        .bind(held.lane)
        .bind(held.fence);
        match self.write_one(renewed).await?.changed {
            0 => Err(held.lost()),
            _ => Ok(()),
        }
    }

    /// Gives a lane back before its time is over; what was not settled is handed out again.
    ///
    /// # Errors
    /// TL0518 when the lane was claimed by somebody else.
    pub async fn release(&self, held: &HeldLane) -> Result<(), StoreError> {
        match self.write_one(held.moved(0, false, true)).await {
            Err(StoreError::Unmet) => Err(held.lost()),
            other => other.map(drop),
        }
    }

    /// Reads what is due in the lanes of one kind.
    async fn fill(
        &self,
        lanes: &mut [ClaimedLane],
        keeps_order: bool,
        limit: u32,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let theirs: Vec<i64> = lanes
            .iter()
            .filter(|lane| lane.keeps_order == keeps_order)
            .map(|lane| lane.held.lane)
            .collect();
        if theirs.is_empty() {
            return Ok(());
        }
        let mut first = vec![Value::Int(limit.into())];
        if !keeps_order {
            first.push(now.into());
        }
        let each: Vec<String> = (0..theirs.len())
            .map(|index| {
                let lane = first.len() + 1 + index;
                // Of a lane that keeps its order, whether the first are due is seen below: one that is not ends what is handed out.
                let which = if keeps_order {
                    "ORDER BY seq"
                } else {
                    "AND is_loose = 1 AND due_at <= $2 ORDER BY due_at, seq"
                };
                format!(
                    "SELECT * FROM (SELECT {COLUMNS} FROM deliveries WHERE lane = ${lane} {which} LIMIT $1) AS of{index}"
                )
            })
            .collect();
        let question = Statement {
            values: first
                .into_iter()
                .chain(theirs.into_iter().map(Value::Int))
                .collect(),
            ..Statement::new(each.join(" UNION ALL "))
        };
        let mut found: Vec<(i64, Delivery)> = Vec::new();
        for row in self.read(question).await? {
            found.push(delivery(row)?);
        }
        for lane in lanes.iter_mut().filter(|lane| lane.keeps_order == keeps_order) {
            lane.deliveries = found
                .extract_if(.., |(of, _)| *of == lane.held.lane)
                .map(|(_, delivery)| delivery)
                .collect();
            if keeps_order {
                lane.deliveries.sort_by_key(|delivery| delivery.seq);
                let due = lane
                    .deliveries
                    .iter()
                    .take_while(|delivery| delivery.due_at <= now)
                    .count();
                lane.deliveries.truncate(due);
            } else {
                lane.deliveries
                    .sort_by_key(|delivery| (delivery.due_at, delivery.seq));
            }
        }
        Ok(())
    }
}

impl HeldLane {
    pub(super) fn lost(&self) -> StoreError {
        StoreError::NotHeld {
            kind: "lane",
            name: self.lane.to_string(),
        }
    }

    /// The lane with fewer deliveries, and free if it is given back. Undone unless it is still held.
    pub(super) fn moved(&self, gone: u64, is_fruitful: bool, is_free: bool) -> Statement {
        let free = if is_free {
            ", owner = NULL, locked_until = 0"
        } else {
            ""
        };
        let fruit = if is_fruitful { ", fruitless = 0" } else { "" };
        Statement::new(format!(
            "UPDATE flow_lanes SET pending = pending - $1, next_at = {NEXT_AT}{fruit}{free} \
             WHERE id = $2 AND fence = $3 AND owner IS NOT NULL"
        ))
        .bind(i64::try_from(gone).unwrap_or(i64::MAX))
        .bind(self.lane)
        .bind(self.fence)
        .exactly(1)
    }
}

/// That somebody else has it already is as good as having given it back.
fn still_held(error: StoreError) -> Result<(), StoreError> {
    match error {
        StoreError::NotHeld { .. } => Ok(()),
        other => Err(other),
    }
}

fn delivery(mut row: Row) -> Result<(i64, Delivery), StoreError> {
    let lane = row.int()?;
    Ok((
        lane,
        Delivery {
            seq: row.int()?,
            key: row.text_or_none()?,
            dedupe_key: row.text_or_none()?,
            record: row.text()?,
            form: RecordForm::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
                what: "a delivery of an unknown form".to_owned(),
            })?,
            run: row.text_or_none()?,
            due_at: row.moment()?,
            enqueued_at: row.moment()?,
            attempts: row.int()?,
            error: row.text_or_none()?,
            first_at: row.moment_or_none()?,
            head: row.text_or_none()?,
            source_record: row.text_or_none()?,
            origins: origins(row.text_or_none()?)?,
        },
    ))
}
