//! What became of which records, newest first, and for how long that is kept.
//!
//! The one rule: every part of a filter that is given narrows it; a page begins behind a row, not at a number.

use jiff::Timestamp;

use super::{COLUMNS, Fate, FateOutcome, fate};
use crate::{
    DeadLetter, Store, StoreError,
    database::{Statement, Value},
    entropy::first_id_at,
    forgetting::LOT,
    journal::may_be,
    queue::kept_word,
};

/// Which rows. An empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct FateFilter {
    /// Those of a flow.
    pub flow: Option<String>,
    /// Those of a run.
    pub run: Option<String>,
    /// Those of a record by its number in its run.
    pub origin: Option<u64>,
    /// Those for a destination.
    pub destination: Option<String>,
    /// Those of which this became.
    pub outcome: Option<FateOutcome>,
    /// Those of a record by its own id.
    pub record: Option<String>,
    /// Those with a key.
    pub key: Option<String>,
    /// Those at or after this.
    pub since: Option<Timestamp>,
    /// Those before this.
    pub until: Option<Timestamp>,
    /// Those before this one, for whoever pages.
    pub before: Option<String>,
}

impl FateFilter {
    /// Whether a database may be asked for it at all.
    fn may_be(&self) -> bool {
        let mut words = [&self.flow, &self.run, &self.destination, &self.before]
            .into_iter()
            .flatten();
        words.all(|word| may_be(word))
    }

    /// The filter as a condition whose values follow `$1`.
    fn narrow(&self) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                conditions.push(condition.replace("$n", &format!("${}", values.len() + 1)));
            }
        };
        // What has an index of its own is looked through; the other words do not lead away from it.
        let is_few = self.run.is_some() || self.record.is_some();
        let of_flow = if is_few {
            "coalesce(f.flow, '') = $n"
        } else {
            "f.flow = $n"
        };
        let of_destination = if is_few || self.key.is_some() {
            "coalesce(f.destination, '') = $n"
        } else {
            "f.destination = $n"
        };
        let of_run = if self.record.is_some() {
            "coalesce(f.run, '') = $n"
        } else {
            "f.run = $n"
        };
        let kept = |word: &Option<String>| {
            word.as_deref()
                .map(|word| Value::from(kept_word(word).into_owned()))
        };
        let number = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        add(of_flow, self.flow.clone().map(Value::from));
        add(of_destination, self.destination.clone().map(Value::from));
        add(of_run, self.run.clone().map(Value::from));
        add("f.origin = $n", self.origin.map(number));
        add("f.record_id = $n", kept(&self.record));
        add("f.key = $n", kept(&self.key));
        add("f.at >= $n", self.since.map(Value::from));
        add("f.at < $n", self.until.map(Value::from));
        // Ids sort by the same time, and what is sorted by is found without looking at the rest.
        add("f.id >= $n", self.since.map(|since| first_id_at(since).into()));
        add("f.id < $n", self.until.map(|until| first_id_at(until).into()));
        add("f.id < $n", self.before.clone().map(Value::from));
        if let Some(outcome) = self.outcome {
            // The words stand in the text, so that the index of those that were not delivered is found.
            conditions.push(format!("f.outcome = '{}'", outcome.as_str()));
            if outcome != FateOutcome::Delivered {
                conditions.push("f.outcome <> 'delivered'".to_owned());
            }
        }
        (conditions.join(" AND "), values)
    }

    /// The question for the rows that fit, so many at most.
    fn question(&self, limit: u32) -> Statement {
        let (condition, values) = self.narrow();
        let mut question = Statement::new(format!("{COLUMNS} WHERE {condition} ORDER BY f.id DESC LIMIT $1"))
            .bind(i64::from(limit));
        question.values.extend(values);
        question
    }
}

impl Store {
    /// What became of the records that fit, newest first. The next page is that with the last one's id as `before`.
    pub async fn fates(&self, filter: &FateFilter, limit: u32) -> Result<Vec<Fate>, StoreError> {
        if !filter.may_be() {
            return Ok(Vec::new());
        }
        let found = self.read(filter.question(limit)).await?;
        found.into_iter().map(fate).collect()
    }

    /// What became of one record at one place.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn fate(&self, id: &str) -> Result<Fate, StoreError> {
        let found = if may_be(id) {
            self.read_one(Statement::new(format!("{COLUMNS} WHERE f.id = $1")).bind(id))
                .await?
        } else {
            None
        };
        fate(found.ok_or_else(|| StoreError::NotFound {
            kind: "delivery",
            name: id.to_owned(),
        })?)
    }

    /// The id under which the whole way of a letter's record is shown, where that is kept.
    pub async fn way_of_letter(&self, letter: &DeadLetter) -> Result<Option<String>, StoreError> {
        let origins = letter.origins.as_ref();
        let first = origins.and_then(|origins| origins.followed.first());
        let (Some(origin), Some(run)) = (first, &letter.run) else {
            return Ok(None);
        };
        let of_record = FateFilter {
            run: Some(run.clone()),
            origin: Some(origin.number),
            ..FateFilter::default()
        };
        let found = self.fates(&of_record, 1).await?;
        Ok(found.into_iter().next().map(|fate| fate.id))
    }

    /// Forgets what became of records before a moment, of a flow or of all; returns how many rows.
    pub async fn forget_fates(&self, flow: Option<&str>, before: Timestamp) -> Result<u64, StoreError> {
        let of = if flow.is_some() { "flow = $3 AND " } else { "" };
        let mut old = Statement::new(format!(
            "DELETE FROM fates WHERE id IN (SELECT id FROM fates WHERE {of}id < $1 ORDER BY id LIMIT $2)"
        ))
        .bind(first_id_at(before))
        .bind(LOT);
        match flow {
            Some(flow) if !may_be(flow) => return Ok(0),
            Some(flow) => old = old.bind(flow),
            None => {}
        }
        self.forget_in_lots(&old).await
    }

    /// Forgets all but so many of the newest rows of a flow; returns how many.
    pub async fn keep_newest_fates(&self, flow: &str, keep: u32) -> Result<u64, StoreError> {
        if !may_be(flow) {
            return Ok(0);
        }
        let last = Statement::new("SELECT id FROM fates WHERE flow = $1 ORDER BY id DESC LIMIT 1 OFFSET $2")
            .bind(flow)
            .bind(i64::from(keep));
        let Some(mut row) = self.read_one(last).await? else {
            return Ok(0);
        };
        let beyond = Statement::new(
            "DELETE FROM fates WHERE id IN (SELECT id FROM fates WHERE flow = $1 AND id <= $2 ORDER BY id LIMIT $3)",
        )
        .bind(flow)
        .bind(row.text()?)
        .bind(LOT);
        self.forget_in_lots(&beyond).await
    }
}
