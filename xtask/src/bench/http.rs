//! Just enough HTTP/1.1 to talk to the simulator and to the long-running process: one kept connection, one request at a time.
//!
//! The one rule: it costs far less than what it measures, so it parses nothing but the status and the length.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use anyhow::{Context as _, Result, bail};

#[derive(Debug)]
pub(crate) struct Connection {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
    /// What the other side gave to be sent with every request, by its name.
    cookies: BTreeMap<String, String>,
}

impl Connection {
    pub(crate) fn open(address: SocketAddr) -> Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_nodelay(true)?;
        Ok(Self {
            stream: BufReader::new(stream),
            address,
            cookies: BTreeMap::new(),
        })
    }

    /// Opens another connection with the same cookies, asks for a stream, and reads only that it begins.
    pub(crate) fn listen(&self, path: &str) -> Result<Self> {
        let mut listening = Self::open(self.address)?;
        listening.cookies.clone_from(&self.cookies);
        let cookies = listening.cookies();
        let request = format!(
            "GET {path} HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n{cookies}\r\n",
            self.address
        );
        listening.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        listening.stream.read_line(&mut line)?;
        if !line.contains(" 200 ") {
            bail!("GET {path} answered {line}");
        }
        Ok(listening)
    }

    /// The header with what was given, or nothing.
    fn cookies(&self) -> String {
        if self.cookies.is_empty() {
            return String::new();
        }
        let pairs: Vec<String> = self
            .cookies
            .iter()
            .map(|(name, value)| format!("{name}={value}"))
            .collect();
        format!("cookie: {}\r\n", pairs.join("; "))
    }

    /// Sends a request at 2.16; the status and the body of the answer.
    pub(super) fn send(
        &mut self,
        method: &str,
        path: &str,
        token: &str,
        body: Option<&str>,
    ) -> Result<(u16, Vec<u8>)> {
        let authorization = format!("Bearer {token}");
        let headers = [
            ("authorization", authorization.as_str()),
            ("intercom-version", "2.16"),
        ];
        self.send_with(method, path, &headers, body)
    }

    /// Sends a request with these headers; the status and the body of the answer.
    pub(crate) fn send_with(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: Option<&str>,
    ) -> Result<(u16, Vec<u8>)> {
        let body = body.unwrap_or_default();
        let mut request = format!("{method} {path} HTTP/1.1\r\nhost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&self.cookies());
        if !headers.iter().any(|(name, _)| *name == "content-type") {
            request.push_str("content-type: application/json\r\n");
        }
        request.push_str(&format!(
            "accept: application/json\r\ncontent-length: {}\r\n\r\n{body}",
            body.len(),
        ));
        self.stream.get_mut().write_all(request.as_bytes())?;
        let mut line = String::new();
        self.stream.read_line(&mut line)?;
        let status: u16 = line
            .split(' ')
            .nth(1)
            .and_then(|code| code.parse().ok())
            .context("no status line")?;
        let mut length = None;
        let mut chunked = false;
        loop {
            line.clear();
            if self.stream.read_line(&mut line)? == 0 {
                bail!("the answer ends within its headers");
            }
            let header = line.trim_end().to_ascii_lowercase();
            if header.is_empty() {
                break;
            }
            if let Some(value) = header.strip_prefix("content-length:") {
                length = Some(value.trim().parse::<usize>()?);
            }
            chunked |= header == "transfer-encoding: chunked";
            if header.starts_with("set-cookie:") {
                let set = line
                    .trim_end()
                    .split_once(':')
                    .map_or("", |(_, value)| value.trim());
                let pair = set.split(';').next().unwrap_or_default();
                if let Some((name, value)) = pair.split_once('=') {
                    self.cookies.insert(name.to_owned(), value.to_owned());
                }
            }
        }
        let mut content = Vec::new();
        if chunked {
            loop {
                line.clear();
                self.stream.read_line(&mut line)?;
                let size = usize::from_str_radix(line.trim(), 16).context("not the size of a chunk")?;
                let start = content.len();
                content.resize(start + size, 0);
                self.stream.read_exact(&mut content[start..])?;
                line.clear();
                self.stream.read_line(&mut line)?;
                if size == 0 {
                    break;
                }
            }
        } else if status != 204 && status != 304 {
            content.resize(length.context("the answer states no length")?, 0);
            self.stream.read_exact(&mut content)?;
        }
        Ok((status, content))
    }
}

#[cfg(test)]
mod tests {
    use std::{net::TcpListener, thread};

    use super::*;

    fn check(answer: &'static str, expected: Option<(u16, &[u8])>) {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).unwrap();
            stream.write_all(answer.as_bytes()).unwrap();
        });
        let got = Connection::open(address).unwrap().send("GET", "/x", "t", None);
        server.join().unwrap();
        match expected {
            Some((status, body)) => assert_eq!(got.unwrap(), (status, body.to_vec())),
            None => assert!(got.is_err()),
        }
    }

    #[test]
    fn what_is_given_to_be_sent_again_is_sent_again() {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let server = thread::spawn(move || {
            let (mut stream, _) = listener.accept().unwrap();
            let mut request = [0; 4_096];
            let _ = stream.read(&mut request).unwrap();
            let answer = "HTTP/1.1 200 OK\r\nSet-Cookie: word=aB1; HttpOnly\r\ncontent-length: 0\r\n\r\n";
            stream.write_all(answer.as_bytes()).unwrap();
            let length = stream.read(&mut request).unwrap();
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
            String::from_utf8_lossy(&request[..length]).into_owned()
        });
        let mut connection = Connection::open(address).unwrap();
        for _ in 0..2 {
            connection.send_with("GET", "/", &[], None).unwrap();
        }
        let second = server.join().unwrap();
        assert!(second.contains("\r\ncookie: word=aB1\r\n"), "{second}");
    }

    #[test]
    fn answers_with_a_length_or_in_chunks_are_read_whole() {
        check(
            "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nabc",
            Some((200, b"abc")),
        );
        check(
            "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n",
            Some((200, b"abcde")),
        );
        check(
            "HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n",
            Some((404, b"")),
        );
        check("HTTP/1.1 204 No Content\r\n\r\n", Some((204, b"")));
        check("HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nabc", None);
        check("", None);
    }
}
