//! Applies what waits for a workspace to every mirror of it that follows notifications.
//!
//! The one rule: a notification is done when every such mirror knows what it told; one that fails is tried again later and
//! keeps nobody else waiting. Applying twice does no harm, so a crash between mirror and store only repeats work.

use std::{collections::BTreeMap, sync::Arc};

use jiff::{SignedDuration, Timestamp};
use trunkline_client::{Disposition, Settings};
use trunkline_mirror::notifications::{self, Outcome, TryAgain, decode};
use trunkline_store::{Kept, Lease, Mirror, Notification, StoreError};

use super::{
    RunFailure,
    open::{Open, opened},
};
use crate::{connect, shared::Shared};

/// Notifications that are applied together: one object of several costs one call.
const TOGETHER: u32 = 500;
/// What may work by itself later is tried for a day, what needs a person only this often.
const ATTEMPTS: i64 = 5;
const DAY: SignedDuration = SignedDuration::from_hours(24);
const LONGEST_PAUSE: i64 = 600;

/// Applies a batch of what waits; whether there was any.
pub(super) async fn apply(
    shared: &Shared,
    workspace: &str,
    mirrors: &[Mirror],
    lease: &Lease,
    open: &mut BTreeMap<String, Open>,
) -> Result<bool, StoreError> {
    let now = shared.clock.now();
    let followers: Vec<&Mirror> = mirrors
        .iter()
        .filter(|mirror| mirror.details.follows_webhooks)
        .collect();
    if followers.is_empty() {
        return Ok(false);
    }
    let waiting = shared.store.waiting(workspace, TOGETHER, now).await?;
    if waiting.is_empty() {
        return Ok(false);
    }
    let mut decoded = Vec::with_capacity(waiting.len());
    let mut kept = Vec::with_capacity(waiting.len());
    for notification in &waiting {
        match decode(&notification.body) {
            Ok(body) => decoded.push((notification, body)),
            Err(error) => kept.push(Kept::Failed {
                seq: notification.seq,
                error: format!("{}: {error}", error.code()),
            }),
        }
    }
    let (of_store, bodies): (Vec<&Notification>, Vec<_>) = decoded.into_iter().unzip();
    let mut troubles: Vec<Option<TryAgain>> = vec![None; bodies.len()];
    for mirror in followers {
        match attempt(shared, mirror, &bodies, open).await {
            Ok(outcomes) => {
                for (trouble, outcome) in troubles.iter_mut().zip(outcomes) {
                    if let Outcome::TryAgain(again) = outcome {
                        trouble.get_or_insert(again);
                    }
                }
            }
            Err(failure) => {
                tracing::error!(
                    code = failure.code,
                    error = failure.error,
                    mirror = mirror.name,
                    "notifications could not be applied"
                );
                if let Some(call) = &failure.call {
                    connect::note_failure(&shared.store, &mirror.connection, call, now).await?;
                }
                let again = TryAgain {
                    code: failure.code,
                    why: failure.error,
                    disposition: Disposition::Retry,
                };
                for trouble in &mut troubles {
                    trouble.get_or_insert(again.clone());
                }
            }
        }
        // An older endpoint says the same of a missing permission; who the token is tells which it was.
        if troubles
            .iter()
            .flatten()
            .any(|again| again.disposition == Disposition::Reauthenticate)
        {
            let connection = shared.store.connection(&mirror.connection).await?;
            let settings = Settings::new(Arc::clone(&shared.clock));
            if let Err(error) = connect::identify(&shared.store, &connection, settings).await {
                tracing::warn!(code = error.code(), %error, connection = connection.name, "a token was refused");
            }
        }
    }
    kept.extend(
        of_store
            .iter()
            .zip(troubles)
            .map(|(notification, trouble)| settled(notification, trouble, now)),
    );
    for outcome in &kept {
        shared.metrics.applied(match outcome {
            Kept::Done(_) => "done",
            Kept::Again { .. } => "again",
            Kept::Failed { .. } => "failed",
        });
    }
    shared.store.settle(lease, &kept).await?;
    Ok(true)
}

async fn attempt(
    shared: &Shared,
    mirror: &Mirror,
    bodies: &[notifications::Notification],
    open: &mut BTreeMap<String, Open>,
) -> Result<Vec<Outcome>, RunFailure> {
    let open = opened(shared, mirror, open).await?;
    let report = notifications::apply(
        open.client(),
        &open.storage,
        &open.options,
        &*shared.clock,
        bodies,
    )
    .await?;
    Ok(report.outcomes)
}

/// What becomes of a notification.
fn settled(notification: &Notification, trouble: Option<TryAgain>, now: Timestamp) -> Kept {
    let Some(again) = trouble else {
        return Kept::Done(notification.seq);
    };
    let error = format!("{}: {}", again.code, again.why);
    let is_over = match again.disposition {
        Disposition::Retry | Disposition::Reauthenticate => {
            now.duration_since(notification.received_at) > DAY
        }
        Disposition::Reject | Disposition::Halt => notification.attempts + 1 >= ATTEMPTS,
    };
    if is_over {
        return Kept::Failed {
            seq: notification.seq,
            error,
        };
    }
    let exponent = u32::try_from(notification.attempts).unwrap_or(u32::MAX).min(10);
    let pause = 2_i64.saturating_pow(exponent).min(LONGEST_PAUSE);
    Kept::Again {
        seq: notification.seq,
        at: now + SignedDuration::from_secs(pause),
        error,
    }
}

#[cfg(test)]
mod tests {
    use trunkline_store::NotificationState;

    use super::*;

    fn notification(attempts: i64) -> Notification {
        Notification {
            seq: 1,
            workspace: "abcd1234".to_owned(),
            notification: None,
            topic: "ticket.created".to_owned(),
            via: String::new(),
            body: Vec::new(),
            received_at: Timestamp::UNIX_EPOCH,
            created_at: None,
            state: NotificationState::Waiting,
            attempts,
            error: None,
        }
    }

    #[test]
    fn what_may_work_later_is_tried_for_a_day_and_what_needs_a_person_five_times() {
        // Attempts before, hours since it arrived, what is wrong, and seconds until the next attempt, if there is one.
        let cases = [
            (0, 0, Disposition::Retry, Some(1)),
            (3, 0, Disposition::Retry, Some(8)),
            (30, 23, Disposition::Retry, Some(600)),
            (30, 25, Disposition::Retry, None),
            (0, 0, Disposition::Reauthenticate, Some(1)),
            (3, 0, Disposition::Reject, Some(8)),
            (4, 0, Disposition::Reject, None),
            (4, 0, Disposition::Halt, None),
        ];
        for (attempts, hours, disposition, pause) in cases {
            let now = Timestamp::UNIX_EPOCH + SignedDuration::from_hours(hours);
            let again = TryAgain {
                code: "TL0112",
                why: "Intercom failed".to_owned(),
                disposition,
            };
            match (settled(&notification(attempts), Some(again), now), pause) {
                (Kept::Again { at, .. }, Some(pause)) => {
                    assert_eq!(
                        at.duration_since(now).as_secs(),
                        pause,
                        "{attempts} {disposition:?}"
                    );
                }
                (Kept::Failed { error, .. }, None) => assert!(error.starts_with("TL0112: "), "{error}"),
                (found, _) => panic!("{found:?} after {attempts} attempts and {hours} hours"),
            }
        }
        assert!(matches!(
            settled(&notification(0), None, Timestamp::UNIX_EPOCH),
            Kept::Done(1)
        ));
    }
}
