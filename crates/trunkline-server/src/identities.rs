//! Who is about to make a contact, among all processes that share the store.
//!
//! The one rule: what is reserved is kept for as long as its creation is under way, however long that waits for the rate budget, and ends by
//! itself when nobody is at it any more. Read `trunkline-actions/src/identities.rs` for the port, `trunkline-store/src/identities.rs` for
//! what is kept.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::OnceCell, task::JoinHandle};
use trunkline_actions::{
    Identities, JournalFuture, LeftOpen, NewReservation, Reservation, Reserved, SEARCH_LAG, Whereabouts,
};
use trunkline_client::Clock;
use trunkline_store::{HeldIdentity, NewIdentity, Store};

use crate::journal::of_store;

/// How long a process that says nothing is taken to be at it.
const LIFE: SignedDuration = SignedDuration::from_secs(30);
const RENEWED: Duration = Duration::from_secs(10);

/// The identities of one workspace.
#[derive(Debug)]
pub(crate) struct StoredIdentities {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    workspace: String,
    /// Whether old ones were forgotten; a command has no keeper that does it.
    swept: OnceCell<()>,
}

impl StoredIdentities {
    pub(crate) fn new(store: Arc<Store>, clock: Arc<dyn Clock>, workspace: String) -> Self {
        Self {
            store,
            clock,
            workspace,
            swept: OnceCell::new(),
        }
    }

    fn held(&self, held: HeldIdentity) -> Box<dyn Reservation> {
        let renewing = renew(Arc::clone(&self.store), Arc::clone(&self.clock), held.clone());
        Box::new(StoredReservation {
            store: Arc::clone(&self.store),
            held,
            renewing: tokio::spawn(renewing),
        })
    }
}

impl Identities for StoredIdentities {
    fn reserve(&self, new: NewReservation) -> JournalFuture<'_, Reserved> {
        Box::pin(async move {
            self.swept
                .get_or_try_init(async || self.store.forget_identities(SEARCH_LAG, new.at).await.map(drop))
                .await
                .map_err(|error| of_store(&error))?;
            let wanted = NewIdentity {
                workspace: &self.workspace,
                identity: &new.identity,
                run: &new.run,
                is_guarded: new.is_guarded,
                hidden: SEARCH_LAG,
            };
            let reserved = self.store.reserve_identity(&wanted, LIFE, new.at).await;
            Ok(match reserved.map_err(|error| of_store(&error))? {
                trunkline_store::Reserved::Ours(held) => Reserved::Ours(self.held(held)),
                trunkline_store::Reserved::Left(held, left) => {
                    let left = LeftOpen {
                        run: left.run,
                        is_guarded: left.is_guarded,
                    };
                    Reserved::Left(self.held(held), left)
                }
                trunkline_store::Reserved::Led(contact) => Reserved::Led(contact),
                trunkline_store::Reserved::Busy => Reserved::Busy,
            })
        })
    }

    fn led_nowhere<'a>(&'a self, identity: &'a str, contact: &'a str) -> JournalFuture<'a, ()> {
        Box::pin(async move {
            self.store
                .unlead_identity(&self.workspace, identity, contact)
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn heard<'a>(&'a self, contact: &'a str, whereabouts: Whereabouts) -> JournalFuture<'a, ()> {
        Box::pin(async move {
            let (store, workspace) = (&self.store, &self.workspace);
            match whereabouts {
                Whereabouts::Archived => store.hide_contact(workspace, contact, true).await,
                Whereabouts::Back => store.hide_contact(workspace, contact, false).await,
                Whereabouts::Gone => store.forget_contact(workspace, contact).await,
            }
            .map_err(|error| of_store(&error))
        })
    }
}

async fn renew(store: Arc<Store>, clock: Arc<dyn Clock>, held: HeldIdentity) {
    loop {
        tokio::time::sleep(RENEWED).await;
        match store.keep_identity(&held, LIFE, clock.now()).await {
            Ok(true) => {}
            Ok(false) => return,
            Err(error) => tracing::warn!(code = error.code(), %error, "what is reserved was not renewed"),
        }
    }
}

/// What is reserved. Dropped, it is kept no longer, and ends with its lease.
#[derive(Debug)]
struct StoredReservation {
    store: Arc<Store>,
    held: HeldIdentity,
    renewing: JoinHandle<()>,
}

impl Drop for StoredReservation {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl Reservation for StoredReservation {
    fn begin<'a>(&'a mut self, run: &'a str, is_guarded: bool) -> JournalFuture<'a, ()> {
        Box::pin(async move {
            self.store
                .begin_identity(&self.held, run, is_guarded)
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn settle(self: Box<Self>, contact: String, at: Timestamp) -> JournalFuture<'static, ()> {
        Box::pin(async move {
            let settled = self.store.settle_identity(&self.held, &contact, at).await;
            if !settled.map_err(|error| of_store(&error))? {
                tracing::warn!("a contact was made after its reservation had ended: this process was asleep");
            }
            Ok(())
        })
    }

    fn give_back(self: Box<Self>) -> JournalFuture<'static, ()> {
        Box::pin(async move {
            self.store
                .release_identity(&self.held)
                .await
                .map_err(|error| of_store(&error))
        })
    }

    fn leave(self: Box<Self>, at: Timestamp) -> JournalFuture<'static, ()> {
        Box::pin(async move {
            self.store
                .leave_identity(&self.held, at)
                .await
                .map_err(|error| of_store(&error))
        })
    }
}
