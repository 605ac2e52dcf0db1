//! What processes that use one store share of a workspace: its rate budget and its one scroll.
//!
//! The one rule: the name of what is shared says whose it is, by the workspace's code where that is known. Budgets of a workspace's
//! connections are one, but for those of an app of its own, which the platform counts apart.

use std::{sync::Arc, time::Duration};

use jiff::SignedDuration;
use tokio::task::JoinHandle;
use trunkline_client::{
    Clock, LedgerPage, PortError, RateLedger, ScrollTurn, ScrollTurns, Settings, Told, Turn,
};
use trunkline_store::{Connection, Lease, Store, StoreError};

/// How long a scroll may be open after its last page (facts 3), with time for the renewal before it.
const SCROLL_LIFE: SignedDuration = SignedDuration::from_secs(70);
const RENEWED: Duration = Duration::from_secs(5);
/// A holder that did not renew for so long is taken for dead.
const SILENT: SignedDuration = SignedDuration::from_secs(12);
const LOOK: Duration = Duration::from_secs(1);

/// Lets a client share with everybody who uses the same store.
pub(crate) fn share(settings: &mut Settings, store: &Arc<Store>, connection: &Connection) {
    let workspace = workspace_of(connection);
    let clock = Arc::clone(&settings.clock);
    settings.rate_ledger = Some(Arc::new(StoredLedger {
        store: Arc::clone(store),
        name: budget_of(connection),
        owner: store.entropy().id(clock.now()),
        clock: Arc::clone(&clock),
    }));
    settings.scroll_turns = Arc::new(StoredTurns {
        store: Arc::clone(store),
        name: format!("scroll/{workspace}"),
        clock,
    });
}

/// The name of the page that a connection's rate budget stands on.
pub(crate) fn budget_of(connection: &Connection) -> String {
    let workspace = workspace_of(connection);
    match &connection.app {
        Some(app) => format!("rate/{workspace}/{app}"),
        None => format!("rate/{workspace}"),
    }
}

fn workspace_of(connection: &Connection) -> String {
    match &connection.identity {
        Some(identity) => identity.id_code.clone(),
        None => format!("connection/{}", connection.id),
    }
}

/// A page of the store.
#[derive(Debug)]
struct StoredLedger {
    store: Arc<Store>,
    name: String,
    owner: String,
    clock: Arc<dyn Clock>,
}

impl RateLedger for StoredLedger {
    fn owner(&self) -> &str {
        &self.owner
    }

    fn read(&self) -> Told<'_, Option<LedgerPage>> {
        Box::pin(async {
            let ledger = self.store.ledger(&self.name).await.map_err(of_store)?;
            Ok(ledger.map(|ledger| LedgerPage {
                fence: ledger.fence,
                text: ledger.page,
            }))
        })
    }

    fn write(&self, seen: i64, text: String) -> Told<'_, bool> {
        Box::pin(async move {
            self.store
                .write_ledger(&self.name, seen, &text, self.clock.now())
                .await
                .map_err(of_store)
        })
    }
}

/// A lease of the store, which outlives its holder for as long as the holder's scroll may be open.
#[derive(Debug)]
struct StoredTurns {
    store: Arc<Store>,
    name: String,
    clock: Arc<dyn Clock>,
}

impl ScrollTurns for StoredTurns {
    fn take(&self) -> Told<'_, Turn> {
        Box::pin(async {
            let now = self.clock.now();
            // A name for each attempt: another run of this very process is somebody else.
            let owner = self.store.entropy().id(now);
            let taken = self.store.take_lease(&self.name, &owner, SCROLL_LIFE, now).await;
            if let Some(lease) = taken.map_err(of_store)? {
                let renewing = tokio::spawn(renew(
                    Arc::clone(&self.store),
                    Arc::clone(&self.clock),
                    lease.clone(),
                ));
                return Ok(Turn::Ours(Box::new(StoredTurn {
                    store: Arc::clone(&self.store),
                    lease,
                    renewing,
                })));
            }
            let ends = self
                .store
                .lease_ends(&self.name)
                .await
                .map_err(of_store)?
                .unwrap_or(now);
            let left = ends.duration_since(now);
            let reason = if left < SCROLL_LIFE - SILENT {
                format!(
                    "whoever read the companies is gone; the scroll that it left open ends at {}",
                    ends.strftime("%H:%M:%S UTC")
                )
            } else {
                "another process reads the companies".to_owned()
            };
            Ok(Turn::Theirs {
                reason,
                again_in: Duration::try_from(left)
                    .unwrap_or(LOOK)
                    .clamp(Duration::from_millis(50), LOOK),
            })
        })
    }
}

async fn renew(store: Arc<Store>, clock: Arc<dyn Clock>, mut lease: Lease) {
    loop {
        tokio::time::sleep(RENEWED).await;
        match store.renew_lease(&mut lease, SCROLL_LIFE, clock.now()).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(
                    name = lease.name,
                    "the turn to scroll was lost: this process was asleep"
                );
                return;
            }
            Err(error) => tracing::warn!(code = error.code(), %error, "the turn to scroll was not renewed"),
        }
    }
}

/// A turn that is held. Dropped, it stays taken until its lease ends, since a scroll may be open.
#[derive(Debug)]
struct StoredTurn {
    store: Arc<Store>,
    lease: Lease,
    renewing: JoinHandle<()>,
}

impl Drop for StoredTurn {
    fn drop(&mut self) {
        self.renewing.abort();
    }
}

impl ScrollTurn for StoredTurn {
    fn finish(self: Box<Self>) -> Told<'static, ()> {
        Box::pin(async move {
            self.renewing.abort();
            self.store.end_lease(&self.lease).await.map_err(of_store)
        })
    }
}

#[expect(clippy::needless_pass_by_value, reason = "it stands in `map_err`")]
fn of_store(error: StoreError) -> PortError {
    PortError {
        reason: format!("{}: {error}", error.code()),
    }
}

#[cfg(test)]
mod tests {
    use rand::SeedableRng as _;
    use trunkline_client::ManualClock;
    use trunkline_store::{Entropy, KeySource, Location};

    use super::*;

    #[tokio::test]
    async fn a_scroll_has_one_holder_and_whoever_waits_hears_when_the_holder_dies() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(Store::file_in(folder.path()));
        let key = KeySource::File(Store::key_in(folder.path()));
        let entropy = Entropy::new(rand_chacha::ChaCha12Rng::seed_from_u64(7));
        let store = Arc::new(Store::open(&location, key, entropy).await.unwrap());
        let clock = Arc::new(ManualClock::new("2026-11-21T00:00:00Z".parse().unwrap()));
        let turns = StoredTurns {
            store: Arc::clone(&store),
            name: "scroll/abcd1234".to_owned(),
            clock: clock.clone(),
        };
        let waits = async |said: &str| match turns.take().await.unwrap() {
            Turn::Theirs { reason, .. } => assert!(reason.contains(said), "{reason}"),
            Turn::Ours(_) => panic!("somebody has it: {said}"),
        };
        let ours = async || match turns.take().await.unwrap() {
            Turn::Ours(turn) => turn,
            Turn::Theirs { reason, .. } => panic!("{reason}"),
        };
        let first = ours().await;
        waits("another process").await;
        first.finish().await.unwrap();
        let dies = ours().await;
        drop(dies);
        clock.advance(SignedDuration::from_secs(8));
        waits("another process").await;
        clock.advance(SignedDuration::from_secs(22));
        waits("is gone; the scroll that it left open ends at 00:01:10 UTC").await;
        clock.advance(SignedDuration::from_secs(40));
        ours().await.finish().await.unwrap();
        store.close().await;
    }
}
