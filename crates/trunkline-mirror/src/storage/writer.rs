//! The writer thread: takes as many waiting batches as one transaction should hold, commits, then answers them all.
//!
//! The one rule: no batch is answered before its commit. A batch that fails takes only itself down.

use tokio::sync::{mpsc, oneshot};

use super::{Batch, StorageError, Written, engine::Engine};

/// Records that one transaction takes before it is committed although more batches wait.
const RECORDS_A_COMMIT: usize = 4_000;
/// Bytes of records that one transaction takes: well under the page cache, so that nothing spills early.
const BYTES_A_COMMIT: usize = 4 << 20;

/// What the writer is asked to do.
pub(super) enum Job {
    /// Apply a batch.
    Write {
        /// The batch.
        batch: Batch,
        /// Where the answer goes.
        reply: oneshot::Sender<Result<Written, StorageError>>,
    },
    /// Make the indexes for questions.
    Index {
        /// Answered when they are made.
        reply: oneshot::Sender<Result<(), StorageError>>,
    },
    /// End after what was sent before.
    Close {
        /// Answered when everything is in the file.
        reply: oneshot::Sender<()>,
    },
}

type Waiting = (Batch, oneshot::Sender<Result<Written, StorageError>>);

/// Runs until the last handle is gone or [`Job::Close`] comes.
pub(super) fn run(mut engine: Engine, mut queue: mpsc::Receiver<Job>) {
    let mut closing = None;
    while closing.is_none() {
        let Some(job) = queue.blocking_recv() else { break };
        let mut group: Vec<Waiting> = Vec::new();
        let (mut records, mut bytes) = (0, 0);
        let mut index = None;
        let mut next = Some(job);
        while let Some(job) = next.take() {
            match job {
                Job::Write { batch, reply } => {
                    let size = batch.size();
                    records += size.0;
                    bytes += size.1;
                    group.push((batch, reply));
                    if records < RECORDS_A_COMMIT && bytes < BYTES_A_COMMIT {
                        next = queue.try_recv().ok();
                    }
                }
                Job::Index { reply } => index = Some(reply),
                Job::Close { reply } => closing = Some(reply),
            }
        }
        commit(&mut engine, group);
        if let Some(reply) = index {
            // Whoever asked may have gone away; the indexes are there either way.
            drop(reply.send(engine.create_late_indexes().and_then(|()| engine.derive())));
        }
    }
    queue.close();
    engine.close();
    if let Some(reply) = closing {
        // Whoever closes may have gone away; the file is whole either way.
        let _ = reply.send(());
    }
}

/// One transaction for the group; when it fails and has several batches, one for each.
fn commit(engine: &mut Engine, mut group: Vec<Waiting>) {
    if group.len() > 1 {
        let answers = engine.transaction(group.iter().map(|(batch, _)| batch));
        if let Ok(answers) = answers {
            for ((_, reply), written) in group.drain(..).zip(answers) {
                drop(reply.send(Ok(written)));
            }
        }
    }
    for (batch, reply) in group {
        let answer = engine
            .transaction(std::iter::once(&batch))
            .map(|mut written| written.pop().unwrap_or_default());
        drop(reply.send(answer));
    }
}
