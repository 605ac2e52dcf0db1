//! The request log: calls and grants, as their redacted records, for as long as they are wanted.
//!
//! The one rule: records arrive redacted; nothing here looks into them.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Store, StoreError,
    database::{Statement, Value},
    forgetting::LOT,
};

/// Rows that are written together.
const TOGETHER: usize = 256;

/// One call or exchange.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Request {
    /// Our number for it, growing; 0 for one that is not kept yet.
    pub seq: i64,
    /// The connection's id.
    pub connection: String,
    /// When it ended.
    pub at: Timestamp,
    /// The HTTP status; none when there was no answer.
    pub status: Option<u16>,
    /// The redacted record, as JSON text.
    pub record: String,
}

/// Which requests.
#[derive(Clone, Debug, Default)]
pub struct RequestFilter {
    /// Those of a connection, by its id.
    pub connection: Option<String>,
    /// Those with a status from the first to the second, both included; 0 to 0 for those without an answer.
    pub status: Option<(u16, u16)>,
    /// Those that ended at or after this.
    pub since: Option<Timestamp>,
    /// Those with a smaller number, for whoever pages back.
    pub before: Option<i64>,
}

impl Store {
    /// Keeps requests.
    pub async fn log_requests(&self, requests: &[Request]) -> Result<(), StoreError> {
        for some in requests.chunks(TOGETHER) {
            let statements = some
                .iter()
                .map(|request| {
                    Statement::new(
                        "INSERT INTO requests (connection, at, status, record) VALUES ($1, $2, $3, $4)",
                    )
                    .bind(&request.connection)
                    .bind(request.at)
                    .bind(request.status.map(i64::from))
                    .bind(&request.record)
                })
                .collect();
            self.write(statements).await?;
        }
        Ok(())
    }

    /// The requests that fit, newest first.
    pub async fn requests(&self, filter: &RequestFilter, limit: u32) -> Result<Vec<Request>, StoreError> {
        let mut values = vec![Value::Int(limit.into())];
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{condition} ${}", values.len()));
            }
        };
        add("connection =", filter.connection.clone().map(Value::from));
        add(
            "coalesce(status, 0) >=",
            filter.status.map(|(low, _)| i64::from(low).into()),
        );
        add(
            "coalesce(status, 0) <=",
            filter.status.map(|(_, high)| i64::from(high).into()),
        );
        add("at >=", filter.since.map(Value::from));
        add("seq <", filter.before.map(Value::from));
        if filter.status.is_some_and(|(low, high)| high == 0 || low >= 400) {
            // It stands in the text, so that the index of what was refused is found.
            conditions.push("(status IS NULL OR status >= 400)".to_owned());
        }
        let question = Statement {
            values,
            ..Statement::new(format!(
                "SELECT seq, connection, at, status, record FROM requests WHERE {} ORDER BY seq DESC LIMIT $1",
                conditions.join(" AND ")
            ))
        };
        self.read(question)
            .await?
            .into_iter()
            .map(|mut row| {
                Ok(Request {
                    seq: row.int()?,
                    connection: row.text()?,
                    at: row.moment()?,
                    status: row.int_or_none()?.and_then(|status| u16::try_from(status).ok()),
                    record: row.text()?,
                })
            })
            .collect()
    }

    /// Forgets requests that ended before a moment; returns how many.
    pub async fn forget_requests(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM requests WHERE seq IN (SELECT seq FROM requests WHERE at < $1 ORDER BY at LIMIT $2)",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}
