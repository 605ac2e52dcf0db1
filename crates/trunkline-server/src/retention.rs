//! How long things are kept: as the process was started, else as somebody set it, else as usual.
//!
//! The one rule: it is asked for whenever something is about to be forgotten, so a change takes effect without a new start, in every
//! process that shares the store.

use std::{collections::BTreeMap, time::Duration};

use trunkline_store::StoreError;

use crate::{options::Retention, shared::Shared};

const DAY: Duration = Duration::from_hours(24);
/// The shortest time that can be set.
pub(crate) const LEAST: Duration = Duration::from_hours(1);
/// The longest.
pub(crate) const MOST: Duration = Duration::from_hours(24 * 3_650);

/// What is kept for some time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum What {
    /// Notifications with their bodies.
    Notifications,
    /// The request log.
    Requests,
    /// Runs of mirrors, actions and flows, batches, dead letters, alerts.
    Runs,
    /// The audit log.
    Audit,
}

impl What {
    pub(crate) const ALL: [Self; 4] = [Self::Notifications, Self::Requests, Self::Runs, Self::Audit];

    /// The word for it in the store, in JSON and in forms.
    pub(crate) const fn word(self) -> &'static str {
        match self {
            Self::Notifications => "notifications",
            Self::Requests => "requests",
            Self::Runs => "runs",
            Self::Audit => "audit",
        }
    }

    /// As people call it.
    pub(crate) const fn title(self) -> &'static str {
        match self {
            Self::Notifications => "Notifications",
            Self::Requests => "Requests",
            Self::Runs => "Runs and dead letters",
            Self::Audit => "Audit log",
        }
    }

    /// The flag of `trunkline serve` that says so.
    pub(crate) const fn flag(self) -> &'static str {
        match self {
            Self::Notifications => "--keep-notifications",
            Self::Requests => "--keep-requests",
            Self::Runs => "--keep-runs",
            Self::Audit => "--keep-audit",
        }
    }

    /// How long it is kept when nobody says anything.
    pub(crate) const fn usual(self) -> Duration {
        let days = match self {
            Self::Notifications => 14,
            Self::Requests => 7,
            Self::Runs => 90,
            Self::Audit => 365,
        };
        DAY.saturating_mul(days)
    }

    /// What the process was started with.
    pub(crate) const fn fixed(self, retention: &Retention) -> Option<Duration> {
        match self {
            Self::Notifications => retention.notifications,
            Self::Requests => retention.requests,
            Self::Runs => retention.runs,
            Self::Audit => retention.audit,
        }
    }
}

/// Where a span comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// The process was started with it.
    AtStart,
    /// Somebody set it.
    Set,
    /// Nobody said anything.
    Usual,
}

/// How long everything is kept now.
pub(crate) async fn now(shared: &Shared) -> Result<Vec<(What, Duration, Said)>, StoreError> {
    let set = shared.store.retention().await?;
    Ok(What::ALL
        .map(|what| of(what, &shared.options.retention, &set))
        .into())
}

fn of(what: What, fixed: &Retention, set: &BTreeMap<String, u64>) -> (What, Duration, Said) {
    if let Some(span) = what.fixed(fixed) {
        return (what, span, Said::AtStart);
    }
    match set.get(what.word()) {
        Some(seconds) => (what, Duration::from_secs(*seconds), Said::Set),
        None => (what, what.usual(), Said::Usual),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_start_comes_first_then_what_was_set_then_what_is_usual() {
        let set = BTreeMap::from([("runs".to_owned(), 60), ("requests".to_owned(), 60)]);
        let fixed = Retention {
            runs: Some(Duration::from_secs(5)),
            ..Retention::default()
        };
        let found = What::ALL.map(|what| of(what, &fixed, &set));
        let expected = [
            (What::Notifications, DAY * 14, Said::Usual),
            (What::Requests, Duration::from_secs(60), Said::Set),
            (What::Runs, Duration::from_secs(5), Said::AtStart),
            (What::Audit, DAY * 365, Said::Usual),
        ];
        assert_eq!(found, expected);
    }
}
