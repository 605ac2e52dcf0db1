//! Pushes: records that somebody sent to a flow's own address, kept from before they were acknowledged.
//!
//! The one rule: a push is kept once for each key of its flow, and read by its number; numbers that a reader sees have no gap that is
//! still to be filled ([`Store::push_horizon`]).

use jiff::Timestamp;

use crate::{
    Received, Store, StoreError,
    database::{Row, Statement},
    document,
    forgetting::LOT,
    journal::{check_word, may_be},
    queue::kept_word,
};

/// A record that was pushed to a flow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Push {
    /// Our number for it, growing.
    pub seq: i64,
    /// What tells it from others of the flow: as the sender said, or our own id.
    pub id: String,
    /// The record, as JSON text.
    pub body: String,
    /// When it arrived.
    pub received_at: Timestamp,
}

impl Store {
    /// Keeps records that were pushed to a flow, each with the key that tells a repeat; all of them or none. When this returns, they
    /// are on disk.
    ///
    /// # Errors
    /// TL0510 for a flow that cannot be kept and for a record that is not JSON.
    pub async fn push(
        &self,
        flow: &str,
        records: &[(Option<String>, String)],
        now: Timestamp,
    ) -> Result<Vec<Received>, StoreError> {
        check_word("the flow's name", flow)?;
        let mut statements = Vec::with_capacity(records.len());
        for (key, body) in records {
            document::check("the record", body)?;
            let key = match key {
                Some(key) => kept_word(key).into_owned(),
                None => self.entropy.id(now),
            };
            statements.push(
                Statement::new(
                    "INSERT INTO pushes (flow, dedup, body, received_at) VALUES ($1, $2, $3, $4) \
                     ON CONFLICT (flow, dedup) DO NOTHING RETURNING seq",
                )
                .bind(flow)
                .bind(key)
                .bind(body)
                .bind(now),
            );
        }
        self.write(statements)
            .await?
            .into_iter()
            .map(|mut done| match done.rows.pop() {
                Some(mut row) => Ok(Received::New(row.int()?)),
                None => Ok(Received::Repeated),
            })
            .collect()
    }

    /// The number up to which all pushes are there that ever will be, if it is beyond one that is known.
    pub async fn push_horizon(&self, known: i64) -> Result<Option<i64>, StoreError> {
        self.horizon("pushes", known).await
    }

    /// Pushes to a flow behind a number, up to another, in order.
    pub async fn pushes(
        &self,
        flow: &str,
        (after, until): (i64, i64),
        limit: u32,
    ) -> Result<Vec<Push>, StoreError> {
        if !may_be(flow) {
            return Ok(Vec::new());
        }
        let question = Statement::new(
            "SELECT seq, dedup, body, received_at FROM pushes WHERE flow = $1 AND seq > $2 AND seq <= $3 ORDER BY seq LIMIT $4",
        )
        .bind(flow)
        .bind(after)
        .bind(until)
        .bind(i64::from(limit));
        self.read(question).await?.into_iter().map(push).collect()
    }

    /// The last push to a flow that arrived before a moment, by its number; 0 when there is none.
    pub async fn push_before(&self, flow: &str, moment: Timestamp) -> Result<i64, StoreError> {
        let question =
            Statement::new("SELECT coalesce(max(seq), 0) FROM pushes WHERE flow = $1 AND received_at < $2")
                .bind(flow)
                .bind(moment);
        match self.read_one(question).await? {
            Some(mut row) => row.int(),
            None => Ok(0),
        }
    }

    /// Forgets pushes to a flow up to a number that arrived before a moment; returns how many.
    pub async fn forget_pushes(&self, flow: &str, until: i64, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM pushes WHERE seq IN (SELECT seq FROM pushes WHERE flow = $1 AND seq <= $2 AND received_at < $3 \
             ORDER BY seq LIMIT $4)",
        )
        .bind(flow)
        .bind(until)
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}

fn push(mut row: Row) -> Result<Push, StoreError> {
    Ok(Push {
        seq: row.int()?,
        id: row.text()?,
        body: row.text()?,
        received_at: row.moment()?,
    })
}
