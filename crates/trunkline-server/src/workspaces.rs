//! The workspaces in which the API's actions run: one client, one budget and one journal for each connection, kept between calls.
//!
//! The one rule: an action that has begun is finished, whatever becomes of the request that asked for it; a stopping process
//! waits for those under way.

use std::{collections::HashMap, sync::Arc, time::Duration};

use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore};
use trunkline_actions::{ActionError, Workspace};
use trunkline_client::{Client, Clock, Settings};
use trunkline_store::{Connection, ConnectionState, Store};

use crate::{
    Opened, RunHolder, ServerError, StoredJournal,
    connect::{self, connect},
    renewal,
};

/// How many actions run at once; more wait for their place.
const AT_ONCE: u32 = 256;

/// The workspaces of a process.
#[derive(Debug)]
pub(crate) struct Workspaces {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    holder: Arc<RunHolder>,
    open: Mutex<HashMap<String, Open>>,
    places: Arc<Semaphore>,
}

/// A connection's workspace.
#[derive(Debug)]
struct Open {
    opened: Opened,
    workspace: Workspace,
}

impl Workspaces {
    pub(crate) fn new(store: Arc<Store>, clock: Arc<dyn Clock>) -> Self {
        Self {
            holder: Arc::new(RunHolder::new(Arc::clone(&store), Arc::clone(&clock))),
            store,
            clock,
            open: Mutex::default(),
            places: Arc::new(Semaphore::new(AT_ONCE as usize)),
        }
    }

    /// The workspace of the named connection, or of the default one, with the connection as it is now.
    pub(crate) async fn of(&self, name: Option<&str>) -> Result<(Connection, Workspace), ServerError> {
        let now = match name {
            Some(name) => self.store.connection(name).await?,
            None => self
                .store
                .default_connection()
                .await?
                .ok_or(ServerError::NoConnection)?,
        };
        let mut open = self.open.lock().await;
        if let Some(known) = open.get(&now.id)
            && is_as_opened(&known.opened.connection, &now)
            && !renewal::is_due(&known.opened.connection, &*self.clock)
        {
            return Ok((now, known.workspace.clone()));
        }
        if let Some(old) = open.remove(&now.id) {
            old.opened.close().await;
        }
        let settings = Settings::new(Arc::clone(&self.clock));
        let opened = connect(&self.store, Some(&now.id), None, settings).await?;
        let id = match &opened.connection.identity {
            Some(identity) => identity.id_code.clone(),
            None => {
                let settings = Settings::new(Arc::clone(&self.clock));
                connect::identify(&self.store, &opened.connection, settings)
                    .await?
                    .id_code
            }
        };
        let journal = StoredJournal::new(
            Arc::clone(&self.store),
            Arc::clone(&self.clock),
            Arc::clone(&self.holder),
            id.clone(),
        );
        let workspace = Workspace::new(
            id,
            opened.client.clone(),
            Arc::clone(&self.clock),
            Arc::new(journal),
        );
        let connection = opened.connection.clone();
        open.insert(
            connection.id.clone(),
            Open {
                opened,
                workspace: workspace.clone(),
            },
        );
        Ok((connection, workspace))
    }

    /// The client of the named connection, or of the default one: for what only reads.
    pub(crate) async fn client(&self, name: Option<&str>) -> Result<(Connection, Client), ServerError> {
        let (connection, _) = self.of(name).await?;
        let open = self.open.lock().await;
        let known = open.get(&connection.id).ok_or(ServerError::NoConnection)?;
        Ok((connection, known.opened.client.clone()))
    }

    /// What this process holds its runs and batches by.
    pub(crate) const fn holder(&self) -> &Arc<RunHolder> {
        &self.holder
    }

    /// A place among those that a stopping process waits for.
    pub(crate) async fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).acquire_owned().await.ok()
    }

    /// Does the work to its end, also when whoever asked has gone.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        connection: &Connection,
        work: impl Future<Output = Result<T, ActionError>> + Send + 'static,
    ) -> Result<T, ActionError> {
        let places = Arc::clone(&self.places);
        let store = Arc::clone(&self.store);
        let clock = Arc::clone(&self.clock);
        let connection = connection.id.clone();
        let task = tokio::spawn(async move {
            let _place = places.acquire().await;
            let outcome = work.await;
            if let Err(ActionError::Call(error)) = &outcome
                && let Err(error) = connect::note_failure(&store, &connection, error, clock.now()).await
            {
                tracing::error!(code = error.code(), %error, "that a grant is over could not be kept");
            }
            outcome
        });
        match task.await {
            Ok(outcome) => outcome,
            Err(panic) => std::panic::resume_unwind(panic.into_panic()),
        }
    }

    /// Waits for what is under way, for so long, and gives everything back.
    pub(crate) async fn close(&self, patience: Duration) {
        if tokio::time::timeout(patience, self.places.acquire_many(AT_ONCE))
            .await
            .is_err()
        {
            tracing::warn!(
                "actions were still under way; whoever calls again with their keys takes them over"
            );
        }
        self.holder.close().await;
        for (_, open) in self.open.lock().await.drain() {
            open.opened.close().await;
        }
    }
}

/// Whether a connection is still what it was when it was opened, as far as calls are concerned.
fn is_as_opened(opened: &Connection, now: &Connection) -> bool {
    matches!(now.state, ConnectionState::New | ConnectionState::Ready)
        && opened.details == now.details
        && opened.app == now.app
        && opened.updated_at == now.updated_at
}
