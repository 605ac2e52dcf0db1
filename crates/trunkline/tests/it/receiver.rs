//! Other systems that are called: a few lines of HTTP on a thread of its own, and with it a receiver of webhooks that keeps every body.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Condvar, Mutex},
    time::Duration,
};

use serde_json::{Value, json};

use crate::harness::Simulator;

/// How long a test waits for what must come.
const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Default)]
struct Shared {
    bodies: Mutex<Vec<Vec<u8>>>,
    came: Condvar,
}

/// An address that answers 200 to everything.
pub(crate) struct Receiver {
    shared: Arc<Shared>,
    address: SocketAddr,
}

/// A request: its method, what it asks for, and its body.
pub(crate) struct Came {
    pub(crate) method: String,
    pub(crate) target: String,
    pub(crate) body: Vec<u8>,
}

impl Came {
    /// The body, where it is JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The path, and the parameters behind it or in a form.
    pub(crate) fn parameters(&self) -> (String, BTreeMap<String, String>) {
        let url = url::Url::parse(&format!("http://x{}", self.target)).unwrap();
        let mut all: BTreeMap<String, String> = url.query_pairs().into_owned().collect();
        all.extend(url::form_urlencoded::parse(&self.body).into_owned());
        (url.path().to_owned(), all)
    }
}

/// What is answered: a status and a body.
type Answer = Arc<dyn Fn(Came) -> (u16, String) + Send + Sync>;

/// Answers the requests of one connection until the other side closes it.
fn serve(connection: TcpStream, answer: &Answer) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    loop {
        let (mut length, mut first) = (0, String::new());
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
            }
            if first.is_empty() {
                first.push_str(line.trim_end());
                continue;
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = value.trim().parse().unwrap_or(0);
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body)?;
        let mut words = first.split(' ').map(str::to_owned);
        let (status, text) = answer(Came {
            method: words.next().unwrap_or_default(),
            target: words.next().unwrap_or_default(),
            body,
        });
        let length = text.len();
        writer.write_all(
            format!("HTTP/1.1 {status} OK\r\ncontent-length: {length}\r\n\r\n{text}").as_bytes(),
        )?;
    }
}

/// Listens on a free port, and answers by a function.
pub(crate) fn listen(answer: impl Fn(Came) -> (u16, String) + Send + Sync + 'static) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let answer: Answer = Arc::new(answer);
    std::thread::spawn(move || {
        for connection in listener.incoming().flatten() {
            let answer = Arc::clone(&answer);
            // A sender that goes away in the middle is no concern of the test.
            std::thread::spawn(move || drop(serve(connection, &answer)));
        }
    });
    address
}

fn is_ping(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["topic"] == "ping")
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        let address = listen(move |came| {
            if !came.body.is_empty() {
                kept.bodies.lock().unwrap().push(came.body);
                kept.came.notify_all();
            }
            (200, String::new())
        });
        Self { shared, address }
    }

    /// Subscribes at the simulator, and waits for the ping. Gives the webhook's number.
    pub(crate) fn subscribe(&self, simulator: &Simulator, version: &str) -> u64 {
        let wanted = json!({
            "url": format!("http://{}/hook", self.address),
            "client_secret": "a secret",
            "topics": ["*"],
            "version": version,
        });
        let made: Value =
            serde_json::from_str(&simulator.control("POST", "/webhooks", Some(&wanted))).unwrap();
        self.until_ping();
        made["id"].as_u64().unwrap_or_else(|| panic!("{made}"))
    }

    /// The bodies that came before a ping that is sent behind them all; forgets them.
    pub(crate) fn drain(&self, simulator: &Simulator, webhook: u64) -> Vec<Vec<u8>> {
        simulator.control("POST", &format!("/webhooks/{webhook}/ping"), None);
        self.until_ping()
    }

    fn until_ping(&self) -> Vec<Vec<u8>> {
        let bodies = self.shared.bodies.lock().unwrap();
        let lacks_ping = |bodies: &mut Vec<Vec<u8>>| !bodies.iter().any(|body| is_ping(body));
        let (mut bodies, waited) = self
            .shared
            .came
            .wait_timeout_while(bodies, PATIENCE, lacks_ping)
            .unwrap();
        assert!(
            !waited.timed_out(),
            "the ping did not come after {} bodies",
            bodies.len()
        );
        bodies.drain(..).filter(|body| !is_ping(body)).collect()
    }
}
