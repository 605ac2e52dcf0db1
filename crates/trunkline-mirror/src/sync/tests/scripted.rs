//! An Intercom of a few lines: a function from requests to answers, behind the client's own transport.

use std::{
    fmt,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response};
use serde_json::{Value, json};
use trunkline_client::{Client, Connection, ManualClock, Region, Settings, Transport, TransportError, retry};

type Script = Box<dyn Fn(&Asked) -> Reply + Send + Sync>;

/// A workspace that answers as a test says.
pub(super) struct Intercom {
    version: &'static str,
    me: Box<dyn Fn() -> Reply + Send + Sync>,
    script: Script,
    asked: Mutex<Vec<Asked>>,
}

/// What was asked.
#[derive(Clone, Debug)]
pub(super) struct Asked {
    method: String,
    path: String,
    query: Vec<(String, String)>,
    body: Value,
}

/// What is answered.
#[derive(Clone, Debug)]
pub(super) struct Reply {
    status: u16,
    link: Option<String>,
    body: Bytes,
}

impl Intercom {
    pub(super) fn new(script: impl Fn(&Asked) -> Reply + Send + Sync + 'static) -> Arc<Self> {
        Self::at("2.16", script)
    }

    pub(super) fn at(
        version: &'static str,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            version,
            me: Box::new(workspace),
            script: Box::new(script),
            asked: Mutex::default(),
        })
    }

    pub(super) fn with_me(
        me: impl Fn() -> Reply + Send + Sync + 'static,
        script: impl Fn(&Asked) -> Reply + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            version: "2.16",
            me: Box::new(me),
            script: Box::new(script),
            asked: Mutex::default(),
        })
    }

    pub(super) fn client(self: &Arc<Self>) -> Client {
        let version = self.version.parse().unwrap();
        self.client_of(Connection::at("http://127.0.0.1:1", "token".into(), version).unwrap())
    }

    /// A client that believes to call a region's own address.
    pub(super) fn client_in(self: &Arc<Self>, region: Region) -> Client {
        let version = self.version.parse().unwrap();
        self.client_of(Connection::in_region(region, "token".into(), version))
    }

    fn client_of(self: &Arc<Self>, connection: Connection) -> Client {
        let clock = Arc::new(ManualClock::new(super::now()));
        let pause = Duration::from_millis(1);
        let settings = Settings {
            retry: retry::Policy {
                max_attempts: 2,
                base: pause,
                cap: pause,
                ..retry::Policy::default()
            },
            ..Settings::new(clock)
        };
        Client::over(connection, settings, Arc::new(Wire(self.clone()))).unwrap()
    }

    /// The bodies that were sent to a path, in order.
    pub(super) fn bodies(&self, path: &str) -> Vec<Value> {
        let asked = self.asked.lock().unwrap();
        asked
            .iter()
            .filter(|asked| asked.path == path)
            .map(|asked| asked.body.clone())
            .collect()
    }

    /// How often a path was asked.
    pub(super) fn count(&self, path: &str) -> usize {
        self.bodies(path).len()
    }

    fn answer(&self, request: &Request<Bytes>) -> Response<Bytes> {
        let uri = request.uri();
        let query = uri
            .query()
            .unwrap_or_default()
            .split('&')
            .filter_map(|pair| pair.split_once('='));
        let asked = Asked {
            method: request.method().to_string(),
            path: uri.path().to_owned(),
            query: query
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .collect(),
            body: serde_json::from_slice(request.body()).unwrap_or(Value::Null),
        };
        let reply = if asked.path == "/me" {
            (self.me)()
        } else {
            (self.script)(&asked)
        };
        self.asked.lock().unwrap().push(asked);
        let mut response = Response::builder().status(reply.status);
        if let Some(link) = reply.link {
            response = response.header("link", link);
        }
        response.body(reply.body).unwrap()
    }
}

fn workspace() -> Reply {
    Reply::json(json!({
        "type": "admin",
        "id": "1",
        "app": { "id_code": "abcd1234", "name": "Test", "timezone": "America/Los_Angeles", "region": "US" },
    }))
}

struct Wire(Arc<Intercom>);

impl fmt::Debug for Wire {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Wire")
    }
}

impl Transport for Wire {
    fn send(
        &self,
        request: Request<Bytes>,
    ) -> std::pin::Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + '_>> {
        Box::pin(async move { Ok(self.0.answer(&request)) })
    }
}

impl Asked {
    pub(super) fn line(&self) -> (&str, &str) {
        (&self.method, &self.path)
    }

    pub(super) fn body(&self) -> &Value {
        &self.body
    }

    /// The cursor in the body.
    pub(super) fn after(&self) -> Option<String> {
        self.body["pagination"]["starting_after"]
            .as_str()
            .map(str::to_owned)
    }

    pub(super) fn sorted(&self, order: &str) -> bool {
        self.body["sort"]["order"] == order
    }

    pub(super) fn query(&self, name: &str) -> Option<&str> {
        self.query
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Reply {
    pub(super) fn json(body: impl std::borrow::Borrow<Value>) -> Self {
        Self {
            status: 200,
            link: None,
            body: Bytes::from(body.borrow().to_string()),
        }
    }

    pub(super) fn list(key: &str, rows: &[Value]) -> Self {
        Self::json(json!({ "type": "list", key: rows }))
    }

    pub(super) fn search(key: &str, rows: &[Value], next: Option<&str>, total: u64) -> Self {
        let mut pages = json!({ "type": "pages", "page": 1, "per_page": 150 });
        if let Some(next) = next {
            pages["next"] = json!({ "page": 2, "starting_after": next });
        }
        Self::json(json!({ "type": "list", key: rows, "total_count": total, "pages": pages }))
    }

    pub(super) fn scroll(rows: &[Value], param: &str) -> Self {
        Self::json(
            json!({ "type": "list", "data": rows, "pages": null, "total_count": null, "scroll_param": param }),
        )
    }

    pub(super) fn error(status: u16, code: &str, message: &str) -> Self {
        let body = json!({ "type": "error.list", "errors": [{ "code": code, "message": message }] });
        Self {
            status,
            ..Self::json(body)
        }
    }

    pub(super) fn not_found() -> Self {
        Self::error(404, "not_found", "Resource Not Found")
    }

    pub(super) fn merged(into: &str) -> Self {
        let link = Some(format!("<{into}>; rel=\"canonical\""));
        Self {
            link,
            ..Self::error(410, "contact_merged", "merged")
        }
    }

    pub(super) fn html() -> Self {
        Self {
            status: 200,
            link: None,
            body: Bytes::from_static(b"<html>not what was asked for</html>"),
        }
    }
}
