//! For how long it is kept what became of a flow's records.
//!
//! The one rule: the flow's own policy says so; a flow that nobody understands any more is kept as one that says nothing.

use jiff::{SignedDuration, Timestamp};
use trunkline_flow::document::{Document, Followed, History};
use trunkline_store::{Flow, Store, StoreError};

/// Of `recent`: how many of the newest rows of a flow are kept.
const NEWEST: u32 = 10_000;

/// Forgets what is older than the flow's policy says, or more; returns how many rows.
pub(super) async fn forget(
    store: &Store,
    flow: &str,
    history: History,
    now: Timestamp,
) -> Result<u64, StoreError> {
    let kept = match history.records {
        Followed::None => SignedDuration::ZERO,
        Followed::Recent | Followed::All => {
            SignedDuration::try_from(history.keep.0).unwrap_or(SignedDuration::MAX)
        }
    };
    let mut forgotten = match now.checked_sub(kept) {
        Ok(before) => store.forget_fates(Some(flow), before).await?,
        Err(_) => 0,
    };
    if history.records == Followed::Recent {
        forgotten += store.keep_newest_fates(flow, NEWEST).await?;
    }
    Ok(forgotten)
}

/// The same for every flow of a store.
pub(crate) async fn forget_all(store: &Store, now: Timestamp) -> Result<u64, StoreError> {
    let mut forgotten = 0;
    for flow in store.flows().await? {
        forgotten += forget(store, &flow.name, history(&flow), now).await?;
    }
    Ok(forgotten)
}

fn history(flow: &Flow) -> History {
    Document::parse(&flow.text, &trunkline_components::kinds(), flow.applied_at)
        .map(|document| document.policy.history)
        .unwrap_or_default()
}
