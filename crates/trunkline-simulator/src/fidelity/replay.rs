//! Kept exchanges, made again against the simulator in this process.
//!
//! The one rule: an id of a call finds a record by the first of these that answers: it was met in an earlier answer, at the place
//! where the simulator had one of its own; the workspace knows it; otherwise the next record of its kind that the workspace has.
//! A call that was refused keeps its unknown ids: it was refused for them.

use std::{
    collections::{BTreeMap, HashMap},
    net::IpAddr,
    path::Path,
    sync::Arc,
};

use jiff::tz::TimeZone;
use serde::Serialize;
use serde_json::Value;

use super::{
    compare::{self, Difference, Found, Kind, Shape},
    errors::FidelityError,
    exchange::{self, Exchange},
    redact::is_id_name,
};
use crate::{
    Habits, Options, StartError,
    clock::Clock,
    folder, generator, hub,
    pipeline::{Incoming, State, read},
    reply::Reply,
    webhooks::Webhooks,
    workspace::Workspace,
};

/// What a replay found.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// How many exchanges the file has.
    pub exchanges: usize,
    /// How many of them were made again.
    pub replayed: usize,
    /// How many could not be, because their bodies are not kept.
    pub skipped: usize,
    /// Exchanges by operation.
    pub operations: BTreeMap<String, usize>,
    /// What differs, by operation.
    pub differences: Vec<Difference>,
}

/// How many lines a difference names.
const LINES: usize = 5;

/// Replays a file of exchanges against a simulator with these options and reports each difference in shape.
///
/// # Errors
/// When the file cannot be read, a line is no exchange, or the workspace cannot be loaded.
pub fn diff(exchanges: &Path, options: &Options) -> Result<Report, FidelityError> {
    let exchanges = exchange::read(exchanges)?;
    let mut replay = Replay::new(options)?;
    let mut shapes: HashMap<(String, Option<String>, u16), Shape> = HashMap::new();
    for (_, exchange) in &exchanges {
        if let Some(answer) = &exchange.answer {
            shapes.entry(group(exchange)).or_default().add("", answer);
        }
    }
    let mut report = Report {
        exchanges: exchanges.len(),
        replayed: 0,
        skipped: 0,
        operations: BTreeMap::new(),
        differences: Vec::new(),
    };
    let mut found: BTreeMap<(String, Found), Vec<usize>> = BTreeMap::new();
    for (line, exchange) in &exchanges {
        if exchange.unkept_request.is_some() {
            report.skipped += 1;
            continue;
        }
        report.replayed += 1;
        *report.operations.entry(exchange.operation.clone()).or_default() += 1;
        let reply = replay.answer(exchange);
        let all = shapes.get(&group(exchange)).cloned().unwrap_or_default();
        for difference in compare(exchange, &all, &reply) {
            found
                .entry((exchange.operation.clone(), difference))
                .or_default()
                .push(*line);
        }
    }
    report.differences = found
        .into_iter()
        .map(
            |((operation, (kind, path, recorded, simulated)), lines)| Difference {
                operation,
                kind,
                path,
                recorded,
                simulated,
                count: lines.len(),
                lines: lines.into_iter().take(LINES).collect(),
            },
        )
        .collect();
    Ok(report)
}

/// Answers of one shape: those to one operation, in one version, with one status.
fn group(exchange: &Exchange) -> (String, Option<String>, u16) {
    (
        exchange.operation.clone(),
        exchange.version.clone(),
        exchange.status,
    )
}

fn compare(exchange: &Exchange, all: &Shape, reply: &Reply) -> Vec<Found> {
    let answer: Option<Value> = serde_json::from_slice(&reply.body).ok();
    let code = |answer: &Option<Value>| answer.as_ref().map_or_else(|| "none".to_owned(), compare::code);
    let told = |status: u16, answer: &Option<Value>| match status {
        400.. => format!("{status} {}", code(answer)),
        _ => status.to_string(),
    };
    if exchange.status != reply.status {
        let recorded = told(exchange.status, &exchange.answer);
        return vec![(Kind::Status, String::new(), recorded, told(reply.status, &answer))];
    }
    let mut found = Vec::new();
    match (&exchange.answer, &answer) {
        (Some(recorded), Some(simulated)) => {
            if reply.status >= 400 && compare::code(recorded) != compare::code(simulated) {
                let (recorded, simulated) = (compare::code(recorded), compare::code(simulated));
                found.push((Kind::ErrorCode, "errors[0].code".to_owned(), recorded, simulated));
            }
            compare::shapes(
                Some(&Shape::of("", recorded)),
                all,
                &Shape::of("", simulated),
                "",
                &mut found,
            );
        }
        (None, None) => {}
        (recorded, _) => {
            let name = |is_json: bool| if is_json { "JSON" } else { "no JSON" }.to_owned();
            found.push((
                Kind::Body,
                String::new(),
                name(recorded.is_some()),
                name(recorded.is_none()),
            ));
        }
    }
    found.sort();
    found.dedup();
    found
}

/// A simulator that exchanges are replayed against.
struct Replay {
    state: State,
    /// Recorded ids and what the simulator calls them.
    ids: HashMap<String, String>,
    /// How many unknown ids of each kind have found a record.
    given: HashMap<String, usize>,
}

impl Replay {
    fn new(options: &Options) -> Result<Self, FidelityError> {
        let options = Options {
            rate_limit: None,
            tokens: Vec::new(),
            // What the platform does by chance, or late, would be told as a difference.
            habits: Habits {
                empty_200: false,
                search_lag: false,
                big_pages: false,
                ..options.habits.clone()
            },
            ..options.clone()
        };
        let zone =
            TimeZone::get(&options.time_zone).map_err(|_| StartError::TimeZone(options.time_zone.clone()))?;
        let clock = Clock::new(options.start, options.clock_stands);
        let workspace = match &options.load {
            Some(path) => folder::load(path, &options, zone, clock.now()).map_err(StartError::from)?,
            None => generator::generate(&options, zone, clock.now()),
        };
        clock.not_before(folder::newest(&workspace));
        let webhooks = Arc::new(Webhooks::new(&options, std::collections::BTreeSet::new()));
        Ok(Self {
            state: State::new(options, Arc::new(clock), webhooks, workspace),
            ids: HashMap::new(),
            given: HashMap::new(),
        })
    }

    fn answer(&mut self, exchange: &Exchange) -> Reply {
        let was_refused = exchange.status >= 400;
        let mut path = exchange.path.clone();
        for (name, value) in &exchange.parameters {
            let kind = segment_before(&exchange.path, name);
            let value = self.id(kind, value, was_refused);
            let value: String = url::form_urlencoded::byte_serialize(value.as_bytes()).collect();
            path = path.replace(&format!("{{{name}}}"), &value.replace('+', "%20"));
        }
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        for (name, value) in &exchange.query {
            query.append_pair(name, &self.of_field(name, value, "", was_refused));
        }
        let last = exchange
            .path
            .rsplit('/')
            .find(|part| !part.starts_with('{'))
            .unwrap_or_default();
        let body = exchange
            .request
            .as_ref()
            .map(|body| self.body(body, "", last, was_refused).to_string());
        let incoming = Incoming {
            method: &exchange.method,
            path: &path,
            query: &query.finish(),
            version: exchange.version.as_deref(),
            host: None,
            content_type: body.as_ref().map(|_| "application/json"),
            accept: None,
            caller: IpAddr::from([127, 0, 0, 1]),
            user_agent: None,
            body: body.as_deref().unwrap_or_default().as_bytes(),
            unread: None,
        };
        let access = hub::directory(&self.state.options).access(Some("replay"));
        let reply = self.state.answer(incoming, access);
        if let (Some(recorded), Ok(simulated)) = (&exchange.answer, serde_json::from_slice(&reply.body)) {
            self.learn("", recorded, &simulated);
        }
        reply
    }

    /// What the simulator calls a recorded id of this kind.
    fn id(&mut self, kind: &str, id: &str, was_refused: bool) -> String {
        if let Some(known) = self.ids.get(id) {
            return known.clone();
        }
        let workspace = read(&self.state.workspace);
        let all = ids_of(&workspace, kind);
        if was_refused || all.is_empty() || all.iter().any(|known| known == id) || knows(&workspace, id) {
            return id.to_owned();
        }
        let place = self.given.entry(kind.to_owned()).or_default();
        let chosen = all[*place % all.len()].clone();
        *place += 1;
        self.ids.insert(id.to_owned(), chosen.clone());
        chosen
    }

    fn of_field(&mut self, name: &str, text: &str, within: &str, was_refused: bool) -> String {
        if let Some(known) = self.ids.get(text) {
            return known.clone();
        }
        if is_id_name(name) && !text.is_empty() {
            return self.id(kind_of(name, within), text, was_refused);
        }
        text.to_owned()
    }

    /// A body with the simulator's ids in it.
    fn body(&mut self, value: &Value, name: &str, within: &str, was_refused: bool) -> Value {
        match value {
            Value::Object(fields) => {
                let within = if name.is_empty() { within } else { name };
                let fields = fields
                    .iter()
                    .map(|(name, value)| (name.clone(), self.body(value, name, within, was_refused)));
                Value::Object(fields.collect())
            }
            Value::Array(rows) => Value::Array(
                rows.iter()
                    .map(|row| self.body(row, name, within, was_refused))
                    .collect(),
            ),
            Value::String(text) => Value::String(self.of_field(name, text, within, was_refused)),
            Value::Number(number) if is_id_name(name) => {
                let id = self.of_field(name, &number.to_string(), within, was_refused);
                id.parse::<u64>().map_or_else(|_| value.clone(), Value::from)
            }
            other => other.clone(),
        }
    }

    /// Remembers ids and cursors that stand at the same place in both answers.
    fn learn(&mut self, name: &str, recorded: &Value, simulated: &Value) {
        match (recorded, simulated) {
            (Value::Object(old), Value::Object(new)) => {
                for (name, old) in old {
                    if let Some(new) = new.get(name) {
                        self.learn(name, old, new);
                    }
                }
            }
            (Value::Array(old), Value::Array(new)) => {
                for (old, new) in old.iter().zip(new) {
                    self.learn(name, old, new);
                }
            }
            _ => {
                let is_cursor = matches!(name, "starting_after" | "scroll_param");
                let text = |value: &Value| match value {
                    Value::String(text) => Some(text.clone()),
                    Value::Number(number) => Some(number.to_string()),
                    _ => None,
                };
                let (true, Some(old), Some(new)) =
                    (is_cursor || is_id_name(name), text(recorded), text(simulated))
                else {
                    return;
                };
                let is_its_own = old == new || knows(&read(&self.state.workspace), &old);
                if !is_its_own {
                    self.ids.entry(old).or_insert(new);
                }
            }
        }
    }
}

/// The segment of a path before a parameter.
fn segment_before<'p>(path: &'p str, name: &str) -> &'p str {
    let parts: Vec<&str> = path.split('/').collect();
    let place = parts.iter().position(|part| *part == format!("{{{name}}}"));
    place
        .and_then(|place| parts.get(place.checked_sub(1)?))
        .copied()
        .unwrap_or_default()
}

/// The kind of record that a field of a body names.
fn kind_of<'k>(name: &'k str, within: &'k str) -> &'k str {
    match name {
        "contact_id" | "intercom_user_id" | "from" | "into" => "contacts",
        "conversation_id" | "merge_into_conversation_id" => "conversations",
        "admin_id" | "assignee_id" | "admin_assignee_id" | "author_id" | "owner_id" => "admins",
        "team_assignee_id" => "teams",
        "ticket_type_id" => "ticket_types",
        "ticket_state_id" => "ticket_states",
        "tag_id" => "tags",
        "parent_id" | "parent_ids" => "collections",
        "id" => match within {
            "users" | "contacts" | "from" => "contacts",
            "subscriptions" => "subscription_types",
            other => other,
        },
        other => other,
    }
}

/// The ids that a workspace has of a kind.
fn ids_of(workspace: &Workspace, kind: &str) -> Vec<String> {
    let ids = &workspace.ids;
    match kind {
        "contacts" => {
            let rows = workspace.contacts.iter().filter(|row| row.is_listed());
            rows.map(|row| row.id(ids)).collect()
        }
        "companies" => {
            let rows = workspace.companies.iter().filter(|row| !row.deleted);
            rows.map(|row| row.id(ids)).collect()
        }
        "conversations" => {
            let rows = workspace.conversations.iter().filter(|row| row.is_listed());
            rows.map(|row| row.id(ids)).collect()
        }
        "tickets" => {
            let rows = workspace.tickets.iter().filter(|row| !row.deleted);
            rows.map(|row| row.id(ids)).collect()
        }
        "tags" => {
            let rows = workspace.tags.iter().filter(|tag| !tag.deleted);
            rows.map(|tag| tag.id.to_string()).collect()
        }
        "segments" => workspace.segments.iter().map(|row| row.id.clone()).collect(),
        "notes" => workspace.notes.iter().map(|row| row.id(ids)).collect(),
        "calls" => workspace.calls.iter().map(|row| row.id(ids)).collect(),
        other => folder::list(workspace, other)
            .iter()
            .filter_map(|row| {
                row["id"]
                    .as_str()
                    .map(str::to_owned)
                    .or_else(|| Some(row["id"].as_u64()?.to_string()))
            })
            .collect(),
    }
}

/// Whether an id is one of the workspace's own, of whatever kind.
fn knows(workspace: &Workspace, id: &str) -> bool {
    let ids = &workspace.ids;
    let within = |row: Option<u32>, count: usize| row.is_some_and(|row| (row as usize) < count);
    within(ids.contact_row(id), workspace.contacts.len())
        || within(ids.company_row(id), workspace.companies.len())
        || within(ids.conversation_row(id), workspace.conversations.len())
        || within(ids.ticket_row(id), workspace.tickets.len())
        || within(ids.call_row(id), workspace.calls.len())
        || workspace.tags.iter().any(|tag| tag.id.to_string() == id)
        || workspace.segments.iter().any(|row| row.id == id)
        || folder::has_listed(workspace, id)
}
