//! The control surface under `/_sim/`: the truth, the request log, faults, habits, the clock and activity.
//!
//! The one rule: it is only served when it was asked for, because it needs no token.

pub(crate) mod counts;
mod happen;
pub(crate) mod truth;

use axum::http::Method;
use jiff::tz::TimeZone;
use rand::SeedableRng as _;
use serde::Deserialize;
use serde_json::{Value, json};
use trunkline_catalog::Version;

use crate::{
    activity,
    faults::Fault,
    folder::{self, FolderError},
    panel,
    pipeline::{State, lock, read},
    reply::Reply,
    resources::{ecommerce, fin},
    texts::mix,
};

/// Answers a request whose path begins with `/_sim/`.
pub(crate) fn answer(state: &State, method: &Method, path: &str, query: &str, body: &[u8]) -> Reply {
    let rest = path.trim_start_matches("/_sim/").trim_end_matches('/');
    let outcome = match (method.as_str(), rest) {
        ("GET", "truth") => Ok(Reply::json(&counts::counts(&read(&state.workspace)))),
        ("GET", "requests") => Ok(requests(state, query)),
        ("DELETE", "requests") => {
            state.requests().clear();
            Ok(Reply::empty(204))
        }
        ("GET", "overview") => Ok(Reply::json(&panel::overview(state))),
        ("GET", "clock") => Ok(Reply::json(&json!({ "now": state.clock.now() }))),
        ("PUT", "clock") => set_clock(state, body),
        ("POST", "activity") => act(state, body),
        ("GET", "workspace") => Ok(Reply::json(&folder::document(&read(&state.workspace)))),
        ("PUT", "workspace") => put_workspace(state, body),
        ("POST", "workspace/load") => load(state),
        ("POST", "workspace/save") => save(state),
        ("GET", "procedures") => Ok(Reply::json(&fin::waiting_steps(&read(&state.workspace)))),
        ("GET", "fin") => Ok(Reply::json(&fin::conversations(&read(&state.workspace)))),
        ("GET", "uploads") => Ok(Reply::json(&ecommerce::uploads(&read(&state.workspace)))),
        ("POST", "happen") => happen::happen(state, body),
        ("GET", "attachments") => {
            let life = read(&state.workspace).file_life;
            Ok(Reply::json(&json!({ "life_seconds": life })))
        }
        ("PUT", "attachments") => set_life(state, body),
        ("GET", "faults") => Ok(Reply::json(&lock(&state.faults).set)),
        ("PUT", "faults") => set_faults(state, body),
        ("DELETE", "faults") => {
            lock(&state.faults).set.clear();
            Ok(Reply::empty(204))
        }
        ("GET", "habits") => Ok(Reply::json(&*read(&state.habits))),
        ("PUT", "habits") => set_habits(state, body),
        _ => Err((404, format!("the control surface has no {method} /_sim/{rest}"))),
    };
    outcome.unwrap_or_else(|(status, message)| Reply::with_status(status, &json!({ "error": message })))
}

/// The zone of the options, which a start has checked.
fn zone(state: &State) -> Result<TimeZone, (u16, String)> {
    TimeZone::get(&state.options.time_zone).map_err(|error| (500, error.to_string()))
}

fn unusable(error: &FolderError) -> (u16, String) {
    (400, format!("{}: {error}. {}", error.code(), error.advice()))
}

fn put_workspace(state: &State, body: &[u8]) -> Outcome {
    let text = std::str::from_utf8(body).map_err(|error| (400, format!("the body is not text: {error}")))?;
    let workspace = folder::load_document(text, &state.options, zone(state)?, state.clock.now());
    state.replace(workspace.map_err(|error| unusable(&error))?);
    Ok(Reply::empty(204))
}

fn load(state: &State) -> Outcome {
    let Some(path) = &state.options.load else {
        return Err((409, "the simulator was started without --load".to_owned()));
    };
    let workspace = folder::load(path, &state.options, zone(state)?, state.clock.now());
    state.replace(workspace.map_err(|error| unusable(&error))?);
    Ok(Reply::empty(204))
}

fn save(state: &State) -> Outcome {
    match state.save() {
        Ok(Some(files)) => Ok(Reply::json(&json!({ "files": files }))),
        Ok(None) => Err((409, "the simulator was started without --save".to_owned())),
        Err(error) => Err((500, format!("{}: {error}. {}", error.code(), error.advice()))),
    }
}

type Outcome = Result<Reply, (u16, String)>;

fn parse<'b, T: Deserialize<'b>>(body: &'b [u8]) -> Result<T, (u16, String)> {
    serde_json::from_slice(body).map_err(|error| (400, format!("the body cannot be read: {error}")))
}

/// What is to be streamed: the stream and the version of the question.
pub(crate) struct Question {
    stream: String,
    version: Version,
    from: Option<usize>,
}

impl Question {
    /// The next span of lines, until there is none.
    pub(crate) fn next(&mut self, state: &State) -> Option<Vec<u8>> {
        let from = self.from.take()?;
        let habits = read(&state.habits).clone();
        let (lines, next) = truth::span(&read(&state.workspace), &habits, self.version, &self.stream, from)?;
        self.from = next;
        Some(lines.bytes)
    }
}

/// The question for a stream's truth that a request asks, with its first span; or why there is no answer.
pub(crate) fn question(state: &State, path: &str, query: &str) -> Result<(Question, Vec<u8>), Reply> {
    let refuse = |status, message: String| Reply::with_status(status, &json!({ "error": message }));
    let stream = path
        .trim_start_matches("/_sim/truth/")
        .trim_end_matches('/')
        .to_owned();
    let version = url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == "version");
    let version = match version {
        None => Version::DEFAULT,
        Some((_, text)) => text
            .parse()
            .map_err(|error: trunkline_catalog::UnknownVersion| refuse(400, error.to_string()))?,
    };
    let mut question = Question {
        stream,
        version,
        from: Some(0),
    };
    match question.next(state) {
        Some(first) => Ok((question, first)),
        None => Err(refuse(404, format!("there is no stream {}", question.stream))),
    }
}

fn requests(state: &State, query: &str) -> Reply {
    let since = url::form_urlencoded::parse(query.as_bytes())
        .find(|(name, _)| name == "since")
        .and_then(|(_, value)| value.parse::<usize>().ok())
        .unwrap_or(0);
    let mut lines = Vec::new();
    for entry in state.requests().iter().skip(since) {
        serde_json::to_writer(&mut lines, entry).expect("log entries have string keys");
        lines.push(b'\n');
    }
    Reply::text(200, "application/x-ndjson", lines)
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ClockChange {
    now: Option<i64>,
    advance_seconds: Option<i64>,
}

/// What the clock can be set to, in unix seconds.
const MOMENTS: std::ops::Range<i64> = 0..253_402_300_800;

fn set_clock(state: &State, body: &[u8]) -> Outcome {
    let change: ClockChange = parse(body)?;
    let now = change.now.unwrap_or_else(|| state.clock.now());
    let now = now.saturating_add(change.advance_seconds.unwrap_or(0));
    if !MOMENTS.contains(&now) {
        return Err((400, format!("{now} is not a moment between 1970 and 9999")));
    }
    state.clock.set(now);
    state.webhooks.wake();
    Ok(Reply::json(&json!({ "now": state.clock.now() })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Attachments {
    life_seconds: u32,
}

/// Sets how long the addresses of files are good from now on.
fn set_life(state: &State, body: &[u8]) -> Outcome {
    let Attachments { life_seconds } = parse(body)?;
    state.change(|workspace| workspace.file_life = i64::from(life_seconds));
    Ok(Reply::json(&json!({ "life_seconds": life_seconds })))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Activity {
    steps: u32,
}

/// The most steps of one call.
const MOST_STEPS: u32 = 100_000;

fn act(state: &State, body: &[u8]) -> Outcome {
    let Activity { steps } = parse(body)?;
    if steps > MOST_STEPS {
        return Err((400, format!("at most {MOST_STEPS} steps at once")));
    }
    let now = state.clock.now();
    let happened: Vec<&str> = state.change(|workspace| {
        // The workspace's own revision seeds the steps, so that the same calls lead to the same workspace.
        let seed = mix(workspace.seed, 90, workspace.revision as u32);
        let mut rng = rand_chacha::ChaCha8Rng::seed_from_u64(seed);
        (0..steps)
            .map(|_| activity::step(workspace, now, &mut rng))
            .collect()
    });
    Ok(Reply::json(&json!({ "happened": happened })))
}

fn set_faults(state: &State, body: &[u8]) -> Outcome {
    let faults: Vec<Fault> = parse(body)?;
    if let Some(message) = faults.iter().find_map(Fault::fault) {
        return Err((400, message));
    }
    lock(&state.faults).set = faults;
    Ok(Reply::json(&lock(&state.faults).set))
}

fn set_habits(state: &State, body: &[u8]) -> Outcome {
    let wanted: std::collections::BTreeMap<String, Value> = parse(body)?;
    let mut habits = read(&state.habits).clone();
    for (name, on) in wanted {
        let on = on
            .as_bool()
            .ok_or_else(|| (400, format!("{name} must be true or false")))?;
        habits.set(&name, on).map_err(|error| (400, error.to_string()))?;
    }
    *state
        .habits
        .write()
        .unwrap_or_else(std::sync::PoisonError::into_inner) = habits;
    Ok(Reply::empty(204))
}
