//! The audit log: who changed what, and when.
//!
//! The one rule: an entry names a deed and what it was done to, never what was given, which may be a secret; entries are added
//! and forgotten in time, never changed.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    Store, StoreError,
    database::{Statement, Value},
    forgetting::LOT,
    journal::may_be,
    rare::{MOST_WORDS, newest_of_each, words_of},
};

/// The longest subject that is kept whole.
const LONGEST_SUBJECT: usize = 200;

/// A change that somebody made.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct AuditEntry {
    /// Our number for it, growing.
    pub seq: i64,
    /// When it was done.
    pub at: Timestamp,
    /// Who did it: a person's name, `key NAME`, or `command line`.
    pub by_whom: String,
    /// What was done, such as `connections.rename`.
    pub deed: String,
    /// What it was done to, such as a connection's name.
    pub subject: String,
}

/// Which entries. Every part that is given narrows it; an empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct AuditFilter {
    /// What somebody did.
    pub by_whom: Option<String>,
    /// Deeds that begin so, such as `connections`.
    pub deed: Option<String>,
    /// Those done at or after this.
    pub since: Option<Timestamp>,
    /// Those with a smaller number, for whoever pages back.
    pub before: Option<i64>,
}

impl Store {
    /// Notes what somebody did.
    pub async fn note_deed(
        &self,
        by_whom: &str,
        deed: &str,
        subject: &str,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let subject: String = subject
            .chars()
            .filter(|letter| !letter.is_control())
            .take(LONGEST_SUBJECT)
            .collect();
        let noted = Statement::new("INSERT INTO audit (at, by_whom, deed, subject) VALUES ($1, $2, $3, $4)")
            .bind(now)
            .bind(by_whom)
            .bind(deed)
            .bind(subject);
        self.write_one(noted).await.map(drop)
    }

    /// The entries that fit, newest first.
    pub async fn audit(&self, filter: &AuditFilter, limit: u32) -> Result<Vec<AuditEntry>, StoreError> {
        let words = [&filter.by_whom, &filter.deed];
        if !words.into_iter().flatten().all(|word| may_be(word)) {
            return Ok(Vec::new());
        }
        let deeds = match &filter.deed {
            Some(beginning) => Some(self.deeds(beginning).await?),
            None => None,
        };
        let mut values = vec![Value::Int(limit.into())];
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace("$n", &format!("${}", values.len())));
            }
        };
        add("by_whom = $n", filter.by_whom.clone().map(Value::from));
        add("at >= $n", filter.since.map(Value::from));
        add("seq < $n", filter.before.map(Value::from));
        let condition = conditions.join(" AND ");
        let condition = match deeds {
            None => condition,
            Some(deeds) if deeds.is_empty() => return Ok(Vec::new()),
            // Nearly all of them begin so.
            Some(deeds) if deeds.len() > MOST_WORDS => {
                values.extend(filter.deed.clone().map(Value::from));
                format!(
                    "{condition} AND substr(deed, 1, length(${0})) = ${0}",
                    values.len()
                )
            }
            Some(deeds) => {
                let each: Vec<String> = (1..=deeds.len())
                    .map(|index| format!("{condition} AND deed = ${}", values.len() + index))
                    .collect();
                values.extend(deeds.into_iter().map(Value::from));
                format!("seq IN ({})", newest_of_each("audit", "seq", &each, "$1"))
            }
        };
        let question = Statement {
            values,
            ..Statement::new(format!(
                "SELECT seq, at, by_whom, deed, subject FROM audit WHERE {condition} ORDER BY seq DESC LIMIT $1"
            ))
        };
        self.read(question)
            .await?
            .into_iter()
            .map(|mut row| {
                Ok(AuditEntry {
                    seq: row.int()?,
                    at: row.moment()?,
                    by_whom: row.text()?,
                    deed: row.text()?,
                    subject: row.text()?,
                })
            })
            .collect()
    }

    /// The deeds that begin so, at most one more than are looked up one by one.
    async fn deeds(&self, beginning: &str) -> Result<Vec<String>, StoreError> {
        let known = words_of("audit", "deed");
        let question = Statement::new(format!(
            "SELECT word FROM ({known}) AS deeds WHERE substr(word, 1, length($1)) = $1 LIMIT $2"
        ))
        .bind(beginning)
        .bind(i64::try_from(MOST_WORDS + 1).unwrap_or(i64::MAX));
        let found = self.read(question).await?;
        found.into_iter().map(|mut row| row.text()).collect()
    }

    /// Forgets entries of before a moment; returns how many.
    pub async fn forget_audit(&self, before: Timestamp) -> Result<u64, StoreError> {
        let old = Statement::new(
            "DELETE FROM audit WHERE seq IN (SELECT seq FROM audit WHERE at < $1 ORDER BY at LIMIT $2)",
        )
        .bind(before)
        .bind(LOT);
        self.forget_in_lots(&old).await
    }
}
