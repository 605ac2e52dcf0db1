//! The listening side: each call goes to the real workspace, its answer comes back as it was, and the exchange is kept.
//!
//! The one rule: what is kept goes through `redact.rs` first, and a call of no known operation is passed on but never kept.

use std::{
    fs::{File, OpenOptions},
    io::Write as _,
    net::SocketAddr,
    path::PathBuf,
    sync::{
        Arc, Mutex,
        atomic::{AtomicU64, Ordering},
    },
    time::Duration,
};

use axum::{
    Router,
    body::{Body, Bytes},
    extract::State as Shared,
    http::{HeaderMap, Method, StatusCode, Uri},
    response::Response,
};
use serde_json::{Value, json};
use tokio::{net::TcpListener, task::JoinHandle};
use trunkline_catalog::Catalog;
use url::Url;

use super::{
    errors::FidelityError,
    exchange::{Exchange, FORMAT},
    redact::Redaction,
};
use crate::{StartError, intake, pipeline::lock};

/// What to record.
#[derive(Clone)]
pub struct RecordOptions {
    /// Where to listen; port 0 picks a free one.
    pub listen: SocketAddr,
    /// The real workspace: `us`, `eu`, `au`, or an address.
    pub upstream: String,
    /// The file that exchanges are added to.
    pub exchanges: PathBuf,
    /// The token to call with instead of the caller's own.
    pub token: Option<String>,
    /// Whether values are made unreadable before they are kept.
    pub redact: bool,
}

impl std::fmt::Debug for RecordOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RecordOptions")
            .field("listen", &self.listen)
            .field("upstream", &self.upstream)
            .field("exchanges", &self.exchanges)
            .field("redact", &self.redact)
            .finish_non_exhaustive()
    }
}

/// Headers of a call that are passed on.
const ASKED: [&str; 4] = ["accept", "content-type", "intercom-version", "user-agent"];
/// Headers of an answer that are passed back.
const ANSWERED: [&str; 10] = [
    "content-type",
    "content-disposition",
    "intercom-version",
    "link",
    "location",
    "retry-after",
    "x-ratelimit-limit",
    "x-ratelimit-remaining",
    "x-ratelimit-reset",
    "x-request-id",
];
/// Headers of an answer that are kept.
const KEPT: [&str; 3] = ["content-type", "intercom-version", "retry-after"];
/// How long the real workspace may take.
const PATIENCE: Duration = Duration::from_secs(120);

/// What the tasks of a recording share.
struct Recorder {
    client: reqwest::Client,
    upstream: Url,
    token: Option<String>,
    redact: bool,
    file: Mutex<File>,
    kept: AtomicU64,
}

/// A recording that listens.
#[derive(Debug)]
pub struct Recording {
    address: SocketAddr,
    server: JoinHandle<()>,
    recorder: Arc<Recorder>,
}

impl std::fmt::Debug for Recorder {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Recorder")
            .field("upstream", &self.upstream.as_str())
            .finish_non_exhaustive()
    }
}

impl Recording {
    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// How many exchanges were kept so far.
    #[must_use]
    pub fn kept(&self) -> u64 {
        self.recorder.kept.load(Ordering::Relaxed)
    }

    /// Stops listening.
    pub async fn stop(self) {
        self.server.abort();
        self.server.await.ok();
    }
}

/// The address of a workspace: a region's name or an address without a path.
fn upstream(text: &str) -> Result<Url, FidelityError> {
    let address = match text {
        "us" => "https://api.intercom.io",
        "eu" => "https://api.eu.intercom.io",
        "au" => "https://api.au.intercom.io",
        other => other,
    };
    Url::parse(address)
        .ok()
        .filter(|url| {
            matches!(url.scheme(), "http" | "https")
                && url.has_host()
                && url.path() == "/"
                && url.query().is_none()
        })
        .ok_or_else(|| FidelityError::Upstream(text.to_owned()))
}

/// Begins to listen, to pass calls on and to keep them.
///
/// # Errors
/// When the address cannot be listened on, the workspace's address is none, or the file cannot be written.
pub async fn record(options: RecordOptions) -> Result<Recording, FidelityError> {
    let upstream = upstream(&options.upstream)?;
    let unusable = |source| FidelityError::File {
        path: options.exchanges.clone(),
        source,
    };
    let file = OpenOptions::new()
        .create(true)
        .append(true)
        .open(&options.exchanges)
        .map_err(unusable)?;
    let client = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .timeout(PATIENCE)
        .build()
        .map_err(|error| unusable(std::io::Error::other(error)))?;
    let listen = |source| StartError::Listen {
        address: options.listen,
        source,
    };
    let listener = TcpListener::bind(options.listen).await.map_err(listen)?;
    let address = listener.local_addr().map_err(listen)?;
    let recorder = Arc::new(Recorder {
        client,
        upstream,
        token: options.token,
        redact: options.redact,
        file: Mutex::new(file),
        kept: AtomicU64::new(0),
    });
    let router = Router::new().fallback(serve).with_state(Arc::clone(&recorder));
    let server = tokio::spawn(async move {
        // Ends only with the task.
        axum::serve(listener, router).await.ok();
    });
    Ok(Recording {
        address,
        server,
        recorder,
    })
}

async fn serve(
    Shared(recorder): Shared<Arc<Recorder>>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Response {
    let Ok(body) = intake::whole(body, intake::MOST_BYTES, intake::PATIENCE).await else {
        return failed(
            StatusCode::PAYLOAD_TOO_LARGE,
            "The call's body cannot be passed on",
        );
    };
    match pass(&recorder, &method, &uri, &headers, body).await {
        Ok(response) => response,
        Err(error) => {
            // The error's own text names the address, which holds no secret.
            tracing::warn!(%error, "the workspace did not answer");
            failed(StatusCode::BAD_GATEWAY, "The recorded workspace did not answer")
        }
    }
}

fn failed(status: StatusCode, message: &str) -> Response {
    let body = json!({ "type": "error.list", "errors": [{ "code": "recorder", "message": message }] });
    let mut response = Response::new(Body::from(body.to_string()));
    *response.status_mut() = status;
    response
}

/// Passes one call on and keeps it.
async fn pass(
    recorder: &Recorder,
    method: &Method,
    uri: &Uri,
    headers: &HeaderMap,
    body: Bytes,
) -> Result<Response, reqwest::Error> {
    let mut target = recorder.upstream.clone();
    target.set_path(uri.path());
    target.set_query(uri.query());
    let mut call = recorder.client.request(method.clone(), target).body(body.clone());
    for name in ASKED {
        if let Some(value) = headers.get(name) {
            call = call.header(name, value);
        }
    }
    let own = headers.get("authorization").and_then(|value| value.to_str().ok());
    let authorization = match &recorder.token {
        Some(token) => Some(format!("Bearer {token}")),
        None => own.map(str::to_owned),
    };
    if let Some(authorization) = &authorization {
        call = call.header("authorization", authorization);
    }
    let answer = call.send().await?;
    let (status, answered) = (answer.status(), answer.headers().clone());
    let bytes = answer.bytes().await?;
    let redaction = Redaction::new(recorder.redact, authorization.as_deref().unwrap_or_default());
    let asked = Asked {
        method,
        uri,
        headers,
        body: &body,
    };
    if let Some(exchange) = exchange(&asked, status.as_u16(), &answered, &bytes, &redaction) {
        keep(recorder, &exchange);
    }
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    for name in ANSWERED {
        if let Some(value) = answered.get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    Ok(response)
}

/// What a caller sent.
struct Asked<'a> {
    method: &'a Method,
    uri: &'a Uri,
    headers: &'a HeaderMap,
    body: &'a [u8],
}

fn header(headers: &HeaderMap, name: &str) -> Option<String> {
    headers
        .get(name)
        .and_then(|value| value.to_str().ok())
        .map(str::to_owned)
}

/// The exchange as it is kept; `None` for a call of no known operation.
fn exchange(
    asked: &Asked<'_>,
    status: u16,
    answered: &HeaderMap,
    answer: &[u8],
    redaction: &Redaction,
) -> Option<Exchange> {
    let method = asked.method.as_str().parse().ok()?;
    let matched = Catalog::embedded().match_path(method, asked.uri.path())?;
    let parameters = matched.parameters.iter().map(|(name, value)| {
        let value = percent_decoded(value);
        ((*name).to_owned(), redaction.segment(name, &value))
    });
    let query = url::form_urlencoded::parse(asked.uri.query().unwrap_or_default().as_bytes())
        .map(|(name, value)| (name.to_string(), redaction.parameter(&name, &value)));
    let request: Option<Value> = serde_json::from_slice(asked.body).ok();
    let content_type = header(asked.headers, "content-type");
    let kept = KEPT
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), header(answered, name)?)));
    Some(Exchange {
        format: FORMAT,
        operation: matched.operation.id.to_owned(),
        method: asked.method.to_string(),
        path: matched.operation.path.to_owned(),
        parameters: parameters.collect(),
        query: query.collect(),
        version: header(asked.headers, "intercom-version"),
        unkept_request: (request.is_none() && !asked.body.is_empty())
            .then(|| content_type.unwrap_or_else(|| "unknown".to_owned())),
        request: request.map(|body| redaction.value("", &body)),
        status,
        headers: kept.collect(),
        answer: serde_json::from_slice::<Value>(answer)
            .ok()
            .map(|body| redaction.value("", &body)),
    })
}

/// A segment of a path without its percent signs.
fn percent_decoded(segment: &str) -> String {
    let escaped = segment.replace('+', "%2B");
    let decoded = url::form_urlencoded::parse(escaped.as_bytes()).next();
    decoded.map(|(text, _)| text.into_owned()).unwrap_or_default()
}

/// Adds a line to the file, in one write, so that lines never mix.
fn keep(recorder: &Recorder, exchange: &Exchange) {
    let mut line = serde_json::to_vec(exchange).expect("an exchange has string keys");
    line.push(b'\n');
    let mut file = lock(&recorder.file);
    match file.write_all(&line).and_then(|()| file.flush()) {
        Ok(()) => {
            recorder.kept.fetch_add(1, Ordering::Relaxed);
        }
        Err(error) => tracing::error!(%error, "an exchange was not kept"),
    }
}
