//! A request's way, in one order: log, token, address, accepted types, path, version, permission, rate window, faults, body,
//! handler, headers.
//!
//! The one rule: nothing that refuses a request early has changed the workspace. Handlers are in `resources.rs`.

use std::{
    borrow::Cow,
    collections::BTreeMap,
    net::IpAddr,
    sync::{
        Arc, Mutex, MutexGuard, RwLock,
        atomic::{AtomicU64, Ordering},
    },
};

use serde::Serialize;
use trunkline_catalog::{Catalog, Effect, Method};

use crate::{
    Options, body,
    clock::Clock,
    errors::Refusal,
    faults::{Body, Fault, Faults},
    folder::{self, FolderError},
    habits::Habits,
    intake,
    oauth::Access,
    reply::Reply,
    request::Request,
    resources::{self, Handler},
    texts, validate,
    webhooks::{Webhooks, outbox::Plan, record::Call},
    window::{Verdict, Window},
    workspace::Workspace,
};

/// Everything that a request may touch.
#[derive(Debug)]
pub(crate) struct State {
    pub(crate) options: Options,
    pub(crate) clock: Arc<Clock>,
    pub(crate) habits: RwLock<Habits>,
    pub(crate) faults: Mutex<Faults>,
    pub(crate) workspace: RwLock<Workspace>,
    /// The window of the workspace's private apps, and one for each public app.
    windows: Mutex<BTreeMap<Option<usize>, Window>>,
    pub(crate) webhooks: Arc<Webhooks>,
    /// Requests since the start.
    answered: AtomicU64,
    log: Mutex<Vec<LogEntry>>,
}

/// One answered request, as `/_sim/requests` shows it.
#[derive(Clone, Debug, Serialize)]
pub(crate) struct LogEntry {
    /// When it arrived, by the workspace's clock.
    pub(crate) at: i64,
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) query: String,
    pub(crate) operation: Option<&'static str>,
    pub(crate) version: String,
    pub(crate) status: u16,
}

/// The methods that operations have.
const METHODS: [Method; 5] = [
    Method::Get,
    Method::Post,
    Method::Put,
    Method::Patch,
    Method::Delete,
];
/// Pages of more bytes are too much for the gateway.
const BIG_PAGE: usize = 1_500_000;
/// One answer in so many has lost its body.
const EMPTY_ONE_IN: u64 = 40_000;
/// The most requests that the log remembers.
const MOST_ENTRIES: usize = 1_000_000;

/// How headers write moments.
static DATES: jiff::fmt::rfc2822::DateTimePrinter = jiff::fmt::rfc2822::DateTimePrinter::new();

/// A request as it came over the wire.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Incoming<'a> {
    pub(crate) method: &'a str,
    pub(crate) path: &'a str,
    pub(crate) query: &'a str,
    pub(crate) version: Option<&'a str>,
    /// What the `Host` header says.
    pub(crate) host: Option<&'a str>,
    pub(crate) content_type: Option<&'a str>,
    pub(crate) accept: Option<&'a str>,
    pub(crate) caller: IpAddr,
    pub(crate) user_agent: Option<&'a str>,
    pub(crate) body: &'a [u8],
    /// Why the body could not be taken in.
    pub(crate) unread: Option<&'a Refusal>,
}

impl State {
    pub(crate) fn new(
        options: Options,
        clock: Arc<Clock>,
        webhooks: Arc<Webhooks>,
        workspace: Workspace,
    ) -> Self {
        Self {
            habits: RwLock::new(options.habits.clone()),
            windows: Mutex::default(),
            faults: Mutex::new(Faults {
                set: options.faults.clone(),
            }),
            answered: AtomicU64::new(0),
            log: Mutex::default(),
            workspace: RwLock::new(workspace),
            webhooks,
            clock,
            options,
        }
    }

    /// Answers a request of the API.
    pub(crate) fn answer(&self, incoming: Incoming<'_>, access: Result<Access, Refusal>) -> Reply {
        let now = self.clock.now();
        let mut entry = LogEntry {
            at: now,
            method: incoming.method.to_owned(),
            path: incoming.path.to_owned(),
            query: incoming.query.to_owned(),
            operation: None,
            version: String::new(),
            status: 0,
        };
        let number = self.answered.fetch_add(1, Ordering::Relaxed);
        let request_id = request_id(self.options.seed, number);
        let mut verdict = None;
        let mut skew = 0;
        let passed = intake::guarded(|| self.pass(incoming, access, (now, number), &mut entry, &mut verdict));
        let mut reply = match passed.unwrap_or_else(|refusal| Err(refusal.into())) {
            Ok(reply) => self.habitual(reply, &entry, number),
            Err(Stop::Refusal(refusal)) => Reply::refusal(&refusal, &request_id),
            Err(Stop::Fault(fault, right)) => {
                skew = fault.clock_skew;
                faulty(&fault, *right, &request_id)
            }
            Err(Stop::Page) => Reply::text(
                404,
                "text/html",
                "<html><body><h1>404 Not Found</h1><hr>nginx</body></html>",
            ),
        };
        if let Some(verdict) = verdict {
            reply
                .headers
                .push(("x-ratelimit-limit", verdict.limit.to_string()));
            reply
                .headers
                .push(("x-ratelimit-remaining", verdict.remaining.to_string()));
            reply
                .headers
                .push(("x-ratelimit-reset", (verdict.reset + skew).to_string()));
        }
        if let Ok(moment) = jiff::Timestamp::from_second(now + skew)
            && let Ok(date) = DATES.timestamp_to_rfc9110_string(&moment)
        {
            reply.headers.push(("date", date));
        }
        if !entry.version.is_empty() {
            reply.headers.push(("intercom-version", entry.version.clone()));
        }
        if self.webhooks.tells_calls() {
            let call = Call {
                request_id: &request_id,
                method: incoming.method,
                path: incoming.path,
                user_agent: incoming.user_agent.unwrap_or_default(),
                caller: incoming.caller,
                status: reply.status,
            };
            self.change(|workspace| workspace.tell_call(&call, now));
        }
        reply.headers.push(("x-request-id", request_id));
        entry.status = reply.status;
        if self.options.control {
            let mut log = lock(&self.log);
            if log.len() < MOST_ENTRIES {
                log.push(entry);
            }
        }
        reply
    }

    /// What the platform's gateway makes of a good answer now and then.
    fn habitual(&self, reply: Reply, entry: &LogEntry, number: u64) -> Reply {
        let Some(operation) = entry.operation.and_then(|id| Catalog::embedded().operation(id)) else {
            return reply;
        };
        let is_page = operation.page_style.max_per_page().is_some();
        let (big_pages, empty_200) = {
            let habits = read(&self.habits);
            (habits.big_pages, habits.empty_200)
        };
        if big_pages && is_page && reply.body.len() > BIG_PAGE {
            return Reply::text(
                502,
                "text/html",
                "<html><body><h1>502 Bad Gateway</h1><hr>nginx</body></html>",
            );
        }
        if empty_200 && operation.effect == Effect::Read && number % EMPTY_ONE_IN == EMPTY_ONE_IN - 1 {
            return Reply {
                body: bytes::Bytes::new(),
                ..reply
            };
        }
        reply
    }

    fn pass(
        &self,
        incoming: Incoming<'_>,
        access: Result<Access, Refusal>,
        (now, number): (i64, u64),
        entry: &mut LogEntry,
        verdict: &mut Option<Verdict>,
    ) -> Result<Reply, Stop> {
        let access = access?;
        self.admit(incoming.caller)?;
        intake::accept(incoming.accept)?;
        intake::escapes(incoming.path, incoming.query)?;
        let habits = read(&self.habits).clone();
        let matched = incoming
            .method
            .parse::<Method>()
            .ok()
            .and_then(|method| Catalog::embedded().match_path(method, incoming.path))
            .ok_or_else(|| {
                // Another method on a known path is the API's to refuse, not the web server's (facts 5).
                let is_known = METHODS
                    .iter()
                    .any(|method| Catalog::embedded().match_path(*method, incoming.path).is_some());
                if habits.html_404 && !is_known {
                    Stop::Page
                } else {
                    Refusal::not_found("Resource").into()
                }
            })?;
        let operation = matched.operation;
        entry.operation = Some(operation.id);
        let version = match incoming.version {
            None => access.version,
            Some(text) => text.parse().map_err(|_| Refusal::unknown_version())?,
        };
        version.as_str().clone_into(&mut entry.version);
        if !operation.exists_in(version) {
            return Err(Refusal::not_in_version().into());
        }
        access.check(operation)?;
        *verdict = lock(&self.windows)
            .entry(access.app)
            .or_insert_with(|| Window::new(self.options.rate_limit))
            .count(now);
        if let Some(verdict) = verdict.filter(|verdict| verdict.refused) {
            return Err(Refusal::rate_limited(verdict.limit).into());
        }
        let fault = lock(&self.faults).befall(operation.id, now, self.roll(number));
        if let Some(fault) = fault.as_ref().filter(|fault| !fault.needs_the_answer()) {
            return Err(Stop::Fault(fault.clone(), Box::new(Reply::empty(200))));
        }
        let handler = resources::handler(operation.id).ok_or_else(|| Refusal::not_found("Resource"))?;
        if let Some(refusal) = incoming.unread {
            return Err(refusal.clone().into());
        }
        let body = body::read(incoming.content_type, incoming.body)?;
        validate::body(operation, version, &body)?;
        let request = Request {
            path: incoming.path,
            base_url: format!("http://{}", incoming.host.unwrap_or("api.intercom.io")),
            parameters: matched
                .parameters
                .into_iter()
                .map(|(name, value)| (name, decode(value)))
                .collect(),
            query: url::form_urlencoded::parse(incoming.query.as_bytes()).collect(),
            body,
            version,
            now,
            habits,
            caller: incoming.caller,
        };
        let reply = self.handle(handler, &request)?;
        match fault {
            Some(fault) => Err(Stop::Fault(fault, Box::new(reply))),
            None => Ok(reply),
        }
    }

    /// A number from 0 to 1 for the request with this number.
    fn roll(&self, number: u64) -> f64 {
        texts::mix(self.options.seed, 170, number as u32) as f64 / u64::MAX as f64
    }

    /// Keeps out who is not on the workspace's list of addresses; the token was looked at before.
    fn admit(&self, caller: IpAddr) -> Result<(), Refusal> {
        let workspace = read(&self.workspace);
        if resources::ip_allowlist::admits(&workspace.reference.lists.ip_allowlist, caller) {
            return Ok(());
        }
        Err(Refusal::new(
            403,
            "forbidden",
            "IP address is not on the allowlist for API access",
        ))
    }

    fn handle(&self, handler: Handler, request: &Request<'_>) -> Result<Reply, Refusal> {
        match handler {
            Handler::Read(answer) => answer(&read(&self.workspace), request),
            Handler::Write(answer) => self.change(|workspace| {
                resources::visitors::welcome_by_path(workspace, request);
                answer(workspace, request)
            }),
        }
    }

    /// How many requests were answered so far.
    pub(crate) fn answered(&self) -> u64 {
        self.answered.load(Ordering::Relaxed)
    }

    /// Changes the workspace and puts what happened on its way to whoever subscribed to it.
    pub(crate) fn change<T>(&self, change: impl FnOnce(&mut Workspace) -> T) -> T {
        let mut workspace = self
            .workspace
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        let outcome = change(&mut workspace);
        let now = self.clock.now();
        let told = workspace.told(now);
        if !told.is_empty() {
            // Still under the lock, so that notifications stand in the order of the changes.
            self.webhooks.offer(now, told);
        }
        if workspace.outbox.plan(now) != Plan::Nothing {
            self.webhooks.planned();
        }
        outcome
    }

    /// Puts another workspace in the place of this one; who is told what happens stays.
    pub(crate) fn replace(&self, mut workspace: Workspace) {
        self.clock.not_before(folder::newest(&workspace));
        let mut held = self
            .workspace
            .write()
            .unwrap_or_else(std::sync::PoisonError::into_inner);
        workspace.revision = held.revision + 1;
        workspace.outbox = std::mem::take(&mut held.outbox);
        workspace.outbox.forget();
        *held = workspace;
    }

    /// Saves the workspace into the folder of the options.
    pub(crate) fn save(&self) -> Result<Option<usize>, FolderError> {
        let Some(path) = &self.options.save else {
            return Ok(None);
        };
        folder::save(&read(&self.workspace), path).map(Some)
    }

    /// The requests that were answered since the log was cleared.
    pub(crate) fn requests(&self) -> MutexGuard<'_, Vec<LogEntry>> {
        lock(&self.log)
    }
}

/// Why a request did not come to a plain answer.
enum Stop {
    Refusal(Refusal),
    /// A fault, with the right answer where the fault spoils that.
    Fault(Fault, Box<Reply>),
    /// A web server's page.
    Page,
}

impl From<Refusal> for Stop {
    fn from(refusal: Refusal) -> Self {
        Self::Refusal(refusal)
    }
}

fn faulty(fault: &Fault, right: Reply, request_id: &str) -> Reply {
    let status = fault.status.unwrap_or(200);
    let mut reply = match fault.body {
        None if fault.status.is_none() => right,
        None if status == 429 => Reply::refusal(&Refusal::rate_limited(0), request_id),
        None => {
            let code = match status {
                401 => "unauthorized",
                403 => "forbidden",
                500 => "server_error",
                503 => "service_unavailable",
                504 => "server_timeout",
                _ => "client_error",
            };
            Reply::refusal(&Refusal::new(status, code, "An asked-for fault"), request_id)
        }
        Some(Body::Html) => Reply::text(
            status,
            "text/html",
            "<html><body><h1>Bad Gateway</h1><hr>nginx</body></html>",
        ),
        Some(Body::Empty) => Reply::empty(status),
        Some(Body::NotJson) => Reply::text(status, "application/json", "{\"type\": \"list\", \"data\": [{"),
        Some(Body::NoRows) => Reply::text(status, "application/json", "{\"type\": \"list\"}"),
        Some(Body::Cut) => {
            let half = right.body.len() / 2;
            Reply {
                status: fault.status.unwrap_or(right.status),
                body: right.body.slice(..half),
                ..right
            }
        }
    };
    reply.delay_ms = fault.latency_ms;
    if let Some(seconds) = fault.retry_after {
        reply.headers.push(("retry-after", seconds.to_string()));
    }
    reply
}

/// A path segment without its percent signs.
fn decode(segment: &str) -> Cow<'_, str> {
    if !segment.contains('%') {
        return Cow::Borrowed(segment);
    }
    let escaped = segment.replace('+', "%2B");
    let decoded = url::form_urlencoded::parse(escaped.as_bytes())
        .next()
        .map(|(name, _)| name.into_owned());
    Cow::Owned(decoded.unwrap_or_default())
}

/// Twenty small letters and digits, unlike those of any other request of the same seed.
fn request_id(seed: u64, number: u64) -> String {
    let mixed = texts::mix(seed, 70, number as u32);
    format!("{:07x}{:013x}", number & 0xFFF_FFFF, mixed >> 12)
}

pub(crate) fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

pub(crate) fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(std::sync::PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::testing::TestSim;

    #[test]
    fn a_handler_that_fails_answers_500_and_the_next_call_is_answered_as_ever() {
        let sim = TestSim::new();
        let state = &sim.state;
        let failed = intake::guarded(|| {
            let _all = (
                state.workspace.write(),
                state.habits.write(),
                state.faults.lock(),
                state.log.lock(),
            );
            assert!(state.options.contacts == 0, "a mistake");
        });
        let refusal = failed.unwrap_err();
        assert_eq!((refusal.status, refusal.code), (500, "server_error"));
        assert!(state.workspace.is_poisoned() && state.log.is_poisoned());
        assert_eq!(sim.json("GET", "/contacts", None).0, 200);
        assert_eq!(
            sim.json("POST", "/contacts", Some(&json!({ "role": "lead" }))).0,
            200
        );
    }
}
