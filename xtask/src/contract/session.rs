//! One fresh workspace: a simulator of its own, a connection to it, and the names that were looked up in it.
//!
//! The one rule: nothing is shared between operations, so that what one of them deletes is there for the next.

use std::{
    collections::BTreeMap,
    net::{Ipv4Addr, SocketAddr},
};

use anyhow::{Context as _, Result};
use serde_json::Value;
use tokio::runtime::Runtime;
use trunkline_catalog::Version;
use trunkline_simulator::{Habits, Options, Running};

use super::recipes::{Line, Recipes};
use crate::bench::http::Connection;

/// The workspace's clock; it stands still.
const NOW: i64 = 1_795_176_000;
const TOKEN: &str = "contract";

/// What a request carries.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Body {
    Nothing,
    Json(Value),
    /// Fields of a form, each in a part of its own.
    Form(BTreeMap<String, String>),
}

/// What stands between the parts of a form.
const BOUNDARY: &str = "----contract";

impl Body {
    fn text(&self) -> Option<String> {
        match self {
            Self::Nothing => None,
            Self::Json(value) => Some(value.to_string()),
            Self::Form(fields) => {
                let part = |(name, value): (&String, &String)| {
                    format!(
                        "--{BOUNDARY}\r\ncontent-disposition: form-data; name=\"{name}\"; filename=\"{name}.json\"\r\n\r\n{value}\r\n"
                    )
                };
                let parts: String = fields.iter().map(part).collect();
                Some(format!("{parts}--{BOUNDARY}--\r\n"))
            }
        }
    }
}

/// An answer: its status, its text, and its JSON when it is some.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) text: String,
    pub(super) json: Option<Value>,
}

impl Answer {
    /// Whether the simulator says that it does not know the operation yet.
    pub(super) fn is_not_simulated(&self) -> bool {
        self.status == 501
    }

    /// The first error's code and message, or the beginning of the text.
    pub(super) fn summary(&self) -> String {
        let error = self.json.as_ref().and_then(|json| json.pointer("/errors/0"));
        let text = |key| error.and_then(|error| error.get(key)?.as_str());
        match (text("code"), text("message")) {
            (Some(code), Some(message)) => format!("{code}: {message}"),
            _ => self.text.chars().take(120).collect(),
        }
    }
}

/// Why a name has no value.
#[derive(Debug)]
pub(super) enum Missing {
    /// What would make it is not simulated.
    NotSimulated,
    /// Anything else.
    Failed(String),
}

impl From<anyhow::Error> for Missing {
    fn from(error: anyhow::Error) -> Self {
        Self::Failed(format!("{error:#}"))
    }
}

/// A simulator, stopped when it is dropped.
pub(super) struct Session<'r> {
    runtime: &'r Runtime,
    running: Option<Running>,
    connection: Connection,
    recipes: &'r Recipes,
    version: &'static str,
    known: BTreeMap<String, Value>,
}

impl<'r> Session<'r> {
    pub(super) fn start(runtime: &'r Runtime, recipes: &'r Recipes, version: &'static str) -> Result<Self> {
        let options = Options {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 0)),
            contacts: 60,
            companies: 12,
            conversations: 120,
            parts: 6,
            tickets: 15,
            rate_limit: None,
            tokens: vec![TOKEN.to_owned()],
            start: Some(jiff::Timestamp::from_second(NOW)?),
            clock_stands: true,
            control: true,
            habits: Habits {
                search_lag: false,
                empty_200: false,
                ..Habits::default()
            },
            ..Options::default()
        };
        let running = runtime.block_on(trunkline_simulator::start(options))?;
        let connection = Connection::open(running.address())?;
        Ok(Self {
            runtime,
            running: Some(running),
            connection,
            recipes,
            version,
            known: BTreeMap::new(),
        })
    }

    /// Calls with a good token, or with none.
    pub(super) fn call(&mut self, method: &str, path: &str, body: &Body, with_token: bool) -> Result<Answer> {
        self.call_at(self.version, method, path, body, with_token)
    }

    fn call_at(
        &mut self,
        version: &str,
        method: &str,
        path: &str,
        body: &Body,
        with_token: bool,
    ) -> Result<Answer> {
        let authorization = format!("Bearer {TOKEN}");
        let form = format!("multipart/form-data; boundary={BOUNDARY}");
        let mut headers = vec![("intercom-version", version)];
        if with_token {
            headers.push(("authorization", authorization.as_str()));
        }
        if matches!(body, Body::Form(_)) {
            headers.push(("content-type", form.as_str()));
        }
        let body = body.text();
        let (status, content) = self
            .connection
            .send_with(method, path, &headers, body.as_deref())
            .with_context(|| format!("{method} {path} got no answer"))?;
        let text = String::from_utf8_lossy(&content).into_owned();
        Ok(Answer {
            status,
            json: serde_json::from_str(&text).ok().or_else(|| lines(&text)),
            text,
        })
    }

    /// The value that a name stands for; looked up once.
    pub(super) fn value_of(&mut self, name: &str) -> Result<Value, Missing> {
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let recipes = self.recipes;
        let line = recipes.names.get(name);
        let line = Line::parse(line.with_context(|| format!("the name `{name}` is not known"))?)?;
        let path = self.text(line.path)?;
        let body = match line.body {
            Some(body) => Body::Json(self.fill(&body)?),
            None => Body::Nothing,
        };
        let answer = self.call_at(preparing(self.version), line.method, &path, &body, true)?;
        if answer.is_not_simulated() {
            return Err(Missing::NotSimulated);
        }
        let json = answer.json.clone().unwrap_or_default();
        let value = match json.pointer(line.pointer) {
            Some(value) if answer.status < 400 => value.clone(),
            _ => {
                let said = answer.summary();
                return Err(Missing::Failed(format!(
                    "`{name}` is not to be had: {} {path} answers {} without {}: {said}",
                    line.method, answer.status, line.pointer,
                )));
            }
        };
        self.known.insert(name.to_owned(), value.clone());
        Ok(value)
    }

    /// `template` with its names replaced by their values.
    pub(super) fn fill(&mut self, template: &Value) -> Result<Value, Missing> {
        Ok(match template {
            Value::String(text) => match whole_name(text) {
                Some((name, kind)) => as_kind(self.value_of(name)?, kind),
                None => Value::String(self.text(text)?),
            },
            Value::Array(entries) => entries
                .iter()
                .map(|entry| self.fill(entry))
                .collect::<Result<_, _>>()?,
            Value::Object(members) => {
                let filled = members
                    .iter()
                    .map(|(name, member)| Ok((name.clone(), self.fill(member)?)));
                Value::Object(filled.collect::<Result<_, Missing>>()?)
            }
            other => other.clone(),
        })
    }

    /// `template` with its names replaced, as text.
    pub(super) fn text(&mut self, template: &str) -> Result<String, Missing> {
        let mut filled = String::new();
        let mut rest = template;
        while let Some((before, (name, after))) = rest
            .split_once('<')
            .and_then(|(before, after)| Some((before, after.split_once('>')?)))
        {
            filled.push_str(before);
            match self.value_of(name.split(':').next().unwrap_or_default())? {
                Value::String(text) => filled.push_str(&text),
                other => filled.push_str(&other.to_string()),
            }
            rest = after;
        }
        filled.push_str(rest);
        Ok(filled)
    }

    /// `example` with the ids that it shows replaced by ids of this workspace.
    pub(super) fn adapt(&mut self, example: &Value) -> Result<Value, Missing> {
        let recipes = self.recipes;
        Ok(match example {
            Value::Array(entries) => entries
                .iter()
                .map(|entry| self.adapt(entry))
                .collect::<Result<_, _>>()?,
            Value::Object(members) => {
                let mut adapted = serde_json::Map::new();
                for (name, member) in members {
                    let value = match recipes.fields.get(name).and_then(|field| whole_name(field)) {
                        Some((known, _)) if member.is_number() => as_kind(self.value_of(known)?, "int"),
                        Some((known, _)) if member.is_string() => as_kind(self.value_of(known)?, "text"),
                        _ => self.adapt(member)?,
                    };
                    adapted.insert(name.clone(), value);
                }
                Value::Object(adapted)
            }
            other => other.clone(),
        })
    }
}

impl Drop for Session<'_> {
    fn drop(&mut self) {
        if let Some(running) = self.running.take() {
            self.runtime.block_on(running.stop());
        }
    }
}

/// The version at which names are looked up: older ones lack much of what brings a workspace into a state.
fn preparing(version: &'static str) -> &'static str {
    if version == Version::Preview.as_str() {
        version
    } else {
        Version::DEFAULT.as_str()
    }
}

/// What the control surface lists, one object a line.
fn lines(text: &str) -> Option<Value> {
    let entries: Option<Vec<Value>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
    entries.map(Value::from)
}

/// The name in `<name>` or `<name:int>`, and the type that it shall have.
fn whole_name(text: &str) -> Option<(&str, &str)> {
    let inside = text.strip_prefix('<')?.strip_suffix('>')?;
    (!inside.contains('<')).then(|| inside.split_once(':').unwrap_or((inside, "")))
}

fn as_kind(value: Value, kind: &str) -> Value {
    match (kind, &value) {
        ("int", Value::String(text)) => text.parse::<i64>().map_or(value.clone(), Value::from),
        ("text", Value::Number(number)) => Value::String(number.to_string()),
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_name_may_ask_for_a_type() {
        assert_eq!(whole_name("<admin:int>"), Some(("admin", "int")));
        assert_eq!(whole_name("<admin>"), Some(("admin", "")));
        assert_eq!(whole_name("/<admin>"), None);
        assert_eq!(as_kind(json!("12"), "int"), json!(12));
        assert_eq!(as_kind(json!("ab"), "int"), json!("ab"));
        assert_eq!(as_kind(json!(12), "text"), json!("12"));
        assert_eq!(as_kind(json!(12), ""), json!(12));
    }
}
