//! What the tests share: operations of their own and a network that follows a script.
//!
//! The one rule: no socket and no wall time; delays are tokio's, which the tests pause.

use std::{
    collections::HashMap,
    fmt,
    sync::{Arc, LazyLock, Mutex},
    time::Duration,
};

use bytes::Bytes;
use http::{Request, Response, Uri};
use trunkline_catalog::{Effect, Method, Operation, PageStyle, Parameter, Version};

use crate::{
    Client, Connection, Exchange, ManualClock, RequestLog, RequestRecord, Settings, Transport, TransportError,
};

/// A request log that keeps everything.
#[derive(Debug)]
pub(crate) struct Memory {
    wants_bodies: bool,
    pub(crate) records: Mutex<Vec<RequestRecord>>,
}

impl Memory {
    pub(crate) fn new(wants_bodies: bool) -> Arc<Self> {
        Arc::new(Self {
            wants_bodies,
            records: Mutex::default(),
        })
    }
}

impl RequestLog for Memory {
    fn wants_bodies(&self) -> bool {
        self.wants_bodies
    }

    fn record(&self, record: &RequestRecord) {
        self.records.lock().unwrap().push(record.clone());
    }
}

pub(crate) const TOKEN: &str = "dG9rOmh1c2gtaHVzaA==";

fn define(
    id: &'static str,
    method: Method,
    path: &'static str,
    effect: Effect,
    page_style: PageStyle,
) -> Operation {
    Operation {
        id,
        upstream_id: None,
        method,
        path,
        tag: "Tests",
        summary: "Stands in for an operation.",
        versions: (Version::V2_14, Version::V2_16),
        effect,
        page_style,
        search: None,
        rate_class: "default",
        permission: "",
        path_parameters: Vec::new(),
        query_parameters: Vec::new(),
        body_fields: Vec::new(),
        body_required: matches!(effect, Effect::Write),
        body_is_form: false,
        success: vec![200],
        errors: Vec::new(),
    }
}

static OPERATIONS: LazyLock<HashMap<&'static str, Operation>> = LazyLock::new(|| {
    let single = PageStyle::Single;
    let sizes = (50, 150);
    let (default, max) = sizes;
    let mut required = define("test.required", Method::Get, "/required", Effect::Read, single);
    required.query_parameters.push(Parameter {
        name: "since",
        field_type: trunkline_catalog::FieldType::String,
        required: true,
        enumeration: Vec::new(),
        versions: (Version::V2_7, Version::Preview),
    });
    [
        define("test.get", Method::Get, "/things/{id}", Effect::Read, single),
        define(
            "test.replace",
            Method::Put,
            "/things/{id}",
            Effect::IdempotentWrite,
            single,
        ),
        define("test.create", Method::Post, "/things", Effect::Write, single),
        define(
            "test.delete",
            Method::Delete,
            "/things/{thing_id}/parts/{id}",
            Effect::Destructive,
            single,
        ),
        define(
            "test.file",
            Method::Get,
            "/download/things/{id}",
            Effect::Read,
            single,
        ),
        define(
            "test.whole",
            Method::Get,
            "/whole",
            Effect::Read,
            PageStyle::WholeList,
        ),
        define(
            "test.cursor",
            Method::Get,
            "/cursor",
            Effect::Read,
            PageStyle::CursorInQuery { default, max },
        ),
        define(
            "test.search",
            Method::Post,
            "/search",
            Effect::Read,
            PageStyle::CursorInBody { default, max },
        ),
        define(
            "test.offset",
            Method::Get,
            "/offset",
            Effect::Read,
            PageStyle::Offset { default, max: 20 },
        ),
        define(
            "test.offset_body",
            Method::Post,
            "/offset",
            Effect::Read,
            PageStyle::OffsetInBody { default, max },
        ),
        define(
            "test.scroll",
            Method::Get,
            "/scroll",
            Effect::Read,
            PageStyle::Scroll,
        ),
        define(
            "test.next_cursor",
            Method::Get,
            "/history",
            Effect::Read,
            PageStyle::NextCursor { default, max },
        ),
        define(
            "test.next_url",
            Method::Get,
            "/events",
            Effect::Read,
            PageStyle::NextUrl,
        ),
        required,
    ]
    .into_iter()
    .map(|operation| (operation.id, operation))
    .collect()
});

pub(crate) fn operation(id: &str) -> Option<&'static Operation> {
    OPERATIONS.get(id)
}

/// What the script answers, and after how long.
pub(crate) type Reply = (Duration, Result<Response<Bytes>, TransportError>);

type Script = dyn FnMut(&Request<Bytes>) -> Reply + Send;

/// A network that follows a script and remembers what was sent.
pub(crate) struct Scripted {
    script: Mutex<Box<Script>>,
    seen: Mutex<Vec<Request<Bytes>>>,
}

impl fmt::Debug for Scripted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Scripted")
    }
}

impl Scripted {
    pub(crate) fn new(script: impl FnMut(&Request<Bytes>) -> Reply + Send + 'static) -> Arc<Self> {
        Arc::new(Self {
            script: Mutex::new(Box::new(script)),
            seen: Mutex::new(Vec::new()),
        })
    }

    /// Answers one after the other; a script that is too short answers 418.
    pub(crate) fn replies(replies: Vec<Reply>) -> Arc<Self> {
        let mut replies = replies.into_iter();
        Self::new(move |_| {
            replies
                .next()
                .unwrap_or_else(|| reply(418, r#"{"message":"the script is over"}"#))
        })
    }

    pub(crate) fn targets(&self) -> Vec<String> {
        self.seen
            .lock()
            .unwrap()
            .iter()
            .map(|request| request.uri().to_string())
            .collect()
    }

    pub(crate) fn requests(&self) -> Vec<Request<Bytes>> {
        self.seen.lock().unwrap().clone()
    }
}

impl Transport for Scripted {
    fn send(&self, request: Request<Bytes>) -> Exchange<'_> {
        let (delay, result) = (self.script.lock().unwrap())(&request);
        self.seen.lock().unwrap().push(request);
        Box::pin(async move {
            tokio::time::sleep(delay).await;
            result
        })
    }
}

/// An answer after 20 ms.
pub(crate) fn reply(status: u16, body: impl Into<String>) -> Reply {
    reply_with(status, body, &[])
}

pub(crate) fn reply_with(status: u16, body: impl Into<String>, headers: &[(&str, &str)]) -> Reply {
    let mut answer = Response::builder().status(status).header("x-request-id", "req1");
    for (name, value) in headers {
        answer = answer.header(*name, *value);
    }
    (
        Duration::from_millis(20),
        Ok(answer.body(Bytes::from(body.into())).unwrap()),
    )
}

pub(crate) fn broken() -> Reply {
    (
        Duration::from_millis(20),
        Err(TransportError::Broken("reset".to_owned())),
    )
}

pub(crate) fn refused() -> Reply {
    (
        Duration::ZERO,
        Err(TransportError::NotConnected("refused".to_owned())),
    )
}

pub(crate) fn settings() -> Settings {
    Settings::new(Arc::new(ManualClock::new(
        "2026-11-21T00:00:00Z".parse().unwrap(),
    )))
}

pub(crate) fn connection() -> Connection {
    Connection::at("http://127.0.0.1:1", TOKEN.into(), Version::V2_16).unwrap()
}

pub(crate) fn client(transport: &Arc<Scripted>) -> Client {
    client_with(transport, settings())
}

pub(crate) fn client_with(transport: &Arc<Scripted>, settings: Settings) -> Client {
    let transport: Arc<dyn Transport> = Arc::<Scripted>::clone(transport);
    Client::over(connection(), settings, transport).unwrap()
}

/// The value of a query parameter of a request target.
pub(crate) fn query(uri: &Uri, name: &str) -> Option<String> {
    url::form_urlencoded::parse(uri.query()?.as_bytes())
        .find(|(key, _)| key == name)
        .map(|(_, value)| value.into_owned())
}
