//! Which dead letters there are, newest first, how many, and for how long.
//!
//! The one rule: every part of a filter that is given narrows it; a page begins behind a letter, not at a number.

use jiff::Timestamp;
use serde::Serialize;

use super::{COLUMNS, DeadLetter, DeadLetterState, letter, not_found};
use crate::{
    Store, StoreError,
    database::{Statement, Value},
    entropy::first_id_at,
    forgetting::LOT,
    journal::may_be,
    rare::{MOST_WORDS, newest_of_each},
};

/// What is the same with the text taken out does not hold it; `LIKE` minds capitals in one database and not in the other.
const HOLDS_TEXT: &str = "(replace(message, $n, '') <> message OR replace(record, $n, '') <> record \
                          OR replace(source_record, $n, '') <> source_record)";

/// Which dead letters. An empty filter is everything.
#[derive(Clone, Debug, Default)]
pub struct DeadLetterFilter {
    /// Those of a flow.
    pub flow: Option<String>,
    /// Those for a destination.
    pub destination: Option<String>,
    /// Those of a run.
    pub run: Option<String>,
    /// Those with an error's code.
    pub code: Option<String>,
    /// Those in a state.
    pub state: Option<DeadLetterState>,
    /// Those given up at or after this.
    pub since: Option<Timestamp>,
    /// Those given up before this.
    pub until: Option<Timestamp>,
    /// Those whose message or record holds this text.
    pub text: Option<String>,
    /// Those given up before this one, for whoever pages.
    pub before: Option<String>,
}

/// Dead letters that were found, and where to look on.
#[derive(Clone, Debug, Default)]
pub struct FoundDeadLetters {
    /// The letters, newest first.
    pub letters: Vec<DeadLetter>,
    /// What to give as `before` to look on; none where nothing is left to look at.
    pub next: Option<String>,
}

/// How many dead letters wait, of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DeadLetterCount {
    /// The flow's name.
    pub flow: String,
    /// The destination's name.
    pub destination: String,
    /// The error's code.
    pub code: String,
    /// How many.
    pub count: u64,
    /// When the newest was given up.
    pub newest_at: Timestamp,
}

impl DeadLetterFilter {
    /// Whether a database may be asked for it at all.
    pub(super) fn may_be(&self) -> bool {
        let mut words = [&self.flow, &self.destination, &self.run, &self.code, &self.before]
            .into_iter()
            .flatten();
        words.all(|word| may_be(word)) && !self.text.as_ref().is_some_and(|text| text.contains('\0'))
    }

    /// The text that is looked for, where there is one.
    fn asked_text(&self) -> Option<&String> {
        self.text.as_ref().filter(|text| !text.is_empty())
    }

    /// The filter as a condition whose values follow those that are bound before.
    pub(super) fn narrow(&self, first: usize) -> (String, Vec<Value>) {
        let mut values = Vec::new();
        let mut conditions = vec!["true".to_owned()];
        let mut add = |condition: &str, value: Option<Value>| {
            if let Some(value) = value {
                values.push(value);
                let place = format!("${}", first + values.len() - 1);
                conditions.push(condition.replace("$n", &place));
            }
        };
        // A run has fewer than its flow: where both are given, those of the run are looked through.
        let of_flow = if self.run.is_some() {
            "coalesce(flow, '') = $n"
        } else {
            "flow = $n"
        };
        add(of_flow, self.flow.clone().map(Value::from));
        add("destination = $n", self.destination.clone().map(Value::from));
        add("run = $n", self.run.clone().map(Value::from));
        add("code = $n", self.code.clone().map(Value::from));
        add("last_at >= $n", self.since.map(Value::from));
        add("last_at < $n", self.until.map(Value::from));
        // Ids sort by the same time, and what is sorted by is found without looking at the rest.
        add("id >= $n", self.since.map(|since| first_id_at(since).into()));
        add("id < $n", self.until.map(|until| first_id_at(until).into()));
        add("id < $n", self.before.clone().map(Value::from));
        add(HOLDS_TEXT, self.asked_text().map(Value::from));
        if let Some(state) = self.state {
            // The words stand in the text, so that the indexes of those that wait, and of the others, are found.
            conditions.push(format!("state = '{}'", state.as_str()));
            if state != DeadLetterState::Waiting {
                conditions.push("state <> 'waiting'".to_owned());
            }
        }
        (conditions.join(" AND "), values)
    }
}

impl Store {
    /// The dead letters that fit, newest first. The next page is that with the last one's id as `before`.
    pub async fn dead_letters(
        &self,
        filter: &DeadLetterFilter,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        self.dead_letters_from(filter, "", limit).await
    }

    /// The filter as a condition for the newest letters, `$1` of them, from the id `$2` on; its values follow these. None when nothing can
    /// fit. A code that few have stands in no index alone: the kinds that wait are counted beside the letters, and the newest of each that
    /// has it are found by its flow and its destination.
    async fn fitting(&self, filter: &DeadLetterFilter) -> Result<Option<(String, Vec<Value>)>, StoreError> {
        const FIRST: usize = 3;
        let narrowed = |filter: &DeadLetterFilter| {
            let (condition, values) = filter.narrow(FIRST);
            (format!("{condition} AND id >= $2"), values)
        };
        let waits = filter.state == Some(DeadLetterState::Waiting) && filter.run.is_none();
        let Some(code) = filter.code.as_ref().filter(|_| waits) else {
            return Ok(Some(narrowed(filter)));
        };
        let question = Statement::new(
            "SELECT flow, destination FROM dead_letter_counts WHERE code = $1 AND flow = coalesce(CAST($2 AS TEXT), flow) \
             AND destination = coalesce(CAST($3 AS TEXT), destination) GROUP BY flow, destination HAVING sum(waiting) > 0 LIMIT $4",
        )
        .bind(code)
        .bind(filter.flow.clone())
        .bind(filter.destination.clone())
        .bind(i64::try_from(MOST_WORDS + 1).unwrap_or(i64::MAX));
        let kinds = self.read(question).await?;
        if kinds.is_empty() {
            return Ok(None);
        }
        if kinds.len() > MOST_WORDS {
            return Ok(Some(narrowed(filter)));
        }
        let of_any = DeadLetterFilter {
            flow: None,
            destination: None,
            ..filter.clone()
        };
        let (condition, mut values) = narrowed(&of_any);
        let mut each = Vec::with_capacity(kinds.len());
        for mut kind in kinds {
            values.extend([Value::from(kind.text()?), Value::from(kind.text()?)]);
            let last = FIRST + values.len() - 1;
            each.push(format!(
                "{condition} AND flow = ${} AND destination = ${last}",
                last - 1
            ));
        }
        let newest = newest_of_each("dead_letters", "id", &each, "$1");
        Ok(Some((format!("id IN ({newest})"), values)))
    }

    /// Those that fit and were not given up before the one with this id.
    async fn dead_letters_from(
        &self,
        filter: &DeadLetterFilter,
        first: &str,
        limit: u32,
    ) -> Result<Vec<DeadLetter>, StoreError> {
        if !filter.may_be() {
            return Ok(Vec::new());
        }
        let Some((condition, values)) = self.fitting(filter).await? else {
            return Ok(Vec::new());
        };
        let mut question = Statement::new(format!("{COLUMNS} WHERE {condition} ORDER BY id DESC LIMIT $1"))
            .bind(i64::from(limit))
            .bind(first);
        question.values.extend(values);
        self.read(question).await?.into_iter().map(letter).collect()
    }

    /// The newest dead letters that fit. A text stands in no index, so at most `most` letters that fit otherwise are read for one; what
    /// is found may then be little or nothing, and `next` says where to look on.
    pub async fn look_for_dead_letters(
        &self,
        filter: &DeadLetterFilter,
        limit: u32,
        most: u32,
    ) -> Result<FoundDeadLetters, StoreError> {
        let mut last_read = None;
        if filter.asked_text().is_some() && filter.may_be() {
            let without = DeadLetterFilter {
                text: None,
                ..filter.clone()
            };
            let Some((condition, values)) = self.fitting(&without).await? else {
                return Ok(FoundDeadLetters::default());
            };
            let mut question = Statement::new(format!(
                "SELECT min(id) FROM (SELECT id FROM dead_letters WHERE {condition} ORDER BY id DESC LIMIT $1) AS newest \
                 HAVING count(*) = $1"
            ))
            .bind(i64::from(most.max(1)))
            .bind("");
            question.values.extend(values);
            if let Some(mut row) = self.read_one(question).await? {
                last_read = Some(row.text()?);
            }
        }
        let first = last_read.as_deref().unwrap_or_default();
        let mut letters = self
            .dead_letters_from(filter, first, limit.saturating_add(1))
            .await?;
        let has_more = letters.len() > limit as usize;
        letters.truncate(limit as usize);
        let next = match letters.last() {
            Some(last) if has_more => Some(last.id.clone()),
            _ => last_read,
        };
        Ok(FoundDeadLetters { letters, next })
    }

    /// One dead letter.
    ///
    /// # Errors
    /// TL0507 when there is none of this id.
    pub async fn dead_letter(&self, id: &str) -> Result<DeadLetter, StoreError> {
        let found = if may_be(id) {
            self.read_one(Statement::new(format!("{COLUMNS} WHERE id = $1")).bind(id))
                .await?
        } else {
            None
        };
        letter(found.ok_or_else(|| not_found(id))?)
    }

    /// How many dead letters wait, by flow, destination and code. That is kept beside them, so asking costs the same however many there are.
    pub async fn count_dead_letters(&self) -> Result<Vec<DeadLetterCount>, StoreError> {
        let question = Statement::new(
            "SELECT c.flow, c.destination, c.code, CAST(sum(c.waiting) AS BIGINT), (SELECT d.last_at FROM dead_letters AS d \
             WHERE d.flow = c.flow AND d.destination = c.destination AND d.code = c.code AND d.state = 'waiting' ORDER BY d.id DESC LIMIT 1) \
             FROM dead_letter_counts AS c GROUP BY c.flow, c.destination, c.code HAVING sum(c.waiting) > 0 \
             ORDER BY c.flow, c.destination, c.code",
        );
        self.read(question)
            .await?
            .into_iter()
            .map(|mut row| {
                Ok(DeadLetterCount {
                    flow: row.text()?,
                    destination: row.text()?,
                    code: row.text()?,
                    count: u64::try_from(row.int()?).unwrap_or(0),
                    newest_at: row.moment()?,
                })
            })
            .collect()
    }

    /// Forgets dead letters given up before a moment, those that wait included; returns how many. Their dedupe keys are kept from `now`
    /// on as those of deliveries are.
    pub async fn forget_dead_letters(&self, before: Timestamp, now: Timestamp) -> Result<u64, StoreError> {
        let mut forgotten = 0;
        loop {
            let old = "SELECT id FROM dead_letters WHERE last_at < $1 ORDER BY last_at, id LIMIT $2";
            let keys = Statement::new(format!(
                "UPDATE delivery_keys SET done_at = $3 WHERE done_at IS NULL AND (flow, destination, dedupe_key) IN \
                 (SELECT flow, destination, dedupe_key FROM dead_letters WHERE state = 'waiting' AND dedupe_key IS NOT NULL \
                 AND id IN ({old})) \
                 AND NOT EXISTS (SELECT 1 FROM deliveries AS d WHERE d.lane = delivery_keys.lane AND d.seq = delivery_keys.seq)"
            ))
            .bind(before)
            .bind(LOT)
            .bind(now);
            let gone = Statement::new(format!("DELETE FROM dead_letters WHERE id IN ({old})"))
                .bind(before)
                .bind(LOT);
            let done = self.write(vec![keys, gone]).await?;
            let changed = done.last().map_or(0, |done| done.changed);
            forgotten += changed;
            if changed == 0 {
                return Ok(forgotten);
            }
        }
    }
}
