//! Nodes that call each other over a real NATS server, which is stopped in the middle.

use std::{path::Path, process::Stdio, sync::Arc, time::Duration};

use futures::StreamExt as _;
use tokio::{
    io::{AsyncBufReadExt as _, BufReader},
    process::{Child, Command},
};
use trunkline_server::{NatsSettings, Server, ServerError, call_nodes};
use trunkline_store::{FlowOrigin, NewFlow, Store};

use crate::harness::{Process, body, now, options};

/// A NATS server of the test's own.
struct Nats {
    port: u16,
    process: Option<Child>,
}

impl Nats {
    async fn start(port: Option<u16>) -> Self {
        let wanted = port.map_or_else(|| "-1".to_owned(), |port| port.to_string());
        let mut process = Command::new("nats-server")
            .args(["--addr", "127.0.0.1", "--port", &wanted])
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("it starts");
        let mut lines = BufReader::new(process.stderr.take().expect("it is piped")).lines();
        loop {
            let line = lines
                .next_line()
                .await
                .expect("it talks")
                .expect("it says where it listens");
            if let Some((_, address)) = line.split_once("Listening for client connections on ") {
                let (_, port) = address.rsplit_once(':').expect("it has a port");
                // Whoever does not listen any more is not to stop it.
                tokio::spawn(async move { while let Ok(Some(_)) = lines.next_line().await {} });
                return Self {
                    port: port.trim().parse().expect("it is a port"),
                    process: Some(process),
                };
            }
        }
    }

    fn settings(&self) -> NatsSettings {
        NatsSettings {
            url: format!("nats://127.0.0.1:{}", self.port),
            credentials: None,
            tls: false,
            subject: "trunkline.calls".to_owned(),
        }
    }

    async fn stop(&mut self) {
        if let Some(mut process) = self.process.take() {
            process.kill().await.expect("it ends");
        }
    }
}

/// Whether there are NATS servers to be had.
fn has_nats() -> bool {
    let has = std::env::var_os("TRUNKLINE_TEST_NATS").is_some();
    if !has {
        let why = "left out: nodes that call each other (TRUNKLINE_TEST_NATS is not set)";
        assert!(std::env::var_os("TRUNKLINE_REQUIRE_ALL").is_none(), "{why}");
        #[expect(clippy::print_stderr, reason = "nothing is left out in silence")]
        {
            eprintln!("{why}");
        }
    }
    has
}

async fn apply(store: &Store, name: &str, text: String) {
    let new = NewFlow {
        name: name.to_owned(),
        text,
        origin: FlowOrigin::File,
        by_whom: "test".to_owned(),
    };
    store.put_flow(&new, None, now()).await.expect("it is kept");
}

/// The lines of a file, once there are so many.
async fn lines(path: &Path, count: usize) -> Vec<String> {
    let read = || {
        let text = std::fs::read_to_string(path).unwrap_or_default();
        text.lines().map(str::to_owned).collect::<Vec<_>>()
    };
    let arrive = async {
        while read().len() < count {
            tokio::task::yield_now().await;
        }
    };
    let arrived = tokio::time::timeout(Duration::from_secs(60), arrive).await;
    assert!(arrived.is_ok(), "{} of {count} arrived", read().len());
    read()
}

#[tokio::test(flavor = "multi_thread")]
async fn everything_arrives_while_nats_is_stopped_in_the_middle_and_comes_back() {
    if !has_nats() {
        return;
    }
    let mut nats = Nats::start(None).await;
    let one = Process::start_with(|options| options.nats = Some(nats.settings())).await;
    one.connection("acme", "abcd1234", None, Some("s")).await;
    // A second node on the same store.
    let mut second = options(&one.folder);
    second.nats = Some(nats.settings());
    let two = Server::start(Arc::clone(&one.store), second, one.clock.clone())
        .await
        .expect("it starts");
    let client = async_nats::connect(nats.settings().url)
        .await
        .expect("it is there");
    let mut heard = client.subscribe("trunkline.>").await.expect("it listens");

    apply(
        &one.store,
        "arrived",
        "flow: arrived\nsource: { webhook: { from_start: true, record: notification } }\ndestinations: [ { file: { path: arrived.jsonl } } ]\n"
            .to_owned(),
    )
    .await;
    let arrived = one.folder.path().join("arrived.jsonl");
    let address = two.address();
    let send = async |number: usize| {
        let id = format!("notif_{number}");
        let text = body("abcd1234", &id, "contact.user.created");
        let path = "/webhooks/acme";
        if number.is_multiple_of(2) {
            assert_eq!(one.notify(path, "s", &text).await.0, 200);
        } else {
            let signature = crate::harness::sign("s", text.as_bytes());
            let request = one
                .http
                .post(format!("http://{address}{path}"))
                .header("x-hub-signature", signature)
                .body(text);
            assert_eq!(crate::harness::answer(request).await.0, 200);
        }
    };
    for number in 0..10 {
        send(number).await;
    }
    lines(&arrived, 10).await;
    // Nodes have called by now: the first notification came before it was known that nobody mirrors the workspace.
    call_nodes(&nats.settings(), &(one.clock.clone() as _))
        .await
        .expect("the server is there");
    assert!(heard.next().await.is_some(), "a call went over the server");

    nats.stop().await;
    for number in 10..20 {
        send(number).await;
    }
    apply(&one.store, "late", flow_of_a_file(&one, "late")).await;
    lines(&arrived, 20).await;
    lines(&one.folder.path().join("late-out.jsonl"), 3).await;
    let error = call_nodes(&nats.settings(), &(one.clock.clone() as _))
        .await
        .expect_err("it is gone");
    assert_eq!(error.code(), "TL0920", "{error}");

    let again = Nats::start(Some(nats.port)).await;
    for number in 20..30 {
        send(number).await;
    }
    let all = lines(&arrived, 30).await;
    for number in 0..30 {
        let id = format!("\"notif_{number}\"");
        assert_eq!(all.iter().filter(|line| line.contains(&id)).count(), 1, "{id}");
    }
    two.stop().await;
    one.stop().await;
    drop(again);
}

/// A flow from a file of three lines to another.
fn flow_of_a_file(process: &Process, name: &str) -> String {
    std::fs::write(
        process.folder.path().join(format!("{name}-in.jsonl")),
        "1\n2\n3\n",
    )
    .expect("it is written");
    format!(
        "flow: {name}\nsource: {{ file: {{ path: {name}-in.jsonl, follow: true }} }}\ndestinations: [ {{ file: {{ path: {name}-out.jsonl }} }} ]\n"
    )
}

#[tokio::test]
async fn a_node_starts_without_nats_and_not_with_settings_that_cannot_be() {
    let folder = tempfile::tempdir().expect("a folder");
    let store = Arc::new(crate::harness::open(&folder).await);
    let clock = Arc::new(trunkline_client::ManualClock::new(now()));
    let start = async |nats: NatsSettings| {
        let mut options = options(&folder);
        options.nats = Some(nats);
        Server::start(Arc::clone(&store), options, clock.clone()).await
    };
    let settings = |url: &str, subject: &str| NatsSettings {
        url: url.to_owned(),
        credentials: None,
        tls: false,
        subject: subject.to_owned(),
    };
    // Nobody listens there: it is looked for in the background.
    let server = start(settings("nats://127.0.0.1:1", "trunkline.calls"))
        .await
        .expect("it starts");
    server.stop().await;
    for (url, subject) in [
        ("http://127.0.0.1:1", "trunkline.calls"),
        ("nats://user:hush@127.0.0.1:1", "trunkline.calls"),
        ("nats://127.0.0.1:1", "trunkline.*"),
        ("nats://127.0.0.1:1", ""),
    ] {
        let error: ServerError = start(settings(url, subject)).await.expect_err("it is refused");
        assert_eq!(error.code(), "TL0926", "{error}");
        assert!(!error.to_string().contains("hush"), "{error}");
    }
    store.close().await;
}
