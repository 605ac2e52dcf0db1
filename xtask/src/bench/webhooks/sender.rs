//! Sends signed notifications one after another on a connection of its own, and again what was not answered with 200.

use std::{
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::TcpStream,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use anyhow::{Context as _, Result, bail};
use hmac::{Hmac, KeyInit as _, Mac as _};
use sha1::Sha1;

use super::Address;
use crate::clock::Stopwatch;

pub(in crate::bench) const SECRET: &str = "simulated-client-secret";

const DIGITS: &[u8; 16] = b"0123456789abcdef";

/// A thread that sends.
#[derive(Debug)]
pub(in crate::bench) struct Sender(JoinHandle<Result<Sent>>);

/// What was sent and answered with 200.
#[derive(Debug, Default)]
pub(in crate::bench) struct Sent {
    pub(in crate::bench) acknowledged: Vec<String>,
    pub(in crate::bench) latencies_us: Vec<u32>,
}

impl Sender {
    pub(in crate::bench) fn start(address: Address, number: u32, stop: Arc<AtomicBool>) -> Self {
        Self(thread::spawn(move || send(address, number, &stop)))
    }

    pub(in crate::bench) fn finish(self) -> Result<Sent> {
        match self.0.join() {
            Ok(sent) => sent,
            Err(_) => bail!("a sender panicked"),
        }
    }
}

/// Makes notifications as Intercom signs and sends them, about the size of a reply in a conversation.
#[derive(Debug)]
pub(in crate::bench) struct Notifications {
    key: Hmac<Sha1>,
    filler: String,
}

impl Notifications {
    pub(in crate::bench) fn new() -> Result<Self> {
        Ok(Self {
            key: Hmac::<Sha1>::new_from_slice(SECRET.as_bytes()).context("any key is good")?,
            filler: "The quick answer to a slow question. ".repeat(30),
        })
    }

    /// The whole request for a notification with this id, about the conversation with this number.
    pub(in crate::bench) fn request(&self, id: &str, conversation: u64) -> String {
        let filler = &self.filler;
        let body = format!(
            r#"{{"type":"notification_event","app_id":"bench000","data":{{"type":"notification_event_data","item":{{"type":"conversation","id":"{conversation}","body":"{filler}"}}}},"links":{{}},"id":"{id}","topic":"conversation.user.replied","delivery_status":"pending","delivery_attempts":1,"delivered_at":0,"first_sent_at":1768114251,"created_at":1768114250,"self":null}}"#
        );
        let mut mac = self.key.clone();
        mac.update(body.as_bytes());
        let mut request = format!(
            "POST /webhooks/intercom HTTP/1.1\r\nhost: bench\r\ncontent-type: application/json\r\ncontent-length: {}\r\nx-hub-signature: sha1=",
            body.len()
        );
        for byte in mac.finalize().into_bytes() {
            for half in [byte >> 4, byte & 15] {
                request.push(char::from(DIGITS[usize::from(half)]));
            }
        }
        request.push_str("\r\n\r\n");
        request.push_str(&body);
        request
    }
}

fn send(address: Address, number: u32, stop: &AtomicBool) -> Result<Sent> {
    let notifications = Notifications::new()?;
    let mut sent = Sent::default();
    let mut stream = None;
    let mut count = 0_u64;
    while !stop.load(Ordering::Relaxed) {
        let id = format!("notif_{number}_{count}");
        let request = notifications.request(&id, count);
        let watch = Stopwatch::start();
        match exchange(&mut stream, address, &request) {
            Ok(200) => {
                sent.acknowledged.push(id);
                sent.latencies_us
                    .push(u32::try_from(watch.elapsed().as_micros()).unwrap_or(u32::MAX));
                count += 1;
            }
            Ok(503) => thread::park_timeout(Duration::from_millis(5)),
            Ok(status) => bail!("a notification was answered with {status}"),
            // The process is down: the same notification is sent again once it is back.
            Err(_) => {
                stream = None;
                thread::park_timeout(Duration::from_millis(5));
            }
        }
    }
    Ok(sent)
}

/// Sends one request and reads one answer.
pub(in crate::bench) fn exchange(
    stream: &mut Option<BufReader<TcpStream>>,
    address: Address,
    request: &str,
) -> Result<u16> {
    let stream = match stream {
        Some(stream) => stream,
        None => {
            let socket = TcpStream::connect(address)?;
            socket.set_nodelay(true)?;
            stream.insert(BufReader::new(socket))
        }
    };
    stream.get_mut().write_all(request.as_bytes())?;
    let mut line = String::new();
    if stream.read_line(&mut line)? == 0 {
        bail!("closed");
    }
    let status = line
        .split(' ')
        .nth(1)
        .and_then(|code| code.parse().ok())
        .context("no status")?;
    let mut length = 0;
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            bail!("closed");
        }
        let header = line.trim_end();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(status)
}
