//! The network, behind a trait so that everything above it is tested without one.
//!
//! The one rule: this is the only file that knows reqwest. A redirect is handed back as it is, so the token never leaves
//! for another host.

use std::{fmt, future::Future, pin::Pin, time::Duration};

use bytes::{Bytes, BytesMut};
use http::{Request, Response};
use url::Url;

use crate::{BuildError, connection::is_loopback};

/// How many idle connections are kept: what a full mirror keeps in flight, and a few for people.
const IDLE_CONNECTIONS: usize = 136;

/// The future of one exchange.
pub type Exchange<'a> = Pin<Box<dyn Future<Output = Result<Response<Bytes>, TransportError>> + Send + 'a>>;

/// Sends one request and collects the whole answer.
pub trait Transport: Send + Sync + fmt::Debug {
    /// Sends `request`, whose URI is a path under the connection's base URL.
    fn send(&self, request: Request<Bytes>) -> Exchange<'_>;
}

/// Why no whole answer came.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum TransportError {
    /// The connection never opened, so nothing was sent.
    #[error("no connection: {0}")]
    NotConnected(String),
    /// The connection broke, or what came is not HTTP.
    #[error("the connection broke: {0}")]
    Broken(String),
    /// It took too long.
    #[error("it took too long: {0}")]
    TimedOut(String),
}

/// The real network.
#[derive(Debug)]
pub(crate) struct HttpTransport {
    client: reqwest::Client,
    /// The base URL without its last slash.
    base: String,
    /// The host and port, for errors.
    authority: String,
    body_limit: Option<usize>,
}

/// How the network is used.
#[derive(Clone, Copy, Debug)]
pub(crate) struct HttpOptions {
    /// The longest that a connection may take to open.
    pub(crate) connect_timeout: Duration,
    /// Whether answers may come compressed; a loopback address never asks for it.
    pub(crate) gzip: bool,
    /// The most bytes that an answer's body may have; any number when none is given.
    pub(crate) body_limit: Option<usize>,
}

impl HttpTransport {
    /// Sends to addresses under `base`.
    pub(crate) fn new(base: &Url, options: HttpOptions) -> Result<Self, BuildError> {
        let client = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .referer(false)
            .retry(reqwest::retry::never())
            .connect_timeout(options.connect_timeout)
            .pool_max_idle_per_host(IDLE_CONNECTIONS)
            .tcp_nodelay(true)
            .http2_adaptive_window(true)
            .gzip(options.gzip && !is_loopback(base))
            .build()
            .map_err(|error| BuildError::Http {
                reason: with_causes(&error),
            })?;
        let host = base.host_str().unwrap_or_default();
        let authority = match base.port_or_known_default() {
            Some(port) => format!("{host}:{port}"),
            None => host.to_owned(),
        };
        Ok(Self {
            client,
            base: base.as_str().trim_end_matches('/').to_owned(),
            authority,
            body_limit: options.body_limit,
        })
    }

    /// A failed connection is told with the host and port, which may be what is wrong.
    fn not_answered(&self, error: reqwest::Error) -> TransportError {
        match of_reqwest(error) {
            TransportError::NotConnected(reason) => {
                TransportError::NotConnected(format!("{} cannot be reached: {reason}", self.authority))
            }
            other => other,
        }
    }

    async fn exchange(&self, request: Request<Bytes>) -> Result<Response<Bytes>, TransportError> {
        let (parts, body) = request.into_parts();
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str());
        let mut address = String::with_capacity(self.base.len() + path.len());
        address.push_str(&self.base);
        address.push_str(path);
        let address =
            Url::parse(&address).map_err(|error| TransportError::NotConnected(error.to_string()))?;
        let mut request = reqwest::Request::new(parts.method, address);
        *request.headers_mut() = parts.headers;
        if !body.is_empty() {
            *request.body_mut() = Some(body.into());
        }
        let mut answer = self
            .client
            .execute(request)
            .await
            .map_err(|error| self.not_answered(error))?;
        let status = answer.status();
        let headers = std::mem::take(answer.headers_mut());
        let body = match self.body_limit {
            None => answer.bytes().await.map_err(of_reqwest)?,
            Some(limit) => within(answer, limit).await?,
        };
        let mut answer = Response::new(body);
        *answer.status_mut() = status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// The body, given up as soon as it is larger than `limit`.
async fn within(mut answer: reqwest::Response, limit: usize) -> Result<Bytes, TransportError> {
    let mut body = BytesMut::new();
    while let Some(chunk) = answer.chunk().await.map_err(of_reqwest)? {
        if body.len() + chunk.len() > limit {
            return Err(TransportError::Broken(format!(
                "the answer is larger than {limit} bytes"
            )));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body.freeze())
}

impl Transport for HttpTransport {
    fn send(&self, request: Request<Bytes>) -> Exchange<'_> {
        Box::pin(self.exchange(request))
    }
}

fn of_reqwest(error: reqwest::Error) -> TransportError {
    let error = error.without_url();
    let told = with_causes(&error);
    if error.is_connect() {
        TransportError::NotConnected(told)
    } else if error.is_timeout() {
        TransportError::TimedOut(told)
    } else {
        TransportError::Broken(told)
    }
}

/// An error of a client with its causes, since the outermost one rarely says anything.
#[must_use]
pub fn with_causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(inner) = cause {
        let inner_text = inner.to_string();
        if !text.contains(&inner_text) {
            text.push_str(": ");
            text.push_str(&inner_text);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests;
