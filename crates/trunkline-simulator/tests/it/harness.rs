//! A simulator on a free port and the smallest HTTP client that can talk to it.
//!
//! The one rule: an answer to a call with a version is checked against the catalog, whatever the test is about.

mod answers;

use std::{
    io::{Read as _, Write as _},
    net::{SocketAddr, TcpStream},
};

use serde_json::{Value, json};
use trunkline_simulator::{Options, Running};

pub(crate) const TOKEN: &str = "dG9rOnRlc3Q=";
/// Where the workspace's clock stands unless a test moves it.
pub(crate) const NOW: i64 = 1_795_176_000;

/// A simulator, stopped when it is dropped.
pub(crate) struct Sim {
    runtime: tokio::runtime::Runtime,
    running: Option<Running>,
    address: SocketAddr,
}

/// An answer.
#[derive(Debug)]
pub(crate) struct Got {
    pub(crate) status: u16,
    headers: Vec<(String, String)>,
    pub(crate) bytes: Vec<u8>,
    /// The body as text, with marks for what is none.
    pub(crate) text: String,
}

impl Got {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(held, _)| held.eq_ignore_ascii_case(name))
            .map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|error| panic!("{error}: {}", self.text))
    }

    /// The body of an answer that must be a success.
    pub(crate) fn ok(&self) -> Value {
        assert_eq!(self.status, 200, "{}", self.text);
        self.json()
    }

    /// Status and first code of an error list, checked for its shape.
    pub(crate) fn refusal(&self) -> (u16, String) {
        let body = self.json();
        assert_eq!(body["type"], "error.list", "{body}");
        assert_eq!(body["request_id"].as_str(), self.header("x-request-id"), "{body}");
        let error = &body["errors"][0];
        assert!(
            error["message"]
                .as_str()
                .is_some_and(|message| !message.is_empty()),
            "{body}"
        );
        (self.status, error["code"].as_str().unwrap_or_default().to_owned())
    }

    pub(crate) fn message(&self) -> String {
        self.json()["errors"][0]["message"]
            .as_str()
            .unwrap_or_default()
            .to_owned()
    }
}

/// The options that `Sim::new` starts with.
pub(crate) fn small() -> Options {
    Options {
        listen: "127.0.0.1:0".parse().unwrap(),
        seed: 7,
        contacts: 400,
        companies: 60,
        conversations: 250,
        parts: 6,
        tickets: 40,
        rate_limit: None,
        tokens: vec![TOKEN.to_owned()],
        clock_stands: true,
        start: Some(jiff::Timestamp::from_second(NOW).unwrap()),
        control: true,
        ..Options::default()
    }
}

impl Sim {
    pub(crate) fn new() -> Self {
        Self::start(small())
    }

    pub(crate) fn start(options: Options) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .enable_all()
            .build()
            .unwrap();
        let running = runtime.block_on(trunkline_simulator::start(options)).unwrap();
        let address = running.address();
        Self {
            runtime,
            running: Some(running),
            address,
        }
    }

    /// Where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// A request with exactly these headers.
    pub(crate) fn raw(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Got {
        let mut stream = TcpStream::connect(self.address).unwrap();
        let mut head = format!("{method} {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n");
        for (name, value) in headers {
            head.push_str(&format!("{name}: {value}\r\n"));
        }
        head.push_str(&format!("content-length: {}\r\n\r\n", body.len()));
        stream.write_all(head.as_bytes()).unwrap();
        stream.write_all(body.as_bytes()).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        parse(&answer)
    }

    /// What these bytes are answered with, until the connection is closed.
    pub(crate) fn bytes(&self, request: &[u8]) -> Got {
        let mut stream = TcpStream::connect(self.address).unwrap();
        stream.write_all(request).unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).unwrap();
        parse(&answer)
    }

    /// A call with a good token at a version; what it answers is held against the catalog.
    pub(crate) fn at(&self, version: &str, method: &str, path: &str, body: Option<&Value>) -> Got {
        let got = self.unchecked(version, method, path, body);
        answers::check(version, method, path, &got);
        got
    }

    /// A call whose answer is spoiled on purpose.
    pub(crate) fn unchecked(&self, version: &str, method: &str, path: &str, body: Option<&Value>) -> Got {
        let token = format!("Bearer {TOKEN}");
        let headers = [
            ("authorization", token.as_str()),
            ("intercom-version", version),
            ("content-type", "application/json"),
        ];
        self.raw(
            method,
            path,
            &headers,
            &body.map(Value::to_string).unwrap_or_default(),
        )
    }

    /// A call at 2.16.
    pub(crate) fn send(&self, method: &str, path: &str, body: &Value) -> Got {
        self.at("2.16", method, path, Some(body))
    }

    /// What a GET at 2.16 answers with 200.
    pub(crate) fn get(&self, path: &str) -> Value {
        self.at("2.16", "GET", path, None).ok()
    }

    /// A GET at 2.16, whatever it answers.
    pub(crate) fn try_get(&self, path: &str) -> Got {
        self.at("2.16", "GET", path, None)
    }

    /// What a POST at 2.16 answers with 200.
    pub(crate) fn post(&self, path: &str, body: &Value) -> Value {
        self.send("POST", path, body).ok()
    }

    /// What a PUT at 2.16 answers with 200.
    pub(crate) fn put(&self, path: &str, body: &Value) -> Value {
        self.send("PUT", path, body).ok()
    }

    /// What a DELETE at 2.16 answers with 200.
    pub(crate) fn delete(&self, path: &str) -> Value {
        self.at("2.16", "DELETE", path, None).ok()
    }

    /// One call of the control surface.
    pub(crate) fn control(&self, method: &str, path: &str, body: Option<&Value>) -> Got {
        let got = self.raw(
            method,
            &format!("/_sim{path}"),
            &[("content-type", "application/json")],
            &body.map(Value::to_string).unwrap_or_default(),
        );
        assert!(
            (200..300).contains(&got.status),
            "{method} /_sim{path}: {} {}",
            got.status,
            got.text
        );
        got
    }

    pub(crate) fn advance(&self, seconds: i64) {
        self.control("PUT", "/clock", Some(&json!({ "advance_seconds": seconds })));
    }

    pub(crate) fn habit(&self, name: &str, on: bool) {
        self.control("PUT", "/habits", Some(&json!({ name: on })));
    }

    /// Everything that exists of a stream, as 2.16 shows it.
    pub(crate) fn truth(&self, stream: &str) -> Vec<Value> {
        self.truth_at(stream, "2.16")
    }

    pub(crate) fn truth_at(&self, stream: &str, version: &str) -> Vec<Value> {
        self.control("GET", &format!("/truth/{stream}?version={version}"), None)
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap_or_else(|error| panic!("{error}: {line}")))
            .collect()
    }

    /// The requests that were logged, oldest first.
    pub(crate) fn requests(&self) -> Vec<Value> {
        self.control("GET", "/requests", None)
            .text
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    /// Every row of a search, page by page, with the total that each page stated.
    pub(crate) fn search_all(
        &self,
        version: &str,
        path: &str,
        rows: &str,
        body: &Value,
    ) -> (Vec<Value>, u64) {
        let mut all = Vec::new();
        let mut body = body.clone();
        loop {
            let page = self.at(version, "POST", path, Some(&body)).ok();
            all.extend(page[rows].as_array().unwrap().iter().cloned());
            match page["pages"]["next"]["starting_after"].as_str() {
                Some(cursor) => body["pagination"]["starting_after"] = json!(cursor),
                None => return (all, page["total_count"].as_u64().unwrap()),
            }
            assert!(all.len() < 100_000, "the search never ends");
        }
    }

    /// Ids that a search for one filter finds.
    pub(crate) fn found(&self, version: &str, path: &str, rows: &str, query: &Value) -> Vec<String> {
        let body = json!({ "query": query, "pagination": { "per_page": 150 } });
        self.search_all(version, path, rows, &body)
            .0
            .iter()
            .map(id)
            .collect()
    }

    /// A new user.
    pub(crate) fn user(&self, name: &str) -> Value {
        let slug = name.to_lowercase().replace(' ', ".");
        self.post(
            "/contacts",
            &json!({ "role": "user", "email": format!("{slug}@people.example"), "external_id": format!("own-{slug}"), "name": name }),
        )
    }

    /// A new lead.
    pub(crate) fn lead(&self, name: &str) -> Value {
        self.post("/contacts", &json!({ "role": "lead", "name": name }))
    }

    /// The id of the first admin with a seat in the inbox.
    pub(crate) fn admin(&self) -> String {
        let admins = self.get("/admins");
        id(admins["admins"]
            .as_array()
            .unwrap()
            .iter()
            .find(|admin| admin["has_inbox_seat"] == true)
            .unwrap())
    }
}

impl Drop for Sim {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// An object's id as text.
pub(crate) fn id(object: &Value) -> String {
    match &object["id"] {
        Value::String(text) => text.clone(),
        Value::Number(number) => number.to_string(),
        other => panic!("the id is {other} in {object}"),
    }
}

/// The ids of a list.
pub(crate) fn ids(list: &Value) -> Vec<String> {
    list.as_array()
        .unwrap_or_else(|| panic!("not a list: {list}"))
        .iter()
        .map(id)
        .collect()
}

/// An answer as it came over the wire.
pub(crate) fn parse(answer: &[u8]) -> Got {
    let end = answer
        .windows(4)
        .position(|four| four == b"\r\n\r\n")
        .expect("an answer has a head");
    let head = std::str::from_utf8(&answer[..end]).unwrap();
    let mut lines = head.split("\r\n");
    let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
    let headers: Vec<(String, String)> = lines
        .filter_map(|line| line.split_once(':'))
        .map(|(name, value)| (name.to_owned(), value.trim().to_owned()))
        .collect();
    let is_chunked = headers
        .iter()
        .any(|(name, value)| name.eq_ignore_ascii_case("transfer-encoding") && value == "chunked");
    let body = &answer[end + 4..];
    let body = if is_chunked { dechunk(body) } else { body.to_vec() };
    Got {
        status,
        headers,
        text: String::from_utf8_lossy(&body).into_owned(),
        bytes: body,
    }
}

fn dechunk(mut body: &[u8]) -> Vec<u8> {
    let mut whole = Vec::new();
    while let Some(end) = body.windows(2).position(|two| two == b"\r\n") {
        let size = usize::from_str_radix(std::str::from_utf8(&body[..end]).unwrap().trim(), 16).unwrap();
        if size == 0 {
            return whole;
        }
        whole.extend_from_slice(&body[end + 2..end + 2 + size]);
        body = &body[end + 2 + size + 2..];
    }
    panic!("the answer was cut in a chunk")
}
