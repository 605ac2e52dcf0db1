//! Which of the kept notifications somebody wants to see, or to have applied once more.
//!
//! The one rule: every part of a filter that is given narrows it; an empty filter is everything.

use jiff::Timestamp;

use super::{COLUMNS, Notification, NotificationState, notification};
use crate::{
    Store, StoreError,
    database::{Statement, Value},
    rare::{MOST_WORDS, newest_of_each, words_of},
};

/// Which notifications.
#[derive(Clone, Debug, Default)]
pub struct NotificationFilter {
    /// Those of a workspace.
    pub workspace: Option<String>,
    /// Those with one of these topics.
    pub topics: Vec<String>,
    /// Those in a state.
    pub state: Option<NotificationState>,
    /// Those received at or after this.
    pub since: Option<Timestamp>,
    /// Those received before this.
    pub until: Option<Timestamp>,
    /// Those with a greater number, for whoever follows.
    pub after: Option<i64>,
    /// Those with a smaller number, for whoever pages back.
    pub before: Option<i64>,
    /// Those up to this number, for whoever must not pass over any: [`Store::notification_horizon`].
    pub up_to: Option<i64>,
}

impl NotificationFilter {
    /// All of the filter but its topics, as conditions whose values follow those that are bound before.
    fn conditions(&self, first: usize) -> (Vec<String>, Vec<Value>) {
        let mut values = Vec::new();
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(format!("{condition} ${}", first + values.len() - 1));
            }
        };
        add("workspace =", self.workspace.clone().map(Value::from));
        add("received_at >=", self.since.map(Value::from));
        add("received_at <", self.until.map(Value::from));
        add("seq >", self.after.map(Value::from));
        add("seq <", self.before.map(Value::from));
        add("seq <=", self.up_to.map(Value::from));
        if let Some(state) = self.state {
            // The word stands in the text, so that the indexes of what waits and of what failed are found.
            conditions.push(format!("state = '{}'", state.as_str()));
        }
        (conditions, values)
    }

    /// The filter as a condition; `topic` is the topic's column, or what hides it from the indexes.
    fn narrow(&self, topic: &str, first: usize) -> (String, Vec<Value>) {
        let (mut conditions, mut values) = self.conditions(first);
        if !self.topics.is_empty() {
            let places: Vec<String> = (0..self.topics.len())
                .map(|index| format!("${}", first + values.len() + index))
                .collect();
            conditions.push(format!("{topic} IN ({})", places.join(", ")));
            values.extend(self.topics.iter().map(Value::from));
        }
        (conditions.join(" AND "), values)
    }

    /// The question for those that fit, so many at most.
    fn question(&self, limit: u32) -> Statement {
        let limit = Value::Int(limit.into());
        let of_topics = 1..=MOST_WORDS;
        let (sql, values) = if self.after.is_none() && of_topics.contains(&self.topics.len()) {
            let (conditions, mut values) = self.conditions(2);
            let each: Vec<String> = (0..self.topics.len())
                .map(|index| {
                    format!(
                        "{} AND topic = ${}",
                        conditions.join(" AND "),
                        2 + values.len() + index
                    )
                })
                .collect();
            values.extend(self.topics.iter().map(Value::from));
            let newest = newest_of_each("notifications", "seq", &each, "$1");
            (
                format!("{COLUMNS} WHERE seq IN ({newest}) ORDER BY seq DESC LIMIT $1"),
                values,
            )
        } else {
            // Whoever follows reads on from where they were, in order.
            let (condition, values) = self.narrow("coalesce(topic, '')", 2);
            let order = if self.after.is_some() { "ASC" } else { "DESC" };
            (
                format!("{COLUMNS} WHERE {condition} ORDER BY seq {order} LIMIT $1"),
                values,
            )
        };
        Statement {
            values: std::iter::once(limit).chain(values).collect(),
            ..Statement::new(sql)
        }
    }
}

impl Store {
    /// The number up to which all notifications are there that ever will be, if it is beyond one that is known.
    pub async fn notification_horizon(&self, known: i64) -> Result<Option<i64>, StoreError> {
        self.horizon("notifications", known).await
    }

    /// The last notification that was received before a moment, by its number; 0 when there is none.
    pub async fn notification_before(&self, moment: Timestamp) -> Result<i64, StoreError> {
        let question =
            Statement::new("SELECT coalesce(max(seq), 0) FROM notifications WHERE received_at < $1")
                .bind(moment);
        match self.read_one(question).await? {
            Some(mut row) => row.int(),
            None => Ok(0),
        }
    }

    /// The notifications that fit, newest first; oldest first for whoever follows (`after`).
    pub async fn notifications(
        &self,
        filter: &NotificationFilter,
        limit: u32,
    ) -> Result<Vec<Notification>, StoreError> {
        self.read(filter.question(limit))
            .await?
            .into_iter()
            .map(notification)
            .collect()
    }

    /// How many notifications fit.
    pub async fn count_notifications(&self, filter: &NotificationFilter) -> Result<u64, StoreError> {
        let (condition, values) = filter.narrow("topic", 1);
        let question = Statement {
            values,
            ..Statement::new(format!("SELECT count(*) FROM notifications WHERE {condition}"))
        };
        let count = self
            .read_one(question)
            .await?
            .map_or(Ok(0), |mut row| row.int())?;
        Ok(u64::try_from(count).unwrap_or(0))
    }

    /// The notification of a number of ours or an id of Intercom's.
    pub async fn notification(&self, id: &str) -> Result<Notification, StoreError> {
        let question = match id.parse::<i64>() {
            Ok(seq) => Statement::new(format!("{COLUMNS} WHERE seq = $1")).bind(seq),
            // Repeats are told by the same id, in an index of their own.
            Err(_) => Statement::new(format!(
                "{COLUMNS} WHERE dedup = $1 AND notification = $1 AND workspace IN ({}) ORDER BY seq LIMIT 1",
                words_of("notifications", "workspace")
            ))
            .bind(id),
        };
        let row = self
            .read_one(question)
            .await?
            .ok_or_else(|| StoreError::NotFound {
                kind: "notification",
                name: id.to_owned(),
            })?;
        notification(row)
    }

    /// Lets the notifications that fit wait again, so that they are applied once more; returns how many.
    pub async fn replay(&self, filter: &NotificationFilter, now: Timestamp) -> Result<u64, StoreError> {
        let (condition, values) = filter.narrow("topic", 2);
        let replayed = Statement {
            values: std::iter::once(Value::from(now)).chain(values).collect(),
            ..Statement::new(format!(
                "UPDATE notifications SET state = 'waiting', attempts = 0, error = NULL, next_at = $1 WHERE {condition}"
            ))
        };
        Ok(self.write_one(replayed).await?.changed)
    }
}
