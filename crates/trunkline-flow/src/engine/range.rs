//! A source of which only a range of time is read, beside its own position.
//!
//! The one rule: what lies in the range is what the record's head says of its time; a record that says nothing of it ends the run, since
//! leaving it out or taking it would both be guesses.

use std::sync::Arc;

use futures::future::BoxFuture;
use jiff::Timestamp;

use crate::{Batch, ComponentError, Cursor, Item, Occasion, Read, Reader, Source};

/// A source of which only records from a moment to before another are given; it ends where its source would wait.
pub struct Ranged {
    /// The source.
    pub source: Arc<dyn Source>,
    /// From this moment.
    pub since: Timestamp,
    /// To before this one.
    pub until: Timestamp,
}

impl std::fmt::Debug for Ranged {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Ranged")
            .field("since", &self.since)
            .field("until", &self.until)
            .finish_non_exhaustive()
    }
}

impl Source for Ranged {
    fn open<'a>(
        &'a self,
        cursor: Option<Cursor>,
        occasion: &'a Occasion,
    ) -> BoxFuture<'a, Result<Box<dyn Reader>, ComponentError>> {
        Box::pin(async move {
            let from = match cursor {
                Some(cursor) => Some(cursor),
                None => self.source.position_at(self.since).await?,
            };
            Ok(Box::new(RangedReader {
                reader: self.source.open(from, occasion).await?,
                since: self.since,
                until: self.until,
            }) as Box<dyn Reader>)
        })
    }
}

struct RangedReader {
    reader: Box<dyn Reader>,
    since: Timestamp,
    until: Timestamp,
}

impl RangedReader {
    fn has(&self, item: &Item) -> Result<bool, ComponentError> {
        let Item::Record(record) = item else {
            return Ok(false);
        };
        let Some(at) = record.head.updated_at else {
            return Err(ComponentError::stop(
                "TL0819",
                "a record of this source does not say of when it is, so a range of time cannot be read",
                "Run the flow with --from-start, and leave out with a filter what is not wanted.",
            ));
        };
        Ok(self.since <= at && at < self.until)
    }
}

impl Reader for RangedReader {
    fn read(&mut self) -> BoxFuture<'_, Result<Read, ComponentError>> {
        Box::pin(async move {
            let Read::Batch(batch) = self.reader.read().await? else {
                return Ok(Read::End);
            };
            let mut items = Vec::with_capacity(batch.items.len());
            for item in batch.items {
                if self.has(&item)? {
                    items.push(item);
                }
            }
            Ok(Read::Batch(Batch { items, ..batch }))
        })
    }
}
