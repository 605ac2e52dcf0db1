//! A process that holds something of everything, and a key of each role.

use std::{collections::BTreeMap, sync::Arc};

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::{Value, json};
use trunkline_actions::{NoJournal, Workspace};
use trunkline_catalog::Version;
use trunkline_client::{Client, Connection as Address, Settings};
use trunkline_server::{
    ServerOptions,
    publishing::{Orders, Reader, Rules, Source},
};
use trunkline_store::{
    BatchBegun, BatchProgress, BatchState, FlowRunCause, FlowRunCounts, FlowRunState, MirrorDetails,
    NewBatch, NewFlowRun, NewMirror, NewNotification, Received, Request, Role, RunState,
};

use super::intercom::Intercom;
use crate::harness::{Process, body, now};

/// The roles, least first.
pub(super) const ROLES: [&str; 3] = ["read", "operate", "admin"];
/// How many of each thing that is paged there are.
pub(super) const MANY: usize = 5;

/// A process with something of everything in it.
pub(super) struct World {
    pub(super) process: Process,
    keys: BTreeMap<&'static str, String>,
    /// The runs of the mirror `all`, newest first.
    pub(super) runs: Vec<String>,
    /// A run of an action.
    written: String,
    /// The newest run of the flow `orders`.
    flown: String,
    /// Its dead letters, newest first.
    pub(super) letters: Vec<String>,
    /// What became of the newest of its records.
    pub(super) delivered: String,
    /// A batch that was stopped before its first row.
    batch: String,
    intercom: Intercom,
}

/// An answer.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) headers: HeaderMap,
    pub(super) text: String,
    /// The text as JSON; null when there is none.
    pub(super) json: Value,
}

impl Answer {
    pub(super) fn code(&self) -> &str {
        self.json["error"]["code"].as_str().unwrap_or_default()
    }

    pub(super) fn field(&self) -> &str {
        self.json["error"]["field"].as_str().unwrap_or_default()
    }
}

impl World {
    pub(super) async fn new() -> Self {
        Self::with(|_| {}).await
    }

    pub(super) async fn with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let process = Process::start_with(|options| {
            // Nobody listens there: what matters is the answer.
            let own = json!({ "http": { "url": "http://127.0.0.1:1/" } });
            let own = own.as_object().cloned().unwrap_or_default();
            options.alerts.channels.insert("ops".to_owned(), own);
            change(options);
        })
        .await;
        let app = process.app("hub", "hub-client-secret").await;
        let acme = process
            .connection("acme", "abcd1234", Some(&app), Some("acme-webhook-secret"))
            .await;
        process.connection("spare", "efgh5678", None, None).await;
        process.app("spare", "spare-client-secret").await;
        let mut world = Self {
            process,
            keys: BTreeMap::new(),
            runs: Vec::new(),
            written: String::new(),
            flown: String::new(),
            letters: Vec::new(),
            delivered: String::new(),
            batch: String::new(),
            intercom: Intercom::start().await,
        };
        world.fill(&acme.id).await;
        world.flow().await;
        world.act().await;
        world.stopped_batch().await;
        world
    }

    async fn fill(&mut self, connection: &str) {
        let store = &self.process.store;
        // Another process keeps the workspace, so that nothing here changes by itself.
        let life = SignedDuration::from_hours(1);
        let kept = store.take_lease("workspace/abcd1234", "another", life, now());
        assert!(kept.await.unwrap().is_some());
        let mirror = NewMirror {
            name: "all".to_owned(),
            connection: connection.to_owned(),
            details: MirrorDetails {
                to: "sqlite:all.db".to_owned(),
                interval_seconds: 600,
                follows_webhooks: true,
                ..MirrorDetails::default()
            },
        };
        store.add_mirror(&mirror, now()).await.unwrap();
        crate::mirrored::put(&self.process.folder.path().join("all.db")).await;
        for number in 0..MANY {
            let at = now() + SignedDuration::from_secs(i64::try_from(number).unwrap());
            store.run_mirror_now("all", at).await.unwrap();
            let due = store.mirror("all").await.unwrap();
            let life = SignedDuration::from_mins(10);
            let lease = store
                .take_lease("run/all", "test", life, at)
                .await
                .unwrap()
                .unwrap();
            let run = store.begin_run(&due, &lease, at).await.unwrap().unwrap();
            let report = r#"{"streams":[]}"#;
            store
                .finish_run(&run, RunState::Complete, report, at)
                .await
                .unwrap();
            self.runs.insert(0, run.id);
            let id = format!("notif_{number}");
            let new = NewNotification {
                workspace: "abcd1234".to_owned(),
                notification: Some(id.clone()),
                topic: "contact.user.created".to_owned(),
                via: connection.to_owned(),
                body: body("abcd1234", &id, "contact.user.created").into_bytes(),
                created_at: Some(at),
                waits: true,
            };
            assert!(matches!(store.receive(new, at).await.unwrap(), Received::New(_)));
            let request = Request {
                seq: 0,
                connection: connection.to_owned(),
                at,
                status: Some(if number == 0 { 404 } else { 200 }),
                record: r#"{"operation":"me.get"}"#.to_owned(),
            };
            store.log_requests(&[request]).await.unwrap();
        }
        for role in ROLES {
            let key = store
                .add_key(role, role.parse::<Role>().unwrap(), now())
                .await
                .unwrap();
            self.keys.insert(role, key.expose_secret().to_owned());
        }
        // Ann can sign in, Ben was invited.
        let ann = store.add_person("ann", Role::Admin, now()).await.unwrap();
        store.set_password(&ann.id, "no hash").await.unwrap();
        store.add_person("ben", Role::Operate, now()).await.unwrap();
        let spare = store.add_key("spare", Role::Read, now()).await.unwrap();
        self.keys.insert("spare", spare.expose_secret().to_owned());
    }

    /// Keeps a paused flow with runs and dead letters.
    async fn flow(&mut self) {
        let store = &self.process.store;
        self.process.flow("orders").await;
        for number in 0..MANY {
            let at = now() + SignedDuration::from_secs(i64::try_from(number).unwrap());
            let new = NewFlowRun {
                flow: "orders".to_owned(),
                version: 1,
                cause: FlowRunCause::Manual,
            };
            self.flown = store.begin_flow_run(&new, at).await.unwrap();
            let counts = FlowRunCounts {
                read: 3,
                delivered: 2,
                dead: 1,
                ..FlowRunCounts::default()
            };
            let done = FlowRunState::Done;
            store.end_flow_run(&self.flown, done, &counts, at).await.unwrap();
            let id = self.process.letter("orders", &self.flown, number, at).await;
            self.letters.insert(0, id);
            self.delivered = self.process.delivered("orders", &self.flown, number, at).await;
        }
    }

    /// Connects a workspace that answers, and runs an action in it.
    async fn act(&mut self) {
        self.process
            .connection_at("live", "live1234", self.intercom.base_url())
            .await;
        let call = json!({ "connection": "live", "input": { "name": "fresh" } });
        let done = self
            .ask("admin", "post", "/actions/tags.upsert", Some(&call))
            .await;
        assert_eq!(done.status, 200, "{}", done.text);
        self.written = done.json["run"].as_str().unwrap().to_owned();
    }

    /// Keeps a batch of one row into the workspace that answers, stopped before that row.
    async fn stopped_batch(&mut self) {
        let folder = self.process.folder.path().join("imports");
        std::fs::create_dir_all(&folder).unwrap();
        let table = folder.join("rows.csv");
        std::fs::write(&table, "name\nfresh\n").unwrap();
        let (results, rejects) = (folder.join("results.jsonl"), folder.join("rejects.csv"));
        for file in [&results, &rejects] {
            std::fs::write(file, "").unwrap();
        }
        let orders = Orders {
            source: Source::table(table, None, None),
            rules: Rules {
                map: None,
                columns: Vec::new(),
                ignore: Vec::new(),
                set: Vec::new(),
                empty_is_null: false,
                allow_unknown: false,
                time_zone: "UTC".to_owned(),
                limit: None,
            },
            now: now().as_second(),
            results: Some(results),
            rejects: Some(rejects),
            rows: Some(1),
        };
        let clock = self.process.clock.clone();
        let address = Address::at(self.intercom.base_url(), "t".into(), Version::DEFAULT).unwrap();
        let client = Client::new(address, Settings::new(clock.clone())).unwrap();
        let workspace = Workspace::new("live1234", client, clock, Arc::new(NoJournal));
        let options = orders.options("test").unwrap();
        let action = trunkline_actions::action("tags.upsert").unwrap();
        let reader = Reader::new(orders, action).unwrap();
        let look = reader.look(&workspace, &options).unwrap();
        let new = NewBatch {
            workspace: "live1234".to_owned(),
            action: action.id.to_owned(),
            source_digest: look.digest,
            input_name: "rows.csv".to_owned(),
            options: serde_json::to_value(&reader.orders).unwrap(),
        };
        let store = &self.process.store;
        let holder = store
            .be_holder(SignedDuration::from_hours(1), now())
            .await
            .unwrap();
        let BatchBegun::Held(held, batch) = store.begin_batch(&new, &holder, now()).await.unwrap() else {
            panic!("nobody else is at it");
        };
        let nothing = BatchProgress::default();
        let stopped = store.finish_batch(&held, BatchState::Stopped, &nothing, now());
        stopped.await.unwrap();
        self.batch = batch.id;
    }

    /// An address of a case, with the ids of this world in it.
    pub(super) fn filled(&self, path: &str) -> String {
        path.replace("RUN", &self.runs[0])
            .replace("WRITTEN", &self.written)
            .replace("FLOWN", &self.flown)
            .replace("LETTER", &self.letters[0])
            .replace("BROUGHT", &self.delivered)
            .replace("BATCH", &self.batch)
    }

    /// The key of a role, as a header.
    pub(super) fn key(&self, role: &str) -> (&'static str, String) {
        ("authorization", format!("Bearer {}", self.keys[role]))
    }

    /// The words of all keys.
    pub(super) fn words(&self) -> impl Iterator<Item = &str> {
        self.keys.values().map(String::as_str)
    }

    /// Asks with the key of a role.
    pub(super) async fn ask(&self, role: &str, method: &str, path: &str, body: Option<&Value>) -> Answer {
        let text = body.map(Value::to_string);
        let mut headers = vec![self.key(role)];
        if text.is_some() {
            headers.push(("content-type", "application/json".to_owned()));
        }
        self.send(method, path, &headers, text.as_deref().unwrap_or_default())
            .await
    }

    /// Sends anything at all.
    pub(super) async fn send(
        &self,
        method: &str,
        path: &str,
        headers: &[(&str, String)],
        body: &str,
    ) -> Answer {
        let url = self.process.url(&format!("/api/v1{path}"));
        let method: Method = method.to_uppercase().parse().unwrap();
        let mut request = self.process.http.request(method, url).body(body.to_owned());
        for (name, value) in headers {
            let name: HeaderName = name.parse().unwrap();
            request = request.header(name, HeaderValue::from_bytes(value.as_bytes()).unwrap());
        }
        let answer = request.send().await.unwrap();
        let (status, headers) = (answer.status().as_u16(), answer.headers().clone());
        let text = answer.text().await.unwrap();
        Answer {
            status,
            headers,
            json: serde_json::from_str(&text).unwrap_or(Value::Null),
            text,
        }
    }

    /// The description that the process serves.
    pub(super) async fn description(&self) -> Value {
        let answer = self.ask("read", "get", "/openapi.json", None).await;
        assert_eq!(answer.status, 200);
        answer.json
    }

    pub(super) async fn stop(self) {
        self.process.stop().await;
    }
}

/// A connection that can be added.
pub(super) fn connection(name: &str) -> Value {
    json!({
        "name": name, "app": "hub", "region": "eu", "api_version": "2.14", "token": "dG9r-new-token",
        "webhook_secret": "new-webhook-secret", "logs_requests": true, "notes": "Zoë's",
        "authorize_url": "https://auth.example/oauth", "token_url": "https://auth.example/token",
    })
}

/// A mirror that can be added.
pub(super) fn mirror(name: &str) -> Value {
    json!({
        "name": name, "connection": "acme", "streams": ["contacts"], "custom_objects": ["Order"],
        "to": "sqlite:some.db", "interval_seconds": 60, "keeps_history": true, "exclude": ["contacts.phone"],
        "hash": ["contacts.email"], "follows_webhooks": true,
    })
}
