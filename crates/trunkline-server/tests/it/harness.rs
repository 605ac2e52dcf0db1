//! A running process with a store of its own, and notifications to send to it.

use std::sync::Arc;

use hmac::{Hmac, KeyInit as _, Mac as _};
use jiff::Timestamp;
use rand::SeedableRng as _;
use rand_chacha::ChaCha12Rng;
use serde_json::json;
use sha1::Sha1;
use tempfile::TempDir;
use trunkline_client::ManualClock;
use trunkline_server::{Server, ServerOptions};
use trunkline_store::{
    AppDetails, Connection, ConnectionDetails, ConnectionSecrets, Entropy, Failure, FateFilter, FateOutcome,
    FlowOrigin, FlowState, KeySource, Location, NewApp, NewConnection, NewDeadLetter, NewFate, NewFlow,
    Notification, NotificationFilter, Origin, Origins, Store, WorkspaceIdentity,
};

/// A process with a store in a folder of its own.
pub(crate) struct Process {
    pub(crate) store: Arc<Store>,
    pub(crate) clock: Arc<ManualClock>,
    pub(crate) server: Option<Server>,
    pub(crate) folder: TempDir,
    pub(crate) http: reqwest::Client,
}

impl Process {
    pub(crate) async fn start() -> Self {
        Self::start_with(|_| {}).await
    }

    pub(crate) async fn start_with(change: impl FnOnce(&mut ServerOptions)) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let store = Arc::new(open(&folder).await);
        let clock = Arc::new(ManualClock::new(now()));
        let mut options = options(&folder);
        change(&mut options);
        let server = Server::start(Arc::clone(&store), options, clock.clone())
            .await
            .expect("it starts");
        Self {
            store,
            clock,
            server: Some(server),
            folder,
            http: reqwest::Client::builder().build().expect("a client"),
        }
    }

    /// Stops the process gracefully.
    /// Keeps a flow that is paused.
    pub(crate) async fn flow(&self, name: &str) {
        let new = NewFlow {
            name: name.to_owned(),
            text: flow(name),
            origin: FlowOrigin::File,
            by_whom: "command line".to_owned(),
        };
        self.store.put_flow(&new, None, now()).await.unwrap();
        self.store.set_flow_state(name, FlowState::Paused).await.unwrap();
    }

    /// Keeps a dead letter of a flow's run; returns its id.
    pub(crate) async fn letter(&self, flow: &str, run: &str, number: usize, at: Timestamp) -> String {
        self.letter_of(flow, run, (number, None), at).await
    }

    /// Keeps a dead letter of a record whose way is kept; returns its id.
    pub(crate) async fn followed_letter(&self, flow: &str, run: &str, number: usize) -> String {
        let origin = Origin {
            number: number as u64,
            id: Some(format!("order-{number}")),
        };
        let origins = Origins {
            followed: vec![origin],
            of: 1,
        };
        self.letter_of(flow, run, (number, Some(origins)), now()).await
    }

    async fn letter_of(
        &self,
        flow: &str,
        run: &str,
        (number, origins): (usize, Option<Origins>),
        at: Timestamp,
    ) -> String {
        let new = NewDeadLetter {
            flow: flow.to_owned(),
            destination: "file".to_owned(),
            run: Some(run.to_owned()),
            key: None,
            dedupe_key: None,
            origins,
            attempts: 8,
            first_at: at,
            failure: Failure {
                source_record: Some(json!({ "number": number }).to_string()),
                record: Some(json!({ "number": number, "twice": 2 * number }).to_string()),
                head: None,
                steps: json!([{ "transform": "map", "before": [{}], "after": [{ "twice": 2 * number }] }])
                    .to_string(),
                request: Some(json!({ "path": "orders.jsonl" }).to_string()),
                answer: None,
                code: "TL0811".to_owned(),
                message: "the disk is full".to_owned(),
            },
        };
        self.store.add_dead_letter(&new, at).await.unwrap()
    }

    /// Keeps that a record of a flow's run was delivered; returns the row's id.
    pub(crate) async fn delivered(&self, flow: &str, run: &str, number: usize, at: Timestamp) -> String {
        let origin = Origin {
            number: number as u64,
            id: Some(format!("order-{number}")),
        };
        let source = json!({ "number": number }).to_string();
        let fate = NewFate {
            run: run.to_owned(),
            version: Some(1),
            origins: vec![(origin, Some(source))],
            joined: 1,
            destination: Some("file".to_owned()),
            outcome: FateOutcome::Delivered,
            key: None,
            head: None,
            record: Some(json!({ "number": number, "twice": 2 * number }).to_string()),
            answer: Some(json!({ "line": number }).to_string()),
            attempts: 1,
            at,
        };
        self.store.add_fates(flow, &[fate]).await.unwrap();
        let own = FateFilter {
            run: Some(run.to_owned()),
            origin: Some(number as u64),
            ..FateFilter::default()
        };
        self.store.fates(&own, 1).await.unwrap().remove(0).id
    }

    pub(crate) async fn stop(mut self) -> TempDir {
        if let Some(server) = self.server.take() {
            server.stop().await;
        }
        self.store.close().await;
        self.folder
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!(
            "http://{}{path}",
            self.server.as_ref().expect("it runs").address()
        )
    }

    /// Keeps an app.
    pub(crate) async fn app(&self, name: &str, secret: &str) -> String {
        let app = NewApp {
            name: name.to_owned(),
            client_id: format!("{name}-client"),
            client_secret: secret.into(),
            details: AppDetails::default(),
        };
        self.store.add_app(&app, now()).await.expect("it is kept").id
    }

    /// Keeps a connection to a workspace.
    pub(crate) async fn connection(
        &self,
        name: &str,
        workspace: &str,
        app: Option<&str>,
        webhook_secret: Option<&str>,
    ) -> Connection {
        let nobody = "http://127.0.0.1:1";
        self.keep(name, workspace, app, webhook_secret, nobody).await
    }

    /// Keeps a connection to whatever answers at an address.
    pub(crate) async fn connection_at(&self, name: &str, workspace: &str, base_url: &str) -> Connection {
        self.keep(name, workspace, None, None, base_url).await
    }

    async fn keep(
        &self,
        name: &str,
        workspace: &str,
        app: Option<&str>,
        webhook_secret: Option<&str>,
        base_url: &str,
    ) -> Connection {
        let new = NewConnection {
            name: name.to_owned(),
            app: app.map(str::to_owned),
            details: ConnectionDetails {
                base_url: base_url.to_owned(),
                api_version: "2.16".to_owned(),
                ..ConnectionDetails::default()
            },
            secrets: ConnectionSecrets {
                token: Some("t".into()),
                webhook_secret: webhook_secret.map(Into::into),
                ..ConnectionSecrets::default()
            },
        };
        let added = self.store.add_connection(&new, now()).await.expect("it is kept");
        let identity = WorkspaceIdentity {
            id_code: workspace.to_owned(),
            ..WorkspaceIdentity::default()
        };
        self.store
            .connection_works(&added.id, &identity, now())
            .await
            .expect("it is noted");
        added
    }

    /// Sends a body with a signature, and returns status and error code.
    pub(crate) async fn send(&self, path: &str, body: &[u8], signature: Option<&str>) -> (u16, String) {
        let mut request = self.http.post(self.url(path)).body(body.to_vec());
        if let Some(signature) = signature {
            request = request.header("x-hub-signature", signature);
        }
        answer(request).await
    }

    /// Sends a notification that is signed with a secret.
    pub(crate) async fn notify(&self, path: &str, secret: &str, body: &str) -> (u16, String) {
        self.send(path, body.as_bytes(), Some(&sign(secret, body.as_bytes())))
            .await
    }

    /// What is kept, oldest first.
    pub(crate) async fn kept(&self) -> Vec<Notification> {
        let mut kept = self
            .store
            .notifications(&NotificationFilter::default(), 1_000)
            .await
            .expect("it is read");
        kept.reverse();
        kept
    }
}

/// A store in a folder.
pub(crate) async fn open(folder: &TempDir) -> Store {
    Store::open(
        &Location::Sqlite(Store::file_in(folder.path())),
        KeySource::File(Store::key_in(folder.path())),
        Entropy::new(ChaCha12Rng::seed_from_u64(7)),
    )
    .await
    .expect("it opens")
}

pub(crate) fn options(folder: &TempDir) -> ServerOptions {
    ServerOptions::on(([127, 0, 0, 1], 0).into(), folder.path().to_owned())
}

/// Status and error code of an answer.
pub(crate) async fn answer(request: reqwest::RequestBuilder) -> (u16, String) {
    let answer = request.send().await.expect("an answer");
    let status = answer.status().as_u16();
    let text = answer.text().await.expect("a body");
    let code = serde_json::from_str::<serde_json::Value>(&text)
        .ok()
        .and_then(|body| body["error"]["code"].as_str().map(str::to_owned))
        .unwrap_or_default();
    (status, code)
}

pub(crate) fn now() -> Timestamp {
    "2026-03-01T12:00:00Z".parse().expect("a moment")
}

/// `sha1=` and the signature.
pub(crate) fn sign(secret: &str, body: &[u8]) -> String {
    let mut mac = Hmac::<Sha1>::new_from_slice(secret.as_bytes()).expect("any length");
    mac.update(body);
    let digits: String = mac
        .finalize()
        .into_bytes()
        .iter()
        .map(|byte| format!("{byte:02x}"))
        .collect();
    format!("sha1={digits}")
}

/// A notification.
pub(crate) fn body(workspace: &str, id: &str, topic: &str) -> String {
    let created_at = now().as_second();
    format!(
        r#"{{"type":"notification_event","app_id":"{workspace}","data":{{"type":"notification_event_data","item":{{"type":"contact","id":"1"}}}},"links":{{}},"id":"{id}","topic":"{topic}","delivery_status":"pending","delivery_attempts":1,"delivered_at":0,"first_sent_at":{created_at},"created_at":{created_at},"self":null}}"#
    )
}

/// The text of a flow that never begins by itself.
pub(crate) fn flow(name: &str) -> String {
    format!(
        "flow: {name}\nschedule: {{ once: 2040-01-01T00:00:00Z }}\nsource: {{ file: {{ path: in.jsonl }} }}\n\
         transforms:\n  - map: {{ set: {{ twice: '.number * 2' }} }}\n\
         destinations:\n  - file: {{ path: {name}.jsonl }}\n"
    )
}
