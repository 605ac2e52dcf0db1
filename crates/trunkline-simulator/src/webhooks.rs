//! Webhooks: what happens in the workspace is told to whoever subscribed, signed, retried and sometimes badly delivered.
//!
//! The one rule: a change records what happened (`outbox.rs`) under the lock that it holds anyway, and never waits for a
//! subscriber. `topic.rs` has the vocabulary, `items.rs` the shapes, `lane.rs` the rules of delivery, `delivery.rs` the sending.

pub(crate) mod control;
mod delivery;
mod envelope;
mod items;
mod lane;
mod log;
pub(crate) mod ordered;
pub(crate) mod outbox;
pub(crate) mod record;
mod subscription;
pub(crate) mod topic;

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{
        Arc, Mutex, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use serde_json::{Value, json};
use tokio::sync::Notify;
use trunkline_catalog::Version;

pub(crate) use self::delivery::run;
pub use self::subscription::{ClientSecret, Subscription, WebhookError};
use self::{
    lane::{Lane, Standing, Terms},
    log::Log,
    outbox::{Listener, Notification, Plan},
    subscription::Checked,
    topic::Topic,
};
use crate::{
    App, Options, intake,
    pipeline::{State, lock, read},
    texts::mix,
    workspace::Workspace,
};

/// A subscription that is served.
#[derive(Debug)]
struct Subscriber {
    checked: Checked,
    lane: Lane,
}

/// All subscriptions.
#[derive(Debug, Default)]
struct Subscribers {
    all: BTreeMap<u32, Subscriber>,
    /// The last number given to one.
    last: u32,
}

/// What the simulator needs to tell others what happened: subscriptions belong to an app and so cover all workspaces.
#[derive(Debug)]
pub(crate) struct Webhooks {
    subscribers: Mutex<Subscribers>,
    /// Which app is installed in which workspace, by client id and place.
    installed: Mutex<BTreeSet<(String, usize)>>,
    log: Mutex<Log>,
    /// Something may be due.
    wake: Notify,
    /// Something is to happen at a time of its own.
    plans: Notify,
    /// Made when it is first needed.
    client: OnceLock<reqwest::Client>,
    /// Whether anybody wants to be told of the calls themselves.
    tells_calls: AtomicBool,
    /// The version of a subscription that names none.
    default_version: Version,
    apps: Vec<App>,
    seed: u64,
}

impl Webhooks {
    /// How many attempts there were so far.
    pub(crate) fn attempts(&self) -> u64 {
        lock(&self.log).newest()
    }

    /// No subscriptions yet.
    pub(crate) fn new(options: &Options, installed: BTreeSet<(String, usize)>) -> Self {
        let apps = if options.apps.is_empty() {
            vec![App::built_in()]
        } else {
            options.apps.clone()
        };
        Self {
            subscribers: Mutex::default(),
            installed: Mutex::new(installed),
            log: Mutex::default(),
            wake: Notify::new(),
            plans: Notify::new(),
            client: OnceLock::new(),
            tells_calls: AtomicBool::new(false),
            default_version: options.default_version,
            apps,
            seed: options.seed,
        }
    }

    /// Puts notifications on their way.
    pub(crate) fn offer(&self, now: i64, notifications: Vec<Notification>) {
        let mut subscribers = lock(&self.subscribers);
        for notification in notifications {
            if let Some(subscriber) = subscribers.all.get_mut(&notification.subscription) {
                subscriber.lane.offer(now, notification);
            }
        }
        drop(subscribers);
        self.wake.notify_one();
    }

    /// Says that time may have moved.
    pub(crate) fn wake(&self) {
        self.wake.notify_one();
    }

    /// Says that something was planned.
    pub(crate) fn planned(&self) {
        self.plans.notify_one();
    }

    /// Whether anybody wants to be told of the calls themselves.
    pub(crate) fn tells_calls(&self) -> bool {
        self.tells_calls.load(Ordering::Relaxed)
    }

    /// Whether a subscription hears of the workspace at this place: one without an app of all of them.
    fn hears(&self, checked: &Checked, place: usize) -> bool {
        checked.wanted.app.as_ref().is_none_or(|app| {
            let installed = lock(&self.installed);
            installed.contains(&(app.clone(), place))
        })
    }

    /// Tells the workspace at this place who listens from now on.
    fn listen(&self, place: usize, workspace: &mut Workspace) {
        let listeners: Vec<Listener> = lock(&self.subscribers)
            .all
            .iter()
            .filter(|(_, subscriber)| self.hears(&subscriber.checked, place))
            .map(|(number, subscriber)| Listener {
                subscription: *number,
                topics: subscriber.checked.topics,
                version: subscriber.checked.version,
            })
            .collect();
        workspace.outbox.listen(listeners);
    }

    fn client(&self) -> Result<&reqwest::Client, WebhookError> {
        if let Some(client) = self.client.get() {
            return Ok(client);
        }
        let made = reqwest::Client::builder()
            .user_agent("intercom-parrot-service-client/1.0")
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()
            .map_err(|error| WebhookError::Setting(format!("there is no HTTP client: {error}")))?;
        Ok(self.client.get_or_init(|| made))
    }
}

/// How often the workspaces' clock is looked at while something is planned.
const TICK: Duration = Duration::from_millis(200);

/// Lets what is planned happen when the clock has come that far, until the task is ended.
pub(crate) async fn keep_plans(states: Vec<Arc<State>>) {
    let Some(webhooks) = states.first().map(|state| Arc::clone(&state.webhooks)) else {
        return;
    };
    loop {
        let mut is_waiting = false;
        for state in &states {
            let plan = read(&state.workspace).outbox.plan(state.clock.now());
            is_waiting |= plan == Plan::Later;
            if plan == Plan::Due {
                // What cannot be told is told in the log; the rest goes on.
                intake::guarded(|| state.change(|_| ())).ok();
            }
        }
        if is_waiting {
            tokio::time::sleep(TICK).await;
        } else {
            webhooks.plans.notified().await;
        }
    }
}

/// Subscribes somebody: checks what is asked for and the address, then sends a ping. Gives the subscription's number.
pub(crate) async fn subscribe(states: &[Arc<State>], wanted: Subscription) -> Result<u32, WebhookError> {
    let state = &states[0];
    let webhooks = &state.webhooks;
    let checked = wanted.checked(webhooks.default_version, &webhooks.apps)?;
    let client = webhooks.client()?;
    if checked.wanted.check {
        delivery::head(client, &checked).await?;
    }
    let terms = Terms {
        duplicates: checked.wanted.duplicates,
        duplicate_every: checked.wanted.duplicate_every,
        reorder: checked.wanted.reorder,
        lost: checked.wanted.lost,
    };
    let number = {
        let mut subscribers = lock(&webhooks.subscribers);
        subscribers.last += 1;
        let number = subscribers.last;
        let lane = Lane::new(terms, mix(webhooks.seed, 102, number));
        subscribers.all.insert(number, Subscriber { checked, lane });
        number
    };
    listen(states);
    ping(state, number);
    Ok(number)
}

fn listen(states: &[Arc<State>]) {
    if let Some(state) = states.first() {
        let tells_calls = lock(&state.webhooks.subscribers)
            .all
            .values()
            .any(|subscriber| subscriber.checked.topics.contains(Topic::ApiRequestCompleted));
        state.webhooks.tells_calls.store(tells_calls, Ordering::Relaxed);
    }
    for (place, state) in states.iter().enumerate() {
        state.change(|workspace| state.webhooks.listen(place, workspace));
    }
}

/// Says which apps are installed where from now on.
pub(crate) fn install(states: &[Arc<State>], installed: BTreeSet<(String, usize)>) {
    let Some(state) = states.first() else { return };
    {
        let mut held = lock(&state.webhooks.installed);
        if *held == installed {
            return;
        }
        *held = installed;
    }
    listen(states);
}

/// Tells an app that a customer uninstalled it, in the background; what came of it is among the deliveries.
pub(crate) fn say_uninstalled(state: &Arc<State>, url: String) {
    let state = Arc::clone(state);
    tokio::spawn(async move {
        let app_id = read(&state.workspace).id_code.clone();
        delivery::uninstalled(&state.webhooks, url, &app_id, state.clock.now()).await;
    });
}

/// Ends a subscription; tells whether there was one.
fn unsubscribe(states: &[Arc<State>], number: u32) -> bool {
    let was_there = lock(&states[0].webhooks.subscribers)
        .all
        .remove(&number)
        .is_some();
    if was_there {
        listen(states);
    }
    was_there
}

/// Sends a ping to a subscriber; tells whether it is served.
fn ping(state: &State, number: u32) -> bool {
    let now = state.clock.now();
    // The workspace's lock always comes before that of the subscribers.
    let app_id = read(&state.workspace).id_code.clone();
    let mut subscribers = lock(&state.webhooks.subscribers);
    let Some(subscriber) = subscribers.all.get_mut(&number) else {
        return false;
    };
    if subscriber.lane.standing(now) != Standing::Live {
        return false;
    }
    subscriber.lane.offer_surely(
        now,
        Notification {
            subscription: number,
            topic: Topic::Ping,
            id: None,
            item: envelope::PING.into(),
            app_id,
            created_at: now,
        },
    );
    drop(subscribers);
    state.webhooks.wake();
    true
}

/// A subscription as the control surface shows it.
fn shown(state: &State, number: u32) -> Option<Value> {
    let now = state.clock.now();
    let subscribers = lock(&state.webhooks.subscribers);
    let Subscriber { checked, lane } = subscribers.all.get(&number)?;
    let wanted = &checked.wanted;
    let mut shown = json!({
        "id": number,
        "url": wanted.url,
        "topics": wanted.topics,
        "app": wanted.app,
        "version": checked.version.as_str(),
        "duplicates": wanted.duplicates,
        "duplicate_every": wanted.duplicate_every,
        "reorder": wanted.reorder,
        "lost": wanted.lost,
        "timeout_ms": wanted.timeout_ms,
        "throttled_until": lane.throttled_until(),
        "waiting": lane.len(),
        "counts": lane.counts(),
    });
    if let Value::Object(fields) = crate::presenter::value(&lane.standing(now)) {
        for (name, value) in fields {
            shown[name] = value;
        }
    }
    Some(shown)
}
