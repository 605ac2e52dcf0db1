//! Imports: tables that people upload, published row by row in the background, by the same engine and with the same batches as
//! `trunkline publish`.
//!
//! The one rule: a table is a file of the data folder before its batch begins, and stays there as long as the batch is kept; so a
//! batch that was stopped, by somebody or with the process, goes on where it was. Read `publishing.rs` for how rows come and what is kept
//! of them, `api/batches.rs` for who may ask.

mod begin;
mod files;
mod plan;

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::sync::watch;
use trunkline_actions::{
    CallOptions, Workspace,
    publish::{Finish, Halt, Live, Progress, Publisher, Way},
};
use trunkline_store::{BatchState, Connection, HeldBatch};

pub(crate) use begin::{abandon, begin, resume, stop};
pub(crate) use files::{LARGEST, forget, keep, peek, shown};
pub(crate) use plan::{Preview, preview};

use crate::{
    connect,
    publishing::{Keeper, PublishError, Reader},
    shared::Shared,
};

/// The most rows at once; the workspace's rate limit decides below it.
const AT_ONCE: usize = 256;

/// What somebody wants to import.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The upload's id.
    pub(crate) upload: String,
    /// The action's id.
    pub(crate) action: String,
    /// The connection; the default one when none is named.
    pub(crate) connection: Option<String>,
    /// What decides what a row becomes.
    pub(crate) rules: crate::publishing::Rules,
    /// Whether nothing is sent when a row does not fit.
    pub(crate) strict: bool,
    /// Who wants it, for the journal.
    pub(crate) by_whom: String,
}

/// The imports that this process is at, or was at last.
#[derive(Debug, Default)]
pub(crate) struct Imports(Mutex<HashMap<String, Arc<Going>>>);

/// How an import is doing that this process is at.
#[derive(Debug)]
pub(crate) struct Going {
    live: Mutex<Live>,
    stop: watch::Sender<bool>,
    /// Why it did not come to its end.
    trouble: Mutex<Option<PublishError>>,
}

impl Imports {
    /// How an import is doing, if this process is or was at it.
    pub(crate) fn of(&self, batch: &str) -> Option<Arc<Going>> {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(batch).cloned()
    }

    fn add(&self, batch: &str, from: Progress) -> Arc<Going> {
        let going = Arc::new(Going {
            live: Mutex::new(Live {
                progress: from,
                running: 0,
                waiting: None,
            }),
            stop: watch::channel(false).0,
            trouble: Mutex::default(),
        });
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.insert(batch.to_owned(), Arc::clone(&going));
        going
    }

    /// What went well needs no memory but the store's.
    fn done(&self, batch: &str) {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.remove(batch);
    }
}

impl Going {
    pub(crate) fn live(&self) -> Live {
        self.live.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(crate) fn trouble(&self) -> Option<PublishError> {
        self.trouble
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone()
    }

    fn show(&self, live: &Live) {
        self.live
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .clone_from(live);
    }

    fn end(&self, trouble: PublishError) {
        *self.trouble.lock().unwrap_or_else(PoisonError::into_inner) = Some(trouble);
    }

    /// Asks it to stop; what is under way is finished first.
    fn stop(&self) {
        self.stop.send_replace(true);
    }
}

/// A batch that was begun or resumed, and what brings it further.
struct Work {
    connection: Connection,
    workspace: Workspace,
    reader: Reader,
    options: CallOptions,
    keeper: Keeper,
    held: HeldBatch,
    from: Progress,
    going: Arc<Going>,
}

impl Work {
    /// Carries the rows out in the background, to their end or until somebody stops it.
    async fn start(self, shared: Arc<Shared>) {
        // A stopping process waits for whoever holds a place.
        let place = shared.workspaces.place().await;
        tokio::spawn(async move {
            let stop = self.going.stop.clone();
            let mut stopping = shared.stopping.clone();
            let listening = tokio::spawn(async move {
                if stopping.wait_for(|stops| *stops).await.is_ok() {
                    stop.send_replace(true);
                }
            });
            self.run(&shared).await;
            listening.abort();
            drop(place);
        });
    }

    async fn run(mut self, shared: &Arc<Shared>) {
        let id = self.held.id.clone();
        self.keeper.batch = Some(shared.workspaces.holder().batch(self.held));
        let publisher = Publisher::new(
            self.workspace,
            self.reader.action,
            self.options,
            Way::Publish(Some(id.clone())),
            AT_ONCE,
        );
        let (mut rows, read) = self.reader.start(self.from.rows);
        let asked = self.going.stop.subscribe();
        let finish = publisher.run(&mut rows, self.from, &mut self.keeper, asked).await;
        drop(rows);
        let read = match finish.halt {
            Some(_) => None,
            None => read.await.ok().and_then(Result::err),
        };
        if let Some(Halt::Failed(trunkline_actions::ActionError::Call(error))) = &finish.halt
            && let Err(error) =
                connect::note_failure(&shared.store, &self.connection.id, error, shared.clock.now()).await
        {
            tracing::error!(code = error.code(), %error, "that a grant is over could not be kept");
        }
        let trouble = trouble_of(&finish, read);
        let state = match (&finish.halt, &trouble) {
            (None, None) => BatchState::Done,
            _ => BatchState::Stopped,
        };
        let position = self.keeper.position();
        if let Some(batch) = &self.keeper.batch
            && let Err(error) = batch.finish(state, &finish.progress, Some(position)).await
        {
            tracing::error!(code = error.code(), %error, batch = id, "how an import ended could not be kept");
        }
        match trouble {
            Some(trouble) => {
                tracing::warn!(batch = id, code = trouble.code, error = %trouble, "an import stopped");
                self.going.end(trouble);
            }
            None => shared.imports.done(&id),
        }
    }
}

/// Why it did not come to the end, when nobody asked for that.
fn trouble_of(finish: &Finish, read: Option<PublishError>) -> Option<PublishError> {
    match &finish.halt {
        None => read,
        Some(Halt::Asked) => None,
        Some(Halt::Failed(error)) => Some(PublishError::new(error.code(), error.to_string(), error.advice())),
        Some(Halt::Clerk(error)) => Some(PublishError::new(
            "TL0792",
            format!("what became of the rows cannot be kept: {}", error.reason),
            "Mend it, then go on with the import.",
        )),
    }
}
