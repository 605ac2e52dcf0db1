//! Forgets what was kept for its time: notifications, requests, runs of mirrors, actions and flows, batches, dead letters, what became of
//! records, alerts, and which contacts identities led to.

use jiff::{SignedDuration, Timestamp};
use trunkline_actions::SEARCH_LAG;
use trunkline_store::StoreError;

use crate::{
    flows, imports,
    retention::{self, What},
    shared::Shared,
};

const DAY: std::time::Duration = std::time::Duration::from_hours(24);
const PERIOD: SignedDuration = SignedDuration::from_mins(10);

/// Sweeps once in a while.
pub(super) async fn when_due(
    shared: &Shared,
    swept_at: &mut Option<Timestamp>,
    now: Timestamp,
) -> Result<(), StoreError> {
    if swept_at.is_some_and(|swept_at| now.duration_since(swept_at) < PERIOD) {
        return Ok(());
    }
    let before = |kept: std::time::Duration| {
        SignedDuration::try_from(kept)
            .ok()
            .and_then(|kept| now.checked_sub(kept).ok())
            .unwrap_or(Timestamp::MIN)
    };
    let spans = retention::now(shared).await?;
    let of = |what: What| {
        let span = spans.iter().find(|(of, ..)| *of == what);
        before(span.map_or(what.usual(), |(_, span, _)| *span))
    };
    let runs = of(What::Runs);
    // A page of the rate budget that nobody wrote into for a day is of no process that lives.
    shared.store.forget_ledgers(before(DAY)).await?;
    shared.store.forget_sessions(now).await?;
    shared.store.forget_identities(SEARCH_LAG, now).await?;
    shared.store.forget_audit(of(What::Audit)).await?;
    let forgotten = [
        shared.store.forget_notifications(of(What::Notifications)).await?,
        shared.store.forget_requests(of(What::Requests)).await?,
        shared.store.forget_runs(runs).await?,
        shared.store.forget_action_runs(runs, now).await?,
        shared.store.forget_batches(runs, now).await?,
        shared.store.forget_flow_runs(runs).await?,
        shared.store.forget_dead_letters(runs, now).await?,
        shared.store.forget_dedupe_keys(runs).await?,
        shared.store.forget_alerts(runs).await?,
        flows::forget_all(&shared.store, now).await?,
        shared.store.forget_fates(None, runs).await?,
    ];
    if forgotten.iter().any(|count| *count > 0) {
        tracing::info!(
            notifications = forgotten[0],
            requests = forgotten[1],
            runs = forgotten[2],
            action_runs = forgotten[3],
            batches = forgotten[4],
            flow_runs = forgotten[5],
            dead_letters = forgotten[6],
            ways_of_records = forgotten[9] + forgotten[10],
            "forgot what was kept for its time"
        );
    }
    if let Err(error) = imports::forget(shared, runs).await {
        tracing::warn!(%error, "files of old imports could not be removed");
    }
    shared.store.take_stock().await?;
    *swept_at = Some(now);
    Ok(())
}
