//! Where a command's actions run: the workspace, with the journal that keeps what they write.
//!
//! The one rule: whatever the session's token comes from, writes are kept in the store of the data folder, which is made when
//! it is not there.

use std::sync::Arc;

use trunkline_actions::{Journal, NoJournal, Workspace};
use trunkline_client::{Call, Priority, SystemClock};
use trunkline_server::{RunHolder, StoredJournal};
use trunkline_store::Store;

use crate::{cli, failure::Failure, settings, store};

/// A workspace in which a command runs actions.
#[derive(Debug)]
pub(crate) struct Desk {
    /// Where they run.
    pub(crate) workspace: Workspace,
    session: settings::Session,
    kept: Option<Kept>,
}

/// What keeps the journal.
#[derive(Debug)]
struct Kept {
    store: Arc<Store>,
    /// Whether the store was opened here, rather than by the session.
    is_own: bool,
    holder: Arc<RunHolder>,
}

impl Desk {
    /// Opens the session that the flags ask for; with a journal when something may be written.
    pub(crate) async fn open(flags: &cli::Workspace, writes: bool) -> Result<Self, Failure> {
        let file = settings::File::read(flags.config.as_deref())?;
        let session = settings::client(flags, &file).await?;
        match Self::with(flags, &session, writes).await {
            Ok((workspace, kept)) => Ok(Self {
                workspace,
                session,
                kept,
            }),
            Err(failure) => {
                session.close().await;
                Err(failure)
            }
        }
    }

    async fn with(
        flags: &cli::Workspace,
        session: &settings::Session,
        writes: bool,
    ) -> Result<(Workspace, Option<Kept>), Failure> {
        let clock = Arc::new(SystemClock);
        let id = workspace_id(session).await?;
        let mut kept = None;
        let journal: Arc<dyn Journal> = if writes {
            let (store, is_own) = match session.store() {
                Some(store) => (Arc::clone(store), false),
                None => (Arc::new(store::open(&flags.data).await?), true),
            };
            let holder = Arc::new(RunHolder::new(Arc::clone(&store), clock.clone()));
            let journal =
                StoredJournal::new(Arc::clone(&store), clock.clone(), Arc::clone(&holder), id.clone());
            kept = Some(Kept {
                store,
                is_own,
                holder,
            });
            Arc::new(journal)
        } else {
            Arc::new(NoJournal)
        };
        let workspace = Workspace::new(id, session.client().clone(), clock, journal);
        Ok((workspace, kept))
    }

    /// What keeps runs and batches, when something may be written.
    pub(crate) fn kept(&self) -> Option<(&Arc<Store>, &Arc<RunHolder>)> {
        self.kept.as_ref().map(|kept| (&kept.store, &kept.holder))
    }

    /// Gives everything back.
    pub(crate) async fn close(self) {
        drop(self.workspace);
        if let Some(kept) = self.kept {
            kept.holder.close().await;
            if kept.is_own {
                kept.store.close().await;
            }
        }
        self.session.close().await;
    }
}

/// Intercom's id of the workspace: as it was noted with the connection, else as the workspace says.
async fn workspace_id(session: &settings::Session) -> Result<String, Failure> {
    if let Some(id) = session.workspace_id() {
        return Ok(id.to_owned());
    }
    let me: serde_json::Value = session
        .client()
        .call(Call::new("me.get").priority(Priority::Interactive))
        .await?
        .json()?;
    me["app"]["id_code"]
        .as_str()
        .filter(|id| !id.is_empty())
        .map(str::to_owned)
        .ok_or_else(|| {
            Failure::new(
                "TL0608",
                "the workspace does not say who it is",
                "Check that the token is that of a workspace; `trunkline check` says more.",
            )
        })
}
