//! The end of a delivery: a server that notes when each record came, and says that it has it.
//!
//! The one rule: it reads no more of a request than its length and the id in it, so that it costs far less than what it measures.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader, Write as _},
    net::{SocketAddr, TcpListener, TcpStream},
    sync::{Arc, Mutex, PoisonError},
    thread,
    time::Duration,
};

use anyhow::{Context as _, Result, bail};

use crate::clock::Stopwatch;

/// What came: for each id, when it came each time.
pub(super) type Came = BTreeMap<String, Vec<Duration>>;

/// A server on loopback. Its threads end with the bench.
#[derive(Debug)]
pub(super) struct Sink {
    pub(super) address: SocketAddr,
    came: Arc<Mutex<Came>>,
}

impl Sink {
    pub(super) fn start(watch: Stopwatch) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        let came: Arc<Mutex<Came>> = Arc::default();
        let noted = Arc::clone(&came);
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let noted = Arc::clone(&noted);
                // The other side closes the connection when it is done.
                thread::spawn(move || answer(stream, watch, &noted));
            }
        });
        Ok(Self { address, came })
    }

    /// How many different records came.
    pub(super) fn count(&self) -> usize {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).len()
    }

    /// What came so far.
    pub(super) fn came(&self) -> Came {
        self.came.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

fn answer(stream: TcpStream, watch: Stopwatch, came: &Mutex<Came>) -> Result<()> {
    stream.set_nodelay(true)?;
    let mut stream = BufReader::new(stream);
    while let Some(body) = body(&mut stream)? {
        let at = watch.elapsed();
        let id = id(&body).context("a body without an id")?;
        came.lock()
            .unwrap_or_else(PoisonError::into_inner)
            .entry(id.to_owned())
            .or_default()
            .push(at);
        stream
            .get_mut()
            .write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n")?;
    }
    Ok(())
}

/// The body of the next request; none when there is no more.
fn body(stream: &mut impl BufRead) -> Result<Option<String>> {
    let mut length = 0;
    let mut line = String::new();
    loop {
        line.clear();
        if stream.read_line(&mut line)? == 0 {
            return Ok(None);
        }
        let header = line.trim_end().to_ascii_lowercase();
        if header.is_empty() {
            break;
        }
        if let Some(value) = header.strip_prefix("content-length:") {
            length = value.trim().parse()?;
        }
        if header.starts_with("transfer-encoding:") {
            bail!("a body without a length");
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body)?;
    Ok(Some(String::from_utf8(body)?))
}

/// The text after `"id":`.
fn id(body: &str) -> Option<&str> {
    let (_, behind) = body.split_once("\"id\":\"")?;
    behind.split('"').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_are_read_one_after_the_other_to_the_end() {
        let text = "POST / HTTP/1.1\r\nContent-Length: 10\r\n\r\n{\"id\":\"a\"}POST / HTTP/1.1\r\ncontent-length: 2\r\n\r\n{}";
        let mut stream = BufReader::new(text.as_bytes());
        let first = body(&mut stream).unwrap().unwrap();
        assert_eq!(id(&first), Some("a"));
        let second = body(&mut stream).unwrap().unwrap();
        assert_eq!((second.as_str(), id(&second)), ("{}", None));
        assert_eq!(body(&mut stream).unwrap(), None);
        let chunked = "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n";
        assert!(body(&mut chunked.as_bytes()).is_err());
    }
}
