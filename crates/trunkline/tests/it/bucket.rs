//! Object storage that speaks as much S3 as is needed: one bucket, `lake`, with conditions on what is put.

use std::{
    collections::{BTreeMap, HashMap},
    io::{BufRead as _, BufReader, Read as _, Write as _},
    net::{TcpListener, TcpStream},
    sync::{Arc, Mutex},
    thread,
};

/// What the storage answers: a status, more headers, a body.
type Answer = (&'static str, String, Vec<u8>);

/// The secret of whoever writes; nothing may show it.
const SECRET: &str = "s3cret-of-the-lake";

#[derive(Clone, Default)]
struct Held(Arc<Mutex<BTreeMap<String, Vec<u8>>>>);

/// Storage on a free port.
pub(crate) struct Bucket {
    url: String,
    held: Held,
}

struct Request {
    method: String,
    path: String,
    query: String,
    headers: HashMap<String, String>,
    body: Vec<u8>,
}

impl Bucket {
    pub(crate) fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("http://{}", listener.local_addr().unwrap());
        let held = Held::default();
        let kept = held.clone();
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let kept = kept.clone();
                // A writer that is killed in the middle of a request is no matter.
                thread::spawn(move || serve(&stream, &kept));
            }
        });
        Self { url, held }
    }

    /// What the environment of a writer holds.
    pub(crate) fn environment(&self) -> [(&str, &str); 4] {
        [
            ("AWS_ENDPOINT_URL", &self.url),
            ("AWS_ACCESS_KEY_ID", "AKID"),
            ("AWS_SECRET_ACCESS_KEY", SECRET),
            ("AWS_REGION", "eu-west-1"),
        ]
    }

    pub(crate) fn get(&self, name: &str) -> Option<Vec<u8>> {
        self.held.0.lock().unwrap().get(name).cloned()
    }
}

fn serve(stream: &TcpStream, held: &Held) -> Option<()> {
    let mut reader = BufReader::new(stream.try_clone().ok()?);
    let mut writer = stream;
    loop {
        let request = read(&mut reader)?;
        let (status, headers, body) = held.answer(&request);
        let length = body.len();
        let head = format!("HTTP/1.1 {status}\r\ncontent-length: {length}\r\n{headers}\r\n");
        writer.write_all(head.as_bytes()).ok()?;
        if request.method != "HEAD" {
            writer.write_all(&body).ok()?;
        }
    }
}

fn read(reader: &mut BufReader<TcpStream>) -> Option<Request> {
    let mut line = String::new();
    reader.read_line(&mut line).ok()?;
    let mut words = line.split_whitespace();
    let (method, target) = (words.next()?.to_owned(), words.next()?.to_owned());
    let (path, query) = target.split_once('?').unwrap_or((&target, ""));
    let mut headers = HashMap::new();
    loop {
        let mut line = String::new();
        if reader.read_line(&mut line).ok()? == 0 {
            return None;
        }
        let Some((name, value)) = line.trim_end().split_once(':') else {
            break;
        };
        headers.insert(name.to_ascii_lowercase(), value.trim().to_owned());
    }
    let length = headers
        .get("content-length")
        .map_or(Some(0), |text| text.parse().ok())?;
    let mut body = vec![0; length];
    reader.read_exact(&mut body).ok()?;
    Some(Request {
        method,
        path: path.to_owned(),
        query: query.to_owned(),
        headers,
        body,
    })
}

impl Held {
    fn answer(&self, request: &Request) -> Answer {
        let none = |status| (status, String::new(), Vec::new());
        let signed = request.headers.get("authorization");
        if !signed.is_some_and(|signed| signed.contains("Credential=AKID/")) {
            return none("403 Forbidden");
        }
        let Some(key) = request.path.strip_prefix("/lake") else {
            return (
                "404 Not Found",
                String::new(),
                b"<Error><Code>NoSuchBucket</Code></Error>".to_vec(),
            );
        };
        let key = key.trim_start_matches('/');
        let mut held = self.0.lock().unwrap();
        match request.method.as_str() {
            "PUT" => {
                let there = held.get(key).map(|bytes| tag(bytes));
                let wanted = request.headers.get("if-match");
                let is_new = request.headers.contains_key("if-none-match");
                if (is_new && there.is_some()) || wanted.is_some_and(|tag| Some(tag) != there.as_ref()) {
                    return none("412 Precondition Failed");
                }
                let headers = format!("etag: {}\r\n", tag(&request.body));
                held.insert(key.to_owned(), request.body.clone());
                ("200 OK", headers, Vec::new())
            }
            "GET" if key.is_empty() => ("200 OK", String::new(), list(&held, &request.query)),
            "GET" | "HEAD" => match held.get(key) {
                Some(bytes) => {
                    let headers = format!(
                        "etag: {}\r\nlast-modified: Sun, 22 Nov 2026 00:00:00 GMT\r\n",
                        tag(bytes)
                    );
                    ("200 OK", headers, bytes.clone())
                }
                None => none("404 Not Found"),
            },
            "POST" if request.query.starts_with("delete") => {
                let asked = String::from_utf8_lossy(&request.body);
                let mut text = "<DeleteResult>".to_owned();
                for part in asked.split("<Key>").skip(1) {
                    let key = part.split('<').next().unwrap_or_default();
                    held.remove(key);
                    text.push_str(&format!("<Deleted><Key>{key}</Key></Deleted>"));
                }
                text.push_str("</DeleteResult>");
                ("200 OK", String::new(), text.into_bytes())
            }
            "DELETE" => {
                held.remove(key);
                none("204 No Content")
            }
            _ => none("501 Not Implemented"),
        }
    }
}

fn list(held: &BTreeMap<String, Vec<u8>>, query: &str) -> Vec<u8> {
    let prefix = query.split('&').find_map(|one| one.strip_prefix("prefix="));
    let prefix = prefix.unwrap_or_default().replace("%2F", "/");
    let mut text = "<ListBucketResult><Name>lake</Name><IsTruncated>false</IsTruncated>".to_owned();
    for (key, bytes) in held.iter().filter(|(key, _)| key.starts_with(&prefix)) {
        text.push_str(&format!(
            "<Contents><Key>{key}</Key><LastModified>2026-11-22T00:00:00.000Z</LastModified>\
             <ETag>x</ETag><Size>{}</Size></Contents>",
            bytes.len()
        ));
    }
    text.push_str("</ListBucketResult>");
    text.into_bytes()
}

/// What tells one content from another.
fn tag(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| {
        (sum ^ u64::from(*byte)).wrapping_mul(0x100_0000_01b3)
    });
    format!("\"{sum:016x}\"")
}
