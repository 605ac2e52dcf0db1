//! Fates: what became of each record whose whole way is kept, a row for each destination that it came to, or one that says it was let go.
//!
//! The one rule: rows of one record of the source belong together by its run and its number there. What several were joined into has a row
//! for each of them; the record and the answer stand in that of the first.
//! Read `fates/query.rs` for which there are and for how long.

mod query;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    Entropy, Store, StoreError,
    database::{Row, Statement, Value},
    document,
    journal::check_word,
    queue::{Type, in_lots, kept_word},
};

pub use query::FateFilter;

/// The name of the destination of those that were let go, or given up before any.
const NO_DESTINATION: &str = "-";

const COLUMNS: &str = "SELECT f.id, f.flow, f.run, f.version, f.origin, f.record_id, f.key, f.destination, f.outcome, f.head, \
                       f.source_record, coalesce(f.record, i.record), f.joined, f.joined_into, coalesce(f.answer, i.answer), f.letter, \
                       f.attempts, f.at FROM fates AS f LEFT JOIN fates AS i ON i.id = f.joined_into";

/// What became of a record.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum FateOutcome {
    /// A destination took it.
    Delivered,
    /// No destination wanted it: a filter or a condition let nothing through.
    LetGo,
    /// It became a dead letter.
    Dead,
}

impl FateOutcome {
    const ALL: [Self; 3] = [Self::Delivered, Self::LetGo, Self::Dead];

    /// The word for it in the database and in JSON.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delivered => "delivered",
            Self::LetGo => "let_go",
            Self::Dead => "dead",
        }
    }

    /// The outcome of a word.
    #[must_use]
    pub fn of(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|outcome| outcome.as_str() == word)
    }
}

/// Which record of its run's source something came of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// Its number, in the order in which the run read.
    pub number: u64,
    /// Its own id, where it says one.
    #[serde(default)]
    pub id: Option<String>,
}

/// What something came of.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origins {
    /// The records whose way is kept.
    pub followed: Vec<Origin>,
    /// How many records there were in all.
    pub of: u64,
}

/// What became of a record, to be kept. Documents are JSON text.
#[derive(Clone, Debug)]
pub struct NewFate {
    /// The run that read it.
    pub run: String,
    /// The version of the flow whose transforms it went through; that of the run when it is none.
    pub version: Option<i64>,
    /// Which records it came of, each as the source gave it, where that is known.
    pub origins: Vec<(Origin, Option<String>)>,
    /// Of how many records that was made in all.
    pub joined: u64,
    /// The destination; none when it came to none.
    pub destination: Option<String>,
    /// What became of it.
    pub outcome: FateOutcome,
    /// Its key.
    pub key: Option<String>,
    /// What is known of it without looking into it.
    pub head: Option<String>,
    /// As it was delivered, where it was not as the source gave it.
    pub record: Option<String>,
    /// What the destination answered.
    pub answer: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When that was.
    pub at: Timestamp,
}

/// What became of a record.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Fate {
    /// Our id; ids sort by the time of what became of the records.
    pub id: String,
    /// The flow's name.
    pub flow: String,
    /// The run that read it.
    pub run: String,
    /// The version of the flow whose transforms it went through; 0 when it is not known.
    pub version: i64,
    /// Its number in its run.
    pub origin: u64,
    /// Its own id.
    pub record_id: Option<String>,
    /// Its key.
    pub key: Option<String>,
    /// The destination's name; `-` when it came to none.
    pub destination: String,
    /// What became of it.
    pub outcome: FateOutcome,
    /// What is known of it without looking into it.
    pub head: Option<String>,
    /// As the source gave it.
    pub source_record: Option<String>,
    /// As it was delivered, where it was not as the source gave it.
    pub record: Option<String>,
    /// How many records what was delivered was made of.
    pub joined: u64,
    /// The row that has what it was joined into, where that is another.
    pub joined_into: Option<String>,
    /// What the destination answered.
    pub answer: Option<String>,
    /// The dead letter that it became.
    pub letter: Option<String>,
    /// How often it was tried.
    pub attempts: i64,
    /// When that was.
    pub at: Timestamp,
}

impl Store {
    /// Keeps what became of records of a flow.
    ///
    /// # Errors
    /// TL0510 for words that cannot be kept and for documents that are not JSON.
    pub async fn add_fates(&self, flow: &str, fates: &[NewFate]) -> Result<(), StoreError> {
        check_word("the flow's name", flow)?;
        for fate in fates {
            fate.check()?;
        }
        let rows = fates
            .iter()
            .flat_map(|fate| fate.rows(&self.entropy, None))
            .collect();
        self.write(adding(flow, rows)).await.map(drop)
    }
}

impl NewFate {
    /// That what was given up became a dead letter.
    #[must_use]
    pub fn of_letter(
        origins: &Origins,
        run: &str,
        destination: &str,
        key: Option<&String>,
        attempts: i64,
        at: Timestamp,
    ) -> Self {
        Self {
            run: run.to_owned(),
            version: None,
            origins: origins
                .followed
                .iter()
                .map(|origin| (origin.clone(), None))
                .collect(),
            joined: origins.of,
            destination: Some(destination.to_owned()),
            outcome: FateOutcome::Dead,
            key: key.cloned(),
            head: None,
            record: None,
            answer: None,
            attempts,
            at,
        }
    }

    pub(crate) fn check(&self) -> Result<(), StoreError> {
        check_word("the run's id", &self.run)?;
        if let Some(destination) = &self.destination {
            check_word("the destination's name", destination)?;
        }
        let sources = self.origins.iter().filter_map(|(_, source)| source.as_ref());
        let documents = sources
            .map(|source| ("the source's record", source))
            .chain(self.record.iter().map(|text| ("the record", text)))
            .chain(self.head.iter().map(|text| ("the record's head", text)))
            .chain(self.answer.iter().map(|text| ("the answer", text)));
        for (what, text) in documents {
            document::check(what, text)?;
        }
        Ok(())
    }

    /// A row for each record that it came of.
    pub(crate) fn rows(&self, entropy: &Entropy, letter: Option<&str>) -> Vec<Vec<Value>> {
        let kept = |word: &String| kept_word(word).into_owned();
        let count = |number: u64| Value::Int(i64::try_from(number).unwrap_or(i64::MAX));
        let mut first: Option<String> = None;
        let mut rows = Vec::with_capacity(self.origins.len());
        for (origin, source) in &self.origins {
            let id = entropy.id(self.at);
            let is_first = first.is_none();
            let own = |text: &Option<String>| Value::from(text.clone().filter(|_| is_first));
            rows.push(vec![
                Value::from(&id),
                Value::from(&self.run),
                self.version.into(),
                count(origin.number),
                origin.id.as_ref().map(kept).into(),
                self.key.as_ref().map(kept).into(),
                self.destination.as_deref().unwrap_or(NO_DESTINATION).into(),
                self.outcome.as_str().into(),
                self.head.clone().into(),
                source.clone().into(),
                own(&self.record),
                count(self.joined.max(1)),
                first.clone().into(),
                own(&self.answer),
                letter.map(str::to_owned).into(),
                Value::Int(self.attempts),
                self.at.into(),
            ]);
            first.get_or_insert(id);
        }
        rows
    }
}

/// What keeps rows of a flow. The version is the run's where none is said.
pub(crate) fn adding(flow: &str, rows: Vec<Vec<Value>>) -> Vec<Statement> {
    const TEXT: Type = Type::Text;
    const INT: Type = Type::Int;
    in_lots(
        (
            "INSERT INTO fates (id, flow, run, version, origin, record_id, key, destination, outcome, head, source_record, record, joined, \
             joined_into, answer, letter, attempts, at) SELECT v.column1, $1, v.column2, coalesce(v.column3, r.version, 0), v.column4, \
             v.column5, v.column6, v.column7, v.column8, v.column9, v.column10, v.column11, v.column12, v.column13, v.column14, \
             v.column15, v.column16, v.column17 FROM (VALUES ",
            ") AS v LEFT JOIN flow_runs AS r ON r.id = v.column2",
        ),
        &[
            TEXT, TEXT, INT, INT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, TEXT, INT, TEXT, TEXT, TEXT, INT, INT,
        ],
        &[flow.into()],
        rows,
    )
}

/// What something came of, as it stands in a row; nothing where no way is kept.
pub(crate) fn written(origins: Option<&Origins>) -> Value {
    let kept = origins.filter(|origins| !origins.followed.is_empty());
    kept.and_then(|origins| document::write(origins).ok()).into()
}

/// The same, read from a row.
pub(crate) fn origins(text: Option<String>) -> Result<Option<Origins>, StoreError> {
    text.map(|text| document::read(&text)).transpose()
}

fn fate(mut row: Row) -> Result<Fate, StoreError> {
    let number = |number: i64| u64::try_from(number).unwrap_or(0);
    Ok(Fate {
        id: row.text()?,
        flow: row.text()?,
        run: row.text()?,
        version: row.int()?,
        origin: number(row.int()?),
        record_id: row.text_or_none()?,
        key: row.text_or_none()?,
        destination: row.text()?,
        outcome: FateOutcome::of(&row.text()?).ok_or_else(|| StoreError::Damaged {
            what: "an unknown outcome of a record".to_owned(),
        })?,
        head: row.text_or_none()?,
        source_record: row.text_or_none()?,
        record: row.text_or_none()?,
        joined: number(row.int()?),
        joined_into: row.text_or_none()?,
        answer: row.text_or_none()?,
        letter: row.text_or_none()?,
        attempts: row.int()?,
        at: row.moment()?,
    })
}
