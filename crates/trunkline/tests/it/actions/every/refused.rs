//! Input that does not fit, made from what an action says of itself: refused, with the field named and nothing sent.
//!
//! The one rule: every action of the registry goes through each of these, at the newest version that it has; what is wrong
//! is told all at once, so one call with everything wrong shows it for each field.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::{Map, Value, json};
use trunkline_actions::{Action, ActionError, Field, NoJournal, Place, actions};
use trunkline_catalog::{FieldType, Version};

use super::row::options;
use crate::actions::Actor;

/// Every action, with a workspace of its newest version; nothing of it may reach the workspace.
fn each(mut check: impl FnMut(&Actor, &'static Action) -> Vec<String>) {
    let mut actors = BTreeMap::<Version, Actor>::new();
    let mut failures = Vec::new();
    for action in actions() {
        let version = action.versions.1;
        let actor = actors.entry(version).or_insert_with(|| {
            let actor = Actor::start(options(), version, Arc::new(NoJournal));
            actor.received();
            actor
        });
        let found = check(actor, action);
        failures.extend(
            found
                .into_iter()
                .map(|failure| format!("{}: {failure}", action.id)),
        );
        let received = actor.received();
        if !received.is_empty() {
            failures.push(format!("{}: sent {received:?}", action.id));
        }
    }
    assert!(failures.is_empty(), "\n{}\n", failures.join("\n"));
}

/// The fields that are told to be wrong; none when the input was taken or refused for something else.
fn told(actor: &Actor, action: &Action, input: Value) -> Result<BTreeSet<String>, String> {
    match actor.call(action.id, input) {
        Err(error @ ActionError::Input { .. }) if error.code() != "TL0702" => Err(error.code().to_owned()),
        Err(ActionError::Input { problems, .. }) => {
            Ok(problems.into_iter().map(|problem| problem.field).collect())
        }
        Err(error) => Err(format!("{} {error}", error.code())),
        Ok(outcome) => Err(format!("taken: {}", outcome.output)),
    }
}

/// How a field is called in a problem, and in an input where the place is said.
fn full_name(field: &Field) -> (String, String) {
    let name = field.name;
    match field.place {
        Place::Path | Place::Query => {
            let full = format!("{}.{name}", field.place.as_str());
            (full.clone(), full)
        }
        Place::Payload => (name.to_owned(), format!("payload.{name}")),
        Place::Module => (name.to_owned(), name.to_owned()),
    }
}

/// The fields that the action has at its newest version, by how a problem calls them; alternatives of a body share names.
fn fields(action: &'static Action) -> BTreeMap<String, Vec<&'static Field>> {
    let newest = action.versions.1;
    let mut named = BTreeMap::<String, Vec<&Field>>::new();
    let there = |field: &&Field| (field.versions.0..=field.versions.1).contains(&newest);
    for field in action.fields.iter().filter(there) {
        named.entry(full_name(field).0).or_default().push(field);
    }
    named
}

/// A value that none of a name's fields takes; none where every value is good.
fn wrong_type(fields: &[&Field]) -> Option<Value> {
    let has = |wanted| fields.iter().any(|field| field.field_type == wanted);
    match () {
        () if has(FieldType::Any) => None,
        () if !has(FieldType::Array) => Some(json!([])),
        () if !has(FieldType::Boolean) => Some(json!(true)),
        () => None,
    }
}

/// A word that is no choice of any of a name's fields; none where any text is good.
fn wrong_choice(fields: &[&Field]) -> Option<Value> {
    let chooses = |field: &&Field| !field.choices.is_empty() && field.field_type == FieldType::String;
    fields.iter().all(chooses).then(|| json!("nobody-chose-this"))
}

/// Null, where none of a name's fields takes it; a limit that is null is none.
fn wrong_null(fields: &[&Field]) -> Option<Value> {
    let refuses = |field: &&Field| !field.nullable && field.name != "limit";
    fields.iter().all(refuses).then_some(Value::Null)
}

/// Names whose objects can be given by a dotted name: below nothing but objects.
fn is_reachable(name: &str, all: &BTreeMap<String, Vec<&Field>>) -> bool {
    let ends = name.match_indices('.').map(|(at, _)| &name[..at]);
    !name.contains('[')
        && ends.into_iter().all(|above| {
            let known = all.get(above).map(Vec::as_slice).unwrap_or_default();
            known.iter().all(|field| field.field_type == FieldType::Object)
        })
}

/// Every reachable field with a value of this kind, one depth after the other, is told to be wrong; how many there were.
fn all_wrong(
    actor: &Actor,
    action: &'static Action,
    wrong: fn(&[&Field]) -> Option<Value>,
) -> Result<usize, String> {
    let all = fields(action);
    let mut depths = BTreeMap::<usize, (Map<String, Value>, BTreeSet<String>)>::new();
    for (name, fields) in all.iter().filter(|(name, _)| is_reachable(name, &all)) {
        let Some(value) = wrong(fields) else { continue };
        let (input, names) = depths.entry(name.matches('.').count()).or_default();
        input.insert(full_name(fields[0]).1, value);
        names.insert(name.clone());
    }
    let mut count = 0;
    for (input, names) in depths.into_values() {
        count += names.len();
        let told = told(actor, action, Value::Object(input))?;
        // Below what only another alternative of the body has, nothing is looked at any more.
        let is_told = |name: &&String| {
            let mut above = name.match_indices('.').map(|(at, _)| &name[..at]);
            told.contains(*name) || above.any(|above| told.contains(above))
        };
        let missed: Vec<_> = names.iter().filter(|name| !is_told(name)).collect();
        if !missed.is_empty() {
            return Err(format!("takes a wrong value in {missed:?}"));
        }
    }
    Ok(count)
}

#[test]
fn no_action_takes_a_field_that_it_does_not_have() {
    each(|actor, action| {
        let found = told(actor, action, json!({"nobody_has_this": 1}));
        match found {
            Ok(told) if told.contains("nobody_has_this") => Vec::new(),
            other => vec![format!("{other:?}")],
        }
    });
}

#[test]
fn no_action_does_without_a_field_that_it_needs() {
    let mut count = 0;
    each(|actor, action| {
        let is_always =
            |field: &&Field| field.required && field.alternative == 0 && !field.name.contains(['.', '[']);
        let always: BTreeSet<String> = fields(action)
            .into_iter()
            .filter(|(_, fields)| fields.iter().any(is_always))
            .map(|(name, _)| name)
            .collect();
        count += always.len();
        let groups: BTreeSet<&str> = action
            .fields
            .iter()
            .filter_map(|field| field.group.filter(|group| group.required))
            .map(|group| group.name)
            .collect();
        if always.is_empty() && groups.is_empty() {
            return Vec::new();
        }
        let told = match told(actor, action, json!({})) {
            Ok(told) => told,
            Err(failure) => return vec![failure],
        };
        let mut failures = Vec::new();
        let missed: Vec<_> = always.difference(&told).collect();
        if !missed.is_empty() {
            failures.push(format!("does without {missed:?}"));
        }
        for group in groups {
            let is_of_it = |field: &&Field| field.group.is_some_and(|own| own.name == group);
            let members: Vec<&str> = action
                .fields
                .iter()
                .filter(is_of_it)
                .map(|field| field.name)
                .collect();
            if !told.contains(&members.join("`, `")) {
                failures.push(format!("does without any of {members:?}"));
            }
        }
        failures
    });
    assert!(count > 300, "only {count} fields are needed");
}

#[test]
fn no_action_takes_a_value_of_a_wrong_type() {
    let mut count = 0;
    each(|actor, action| match all_wrong(actor, action, wrong_type) {
        Ok(found) => {
            count += found;
            Vec::new()
        }
        Err(failure) => vec![failure],
    });
    assert!(count > 1000, "only {count} fields have a type");
}

#[test]
fn no_action_takes_a_word_that_is_no_choice() {
    let mut count = 0;
    each(|actor, action| match all_wrong(actor, action, wrong_choice) {
        Ok(found) => {
            count += found;
            Vec::new()
        }
        Err(failure) => vec![failure],
    });
    assert!(count > 60, "only {count} fields have choices");
}

#[test]
fn no_action_takes_nothing_where_something_must_stand() {
    let mut count = 0;
    each(|actor, action| match all_wrong(actor, action, wrong_null) {
        Ok(found) => {
            count += found;
            Vec::new()
        }
        Err(failure) => vec![failure],
    });
    assert!(count > 1000, "only {count} fields cannot be null");
}
