//! The writing connection with what it knows: runs batches in one transaction, or none of them.
//!
//! The one rule: what is remembered in memory never outlives a transaction that was rolled back.

use std::{collections::BTreeMap, fs::File, path::PathBuf};

use rusqlite::Connection;

use super::{
    Batch, StorageError, Written, apply,
    history::History,
    layout::Layouts,
    office, schema, views,
    work::{Failure, State, Work},
};
use crate::time;

/// The writing half of a mirror.
pub(super) struct Engine {
    pub(super) connection: Connection,
    pub(super) path: PathBuf,
    pub(super) layouts: Layouts,
    pub(super) state: State,
    /// Held for as long as the mirror is open.
    pub(super) lock: Option<File>,
}

impl Engine {
    /// Applies the batches and commits; none of them is kept when one fails.
    pub(super) fn transaction<'b>(
        &mut self,
        batches: impl Iterator<Item = &'b Batch>,
    ) -> Result<Vec<Written>, StorageError> {
        let result = self.attempt(batches);
        if result.is_err() {
            self.recover();
        }
        result.map_err(|failure| match failure {
            Failure::Sqlite(error) => StorageError::from_sqlite(&self.path, "writing", error),
            Failure::Storage(error) => error,
        })
    }

    /// Makes the indexes for questions that tables with rows lack.
    pub(super) fn create_late_indexes(&self) -> Result<(), StorageError> {
        schema::create_late_indexes(&self.connection, &self.layouts)
            .map_err(|error| StorageError::from_sqlite(&self.path, "making indexes", error))
    }

    /// Brings up to date what follows from the rows.
    pub(super) fn derive(&mut self) -> Result<(), StorageError> {
        let fail =
            |error| StorageError::from_sqlite(&self.path, "computing minutes within office hours", error);
        office::derive(&self.connection).map_err(fail)?;
        self.state.keeps_office_minutes = office::is_kept(&self.connection).map_err(fail)?;
        Ok(())
    }

    fn attempt<'b>(&mut self, batches: impl Iterator<Item = &'b Batch>) -> Result<Vec<Written>, Failure> {
        self.connection.prepare_cached("BEGIN IMMEDIATE")?.execute([])?;
        let mut answers = Vec::new();
        for batch in batches {
            let mut work = Work {
                connection: &self.connection,
                layouts: &self.layouts,
                state: &mut self.state,
                path: &self.path,
                now: time::from_timestamp(batch.synced_at),
                tallies: BTreeMap::new(),
                newest: BTreeMap::new(),
            };
            if work.state.history_is_new {
                for layout in work.layouts.all() {
                    History::of(layout, "TRUE").follow(work.connection, &[&work.now])?;
                }
                work.connection.execute(
                    "INSERT INTO _trunkline_meta (key, value) VALUES ('history', 'on') \
                     ON CONFLICT DO UPDATE SET value = excluded.value",
                    [],
                )?;
                work.state.history_is_new = false;
            }
            answers.push(apply::batch(&mut work, batch)?);
        }
        for stream in std::mem::take(&mut self.state.stale_views) {
            if let Some(layout) = self.layouts.get(stream) {
                views::rebuild(&self.connection, layout)?;
            }
        }
        if !self.state.touched.is_empty() {
            office::note(&self.connection, &mut self.state.touched)?;
        }
        self.connection.prepare_cached("COMMIT")?.execute([])?;
        Ok(answers)
    }

    fn recover(&mut self) {
        if !self.connection.is_autocommit()
            && let Err(error) = self.connection.execute_batch("ROLLBACK")
        {
            tracing::warn!(%error, "a failed transaction could not be rolled back");
        }
        self.state.stale_views.clear();
        self.state.expects_new.clear();
        self.state.touched.clear();
        if let Err(error) = self.remember() {
            tracing::warn!(%error, "what the mirror holds could not be read again");
        }
    }

    /// Reads what is remembered from the file.
    pub(super) fn remember(&mut self) -> Result<(), rusqlite::Error> {
        self.state.attributes = views::known(&self.connection, &self.layouts)?;
        self.state.workspace = apply::workspace(&self.connection)?;
        let meta = |key: &str| {
            self.connection
                .prepare_cached("SELECT 1 FROM _trunkline_meta WHERE key = ?1 AND value = 'on'")?
                .exists([key])
        };
        self.state.history_is_new = self.state.history && !meta("history")?;
        self.state.keeps_office_minutes = office::is_kept(&self.connection)?;
        Ok(())
    }

    /// Lets go of the file.
    pub(super) fn close(self) {
        let Self { connection, lock, .. } = self;
        if let Err((_, error)) = connection.close() {
            tracing::warn!(%error, "the mirror could not be closed in order; the next run goes on from its log");
        }
        drop(lock);
    }
}
