//! What every unit of a run shares: the client, the mirror, the clock, and the counts for the report.
//!
//! The one rule: every batch goes through [`Context::write`], so that what is reported is what was committed.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Mutex, PoisonError},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use trunkline_client::{Answer, Call, CallError, Client, Clock, Page, Pages};

use super::{SyncEvent, SyncOptions, cursor::Cursor, errors::Halt};
use crate::{
    report::StreamState,
    storage::{Batch, Change, Checkpoint, Newest, Storage, StorageError, Written},
};

/// How far behind the high-water mark a run begins: search shows new records late by minutes.
pub(crate) const LOOKBACK: Duration = Duration::from_secs(600);

/// How a stream's reading ended, with what to say about it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Ending {
    pub(crate) state: StreamState,
    pub(crate) why: Option<String>,
    pub(crate) code: Option<&'static str>,
    pub(crate) advice: Option<String>,
}

/// What is counted for one stream.
#[derive(Clone, Debug, Default)]
pub(crate) struct Counts {
    pub(crate) records: u64,
    pub(crate) inserted: u64,
    pub(crate) updated: u64,
    pub(crate) deleted: u64,
    pub(crate) requests: u64,
    pub(crate) seconds: f64,
    pub(crate) stated: Option<u64>,
    pub(crate) ending: Option<Ending>,
    /// Rows that are otherwise than before the run.
    pub(crate) changed: u64,
    /// Some of them.
    pub(crate) newest: Newest,
}

/// What every unit of a run shares.
pub(crate) struct Context<'a> {
    pub(crate) client: &'a Client,
    pub(crate) storage: &'a Storage,
    pub(crate) options: &'a SyncOptions,
    pub(crate) clock: &'a dyn Clock,
    pub(crate) events: &'a dyn Fn(SyncEvent),
    pub(crate) zone: Option<TimeZone>,
    pub(crate) started_at: Timestamp,
    pub(crate) selected: BTreeSet<&'static str>,
    counts: Mutex<BTreeMap<&'static str, Counts>>,
}

impl<'a> Context<'a> {
    pub(crate) fn new(
        client: &'a Client,
        storage: &'a Storage,
        options: &'a SyncOptions,
        clock: &'a dyn Clock,
        events: &'a dyn Fn(SyncEvent),
        zone: Option<TimeZone>,
        selected: BTreeSet<&'static str>,
    ) -> Self {
        let started_at = clock.now();
        Self {
            client,
            storage,
            options,
            clock,
            events,
            zone,
            started_at,
            selected,
            counts: Mutex::default(),
        }
    }

    /// Changes the counts of a stream.
    pub(crate) fn count<T>(&self, stream: &'static str, change: impl FnOnce(&mut Counts) -> T) -> T {
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        change(counts.entry(stream).or_default())
    }

    /// The counts of a stream.
    pub(crate) fn counts(&self, stream: &'static str) -> Counts {
        self.count(stream, |counts| counts.clone())
    }

    pub(crate) fn lookback(&self) -> i64 {
        i64::try_from(self.options.lookback.unwrap_or(LOOKBACK).as_secs()).unwrap_or(i64::MAX / 4)
    }

    pub(crate) async fn cursor(&self, stream: &'static str) -> Result<Cursor, StorageError> {
        Ok(Cursor::load(self.storage.checkpoint(stream).await?))
    }

    /// A number for a new pass: greater than that of one left open, whatever the clock does.
    pub(crate) async fn new_pass(&self, stream: &'static str) -> Result<i64, StorageError> {
        let open = self.storage.open_pass(stream).await?;
        let now = self.started_at.as_microsecond();
        Ok(open.map_or(now, |open| now.max(open.saturating_add(1))))
    }

    /// Writes changes, with the stream's position where it moved, and counts what they did.
    pub(crate) async fn write(
        &self,
        stream: &'static str,
        changes: Vec<Change>,
        cursor: Option<&Cursor>,
    ) -> Result<Written, StorageError> {
        let checkpoint = cursor.map(|cursor| Checkpoint {
            stream,
            cursor: cursor.save(),
        });
        let batch = Batch {
            synced_at: self.clock.now(),
            changes,
            checkpoint,
        };
        let written = self.storage.write(batch).await?;
        for (name, tally) in &written.by_stream {
            self.count(name, |counts| {
                counts.inserted += tally.inserted;
                counts.updated += tally.updated;
                counts.deleted += tally.deleted;
                counts.changed += tally.changed();
                if *name != stream {
                    counts.records += tally.inserted + tally.updated + tally.unchanged;
                }
            });
        }
        for (name, newest) in &written.newest {
            self.count(name, |counts| counts.newest.add(newest));
        }
        Ok(written)
    }

    /// Fetches the next page and counts what it took and what it holds.
    pub(crate) async fn next_page(
        &self,
        stream: &'static str,
        pages: &mut Pages,
    ) -> Result<Option<Page>, CallError> {
        let page = self.page_of_children(stream, pages).await;
        if let Ok(Some(page)) = &page {
            self.count(stream, |counts| counts.records += page.rows().len() as u64);
        }
        let Counts {
            records, requests, ..
        } = self.counts(stream);
        (self.events)(SyncEvent::Progress {
            stream,
            records,
            requests,
        });
        page
    }

    /// Fetches the next page of a list that is written as part of another stream, whose writing counts the rows.
    pub(crate) async fn page_of_children(
        &self,
        stream: &'static str,
        pages: &mut Pages,
    ) -> Result<Option<Page>, CallError> {
        let page = pages.next().await;
        let requests = match &page {
            Ok(Some(page)) => page.requests,
            Ok(None) => 0,
            Err(error) => error.attempts,
        };
        self.count(stream, |counts| counts.requests += u64::from(requests));
        page
    }

    /// Calls an operation and counts what it took.
    pub(crate) async fn call(&self, stream: &'static str, call: Call) -> Result<Answer, CallError> {
        let answer = self.client.call(call).await;
        let attempts = match &answer {
            Ok(answer) => answer.attempts,
            Err(error) => error.attempts,
        };
        self.count(stream, |counts| counts.requests += u64::from(attempts));
        answer
    }

    /// Takes note of how many records the API says there are.
    pub(crate) fn state_total(&self, stream: &'static str, total: u64) {
        let news = self.count(stream, |counts| counts.stated.replace(total) != Some(total));
        if news {
            (self.events)(SyncEvent::Expected { stream, total });
        }
    }

    /// Takes note of how a stream's reading ended; what was noted first stays.
    pub(crate) fn end(&self, stream: &'static str, ending: Ending) {
        self.count(stream, |counts| counts.ending.get_or_insert(ending).state);
    }

    /// Rows of a stream that the mirror holds as existing.
    pub(crate) async fn held(&self, stream: &'static str) -> Result<u64, StorageError> {
        let sql = format!(
            "SELECT (SELECT count(*) FROM {stream}) - (SELECT count(*) FROM {stream} WHERE _deleted_at IS NOT NULL)"
        );
        let rows: i64 = self
            .storage
            .read(move |connection| connection.query_row(&sql, [], |row| row.get(0)))
            .await?;
        Ok(u64::try_from(rows).unwrap_or(0))
    }

    /// Whether any of these streams is selected.
    pub(crate) fn wants(&self, streams: &[&str]) -> bool {
        streams.iter().any(|stream| self.selected.contains(stream))
    }
}

impl Ending {
    /// Something could not be read.
    pub(crate) fn partial(why: impl Into<String>) -> Self {
        Self {
            state: StreamState::Partial,
            why: Some(why.into()),
            code: None,
            advice: None,
        }
    }

    /// Everything was read, and there is something to say about it.
    pub(crate) fn complete(why: impl Into<String>) -> Self {
        Self {
            state: StreamState::Complete,
            why: Some(why.into()),
            code: None,
            advice: None,
        }
    }

    /// A call failed.
    pub(crate) fn failed(error: &CallError) -> Self {
        Self {
            state: super::errors::state_of(error),
            why: Some(error.to_string()),
            code: Some(error.code()),
            advice: Some(error.advice()),
        }
    }
}

/// The outcome of a page that may still be fetched while another one is written.
pub(crate) async fn both<T>(
    write: impl Future<Output = Result<Written, StorageError>>,
    fetch: impl Future<Output = Result<T, CallError>>,
) -> Result<(Written, T), Halt> {
    let (written, fetched) = futures::join!(write, fetch);
    Ok((written?, fetched?))
}
