//! The lease of a workspace: one process keeps its mirrors.
//!
//! The one rule: a lease is renewed at a third of its life, and who cannot renew it stops at once, in the middle of what is
//! done; every step is made to be cut off anywhere.

use jiff::SignedDuration;
use tokio::time::{Duration, sleep};
use trunkline_store::{Lease, StoreError};

use crate::shared::Shared;

const LIFE: SignedDuration = SignedDuration::from_secs(15);
const RENEWAL: Duration = Duration::from_secs(5);

/// Takes the lease of a workspace, if nobody else has it.
pub(super) async fn take(shared: &Shared, workspace: &str) -> Result<Option<Lease>, StoreError> {
    let name = format!("workspace/{workspace}");
    let owner = shared.store.entropy().id(shared.clock.now());
    shared
        .store
        .take_lease(&name, &owner, LIFE, shared.clock.now())
        .await
}

/// Renews the lease until it is lost.
pub(super) async fn hold(shared: &Shared, lease: &Lease) {
    let mut lease = lease.clone();
    loop {
        sleep(RENEWAL).await;
        match shared
            .store
            .renew_lease(&mut lease, LIFE, shared.clock.now())
            .await
        {
            Ok(true) => {}
            Ok(false) => {
                tracing::warn!(lease = lease.name, "another process keeps this workspace now");
                return;
            }
            // The store may answer again before the lease has ended.
            Err(error) if shared.clock.now() < lease.expires_at => {
                tracing::warn!(code = error.code(), %error, lease = lease.name, "a lease was not renewed");
            }
            Err(error) => {
                tracing::error!(code = error.code(), %error, lease = lease.name, "a lease was lost");
                return;
            }
        }
    }
}
