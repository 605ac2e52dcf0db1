//! Rounds of looking and telling, on a store with something of everything in it.

use std::{
    collections::BTreeMap,
    sync::{Arc, Mutex},
};

use axum::{Router, extract::State, routing::post};
use jiff::{SignedDuration, Timestamp};
use rand::SeedableRng as _;
use serde_json::{Map, Value, json};
use tempfile::TempDir;
use trunkline_client::{Clock, ManualClock};
use trunkline_store::{
    ConnectionDetails, ConnectionSecrets, ConnectionState, Entropy, Failure, FlowOrigin, FlowRunCause,
    FlowRunCounts, FlowRunState, KeySource, Location, MirrorDetails, NewConnection, NewDeadLetter, NewFlow,
    NewFlowRun, NewMirror, NewNotification, NoticeState, Store, WorkspaceIdentity,
};

use super::{AlertSettings, Channels, watch::Watch};

/// Somebody's data, which no alert may carry.
const PRIVATE: &str = "ada@example.test";

struct World {
    store: Arc<Store>,
    clock: Arc<ManualClock>,
    settings: AlertSettings,
    _folder: TempDir,
}

impl World {
    async fn new(channels: &[(&str, Value)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Sqlite(Store::file_in(folder.path()));
        let key = KeySource::File(Store::key_in(folder.path()));
        let entropy = Entropy::new(rand_chacha::ChaCha12Rng::seed_from_u64(7));
        let store = Arc::new(Store::open(&location, key, entropy).await.unwrap());
        let channels = channels
            .iter()
            .map(|(name, own)| ((*name).to_owned(), own.as_object().unwrap().clone()))
            .collect();
        Self {
            store,
            clock: Arc::new(ManualClock::new("2026-03-01T12:00:00Z".parse().unwrap())),
            settings: AlertSettings {
                channels,
                ..AlertSettings::default()
            },
            _folder: folder,
        }
    }

    /// As a process that starts.
    fn watch(&self) -> Watch {
        let clock: Arc<dyn Clock> = self.clock.clone();
        let channels = Channels::new(&self.settings, &clock).unwrap();
        Watch::new(Arc::clone(&self.store), clock, self.settings.clone(), channels)
    }

    fn now(&self) -> Timestamp {
        self.clock.now()
    }

    fn passes(&self, minutes: i64) {
        self.clock.advance(SignedDuration::from_mins(minutes));
    }

    async fn flow(&self, name: &str) {
        let new = NewFlow {
            name: name.to_owned(),
            text: format!("flow: {name}"),
            origin: FlowOrigin::File,
            by_whom: "test".to_owned(),
        };
        self.store.put_flow(&new, None, self.now()).await.unwrap();
    }

    async fn run(&self, flow: &str, state: FlowRunState) {
        let new = NewFlowRun {
            flow: flow.to_owned(),
            version: 1,
            cause: FlowRunCause::Schedule,
        };
        let run = self.store.begin_flow_run(&new, self.now()).await.unwrap();
        let counts = FlowRunCounts {
            note: Some(format!("TL0863: the server answered 400: {PRIVATE}. Mend it.")),
            ..FlowRunCounts::default()
        };
        self.store
            .end_flow_run(&run, state, &counts, self.now())
            .await
            .unwrap();
    }

    async fn letter(&self, flow: &str) {
        let new = NewDeadLetter {
            flow: flow.to_owned(),
            destination: "http".to_owned(),
            run: None,
            key: None,
            dedupe_key: None,
            origins: None,
            attempts: 8,
            first_at: self.now(),
            failure: Failure {
                source_record: None,
                head: None,
                record: Some(json!({ "email": PRIVATE }).to_string()),
                steps: "[]".to_owned(),
                request: None,
                answer: None,
                code: "TL0863".to_owned(),
                message: format!("refused: {PRIVATE}"),
            },
        };
        self.store.add_dead_letter(&new, self.now()).await.unwrap();
    }

    async fn connection(&self, name: &str, workspace: &str) -> String {
        let new = NewConnection {
            name: name.to_owned(),
            app: None,
            details: ConnectionDetails::default(),
            secrets: ConnectionSecrets {
                token: Some("t".into()),
                ..ConnectionSecrets::default()
            },
        };
        let added = self.store.add_connection(&new, self.now()).await.unwrap();
        let identity = WorkspaceIdentity {
            id_code: workspace.to_owned(),
            ..WorkspaceIdentity::default()
        };
        self.store
            .connection_works(&added.id, &identity, self.now())
            .await
            .unwrap();
        added.id
    }

    async fn notified(&self, workspace: &str, id: &str) {
        let new = NewNotification {
            workspace: workspace.to_owned(),
            notification: Some(id.to_owned()),
            topic: "contact.user.created".to_owned(),
            via: "test".to_owned(),
            body: b"{}".to_vec(),
            created_at: None,
            waits: false,
        };
        self.store.receive(new, self.now()).await.unwrap();
    }

    /// The conditions that stand.
    async fn standing(&self) -> Vec<String> {
        let standing = self.store.standing_alerts().await.unwrap();
        standing
            .into_iter()
            .map(|alert| format!("{} {}", alert.kind, alert.subject))
            .collect()
    }
}

/// Looks, and brings every message to its end.
async fn round(watch: &mut Watch) {
    for parcel in watch.turn().await.unwrap() {
        let sent = parcel.send().await;
        watch.settle(sent).await;
    }
}

/// A server that keeps what it gets.
struct Hook {
    address: String,
    came: Arc<Mutex<Vec<Value>>>,
}

impl Hook {
    async fn start() -> Self {
        let came: Arc<Mutex<Vec<Value>>> = Arc::default();
        let take = async |State(came): State<Arc<Mutex<Vec<Value>>>>, body: String| {
            came.lock().unwrap().push(serde_json::from_str(&body).unwrap());
        };
        let router = Router::new().route("/", post(take)).with_state(Arc::clone(&came));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = format!("http://{}/", listener.local_addr().unwrap());
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, came }
    }

    fn channel(&self) -> Value {
        json!({ "http": { "url": self.address } })
    }

    /// The lines of every message, and none of them twice.
    fn told(&self) -> Vec<String> {
        let mut came = self.came.lock().unwrap();
        let texts = came
            .drain(..)
            .map(|body| body["text"].as_str().unwrap().to_owned());
        texts.collect()
    }
}

/// An address where nobody listens.
async fn nobody() -> String {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}/", listener.local_addr().unwrap())
}

#[tokio::test]
async fn every_condition_is_found_said_once_and_said_to_be_over() {
    let hook = Hook::start().await;
    let world = World::new(&[("ops", hook.channel())]).await;
    let mut watch = world.watch();
    world.flow("orders").await;
    world.flow("people").await;
    let acme = world.connection("acme", "abcd1234").await;
    world.connection("quiet", "efgh5678").await;
    world.notified("abcd1234", "n1").await;
    let mirror = NewMirror {
        name: "all".to_owned(),
        connection: acme.clone(),
        details: MirrorDetails {
            interval_seconds: 600,
            ..MirrorDetails::default()
        },
    };
    world.store.add_mirror(&mirror, world.now()).await.unwrap();
    world.run("orders", FlowRunState::Done).await;
    world.run("people", FlowRunState::Stopped).await;
    for _ in 0..9 {
        world.letter("orders").await;
    }
    round(&mut watch).await;
    assert_eq!(world.standing().await, [""; 0]);
    assert_eq!(hook.told(), [""; 0], "all is well");

    world.run("orders", FlowRunState::Failed).await;
    world.letter("orders").await;
    world.passes(71);
    round(&mut watch).await;
    let expected = ["dead_letters orders", "flow_failed orders", "mirror_stale all"];
    assert_eq!(world.standing().await, expected);
    let told = hook.told();
    assert_eq!(told.len(), 1, "one message: {told:?}");
    for part in [
        "The flow orders fails with TL0863. `trunkline flow runs orders` says why.",
        "10 dead letters of the flow orders wait (10 with TL0863).",
        "The mirror all is stale: no run has ended well since 2026-03-01T12:00:00Z.",
    ] {
        assert!(told[0].contains(part), "{part}: {}", told[0]);
    }

    // A workspace that never sent a webhook is not silent; the other is.
    let renews = world
        .store
        .set_connection_state(&acme, ConnectionState::NeedsGrant, None, world.now());
    renews.await.unwrap();
    world.passes(60 * 23);
    round(&mut watch).await;
    let told = hook.told();
    assert_eq!(told.len(), 1, "{told:?}");
    assert!(
        told[0].contains("The connection acme needs a new grant."),
        "{}",
        told[0]
    );
    assert_eq!(told[0].lines().count(), 1, "{}", told[0]);

    let works = world
        .store
        .set_connection_state(&acme, ConnectionState::Ready, None, world.now());
    works.await.unwrap();
    world.run("orders", FlowRunState::Done).await;
    world.passes(10);
    round(&mut watch).await;
    let told = hook.told().join("\n");
    for part in [
        "No webhook has come for the connection acme since 2026-03-01T12:00:00Z.",
        "Over: the flow orders does not fail any more.",
        "Over: the connection acme works again.",
    ] {
        assert!(told.contains(part), "{part}: {told}");
    }
    assert!(!told.contains("quiet"), "{told}");
    world.notified("abcd1234", "n2").await;
    world.passes(10);
    round(&mut watch).await;
    assert!(
        hook.told()
            .join("")
            .contains("Over: webhooks come again for the connection acme.")
    );
}

#[tokio::test]
async fn a_restart_repeats_nothing_and_reminds_in_time() {
    let hook = Hook::start().await;
    let world = World::new(&[("ops", hook.channel())]).await;
    world.flow("orders").await;
    world.run("orders", FlowRunState::Failed).await;
    round(&mut world.watch()).await;
    assert_eq!(hook.told().len(), 1);
    for _ in 0..3 {
        world.passes(10);
        round(&mut world.watch()).await;
    }
    assert_eq!(hook.told(), [""; 0], "it was said before the restart");
    world.passes(24 * 60);
    round(&mut world.watch()).await;
    let told = hook.told();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].starts_with("Still, since 2026-03-01T12:00:00Z: the flow orders fails"),
        "{told:?}"
    );
}

#[tokio::test]
async fn two_processes_say_it_once() {
    let hook = Hook::start().await;
    let world = World::new(&[("ops", hook.channel())]).await;
    world.flow("orders").await;
    world.run("orders", FlowRunState::Failed).await;
    let (mut one, mut two) = (world.watch(), world.watch());
    for _ in 0..5 {
        round(&mut one).await;
        round(&mut two).await;
        world.clock.advance(SignedDuration::from_secs(6));
    }
    assert_eq!(hook.told().len(), 1);
    // The first dies; the second takes over, and has nothing new to say.
    drop(one);
    world.passes(1);
    world.flow("people").await;
    world.run("people", FlowRunState::Failed).await;
    round(&mut two).await;
    let told = hook.told();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].contains("people") && !told[0].contains("orders"),
        "{told:?}"
    );
}

#[tokio::test]
async fn a_channel_that_cannot_be_reached_is_tried_for_a_day_and_keeps_nobody_waiting() {
    let hook = Hook::start().await;
    let gone = json!({ "http": { "url": nobody().await } });
    let world = World::new(&[("gone", gone), ("ops", hook.channel())]).await;
    let mut watch = world.watch();
    world.flow("orders").await;
    world.run("orders", FlowRunState::Failed).await;
    round(&mut watch).await;
    assert_eq!(hook.told().len(), 1);
    let alert = world.store.standing_alerts().await.unwrap().remove(0).id;
    let notice = async || world.store.notices_of(&alert).await.unwrap().remove(0);
    let first = notice().await;
    assert_eq!(
        (first.channel.as_str(), first.state, first.attempts),
        ("gone", NoticeState::Waiting, 1)
    );
    assert_eq!(first.code.as_deref(), Some("TL0860"));
    assert_eq!(first.next_at, world.now() + SignedDuration::from_secs(30));
    world.clock.advance(SignedDuration::from_secs(29));
    round(&mut watch).await;
    assert_eq!(notice().await.attempts, 1, "not before its time");
    world.clock.advance(SignedDuration::from_secs(1));
    round(&mut watch).await;
    let second = notice().await;
    assert_eq!(
        (second.attempts, second.next_at),
        (2, world.now() + SignedDuration::from_mins(1))
    );
    for _ in 0..30 {
        world.passes(60);
        round(&mut watch).await;
    }
    assert_eq!(notice().await.state, NoticeState::Failed, "a day is over");
    assert_eq!(hook.told().len(), 1, "the other was reminded once");
}

#[tokio::test]
async fn a_hundred_failures_are_one_message_and_the_next_waits_a_minute() {
    let hook = Hook::start().await;
    let world = World::new(&[("ops", hook.channel())]).await;
    let mut watch = world.watch();
    for number in 0..100 {
        world.flow(&format!("flow-{number}")).await;
        world.run(&format!("flow-{number}"), FlowRunState::Failed).await;
    }
    round(&mut watch).await;
    let told = hook.told();
    assert_eq!(told.len(), 1);
    assert!(
        told[0].ends_with("And 80 more: `trunkline alerts list`."),
        "{}",
        told[0]
    );
    world.flow("late").await;
    world.run("late", FlowRunState::Failed).await;
    world.clock.advance(SignedDuration::from_secs(20));
    round(&mut watch).await;
    assert_eq!(hook.told().len(), 0, "a minute is not over");
    world.clock.advance(SignedDuration::from_secs(40));
    round(&mut watch).await;
    assert_eq!(hook.told().len(), 1);
}

#[tokio::test]
async fn a_channel_is_told_of_what_it_wants_and_of_nobody_s_data() {
    let (all, some) = (Hook::start().await, Hook::start().await);
    let only = json!({ "http": { "url": some.address }, "only": ["dead_letters"] });
    let world = World::new(&[("all", all.channel()), ("some", only)]).await;
    world.flow("orders").await;
    world.run("orders", FlowRunState::Failed).await;
    for _ in 0..10 {
        world.letter("orders").await;
    }
    round(&mut world.watch()).await;
    let bodies: Vec<Value> = all.came.lock().unwrap().clone();
    assert_eq!(bodies.len(), 1);
    assert!(!bodies[0].to_string().contains(PRIVATE), "{}", bodies[0]);
    assert_eq!(bodies[0]["subject"], "Trunkline: 2 alerts");
    assert_eq!(bodies[0]["alerts"][0]["word"], "began");
    let told = some.told();
    assert!(
        told[0].contains("dead letters") && !told[0].contains("fails"),
        "{told:?}"
    );
    // A channel that was taken away leaves nothing waiting.
    let mut world = world;
    world.settings.channels = BTreeMap::new();
    world.passes(24 * 60);
    let mut watch = world.watch();
    round(&mut watch).await;
    round(&mut watch).await;
    assert!(world.store.due_notices(10, world.now()).await.unwrap().is_empty());
}

#[test]
fn a_channel_that_cannot_be_is_refused_with_its_name() {
    let clock: Arc<dyn Clock> = Arc::new(ManualClock::new(Timestamp::UNIX_EPOCH));
    let check = |name: &str, own: Value, part: &str| {
        let own: Map<String, Value> = own.as_object().unwrap().clone();
        let settings = AlertSettings {
            channels: BTreeMap::from([(name.to_owned(), own.clone())]),
            ..AlertSettings::default()
        };
        match Channels::new(&settings, &clock) {
            Ok(_) => assert_eq!(part, "", "{own:?}"),
            Err(error) => {
                let told = format!("{error}");
                assert_eq!(error.code(), "TL0910", "{told}");
                assert!(
                    !part.is_empty() && told.contains(part) && told.contains(name),
                    "{told}"
                );
            }
        }
    };
    let url = "https://example.test/hook";
    check("ops", json!({ "http": { "url": url } }), "");
    check(
        "ops",
        json!({ "chat": { "url": { "env": "HOOK" } }, "only": ["mirror_stale"] }),
        "",
    );
    check(
        "ops",
        json!({ "mail": { "server": "mail.example.test", "from": "a@example.test", "to": ["b@example.test"] } }),
        "",
    );
    check("ops", json!({}), "a channel is one of chat, http, mail");
    check(
        "ops",
        json!({ "pager": {} }),
        "a channel is one of chat, http, mail",
    );
    check(
        "ops",
        json!({ "http": { "url": url }, "chat": { "url": url } }),
        "a channel is one of",
    );
    check("ops", json!({ "stdout": {} }), "a channel is one of");
    check("ops", json!({ "http": { "ulr": url } }), "there is no key ulr");
    check("ops", json!({ "http": 7 }), "invalid type");
    check(
        "ops",
        json!({ "chat": { "url": "no expression ( " } }),
        "no expression",
    );
    check(
        "ops",
        json!({ "http": { "url": url }, "only": ["everything"] }),
        "`only` is a list of conditions",
    );
    check("no name", json!({ "http": { "url": url } }), "a name has letters");
    check(
        "ops",
        json!({ "mail": { "server": "m", "from": "nobody", "to": "b@example.test" } }),
        "is no address of a mail",
    );
    let open = json!({ "mail": { "server": "m", "from": "a@example.test", "to": "b@example.test", "security": "none",
        "user": "a", "password": { "env": "P" } } });
    check("ops", open, "others can read");
}
