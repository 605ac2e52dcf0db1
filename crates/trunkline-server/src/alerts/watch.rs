//! The rounds: who holds the lease looks, notes what it found, and tells the channels.
//!
//! The one rule: each channel has one message under way, with all that it is to be told by then, and no more than one a minute; so
//! a hundred failures at once are one message, and a channel that does not answer keeps nobody waiting but itself.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use tokio::{sync::watch, task::JoinSet, time::sleep};
use trunkline_client::Clock;
use trunkline_flow::{ComponentError, Record, Verdict};
use trunkline_store::{AlertChange, AlertNotice, Lease, NoticeOutcome, Store, StoreError};

use super::{
    AlertSettings, Channels,
    channels::Channel,
    conditions,
    course::{self, AGAIN},
    words,
};
use crate::shared::Shared;

const LEASE: &str = "alerts";
const LIFE: SignedDuration = SignedDuration::from_secs(30);
const RENEWED: SignedDuration = SignedDuration::from_secs(5);
/// How often everything is looked at.
const LOOK: SignedDuration = SignedDuration::from_secs(15);
/// How often notices that are due are looked for.
const TICK: Duration = Duration::from_secs(1);
/// The time between two messages by a channel.
const APART: SignedDuration = SignedDuration::from_mins(1);
/// The pause after the first failure, and the longest.
const FIRST_PAUSE: SignedDuration = SignedDuration::from_secs(30);
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_hours(1);
/// How long a notice is tried.
const TRIED: SignedDuration = SignedDuration::from_hours(24);
/// The most notices in one message.
const MOST: u32 = 500;

/// Looks and tells until the process stops.
pub(crate) async fn supervise(shared: Arc<Shared>, mut stop: watch::Receiver<bool>) {
    let mut watch = Watch::new(
        Arc::clone(&shared.store),
        Arc::clone(&shared.clock),
        shared.options.alerts.clone(),
        shared.channels.clone(),
    );
    let mut sending = JoinSet::new();
    while !*stop.borrow() {
        match watch.turn().await {
            Ok(parcels) => {
                for parcel in parcels {
                    sending.spawn(parcel.send());
                }
            }
            Err(error) => tracing::error!(code = error.code(), %error, "alerts cannot be looked after"),
        }
        let sent = tokio::select! {
            Some(sent) = sending.join_next() => sent.ok(),
            () = sleep(TICK) => None,
            _ = stop.wait_for(|stops| *stops) => None,
        };
        if let Some(sent) = sent {
            watch.settle(sent).await;
        }
    }
    // What arrives in the meantime is not told again; what does not is told by whoever comes next.
    let finishing = async {
        while let Some(sent) = sending.join_next().await {
            if let Ok(sent) = sent {
                watch.settle(sent).await;
            }
        }
    };
    tokio::time::timeout(shared.options.patience, finishing)
        .await
        .ok();
    watch.give_back().await;
}

/// What a process knows of alerts between two looks.
pub(super) struct Watch {
    store: Arc<Store>,
    clock: Arc<dyn Clock>,
    settings: AlertSettings,
    channels: Channels,
    owner: String,
    lease: Option<Lease>,
    asked_at: Option<Timestamp>,
    looked_at: Option<Timestamp>,
    /// Channels with a message under way.
    busy: BTreeSet<String>,
    /// When each channel took its last message.
    told_at: BTreeMap<String, Timestamp>,
}

/// A message on its way.
pub(super) struct Parcel {
    name: String,
    channel: Channel,
    message: Record,
    notices: Vec<AlertNotice>,
}

/// A message that was sent, or not.
pub(super) struct Sent {
    name: String,
    notices: Vec<AlertNotice>,
    result: Result<(), ComponentError>,
}

impl Parcel {
    pub(super) async fn send(self) -> Sent {
        Sent {
            result: self.channel.send(self.message).await,
            name: self.name,
            notices: self.notices,
        }
    }
}

impl Watch {
    pub(super) fn new(
        store: Arc<Store>,
        clock: Arc<dyn Clock>,
        settings: AlertSettings,
        channels: Channels,
    ) -> Self {
        Self {
            owner: store.entropy().id(clock.now()),
            store,
            clock,
            settings,
            channels,
            lease: None,
            asked_at: None,
            looked_at: None,
            busy: BTreeSet::new(),
            told_at: BTreeMap::new(),
        }
    }

    /// Looks when it is time to, and gives the messages that are to be sent.
    pub(super) async fn turn(&mut self) -> Result<Vec<Parcel>, StoreError> {
        let now = self.clock.now();
        let Some(lease) = self.lease(now).await? else {
            return Ok(Vec::new());
        };
        if self.looked_at.is_none_or(|at| now.duration_since(at) >= LOOK) {
            self.look(&lease, now).await?;
            self.looked_at = Some(now);
        }
        self.parcels(&lease, now).await
    }

    /// The lease, if this process has it.
    async fn lease(&mut self, now: Timestamp) -> Result<Option<Lease>, StoreError> {
        if self.asked_at.is_none_or(|at| now.duration_since(at) >= RENEWED) {
            self.lease = self.store.take_lease(LEASE, &self.owner, LIFE, now).await?;
            self.asked_at = Some(now);
        }
        Ok(self.lease.clone())
    }

    async fn look(&self, lease: &Lease, now: Timestamp) -> Result<(), StoreError> {
        let seen = conditions::look(&self.store, &self.settings, now).await?;
        let standing = self.store.standing_alerts().await?;
        let ended = self.store.ended_alerts(now - AGAIN, MOST).await?;
        let mut by_kind: BTreeMap<String, Vec<AlertChange>> = BTreeMap::new();
        for (kind, change) in course::changes(&standing, &ended, &seen, &self.settings, now) {
            if let AlertChange::Begins { kind, subject, .. } = &change {
                tracing::warn!(kind, subject, "a condition of alerts holds");
            }
            by_kind.entry(kind).or_default().push(change);
        }
        for (kind, changes) in by_kind {
            let channels = self.channels.told_of(&kind);
            self.store.change_alerts(lease, &changes, &channels, now).await?;
        }
        Ok(())
    }

    /// One message for each channel that is free and has something due.
    async fn parcels(&mut self, lease: &Lease, now: Timestamp) -> Result<Vec<Parcel>, StoreError> {
        let mut by_channel: BTreeMap<String, Vec<AlertNotice>> = BTreeMap::new();
        for notice in self.store.due_notices(MOST, now).await? {
            by_channel.entry(notice.channel.clone()).or_default().push(notice);
        }
        let mut parcels = Vec::new();
        for (name, notices) in by_channel {
            let Some(channel) = self.channels.get(&name) else {
                let outcome = NoticeOutcome::Failed {
                    code: "TL0911".to_owned(),
                    message: format!("there is no channel {name} any more"),
                };
                self.store
                    .settle_notices(lease, &ids(&notices), &outcome, now)
                    .await?;
                continue;
            };
            let was_told = self.told_at.get(&name);
            if was_told.is_some_and(|at| now.duration_since(*at) < APART) || self.busy.contains(&name) {
                continue;
            }
            self.busy.insert(name.clone());
            parcels.push(Parcel {
                message: words::message(&notices, now),
                channel: channel.clone(),
                name,
                notices,
            });
        }
        Ok(parcels)
    }

    /// Notes what became of a message.
    pub(super) async fn settle(&mut self, sent: Sent) {
        let now = self.clock.now();
        self.busy.remove(&sent.name);
        let Some(lease) = &self.lease else { return };
        let settled = match &sent.result {
            Ok(()) => {
                self.told_at.insert(sent.name.clone(), now);
                let all = ids(&sent.notices);
                self.store
                    .settle_notices(lease, &all, &NoticeOutcome::Sent, now)
                    .await
            }
            Err(error) => {
                tracing::warn!(channel = sent.name, code = error.code, %error, "a channel of alerts did not take a message");
                self.not_taken(lease, error, sent.notices, now).await
            }
        };
        if let Err(error) = settled {
            tracing::warn!(channel = sent.name, code = error.code(), %error, "what became of a message was not noted; it may be sent again");
        }
    }

    /// Gives up what was tried for long, and puts the rest off.
    async fn not_taken(
        &self,
        lease: &Lease,
        error: &ComponentError,
        notices: Vec<AlertNotice>,
        now: Timestamp,
    ) -> Result<(), StoreError> {
        let (code, message) = (error.code.to_owned(), error.message.clone());
        let is_old = |notice: &AlertNotice| now.duration_since(notice.created_at) >= TRIED;
        let (old, young): (Vec<_>, Vec<_>) = notices.into_iter().partition(is_old);
        let again = NoticeOutcome::Again {
            at: now + pause(error, &young),
            code: code.clone(),
            message: message.clone(),
        };
        let failed = NoticeOutcome::Failed { code, message };
        self.store.settle_notices(lease, &ids(&old), &failed, now).await?;
        self.store.settle_notices(lease, &ids(&young), &again, now).await
    }

    async fn give_back(&mut self) {
        if let Some(lease) = self.lease.take()
            && let Err(error) = self.store.end_lease(&lease).await
        {
            tracing::warn!(code = error.code(), %error, "the lease of alerts was not given back; it ends by itself");
        }
    }
}

/// How long a message that did not arrive waits.
fn pause(error: &ComponentError, notices: &[AlertNotice]) -> SignedDuration {
    let attempts = notices.iter().map(|notice| notice.attempts).max().unwrap_or(0);
    let doubled = 1_i32
        .checked_shl(u32::try_from(attempts).unwrap_or(u32::MAX).min(16))
        .unwrap_or(1);
    let pause = (FIRST_PAUSE * doubled).min(LONGEST_PAUSE);
    match error.verdict {
        Verdict::Retry(Some(asked)) => pause.max(conditions::signed(asked).min(LONGEST_PAUSE)),
        _ => pause,
    }
}

fn ids(notices: &[AlertNotice]) -> Vec<String> {
    notices.iter().map(|notice| notice.id.clone()).collect()
}
