//! A receiver of webhooks that keeps every body: a few lines of HTTP on a thread of its own.

use std::{
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

/// Answers the requests of one connection until the other side closes it.
fn serve(connection: TcpStream, shared: &Shared) -> std::io::Result<()> {
    let mut reader = BufReader::new(connection.try_clone()?);
    let mut writer = connection;
    loop {
        let mut length = 0;
        let mut line = String::new();
        loop {
            line.clear();
            if reader.read_line(&mut line)? == 0 {
                return Ok(());
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
        if !body.is_empty() {
            shared.bodies.lock().unwrap().push(body);
            shared.came.notify_all();
        }
        writer.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
}

fn is_ping(body: &[u8]) -> bool {
    serde_json::from_slice::<Value>(body).is_ok_and(|body| body["topic"] == "ping")
}

impl Receiver {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let shared = Arc::new(Shared::default());
        let kept = Arc::clone(&shared);
        std::thread::spawn(move || {
            for connection in listener.incoming().flatten() {
                let shared = Arc::clone(&kept);
                // A sender that goes away in the middle is no concern of the test.
                std::thread::spawn(move || drop(serve(connection, &shared)));
            }
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
