//! The journal of actions, kept in the store.
//!
//! The one rule: a process holds its runs by one lease; when it dies, the lease ends and whoever calls again with the same key
//! takes them over. Read `trunkline-actions/src/journal.rs` for the port, `trunkline-store/src/journal.rs` for what is kept.

use std::{
    collections::HashMap,
    fmt::Write as _,
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use tokio::{sync::OnceCell, task::JoinHandle};
use trunkline_actions::{
    Begun, Identities, Inverse, Journal, JournalFuture, KeptWrite, NewRun, RunEnd, WriteEnd, WriteState,
};
use trunkline_client::{Clock, PortError};
use trunkline_store::{
    ActionRunState, ActionWrite, Answer, HeldRun, Lease, NewActionRun, NewWrite, Store, StoreError,
};

use crate::identities::StoredIdentities;

/// How long a process that says nothing is taken for alive.
const LIFE: SignedDuration = SignedDuration::from_secs(30);
const RENEWED: Duration = Duration::from_secs(10);

/// What a process holds its runs by, for all workspaces; begun when the first run needs it.
#[derive(Debug)]
pub struct RunHolder {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    held: OnceCell<(Lease, JoinHandle<()>)>,
}

impl RunHolder {
    /// A holder that does nothing until a run begins.
    #[must_use]
    pub fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            store,
            clock,
            held: OnceCell::new(),
        }
    }

    pub(crate) const fn parts(&self) -> (&Arc<Store>, &Arc<dyn Clock>) {
        (&self.store, &self.clock)
    }

    pub(crate) async fn lease(&self) -> Result<&Lease, StoreError> {
        let (lease, _) = self
            .held
            .get_or_try_init(async || {
                let lease = self.store.be_holder(LIFE, self.clock.now()).await?;
                let renewing = tokio::spawn(renew(
                    Arc::clone(&self.store),
                    Arc::clone(&self.clock),
                    lease.clone(),
                ));
                Ok::<_, StoreError>((lease, renewing))
            })
            .await?;
        Ok(lease)
    }

    /// Ends it, so that what was left is taken over at once.
    pub async fn close(&self) {
        if let Some((lease, renewing)) = self.held.get() {
            renewing.abort();
            if let Err(error) = self.store.leave_holder(lease).await {
                tracing::warn!(%error, "the lease of this process's runs ends by itself");
            }
        }
    }
}

impl Drop for RunHolder {
    fn drop(&mut self) {
        // Whoever renews for nobody would keep the runs from being taken over.
        if let Some((_, renewing)) = self.held.get() {
            renewing.abort();
        }
    }
}

async fn renew(store: Arc<Store>, clock: Arc<dyn Clock>, mut lease: Lease) {
    loop {
        tokio::time::sleep(RENEWED).await;
        if let Err(error) = store.keep_holder(&mut lease, LIFE, clock.now()).await {
            tracing::warn!(%error, "the lease of this process's runs could not be renewed");
        }
    }
}

/// The journal of one workspace.
#[derive(Debug)]
pub struct StoredJournal {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    holder: Arc<RunHolder>,
    workspace: String,
    identities: StoredIdentities,
    /// What each run that is under way is held by.
    runs: Mutex<HashMap<String, HeldRun>>,
}

impl StoredJournal {
    /// The journal of `workspace`, as Intercom calls it.
    #[must_use]
    pub fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        holder: Arc<RunHolder>,
        workspace: impl Into<String>,
    ) -> Self {
        let workspace = workspace.into();
        Self {
            identities: StoredIdentities::new(Arc::clone(&store), Arc::clone(&clock), workspace.clone()),
            store,
            clock,
            holder,
            workspace,
            runs: Mutex::default(),
        }
    }

    fn hold(&self, run: HeldRun) -> String {
        let id = run.id.clone();
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(id.clone(), run);
        id
    }

    fn forget(&self, run: &str) {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .remove(run);
    }

    fn held(&self, run: &str) -> Result<HeldRun, PortError> {
        self.runs
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .get(run)
            .cloned()
            .ok_or_else(|| PortError {
                reason: format!("the run {run} is not under way here"),
            })
    }
}

impl Journal for StoredJournal {
    fn begin(&self, run: NewRun) -> JournalFuture<'_, Begun> {
        Box::pin(async move {
            let lease = self.holder.lease().await.map_err(|error| of_store(&error))?;
            let new = NewActionRun {
                workspace: self.workspace.clone(),
                action: run.action,
                input_digest: digest(&run.input),
                input: run.input,
                key: run.key,
                undo_of: run.undo_of,
                batch: run.batch,
                by_whom: run.by_whom,
            };
            let begun = self.store.begin_action_run(&new, lease, run.at).await;
            Ok(match begun.map_err(|error| of_store(&error))? {
                trunkline_store::Begun::New(held) => Begun::New(self.hold(held)),
                trunkline_store::Begun::Same(run) => {
                    Begun::Done(run.id.clone(), run.outcome.unwrap_or_default())
                }
                trunkline_store::Begun::Other(run) => Begun::Taken(run.id, run.action),
                trunkline_store::Begun::Busy(run) => Begun::Busy(run.id),
                trunkline_store::Begun::Interrupted(held, record) => {
                    let writes = record.writes.iter().map(kept).collect::<Result<_, _>>()?;
                    Begun::Interrupted(self.hold(held), writes, record.run.started_at)
                }
            })
        })
    }

    fn sending<'a>(&'a self, run: &'a str, write: KeptWrite) -> JournalFuture<'a, u32> {
        Box::pin(async move {
            let new = NewWrite {
                operation: write.operation,
                subject: write.subject,
                path: pairs(&write.path),
                query: pairs(&write.query),
                payload: write.payload,
                before: write.before,
                inverse: None,
            };
            let seq = self
                .store
                .record_sending(&self.held(run)?, &new, write.at)
                .await
                .map_err(|error| of_store(&error))?;
            Ok(u32::try_from(seq).unwrap_or(u32::MAX))
        })
    }

    fn ended<'a>(&'a self, run: &'a str, seq: u32, end: WriteEnd) -> JournalFuture<'a, ()> {
        Box::pin(async move {
            let state = match end.state {
                // It stays as it is: it may have been carried out, and may be sent again.
                WriteState::Sending => return Ok(()),
                WriteState::Done => trunkline_store::WriteState::Done,
                WriteState::Refused => trunkline_store::WriteState::Refused,
                WriteState::Unknown => trunkline_store::WriteState::Unknown,
            };
            let answer = Answer {
                status: end.status,
                request_id: end.request_id,
                subject: end.made,
                after: end.after,
                inverse: end.inverse.map(|inverse| json!(inverse)),
                ..Answer::of(state)
            };
            self.store
                .record_answer(&self.held(run)?, i64::from(seq), &answer, end.at)
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn finish<'a>(&'a self, run: &'a str, end: RunEnd, at: Timestamp) -> JournalFuture<'a, ()> {
        Box::pin(async move {
            let held = self.held(run)?;
            let (state, outcome, error) = match end {
                RunEnd::Done(outcome) => (ActionRunState::Done, Some(outcome), None),
                RunEnd::Failed(error) => (ActionRunState::Failed, None, Some(json!(error))),
                RunEnd::Unknown(error) => (ActionRunState::Unknown, None, Some(json!(error))),
            };
            let finished = self
                .store
                .finish_action_run(&held, state, outcome.as_ref(), error.as_ref(), at)
                .await;
            self.forget(run);
            finished.map_err(|error| of_store(&error))
        })
    }

    fn writes<'a>(&'a self, run: &'a str) -> JournalFuture<'a, Option<Vec<KeptWrite>>> {
        Box::pin(async move {
            match self.store.action_record(run, self.clock.now()).await {
                Ok(record) if record.run.workspace == self.workspace => {
                    record.writes.iter().map(kept).collect::<Result<_, _>>().map(Some)
                }
                Ok(_) | Err(StoreError::NotFound { .. }) => Ok(None),
                Err(error) => Err(of_store(&error)),
            }
        })
    }

    fn forget<'a>(&'a self, subject: &'a str) -> JournalFuture<'a, u64> {
        Box::pin(async move {
            self.store
                .erase_subject(&self.workspace, subject)
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn identities(&self) -> &dyn Identities {
        &self.identities
    }
}

fn kept(write: &ActionWrite) -> Result<KeptWrite, PortError> {
    let inverse = write.inverse.clone().map(serde_json::from_value::<Inverse>);
    Ok(KeptWrite {
        seq: u32::try_from(write.seq).unwrap_or(u32::MAX),
        operation: write.operation.clone(),
        path: of_pairs(write.path.as_ref()),
        query: of_pairs(write.query.as_ref()),
        payload: write.payload.clone(),
        subject: write.subject.clone(),
        before: write.before.clone(),
        state: match write.state {
            trunkline_store::WriteState::Sending => WriteState::Sending,
            trunkline_store::WriteState::Done => WriteState::Done,
            trunkline_store::WriteState::Refused => WriteState::Refused,
            trunkline_store::WriteState::Unknown => WriteState::Unknown,
        },
        after: write.after.clone(),
        inverse: inverse.transpose().map_err(|error| PortError {
            reason: format!("what puts a write back cannot be read: {error}"),
        })?,
        at: write.sent_at,
    })
}

/// Names and values as a document: a list of pairs, since a name may stand more than once.
fn pairs(pairs: &[(String, String)]) -> Option<Value> {
    (!pairs.is_empty()).then(|| json!(pairs))
}

fn of_pairs(document: Option<&Value>) -> Vec<(String, String)> {
    document
        .and_then(|document| serde_json::from_value(document.clone()).ok())
        .unwrap_or_default()
}

/// Tells inputs apart; names stand in order in every document.
fn digest(input: &Value) -> String {
    let mut text = String::with_capacity(64);
    for byte in Sha256::digest(input.to_string().as_bytes()) {
        write!(text, "{byte:02x}").expect("writing to a String cannot fail");
    }
    text
}

pub(crate) fn of_store(error: &StoreError) -> PortError {
    PortError {
        reason: format!("{error} ({})", error.code()),
    }
}
