//! `sqlite`: keeps a table of an SQLite database as records say.
//!
//! The one rule: a batch is one transaction, the columns that it needs included; a record that the database refuses takes no other
//! with it. Read `sql/table.rs` for what becomes of a record, `sqlite/table.rs` for how the table grows, `sqlite/search.rs` for its
//! full-text index.

mod search;
mod table;

use std::{
    collections::BTreeSet,
    path::PathBuf,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use futures::future::BoxFuture;
use rusqlite::{Connection, ErrorCode};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value;
use trunkline_flow::{
    ComponentError, Delivered, Destination, Record,
    document::{Jq, Mistake, Node, read},
};

use self::search::Search;
use crate::{
    Site,
    registry::DestinationKind,
    sql::table::{KEY, Place, Rows, tell},
};

pub(crate) const KIND: DestinationKind = DestinationKind {
    name: "sqlite",
    summary: "Keeps a table of an SQLite database: a row for each key, columns as fields appear.",
    is_idempotent: true,
    schema: |generator| generator.subschema_for::<Settings>(),
    build,
};

/// How long it waits for others who write.
const WAIT: Duration = Duration::from_secs(5);

/// Keeps a table of an SQLite database.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// The database; it and its folder are made when they are not there. Relative paths begin at the flow's file.
    path: String,
    /// The table; it is made when it is not there.
    table: String,
    /// The expression that tells a record from others; what it gives stands in the column `_key`.
    key: Jq,
    /// Records for which this holds are taken out of the table.
    #[serde(default)]
    delete_when: Option<Jq>,
    /// Fields that are put into a full-text index, the table `TABLE_search`.
    #[serde(default)]
    search: Option<Vec<String>>,
}

pub(super) struct Keeping {
    rows: Rows,
    search: Option<Search>,
    site: Site,
    path: PathBuf,
    place: Place,
    connection: Arc<Mutex<Option<Connection>>>,
}

fn build(node: &Node, site: &Site) -> Result<Arc<dyn Destination>, Mistake> {
    let settings: Settings = read(node)?;
    let search = match &settings.search {
        Some(columns) => {
            let is_wrong = |name: &String| {
                let lower = name.to_ascii_lowercase();
                name.is_empty() || name.contains('\0') || [KEY, "rank", "rowid"].contains(&lower.as_str())
            };
            let lower: BTreeSet<String> = columns.iter().map(|name| name.to_lowercase()).collect();
            if columns.is_empty() || lower.len() != columns.len() || columns.iter().any(is_wrong) {
                return Err(Mistake::new(
                    node.get("search").map_or(node.spot, |value| value.spot),
                    "these cannot be the columns of a full-text index",
                    "Name fields of the records, each once, and none _key, rank or rowid.",
                ));
            }
            Some(Search::new(settings.table.clone(), columns.clone()))
        }
        None => None,
    };
    let made = Keeping::new(node, &settings.path, &settings.table, settings.key, site)?;
    Ok(Arc::new(Keeping {
        search,
        rows: Rows {
            delete_when: settings.delete_when,
            ..made.rows
        },
        ..made
    }))
}

impl Keeping {
    /// A table that a flow's file names at this place.
    pub(super) fn new(node: &Node, path: &str, table: &str, key: Jq, site: &Site) -> Result<Self, Mistake> {
        let spot = node.get("table").map_or(node.spot, |table| table.spot);
        let is_own = table.to_ascii_lowercase().starts_with("sqlite_");
        if table.is_empty() || is_own || table.contains('\0') {
            return Err(Mistake::new(
                spot,
                format!("{table:?} cannot be the name of a table"),
                "Give it a name that does not begin with sqlite_.",
            ));
        }
        Ok(Self {
            rows: Rows {
                key,
                delete_when: None,
            },
            search: None,
            site: site.clone(),
            path: site.path(path),
            place: Place {
                name: table.to_owned(),
                spot,
                flow: site.flow.clone(),
            },
            connection: Arc::default(),
        })
    }
}

fn open(path: &PathBuf) -> Result<Connection, ComponentError> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder).map_err(|error| {
            ComponentError::stop(
                "TL0867",
                format!("the folder of {} cannot be made: {error}", path.display()),
                "Check the path and its permissions.",
            )
        })?;
    }
    let opened = Connection::open(path).and_then(|connection| {
        connection.busy_timeout(WAIT)?;
        // A commit is on the disk, and a table that is made anew does not disturb views that name it.
        connection.execute_batch("pragma synchronous = full; pragma legacy_alter_table = on;")?;
        Ok(connection)
    });
    opened.map_err(|error| failed(&error, &path.display().to_string()))
}

/// What SQLite's error means for all records of a batch.
fn failed(error: &rusqlite::Error, path: &str) -> ComponentError {
    let message = format!("{path} cannot be written: {error}");
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => ComponentError::retry(
            "TL0867",
            message,
            "Somebody else writes into it; it is tried again.",
        ),
        Some(ErrorCode::DiskFull | ErrorCode::SystemIoFailure) => {
            ComponentError::retry("TL0867", message, "Free some space; it is tried again.")
        }
        _ => ComponentError::stop(
            "TL0867",
            message,
            "Check that the path is an SQLite database that may be written to.",
        ),
    }
}

impl Destination for Keeping {
    fn deliver<'a>(&'a self, records: &'a [Record]) -> BoxFuture<'a, Vec<Delivered>> {
        let (mut results, changes) = self.rows.changes(records, (self.site.now)());
        let (connection, path, place) = (
            Arc::clone(&self.connection),
            self.path.clone(),
            self.place.clone(),
        );
        let search = self.search.clone();
        Box::pin(async move {
            if changes.is_empty() {
                return results;
            }
            let places: Vec<usize> = changes.iter().map(|(at, _)| *at).collect();
            let done = tokio::task::spawn_blocking(move || {
                let mut held = connection.lock().unwrap_or_else(PoisonError::into_inner);
                let mut open = match held.take() {
                    Some(open) => open,
                    None => open(&path)?,
                };
                let kept = table::keep(
                    &mut open,
                    &changes,
                    search.as_ref(),
                    &place,
                    &path.display().to_string(),
                );
                if kept.is_ok() {
                    *held = Some(open);
                }
                kept
            });
            let done = done.await.unwrap_or_else(|error| {
                Err(ComponentError::stop(
                    "TL0867",
                    format!("writing into the database broke off: {error}"),
                    "This is a fault of Trunkline; please report it.",
                ))
            });
            tell(&mut results, places, done);
            results
        })
    }

    fn most_at_once(&self) -> usize {
        500
    }

    fn is_sequential(&self) -> bool {
        true
    }

    fn preview(&self, record: &Record) -> Result<Value, ComponentError> {
        let change = self.rows.change(record, (self.site.now)())?;
        Ok(change.shown(&self.place.name))
    }
}
