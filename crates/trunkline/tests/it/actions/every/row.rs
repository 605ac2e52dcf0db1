//! What is done with a row: refused without what it needs, refused for nobody's ids, then done and looked up.
//!
//! The one rule: a row has a workspace to itself, so that what one deletes is there for the next.

use std::{collections::BTreeMap, sync::Arc};

use serde_json::{Map, Value};
use trunkline_actions::{Action, ActionError, Place, action};
use trunkline_catalog::Effect;
use trunkline_client::{ErrorKind, ManualClock};
use trunkline_simulator::Options;

use super::{
    fits::{difference, short},
    names::{Lines, Names},
    table::{Row, Table},
};
use crate::{
    actions::{Actor, memory::MemoryJournal},
    harness,
};

/// An id that nothing has.
const NOBODY: &str = "999999999";

/// A workspace with some of everything; it starts in no time and stands still.
pub(super) fn options() -> Options {
    let mut options = Options {
        contacts: 60,
        companies: 12,
        conversations: 120,
        tickets: 15,
        ..harness::small()
    };
    for habit in ["search_lag", "empty_200"] {
        options.habits.turn_off(habit).unwrap();
    }
    options
}

/// What is wrong with an action, by its row.
pub(super) fn failures(id: &str, row: &Row, table: &Table, lines: &Lines) -> Vec<String> {
    let action = match action(id) {
        Ok(action) => action,
        Err(error) => return vec![error.to_string()],
    };
    let version = action.versions.1;
    let options = Options {
        clock_stands: !row.clock_runs,
        ..options()
    };
    let clock = ManualClock::new(options.start.unwrap_or_default());
    let actor = Actor::with_clock(
        options,
        version,
        Arc::new(MemoryJournal::default()),
        Arc::new(clock),
    );
    let names = Names::new(&actor.simulator, lines, &table.names, version);
    let mut trial = Trial {
        action,
        row,
        actor: &actor,
        names,
        failures: Vec::new(),
    };
    if let Err(failure) = trial.run() {
        trial.failures.push(failure);
    }
    trial.failures
}

/// A row that is being tried.
struct Trial<'t> {
    action: &'static Action,
    row: &'t Row,
    actor: &'t Actor,
    names: Names<'t>,
    failures: Vec<String>,
}

impl Trial<'_> {
    fn run(&mut self) -> Result<(), String> {
        for name in &self.row.first {
            self.names.value_of(name)?;
        }
        if let Some(earlier) = &self.row.earlier {
            let input = self.names.fill(&earlier.input)?;
            let outcome = self.actor.call(&earlier.action, input);
            let outcome = outcome.map_err(|error| format!("{}: {error}", earlier.action))?;
            self.names.know("earlier", outcome.run.into());
        }
        let input = match self.names.fill(&self.row.input)? {
            Value::Null => Map::new(),
            Value::Object(input) => input,
            other => return Err(format!("the input is {other}")),
        };
        self.look_before()?;
        self.without_what_is_required(&input);
        self.for_nobody(&input);
        let outcome = self.actor.call(self.action.id, Value::Object(input));
        let outcome = outcome.map_err(|error| format!("{} {error}", error.code()))?;
        let reads = self.action.effect == Effect::Read;
        if reads != (outcome.writes == 0) {
            self.failures.push(format!("it wrote {} times", outcome.writes));
        }
        self.names.know("output", outcome.output.clone());
        if let Some(expected) = &self.row.output {
            let expected = self.names.fill(expected)?;
            if let Some(difference) = difference(&expected, &outcome.output) {
                self.failures.push(format!("the output{difference}"));
            }
        }
        for line in self.row.truth.keys() {
            if let Some(difference) = self.untruth(line)? {
                self.failures
                    .push(format!("{line}{difference}; it gave {}", short(&outcome.output)));
            }
        }
        Ok(())
    }

    /// What was so before shows nothing.
    fn look_before(&mut self) -> Result<(), String> {
        let mut was_otherwise = self.row.truth.is_empty();
        for (line, expected) in &self.row.truth {
            let is_of_what_it_makes = line.contains("<output") || expected.to_string().contains("<output");
            was_otherwise |= is_of_what_it_makes || self.untruth(line)?.is_some();
        }
        if !was_otherwise {
            self.failures.push("its truth holds without it".to_owned());
        }
        Ok(())
    }

    /// How the workspace differs from what a line of the truth says.
    fn untruth(&mut self, line: &str) -> Result<Option<String>, String> {
        let answer = self.names.ask(line)?;
        let expected = &self.row.truth[line];
        if expected == "gone" {
            return Ok((answer.status != 404 && answer.status != 410)
                .then(|| format!(" answers {}: {}", answer.status, short(&answer.body))));
        }
        if answer.status >= 300 {
            return Ok(Some(format!(" answers {}", answer.status)));
        }
        let expected = self.names.fill(expected)?;
        Ok(difference(&expected, &answer.body))
    }

    /// Each field that is required is missed, and nothing is sent.
    fn without_what_is_required(&mut self, input: &Map<String, Value>) {
        self.actor.received();
        let version = self.action.versions.1;
        let required: Vec<_> = self
            .action
            .fields
            .iter()
            .filter(|field| {
                let has = (field.versions.0..=field.versions.1).contains(&version);
                has && field.required && field.alternative == 0 && !field.name.contains(['.', '['])
            })
            .collect();
        for field in required {
            let (place, name) = (field.place, field.name);
            let mut rest = input.clone();
            if rest.remove(name).is_none() && rest.remove(&format!("{}.{name}", place.as_str())).is_none() {
                self.failures
                    .push(format!("the row lacks `{name}`, which is required"));
                continue;
            }
            let told = match place {
                Place::Path | Place::Query => format!("{}.{name}", place.as_str()),
                Place::Payload | Place::Module => name.to_owned(),
            };
            match self.actor.call(self.action.id, Value::Object(rest)) {
                Err(ActionError::Input { problems, .. })
                    if problems.iter().any(|problem| problem.field == told) => {}
                other => self.failures.push(format!("without `{name}`: {other:?}")),
            }
        }
        let received = self.actor.received();
        if !received.is_empty() {
            self.failures
                .push(format!("without what is required it sent {received:?}"));
        }
    }

    /// Each id is one that nothing has, and nothing changes.
    fn for_nobody(&mut self, input: &Map<String, Value>) {
        let before = self.counts();
        let is_id = |name: &str| match self.action.is_operation() {
            true => {
                let bare = name.strip_prefix("path.").unwrap_or(name);
                let of_name = |place| {
                    let mut fields = self.action.fields.iter();
                    fields.any(|field| field.place == place && field.name == bare)
                };
                of_name(Place::Path) && (bare != name || !of_name(Place::Payload))
            }
            false => name.ends_with("_id"),
        };
        let ids: Vec<String> = input.keys().filter(|name| is_id(name)).cloned().collect();
        let beside = self.row.nobody.keys().filter(|name| !ids.contains(name));
        let beside: Vec<_> = beside
            .map(|name| format!("`{name}` is no id of the input"))
            .collect();
        self.failures.extend(beside);
        for name in ids {
            let expected = self.row.nobody.get(&name).map(String::as_str);
            if expected == Some("taken") {
                continue;
            }
            let mut changed = input.clone();
            changed.insert(name.clone(), NOBODY.into());
            match self.actor.call(self.action.id, Value::Object(changed)) {
                Ok(outcome) => {
                    let output = short(&outcome.output);
                    self.failures.push(format!("`{name}` of nobody gives {output}"));
                }
                Err(error) => {
                    let expected = expected.unwrap_or(ErrorKind::NotFound.code());
                    let said = error.to_string();
                    let words = || name.split(['_', '.']).filter(|word| *word != "id");
                    let names_it = words().any(|word| said.contains(word))
                        || self
                            .action
                            .operations
                            .iter()
                            .any(|operation| said.contains(operation));
                    if error.code() != expected || !names_it {
                        self.failures
                            .push(format!("`{name}` of nobody: {} {said}", error.code()));
                    }
                }
            }
        }
        let after = self.counts();
        if before != after {
            let differ = |name: &&String| before.get(*name) != after.get(*name);
            let streams: Vec<_> = after.keys().filter(differ).collect();
            self.failures
                .push(format!("with ids of nobody it changed {streams:?}"));
        }
    }

    fn counts(&self) -> BTreeMap<String, u64> {
        self.actor.simulator.counts()
    }
}
