//! The one ordered stack that every attempt passes.
//!
//! From the outside in, and why in this order:
//! 1. **budget**: each attempt, not each call, takes its place in the window, so a retry can never overdraw it;
//! 2. **retry**: judges what became of the attempt by the operation's effect; its pauses hold no place in the budget;
//! 3. **timeout**: runs from the sending to the last byte, so time spent waiting for the budget never counts against it;
//! 4. **auth**: puts the token on just before sending, so that nothing above ever holds it in a request;
//! 5. **version**: next to auth, as both are the connection's; only a request by hand may name another, which is checked;
//! 6. **log**: sees the attempt as it went over the wire, with its own duration, retries included one by one;
//! 7. **redaction**: the last word on what the log receives; nothing is written down that did not pass it.
//!
//! The one rule: there is no second way to the network. Read `retry.rs` and `budget.rs` next.

use std::{
    borrow::Cow,
    sync::{
        Arc, Mutex, PoisonError,
        atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering},
    },
    time::Duration,
};

use jiff::SignedDuration;

use bytes::Bytes;
use http::{HeaderMap, HeaderValue, Method, Request, Response, Uri, header};
use rand::SeedableRng as _;
use rand_chacha::ChaCha8Rng;
use secrecy::ExposeSecret as _;
use tokio::time::Instant;
use trunkline_catalog::{Effect, Operation, Version};

use crate::{
    Answer, BuildError, Call, CallError, Clock, Connection, ErrorKind, Meter, Priority, RequestLog,
    RequestRecord, ScrollTurns, Settings, Transport, TransportError,
    budget::{Budget, Outcome},
    error::body,
    redact, request,
    retry::{self, Failure},
};

pub(crate) mod headers;

pub(crate) const USER_AGENT: &str = concat!("trunkline/", env!("CARGO_PKG_VERSION"));
static INTERCOM_VERSION: header::HeaderName = header::HeaderName::from_static("intercom-version");

/// The layers, outermost first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Layer {
    Budget,
    Retry,
    Timeout,
    Auth,
    Version,
    Log,
    Redaction,
}

/// Everything that the clones of a client share.
#[derive(Debug)]
pub(crate) struct Stack {
    pub(crate) connection: Connection,
    transport: Arc<dyn Transport>,
    budget: Budget,
    pub(crate) scroll_turns: Arc<dyn ScrollTurns>,
    policy: retry::Policy,
    timeout: Duration,
    clock: Arc<dyn Clock>,
    log: Option<Arc<dyn RequestLog>>,
    random: Mutex<ChaCha8Rng>,
    authorization: HeaderValue,
    version: HeaderValue,
    common: HeaderMap,
    sent: AtomicU64,
    /// Whether a connection ever opened.
    reached: AtomicBool,
    /// By how many milliseconds the server's clock was ahead in its last answer; the lowest number while it has not said.
    ahead: AtomicI64,
    #[cfg(test)]
    pub(crate) trace: Mutex<Vec<Layer>>,
}

/// A call that was checked and serialized once, however often it is sent.
#[derive(Debug)]
pub(crate) struct Prepared {
    pub(crate) operation: &'static Operation,
    pub(crate) uri: Uri,
    method: Method,
    headers: HeaderMap,
    pub(crate) body: Bytes,
    pub(crate) query: Vec<String>,
    pub(crate) priority: Priority,
    /// What the log says instead of the operation's path.
    pub(crate) told_path: Option<String>,
    /// Instead of the connection's.
    pub(crate) version: Option<Version>,
    /// What a repetition would do; pagers of scrolls know better than the catalog.
    pub(crate) effect: Effect,
    /// Hands 502 and 504 back at once, for a caller that can ask for less.
    pub(crate) yield_gateway_errors: bool,
    /// Counts the requests that it takes.
    meter: Option<Meter>,
}

impl Prepared {
    /// Counted by a meter.
    pub(crate) fn metered(mut self, meter: Option<&Meter>) -> Self {
        self.meter = meter.cloned();
        self
    }

    pub(crate) fn new(operation: &'static Operation, call: &Call) -> Result<Self, CallError> {
        let request = request::build(operation, call)
            .map_err(|error| CallError::of(operation, ErrorKind::BadCall, error.to_string()))?;
        let (parts, body) = request.into_parts();
        Ok(Self {
            operation,
            uri: parts.uri,
            method: parts.method,
            headers: parts.headers,
            body,
            query: call.query.iter().map(|(name, _)| name.to_string()).collect(),
            priority: call.priority,
            told_path: None,
            version: None,
            effect: operation.effect,
            yield_gateway_errors: false,
            meter: None,
        })
    }

    /// A request by hand; `operation` is what logs and errors call it.
    pub(crate) fn raw(operation: &'static Operation, uri: Uri, headers: HeaderMap) -> Self {
        Self {
            operation,
            uri,
            method: request::method(operation),
            headers,
            body: Bytes::new(),
            query: Vec::new(),
            priority: Priority::Background,
            told_path: None,
            version: None,
            effect: operation.effect,
            yield_gateway_errors: false,
            meter: None,
        }
    }
}

impl Stack {
    pub(crate) fn new(
        connection: Connection,
        settings: Settings,
        transport: Arc<dyn Transport>,
    ) -> Result<Self, BuildError> {
        let mut authorization = HeaderValue::try_from(format!("Bearer {}", connection.token.expose_secret()))
            .map_err(|_| BuildError::Token {
                reason: "cannot stand in a header",
            })?;
        authorization.set_sensitive(true);
        let mut common = HeaderMap::with_capacity(8);
        common.insert(header::ACCEPT, HeaderValue::from_static("application/json"));
        common.insert(header::USER_AGENT, HeaderValue::from_static(USER_AGENT));
        let budget = Budget::new(settings.max_share, settings.reserve);
        let budget = match settings.rate_ledger {
            Some(ledger) => budget.sharing(ledger, Arc::clone(&settings.clock)),
            None => budget,
        };
        Ok(Self {
            version: HeaderValue::from_static(connection.version.as_str()),
            connection,
            transport,
            budget,
            scroll_turns: settings.scroll_turns,
            policy: settings.retry,
            timeout: settings.timeout,
            clock: settings.clock,
            log: settings.request_log,
            random: Mutex::new(ChaCha8Rng::seed_from_u64(settings.seed)),
            authorization,
            common,
            sent: AtomicU64::new(0),
            reached: AtomicBool::new(false),
            ahead: AtomicI64::new(i64::MIN),
            #[cfg(test)]
            trace: Mutex::new(Vec::new()),
        })
    }

    pub(crate) const fn version(&self) -> Version {
        self.connection.version
    }

    pub(crate) fn sent(&self) -> u64 {
        self.sent.load(Ordering::Relaxed)
    }

    /// By how much the server's clock is ahead of ours, as its last answer said.
    pub(crate) fn clock_ahead(&self) -> Option<SignedDuration> {
        let ahead = self.ahead.load(Ordering::Relaxed);
        (ahead != i64::MIN).then(|| SignedDuration::from_millis(ahead))
    }

    pub(crate) const fn budget(&self) -> &Budget {
        &self.budget
    }

    fn entered(&self, layer: Layer) {
        #[cfg(test)]
        self.trace
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
            .push(layer);
        #[cfg(not(test))]
        let _ = layer;
    }

    pub(crate) fn request(&self, prepared: &Prepared) -> Request<Bytes> {
        let mut request = Request::new(prepared.body.clone());
        *request.method_mut() = prepared.method.clone();
        *request.uri_mut() = prepared.uri.clone();
        let headers = request.headers_mut();
        headers.clone_from(&self.common);
        if is_download(prepared.operation) {
            headers.insert(
                header::ACCEPT,
                HeaderValue::from_static("application/octet-stream, application/json"),
            );
        }
        for (name, value) in &prepared.headers {
            headers.insert(name, value.clone());
        }
        self.entered(Layer::Auth);
        headers.insert(header::AUTHORIZATION, self.authorization.clone());
        self.entered(Layer::Version);
        let version = match prepared.version {
            Some(version) => HeaderValue::from_static(version.as_str()),
            None => self.version.clone(),
        };
        headers.insert(INTERCOM_VERSION.clone(), version);
        request
    }

    /// One attempt: a place in the budget, the exchange, a line in the log.
    async fn attempt(&self, prepared: &Prepared, number: u32) -> Result<Response<Bytes>, TransportError> {
        self.entered(Layer::Budget);
        let permit = self.budget.permit(prepared.priority).await;
        self.entered(Layer::Retry);
        self.entered(Layer::Timeout);
        let started = Instant::now();
        let request = self.request(prepared);
        self.sent.fetch_add(1, Ordering::Relaxed);
        if let Some(meter) = &prepared.meter {
            meter.fetch_add(1, Ordering::Relaxed);
        }
        let result = match tokio::time::timeout(self.timeout, self.transport.send(request)).await {
            Ok(result) => result,
            Err(_) => Err(TransportError::TimedOut(format!(
                "no whole answer within {:?}",
                self.timeout
            ))),
        };
        if !matches!(result, Err(TransportError::NotConnected(_))) {
            self.reached.store(true, Ordering::Relaxed);
        }
        if let Ok(answer) = &result
            && let Some(date) = headers::date(answer.headers())
        {
            let ahead = date.duration_since(self.clock.now()).as_millis();
            self.ahead
                .store(i64::try_from(ahead).unwrap_or(i64::MIN), Ordering::Relaxed);
        }
        match &result {
            Ok(answer) => permit.settle(Outcome::Answered(headers::Rate::read(answer, &*self.clock))),
            Err(TransportError::NotConnected(_)) => permit.settle(Outcome::NotSent),
            Err(_) => permit.settle(Outcome::Unanswered),
        }
        self.entered(Layer::Log);
        if let Some(log) = &self.log {
            log.record(&self.record(&**log, prepared, number, started.elapsed(), &result));
        }
        result
    }

    fn record(
        &self,
        log: &dyn RequestLog,
        prepared: &Prepared,
        attempt: u32,
        duration: Duration,
        result: &Result<Response<Bytes>, TransportError>,
    ) -> RequestRecord {
        self.entered(Layer::Redaction);
        let answer = result.as_ref().ok();
        let bodies = log.wants_bodies();
        RequestRecord {
            at: self.clock.now().to_string(),
            operation: prepared.operation.id,
            method: prepared.operation.method.as_str(),
            path: match &prepared.told_path {
                Some(path) => Cow::Owned(path.clone()),
                None => Cow::Borrowed(prepared.operation.path),
            },
            query: prepared.query.clone(),
            version: prepared.version.unwrap_or(self.version()).as_str(),
            attempt,
            status: answer.map(|answer| answer.status().as_u16()),
            request_id: answer.and_then(|answer| headers::request_id(answer.headers())),
            duration_ms: u64::try_from(duration.as_millis()).unwrap_or(u64::MAX),
            sent_bytes: prepared.body.len(),
            received_bytes: answer.map_or(0, |answer| answer.body().len()),
            error: result
                .as_ref()
                .err()
                .map(|error| redact::redact_text(&error.to_string()).into_owned()),
            request_body: bodies.then(|| redact::redact_body(&prepared.body)),
            response_body: answer
                .filter(|_| bodies)
                .map(|answer| redact::redact_body(answer.body())),
        }
    }

    fn max_attempts(&self) -> u32 {
        if self.reached.load(Ordering::Relaxed) {
            self.policy.max_attempts
        } else {
            self.policy.max_first_attempts.min(self.policy.max_attempts)
        }
    }

    fn pause(&self, attempt: u32) -> Duration {
        let mut random = self.random.lock().unwrap_or_else(PoisonError::into_inner);
        retry::pause(&self.policy, attempt, &mut *random)
    }
}

/// Sends until an answer passes `check`, a failure may not be repeated, or the policy's bounds are met.
pub(crate) async fn execute<C, T>(
    stack: &Stack,
    prepared: &Prepared,
    check: impl Fn(&Response<Bytes>) -> Result<C, String>,
    finish: impl FnOnce(Answer, C) -> T,
) -> Result<T, CallError> {
    execute_or(stack, prepared, check, finish, |error, _| Err(error)).await
}

/// As [`execute`], with the last word on a failure, and on the answer that it came as, given to `give_up`.
pub(crate) async fn execute_or<C, T>(
    stack: &Stack,
    prepared: &Prepared,
    check: impl Fn(&Response<Bytes>) -> Result<C, String>,
    finish: impl FnOnce(Answer, C) -> T,
    give_up: impl FnOnce(CallError, Option<Response<Bytes>>) -> Result<T, CallError>,
) -> Result<T, CallError> {
    let started = Instant::now();
    let mut attempt = 0;
    loop {
        attempt += 1;
        let result = stack.attempt(prepared, attempt).await;
        let (failure, mut error, asked, answer) = match result {
            Ok(answer) if is_success(prepared.operation, &answer) => match check(&answer) {
                Ok(checked) => {
                    let (parts, body) = answer.into_parts();
                    let answer = Answer {
                        status: parts.status.as_u16(),
                        request_id: headers::request_id(&parts.headers),
                        headers: parts.headers,
                        body,
                        attempts: attempt,
                        elapsed: started.elapsed(),
                        operation: prepared.operation,
                    };
                    return Ok(finish(answer, checked));
                }
                Err(reason) => (
                    Failure::BadAnswer,
                    of_bad_answer(prepared.operation, &answer, &reason),
                    None,
                    Some(answer),
                ),
            },
            Ok(answer) => {
                let asked = headers::retry_after(answer.headers(), &*stack.clock);
                let status = answer.status().as_u16();
                let failure = Failure::Answered {
                    status,
                    retry_after: asked.is_some(),
                };
                let error = of_answer(prepared.operation, &answer);
                (failure, error, asked, Some(answer))
            }
            Err(error) => {
                let failure = match error {
                    TransportError::NotConnected(_) => Failure::NotSent,
                    TransportError::Broken(_) | TransportError::TimedOut(_) => Failure::Unanswered,
                };
                (failure, of_transport(prepared.operation, &error), None, None)
            }
        };
        let pause = stack.pause(attempt).max(asked.unwrap_or_default());
        let gateway = matches!(
            failure,
            Failure::Answered {
                status: 502 | 504,
                ..
            }
        );
        if attempt >= stack.max_attempts()
            || started.elapsed() + pause > stack.policy.total
            || !retry::may_repeat(prepared.effect, failure)
            || (gateway && prepared.yield_gateway_errors)
        {
            error.attempts = attempt;
            error.elapsed = started.elapsed();
            return give_up(error, answer);
        }
        tracing::debug!(
            operation = prepared.operation.id,
            attempt,
            ?failure,
            ?pause,
            "a call is tried again"
        );
        tokio::time::sleep(pause).await;
    }
}

fn is_success(operation: &Operation, answer: &Response<Bytes>) -> bool {
    let status = answer.status();
    status.is_success() || (status.is_redirection() && operation.success.contains(&status.as_u16()))
}

/// Whether the operation hands out a file instead of JSON.
fn is_download(operation: &Operation) -> bool {
    operation.path.starts_with("/download/")
        || operation.path.ends_with("/recording")
        || operation.path.ends_with("/transcript")
}

/// A cheap look at a success: a read must bring a whole JSON value. Its inside is for whoever parses it.
pub(crate) fn usable(operation: &Operation, answer: &Response<Bytes>) -> Result<(), String> {
    if is_download(operation) || !answer.status().is_success() {
        return Ok(());
    }
    let body = answer.body().trim_ascii();
    let Some((first, last)) = body.first().zip(body.last()) else {
        let may_be_empty = answer.status().as_u16() != 200 || operation.effect != Effect::Read;
        return if may_be_empty {
            Ok(())
        } else {
            Err("the body is empty".to_owned())
        };
    };
    match (first, last) {
        (b'{', b'}') | (b'[', b']') => Ok(()),
        (b'{' | b'[', _) => Err(format!("the JSON of {} bytes is cut off", body.len())),
        _ if operation.effect != Effect::Read => Ok(()),
        _ => Err(format!(
            "the body is not JSON: {}",
            body::read(answer.body()).message
        )),
    }
}

fn of_bad_answer(operation: &Operation, answer: &Response<Bytes>, reason: &str) -> CallError {
    let mut error = CallError::of(operation, ErrorKind::BadAnswer, reason);
    error.status = Some(answer.status().as_u16());
    error.request_id = headers::request_id(answer.headers());
    error
}

fn of_transport(operation: &Operation, error: &TransportError) -> CallError {
    let kind = match error {
        TransportError::TimedOut(_) => ErrorKind::Timeout,
        TransportError::NotConnected(_) | TransportError::Broken(_) => ErrorKind::Network,
    };
    CallError::of(operation, kind, error.to_string())
}

fn of_answer(operation: &Operation, answer: &Response<Bytes>) -> CallError {
    let status = answer.status().as_u16();
    let told = body::read(answer.body());
    let kind = ErrorKind::of_answer(status, told.code.as_deref());
    let message = match headers::redirect_host(answer) {
        Some(host) => format!("the answer is a redirect to {host}, which is not followed"),
        None => told.message,
    };
    let mut error = CallError::of(operation, kind, message);
    error.status = Some(status);
    error.intercom_code = told.code;
    error.request_id = told.request_id.or_else(|| headers::request_id(answer.headers()));
    if status == 410 {
        error.link = headers::canonical_link(answer.headers());
    }
    error
}

#[cfg(test)]
mod tests;
