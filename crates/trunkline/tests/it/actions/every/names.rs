//! What `<name>` stands for in a live workspace: a request, and where its answer holds the value.
//!
//! The one rule: a name is looked up once, over the API and past the action layer, when it is first used. `<name:int>` and
//! `<name:text>` ask for a type; `<output/id>` is what the action gave, at that place.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;
use trunkline_catalog::Version;

use super::table;
use crate::harness::Simulator;

/// Names and their requests, one line each: `POST /tags {"name": "x"} -> /id`.
#[derive(Deserialize)]
pub(super) struct Lines {
    names: BTreeMap<String, String>,
}

impl Lines {
    /// The names that the comparison with the descriptions uses.
    pub(super) fn committed() -> Self {
        table::read("../../xtask/contract/calls.yaml")
    }
}

/// The names of one workspace.
pub(super) struct Names<'w> {
    simulator: &'w Simulator,
    lines: &'w Lines,
    own: &'w BTreeMap<String, String>,
    version: Version,
    known: BTreeMap<String, Value>,
}

/// An answer of the API or of the control surface.
pub(super) struct Answer {
    pub(super) status: u16,
    pub(super) body: Value,
}

impl<'w> Names<'w> {
    /// Of a workspace that is asked at the version that an action has.
    pub(super) fn new(
        simulator: &'w Simulator,
        lines: &'w Lines,
        own: &'w BTreeMap<String, String>,
        version: Version,
    ) -> Self {
        // Older versions lack much of what brings a workspace into a state, or shows it.
        let version = match version {
            Version::Preview => version,
            _ => Version::DEFAULT,
        };
        Self {
            simulator,
            lines,
            own,
            version,
            known: BTreeMap::new(),
        }
    }

    /// Gives a name its value.
    pub(super) fn know(&mut self, name: &str, value: Value) {
        self.known.insert(name.to_owned(), value);
    }

    /// What a line asks for, and its answer at the place that the line names; the answer is null where it has none.
    pub(super) fn ask(&mut self, line: &str) -> Result<Answer, String> {
        let (request, pointer) = line.rsplit_once(" -> ").unwrap_or((line, ""));
        let mut words = request.trim().splitn(3, ' ');
        let (Some(method), Some(path)) = (words.next(), words.next()) else {
            return Err(format!("{line:?} is no request"));
        };
        let path = self.text(path)?;
        let body = match words.next() {
            Some(text) => {
                let body = serde_json::from_str(text).map_err(|error| format!("{line:?}: {error}"))?;
                Some(self.fill(&body)?)
            }
            None => None,
        };
        let (status, text) = self
            .simulator
            .api_at(self.version.as_str(), method, &path, body.as_ref());
        // A stream of the truth is a list, also when it has one line.
        let answer = match serde_json::from_str(&text) {
            Ok(answer) if !path.starts_with("/_sim/truth/") => answer,
            _ => lines(&text),
        };
        Ok(Answer {
            status,
            body: answer.pointer(pointer.trim()).cloned().unwrap_or_default(),
        })
    }

    /// The value that a name stands for.
    pub(super) fn value_of(&mut self, name: &str) -> Result<Value, String> {
        let (first, pointer) = match name.find('/') {
            Some(at) => name.split_at(at),
            None => (name, ""),
        };
        if let Some(known) = self.known.get(first) {
            let value = known.pointer(pointer).cloned();
            return value.ok_or_else(|| format!("`{first}` has no {pointer}: {known}"));
        }
        let line = self.own.get(name).or_else(|| self.lines.names.get(name));
        let line = line.ok_or_else(|| format!("the name `{name}` is not known"))?;
        let answer = self.ask(line)?;
        let is_there = answer.status < 400 && (!answer.body.is_null() || line.ends_with("-> "));
        if !is_there {
            return Err(format!(
                "`{name}` is not to be had, {}: {}",
                answer.status, answer.body
            ));
        }
        self.know(name, answer.body.clone());
        Ok(answer.body)
    }

    /// `template` with its names replaced by their values.
    pub(super) fn fill(&mut self, template: &Value) -> Result<Value, String> {
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
                    .map(|(name, member)| Ok((self.text(name)?, self.fill(member)?)));
                Value::Object(filled.collect::<Result<_, String>>()?)
            }
            other => other.clone(),
        })
    }

    /// `template` with its names replaced, as text.
    fn text(&mut self, template: &str) -> Result<String, String> {
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
}

/// What the control surface lists, one object a line.
fn lines(text: &str) -> Value {
    let entries: Option<Vec<Value>> = text.lines().map(|line| serde_json::from_str(line).ok()).collect();
    entries.map(Value::from).unwrap_or_default()
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
