//! Batches of a process: begun or resumed under the lease by which it holds its runs, and brought further.
//!
//! The one rule: a batch and the runs of its rows have the same holder, so that whoever takes the batch over finds no row in
//! somebody else's hands. Read `trunkline-store/src/batches.rs` for what is kept.

use std::sync::Arc;

use trunkline_actions::publish::Progress;
use trunkline_client::{Clock, PortError};
use trunkline_store::{BatchBegun, BatchProgress, BatchState, HeldBatch, NewBatch, Store, StoreError};

use crate::RunHolder;

/// A batch that this process is at.
#[derive(Debug)]
pub struct StoredBatch {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    held: HeldBatch,
}

impl RunHolder {
    /// Begins a batch.
    ///
    /// # Errors
    ///
    /// As the store's.
    pub async fn begin_batch(&self, new: &NewBatch) -> Result<BatchBegun, StoreError> {
        let (store, clock) = self.parts();
        store.begin_batch(new, self.lease().await?, clock.now()).await
    }

    /// Goes on with a batch that was left.
    ///
    /// # Errors
    ///
    /// As the store's.
    pub async fn resume_batch(&self, id: &str) -> Result<BatchBegun, StoreError> {
        let (store, clock) = self.parts();
        store.resume_batch(id, self.lease().await?, clock.now()).await
    }

    /// The batch that was begun or resumed.
    #[must_use]
    pub fn batch(&self, held: HeldBatch) -> StoredBatch {
        let (store, clock) = self.parts();
        StoredBatch {
            store: Arc::clone(store),
            clock: Arc::clone(clock),
            held,
        }
    }
}

impl StoredBatch {
    /// Its id.
    #[must_use]
    pub fn id(&self) -> &str {
        &self.held.id
    }

    /// Notes how far it has come; `position` is what whoever resumes it wants to know beside the rows.
    ///
    /// # Errors
    ///
    /// The store does not answer, or the batch was taken over.
    pub async fn advance(&self, progress: &Progress, position: Option<String>) -> Result<(), PortError> {
        let progress = kept(progress, position);
        self.store
            .advance_batch(&self.held, &progress, self.clock.now())
            .await
            .map_err(|error| of_store(&error))
    }

    /// Notes how it ended for now.
    ///
    /// # Errors
    ///
    /// As [`advance`](Self::advance).
    pub async fn finish(
        &self,
        state: BatchState,
        progress: &Progress,
        position: Option<String>,
    ) -> Result<(), StoreError> {
        let progress = kept(progress, position);
        self.store
            .finish_batch(&self.held, state, &progress, self.clock.now())
            .await
    }

    /// How far a batch had come when it was left.
    #[must_use]
    pub fn progress(batch: &BatchProgress) -> Progress {
        Progress {
            rows: batch.rows_done,
            created: batch.created,
            updated: batch.changed,
            unchanged: batch.unchanged,
            skipped: batch
                .rows_done
                .saturating_sub(batch.created + batch.changed + batch.unchanged + batch.rejected),
            rejected: batch.rejected,
        }
    }
}

/// What the store keeps: rows that ask for nothing are those that none of the other counts has.
fn kept(progress: &Progress, position: Option<String>) -> BatchProgress {
    BatchProgress {
        rows_done: progress.rows,
        position,
        created: progress.created,
        changed: progress.updated,
        unchanged: progress.unchanged,
        rejected: progress.rejected,
    }
}

fn of_store(error: &StoreError) -> PortError {
    PortError {
        reason: error.to_string(),
    }
}
