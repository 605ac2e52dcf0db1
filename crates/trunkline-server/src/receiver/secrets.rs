//! Which secrets a signature may fit.
//!
//! The one rule: what another process adds is known here after a second at most, and a flood of forged notifications asks the
//! store no more often than that.

use std::sync::{Arc, PoisonError, RwLock};

use jiff::{SignedDuration, Timestamp};
use trunkline_store::{Store, StoreError};

use crate::signature::{Signature, Signer};

/// How old what is known may be when a signature fits none of it.
const FRESH: SignedDuration = SignedDuration::from_secs(1);
/// How old it may be at all: a secret that was removed elsewhere stops to fit after this.
const STALE: SignedDuration = SignedDuration::from_secs(10);

/// The secrets that are known, as they were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Secrets {
    known: RwLock<Arc<Known>>,
    turn: tokio::sync::Mutex<()>,
}

#[derive(Debug, Default)]
struct Known {
    read_at: Option<Timestamp>,
    /// One of each secret, for the shared address.
    all: Vec<(String, Signer)>,
    connections: Vec<Named>,
}

#[derive(Debug)]
struct Named {
    name: String,
    workspace: Option<String>,
    via: String,
    signers: Vec<Signer>,
}

/// Whose secret a signature fits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    /// A connection's or an app's id.
    pub(crate) via: String,
    /// The only workspace that may be told of at this address.
    pub(crate) workspace: Option<String>,
}

impl Secrets {
    /// Finds the secret that a body was signed with.
    pub(crate) async fn signer(
        &self,
        store: &Store,
        connection: Option<&str>,
        body: &[u8],
        signature: &Signature,
        now: Timestamp,
    ) -> Result<Option<Found>, StoreError> {
        let known = self.known();
        if known.is_younger(STALE, now)
            && let Some(found) = known.find(connection, body, signature)
        {
            return Ok(Some(found));
        }
        if known.is_younger(FRESH, now) {
            return Ok(None);
        }
        let known = self.refresh(store, now).await?;
        Ok(known.find(connection, body, signature))
    }

    fn known(&self) -> Arc<Known> {
        Arc::clone(&self.known.read().unwrap_or_else(PoisonError::into_inner))
    }

    async fn refresh(&self, store: &Store, now: Timestamp) -> Result<Arc<Known>, StoreError> {
        let _turn = self.turn.lock().await;
        let known = self.known();
        // Somebody else asked while this one waited for its turn.
        if known.is_younger(FRESH, now) {
            return Ok(known);
        }
        let known = Arc::new(Known::read(store, now).await?);
        *self.known.write().unwrap_or_else(PoisonError::into_inner) = Arc::clone(&known);
        Ok(known)
    }
}

impl Known {
    async fn read(store: &Store, now: Timestamp) -> Result<Self, StoreError> {
        let mut all = Vec::new();
        let mut of_apps = Vec::new();
        for app in store.apps().await? {
            if let Some(signer) = Signer::new(&store.app_secret(&app.id).await?) {
                all.push((app.id.clone(), signer.clone()));
                of_apps.push((app.id, signer));
            }
        }
        let mut connections = Vec::new();
        for connection in store.connections().await? {
            let secrets = store.connection_secrets(&connection.id).await?;
            let own = secrets.webhook_secret.as_ref().and_then(Signer::new);
            if let Some(signer) = &own {
                all.push((connection.id.clone(), signer.clone()));
            }
            let of_app = of_apps
                .iter()
                .filter(|(id, _)| connection.app.as_ref() == Some(id))
                .map(|(_, signer)| signer.clone());
            connections.push(Named {
                signers: own.into_iter().chain(of_app).collect(),
                workspace: connection.identity.map(|identity| identity.id_code),
                name: connection.name,
                via: connection.id,
            });
        }
        Ok(Self {
            read_at: Some(now),
            all,
            connections,
        })
    }

    fn is_younger(&self, than: SignedDuration, now: Timestamp) -> bool {
        self.read_at
            .is_some_and(|read_at| now.duration_since(read_at).abs() < than)
    }

    fn find(&self, connection: Option<&str>, body: &[u8], signature: &Signature) -> Option<Found> {
        let Some(name) = connection else {
            let (via, _) = self.all.iter().find(|(_, signer)| signer.fits(body, signature))?;
            return Some(Found {
                via: via.clone(),
                workspace: None,
            });
        };
        let named = self.connections.iter().find(|named| named.name == name)?;
        named
            .signers
            .iter()
            .any(|signer| signer.fits(body, signature))
            .then(|| Found {
                via: named.via.clone(),
                workspace: named.workspace.clone(),
            })
    }
}
