//! `sql`: the rows of a query on SQLite or PostgreSQL, in the order of a column that grows.
//!
//! The one rule: rows that share the cursor column's value are not torn apart. Each look begins at the value that was reached, not
//! behind it, and leaves out the rows that were given already; so a row that appears there later is not lost.

mod postgres;
mod sqlite;

use std::{collections::BTreeMap, path::PathBuf, sync::Arc, time::Duration};

use futures::future::BoxFuture;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trunkline_flow::{
    Batch, ComponentError, Cursor, Head, Item, Occasion, Read, Reader, Record, Source,
    document::{Mistake, Node, Span, read},
};
use xxhash_rust::xxh3::xxh3_128;

use crate::{Site, registry::SourceKind, text::Env};

pub(crate) const KIND: SourceKind = SourceKind {
    name: "sql",
    summary: "Gives the rows of a query on SQLite or PostgreSQL that are new since the last run.",
    is_rereadable: true,
    is_endless: |settings| settings.get("every").is_some(),
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// The most rows at once.
const MOST: u32 = 10_000;

/// Gives the rows of a query.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The SQLite database; it is only read. Relative paths begin at the flow's file.
    #[serde(default)]
    sqlite: Option<String>,
    /// The variable of the environment that holds the address of a PostgreSQL database, such as `postgres://user:password@host/database`.
    #[serde(default)]
    postgres: Option<Env>,
    /// The query.
    query: String,
    /// The column of its rows that grows, such as `updated_at`. Rows in which it is null are not read.
    cursor: String,
    /// How many rows are given at once.
    #[serde(default = "some")]
    batch: u32,
    /// How often it looks for new rows; unless told, a run ends behind the last row.
    #[serde(default)]
    every: Option<Span>,
    /// The stream that its rows are said to be of.
    #[serde(default)]
    stream: Option<String>,
}

const fn some() -> u32 {
    500
}

#[derive(Clone, Debug)]
enum Database {
    Sqlite(PathBuf),
    Postgres(Env),
}

struct Querying {
    settings: Settings,
    database: Database,
    site: Site,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Source>, Mistake> {
    let mut settings: Settings = read(node)?;
    let database = match (&settings.sqlite, &settings.postgres) {
        (Some(path), None) => Database::Sqlite(site.path(path)),
        (None, Some(address)) => Database::Postgres(address.clone()),
        _ => {
            return Err(Mistake::new(
                node.spot,
                "a query needs one database",
                "Give either `sqlite: FILE` or `postgres: {env: NAME}`.",
            ));
        }
    };
    let spot = |key: &str| node.get(key).map_or(node.spot, |value| value.spot);
    settings.query = settings.query.trim().trim_end_matches(';').trim_end().to_owned();
    if settings.query.is_empty() || settings.query.contains('\0') {
        return Err(Mistake::new(
            spot("query"),
            "there is no query",
            "Give a `SELECT`.",
        ));
    }
    if settings.batch == 0 || settings.batch > MOST {
        let message = format!("a batch has from 1 to {MOST} rows");
        return Err(Mistake::new(spot("batch"), message, "500 is usual."));
    }
    Ok(Arc::new(Querying {
        settings,
        database,
        site: site.clone(),
    }))
}

/// A row as the database gave it.
struct Found {
    /// The value of the cursor column.
    at: Value,
    /// What it holds; or why it is no record.
    row: Result<Value, String>,
    /// Stands for all that it holds.
    hash: String,
}

impl Found {
    fn new(at: Value, row: Result<Value, String>) -> Self {
        let text = match &row {
            Ok(row) => row.to_string(),
            Err(why) => why.clone(),
        };
        let hash = format!("{:032x}", xxh3_128(text.as_bytes()));
        Self { at, row, hash }
    }
}

/// Where it stands: the value that was reached, and the rows with this value that were given.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
struct Standing {
    #[serde(default)]
    value: Value,
    /// How often each was given, by its hash.
    #[serde(default)]
    seen: BTreeMap<String, u64>,
}

enum Session {
    Sqlite(sqlite::Session),
    Postgres(postgres::Session),
}

impl Session {
    /// Rows from a value on, in the order of the cursor column.
    async fn rows(&mut self, from: &Value, most: u64) -> Result<Vec<Found>, ComponentError> {
        match self {
            Self::Sqlite(session) => session.rows(from, most).await,
            Self::Postgres(session) => session.rows(from, most).await,
        }
    }
}

impl Source for Querying {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        _: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let standing: Standing = match cursor {
                Some(Cursor(cursor)) if cursor.is_object() => {
                    serde_json::from_value(cursor).map_err(|_| foreign())?
                }
                _ => Standing::default(),
            };
            if standing.value.is_array() || standing.value.is_boolean() {
                return Err(foreign());
            }
            let (query, cursor) = (self.settings.query.as_str(), self.settings.cursor.as_str());
            let session = match &self.database {
                Database::Sqlite(path) => Session::Sqlite(sqlite::Session::open(path, query, cursor).await?),
                Database::Postgres(address) => {
                    Session::Postgres(postgres::Session::open(address, &self.site, query, cursor).await?)
                }
            };
            Ok(Box::new(Rows {
                session,
                standing,
                batch: self.settings.batch.into(),
                every: self.settings.every.map(|every| every.0),
                stream: self.settings.stream.clone(),
            }) as Box<dyn Reader>)
        })
    }

    fn is_endless(&self) -> bool {
        self.settings.every.is_some()
    }
}

struct Rows {
    session: Session,
    standing: Standing,
    batch: u64,
    every: Option<Duration>,
    stream: Option<String>,
}

impl Rows {
    fn item(&self, found: Found) -> Item {
        match found.row {
            Ok(row) => Item::Record(Record::new(row).with_head(Head {
                stream: self.stream.clone(),
                ..Head::default()
            })),
            Err(why) => Item::Broken {
                text: why.clone(),
                error: ComponentError::reject(
                    "TL0871",
                    format!("a row of the query is no record: {why}"),
                    "Leave the column out of the query, or have the query make text of it.",
                ),
            },
        }
    }
}

/// The rows that were not given yet, and where it stands behind them.
fn taken(standing: &Standing, found: Vec<Found>) -> (Vec<Found>, Standing) {
    let mut left = standing.seen.clone();
    let mut next = standing.clone();
    let mut new = Vec::new();
    for row in found {
        if row.at == standing.value
            && let Some(count) = left.get_mut(&row.hash).filter(|count| **count > 0)
        {
            *count -= 1;
            continue;
        }
        if row.at != next.value {
            next = Standing {
                value: row.at.clone(),
                seen: BTreeMap::new(),
            };
        }
        *next.seen.entry(row.hash.clone()).or_default() += 1;
        new.push(row);
    }
    (new, next)
}

impl Reader for Rows {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            // Room for those that were given already, so that there is always some for new ones.
            let most = self.batch + self.standing.seen.values().sum::<u64>();
            let found = self.session.rows(&self.standing.value, most).await?;
            let (new, next) = taken(&self.standing, found);
            if new.is_empty() {
                return Ok(self.every.map_or(Read::End, Read::Idle));
            }
            let items = new.into_iter().map(|row| self.item(row)).collect();
            self.standing = next;
            let behind = Some(Cursor(json!(self.standing)));
            Ok(Read::Batch(Batch { items, behind }))
        })
    }
}

fn foreign() -> ComponentError {
    ComponentError::stop(
        "TL0876",
        "the position that was kept is none of this query",
        "The cursor column has changed its type, or the flow had another source: begin anew with another name of the flow.",
    )
}

fn fails(why: &str) -> ComponentError {
    ComponentError::stop(
        "TL0870",
        format!("the query cannot be run: {why}"),
        "Try it with the database's own shell; the cursor column must be one of its columns.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows(all: &[(i64, &str)]) -> Vec<Found> {
        all.iter()
            .map(|(at, text)| Found::new(json!(at), Ok(json!(text))))
            .collect()
    }

    #[test]
    fn rows_with_the_same_value_are_given_once_each() {
        let mut standing = Standing::default();
        for (found, expected) in [
            (vec![(1, "a"), (2, "b"), (2, "b")], vec!["a", "b", "b"]),
            // Of the same value one is new, and one is there a third time.
            (vec![(2, "b"), (2, "c"), (2, "b"), (2, "b")], vec!["c", "b"]),
            (vec![(2, "b"), (2, "c"), (2, "b"), (2, "b")], vec![]),
            // One went away; one changed without its value growing.
            (vec![(2, "c"), (2, "changed"), (3, "b")], vec!["changed", "b"]),
            (vec![(3, "b")], vec![]),
        ] {
            let (new, next) = taken(&standing, rows(&found));
            let new: Vec<&str> = new
                .iter()
                .filter_map(|row| row.row.as_ref().ok()?.as_str())
                .collect();
            assert_eq!(new, expected);
            standing = next;
        }
        assert_eq!(standing.seen.len(), 1);
    }
}
