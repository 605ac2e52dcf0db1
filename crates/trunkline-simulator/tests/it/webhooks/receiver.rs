//! An endpoint that remembers what it is sent and answers as it is told.

use std::{
    collections::VecDeque,
    net::SocketAddr,
    sync::{Arc, Condvar, Mutex, MutexGuard},
    time::Duration,
};

use axum::{
    Router,
    body::Bytes,
    extract::State,
    http::{HeaderMap, Method, StatusCode},
};
use serde_json::{Value, json};
use sha1::{Digest as _, Sha1};

use crate::harness::Sim;

pub(crate) const SECRET: &str = "a secret of the app";
/// How long a test waits for what must come.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A request that came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: Method,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

impl Received {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers
            .get(name)
            .and_then(|value| value.to_str().ok())
            .unwrap_or_default()
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn topic(&self) -> String {
        self.json()["topic"].as_str().unwrap().to_owned()
    }

    pub(crate) fn item(&self) -> Value {
        self.json()["data"]["item"].clone()
    }

    /// The id of what the notification is about.
    pub(crate) fn subject(&self) -> String {
        crate::harness::id(&self.item())
    }
}

#[derive(Default)]
struct Inner {
    received: Vec<Received>,
    /// What to answer next; 200 when it is empty.
    answers: VecDeque<u16>,
    otherwise: Option<u16>,
}

#[derive(Default)]
struct Shared {
    inner: Mutex<Inner>,
    changed: Condvar,
}

/// An endpoint on a free port, gone when it is dropped.
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
    _runtime: tokio::runtime::Runtime,
}

async fn receive(
    State(shared): State<Arc<Shared>>,
    method: Method,
    headers: HeaderMap,
    body: Bytes,
) -> StatusCode {
    let mut inner = shared.inner.lock().unwrap();
    let status = if method == Method::HEAD {
        200
    } else {
        let otherwise = inner.otherwise.unwrap_or(200);
        inner.answers.pop_front().unwrap_or(otherwise)
    };
    inner.received.push(Received {
        method,
        headers,
        body,
    });
    shared.changed.notify_all();
    StatusCode::from_u16(status).unwrap()
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let shared = Arc::new(Shared::default());
        let router = Router::new().fallback(receive).with_state(Arc::clone(&shared));
        let listener = runtime
            .block_on(tokio::net::TcpListener::bind("127.0.0.1:0"))
            .unwrap();
        let address = listener.local_addr().unwrap();
        runtime.spawn(async move { axum::serve(listener, router).await });
        Self {
            shared,
            address,
            _runtime: runtime,
        }
    }

    pub(crate) fn url(&self) -> String {
        format!("http://{}/hook", self.address)
    }

    /// Answers the next notifications with these, then with 200 again.
    pub(crate) fn answer_next(&self, statuses: &[u16]) {
        self.shared.inner.lock().unwrap().answers = statuses.iter().copied().collect();
    }

    /// Answers everything with this from now on.
    pub(crate) fn answer_always(&self, status: u16) {
        self.shared.inner.lock().unwrap().otherwise = Some(status);
    }

    fn wait<'a>(&'a self, what: &str, done: impl Fn(&[Received]) -> bool) -> MutexGuard<'a, Inner> {
        let (inner, waited) = self
            .shared
            .changed
            .wait_timeout_while(self.shared.inner.lock().unwrap(), PATIENCE, |inner| {
                !done(&inner.received)
            })
            .unwrap();
        let topics: Vec<String> = inner.received.iter().map(|one| one.method.to_string()).collect();
        assert!(!waited.timed_out(), "{what} did not come: {topics:?}");
        inner
    }

    /// The first so many notifications other than pings, oldest first.
    pub(crate) fn events(&self, count: usize) -> Vec<Received> {
        let inner = self.wait("a notification", |received| events(received).len() >= count);
        events(&inner.received)
    }

    /// Waits for so many requests of any kind.
    pub(crate) fn requests(&self, count: usize) -> Vec<Received> {
        self.wait("a request", |received| received.len() >= count)
            .received
            .clone()
    }

    /// Subscribes at the simulator with these settings and forgets the check and the ping. Gives the webhook's number.
    pub(crate) fn subscribe(&self, sim: &Sim, settings: &Value) -> u64 {
        let mut wanted = json!({ "url": self.url(), "client_secret": SECRET });
        for (name, value) in settings.as_object().unwrap() {
            wanted[name] = value.clone();
        }
        let made = sim.control("POST", "/webhooks", Some(&wanted)).json();
        let mut inner = self.wait("the ping", |received| received.iter().any(is_ping));
        inner.received.clear();
        drop(inner);
        let path = format!("/webhooks/{}", made["id"]);
        let began = tokio::time::Instant::now();
        while sim.control("GET", &path, None).json()["counts"]["delivered"] != 1 {
            assert!(began.elapsed() < PATIENCE, "the ping was not delivered");
        }
        made["id"].as_u64().unwrap()
    }

    /// The notifications that came, after a ping that was sent behind them; forgets them.
    pub(crate) fn drain(&self, sim: &Sim, webhook: u64) -> Vec<Received> {
        sim.control("POST", &format!("/webhooks/{webhook}/ping"), None);
        let mut inner = self.wait("the ping", |received| received.iter().any(is_ping));
        let came = events(&inner.received);
        inner.received.clear();
        came
    }
}

fn is_ping(received: &Received) -> bool {
    received.method == Method::POST && received.topic() == "ping"
}

fn events(received: &[Received]) -> Vec<Received> {
    received
        .iter()
        .filter(|one| one.method == Method::POST && !is_ping(one))
        .cloned()
        .collect()
}

/// HMAC-SHA1 as RFC 2104 defines it, written out.
pub(crate) fn signature(secret: &str, body: &[u8]) -> String {
    let mut key = [0_u8; 64];
    key[..secret.len()].copy_from_slice(secret.as_bytes());
    let padded = |pad: u8| key.map(|byte| byte ^ pad);
    let inner = Sha1::new()
        .chain_update(padded(0x36))
        .chain_update(body)
        .finalize();
    let outer = Sha1::new()
        .chain_update(padded(0x5c))
        .chain_update(inner)
        .finalize();
    outer
        .iter()
        .fold("sha1=".to_owned(), |text, byte| format!("{text}{byte:02x}"))
}
