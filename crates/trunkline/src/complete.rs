//! Completion in a shell: commands and flags by clap, ids of actions and names of fields from the registry.
//!
//! The one rule: completing asks nothing of a network and nothing of a store; it must be there before a finger is lifted.

use std::ffi::OsStr;

use clap_complete::engine::CompletionCandidate;
use trunkline_actions::{Action, Field, Place, actions, lookup};
use trunkline_catalog::Catalog;

/// Ids of actions.
pub(crate) fn action_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    beginning(
        typed,
        actions()
            .iter()
            .map(|action| (action.id.to_owned(), action.summary)),
    )
}

/// Ids of operations.
pub(crate) fn operation_ids(typed: &OsStr) -> Vec<CompletionCandidate> {
    let operations = Catalog::embedded().operations().iter();
    beginning(
        typed,
        operations.map(|operation| (operation.id.to_owned(), operation.summary)),
    )
}

/// Names of streams.
pub(crate) fn streams(typed: &OsStr) -> Vec<CompletionCandidate> {
    let streams = Catalog::embedded().streams().iter();
    beginning(
        typed,
        streams.map(|stream| (stream.name.to_owned(), stream.summary)),
    )
}

/// Names of lists to pick from.
pub(crate) fn lookups(typed: &OsStr) -> Vec<CompletionCandidate> {
    let lists = lookup::lookups().iter();
    beginning(typed, lists.map(|list| (list.name.to_owned(), list.help)))
}

/// Fields of the action that is being called, as `name=`, and the values of a field that has a few.
pub(crate) fn fields(typed: &OsStr) -> Vec<CompletionCandidate> {
    let Some(action) = called(std::env::args()) else {
        return Vec::new();
    };
    beginning(typed, assignments(action, &typed.to_string_lossy()).into_iter())
}

/// The action whose id stands after `call` in what was typed so far.
fn called(words: impl Iterator<Item = String>) -> Option<&'static Action> {
    words
        .skip_while(|word| word != "call")
        .skip(1)
        .find_map(|word| actions().iter().find(|action| action.id == word))
}

fn assignments(action: &'static Action, typed: &str) -> Vec<(String, &'static str)> {
    let is_top = |field: &&Field| !field.name.contains(['.', '[']);
    if let Some((name, _)) = typed.split_once('=') {
        let known = action.fields.iter().find(|field| field.is_named(name));
        return known
            .into_iter()
            .flat_map(|field| field.choices.iter())
            .map(|choice| (format!("{name}={choice}"), ""))
            .collect();
    }
    let mut found: Vec<(String, &str)> = action
        .fields
        .iter()
        .filter(is_top)
        .map(|field| {
            let help = match field.place {
                Place::Module => field.help,
                place => place.as_str(),
            };
            (format!("{}=", field.name), help)
        })
        .collect();
    found.dedup_by(|one, other| one.0 == other.0);
    found
}

fn beginning<'h>(typed: &OsStr, words: impl Iterator<Item = (String, &'h str)>) -> Vec<CompletionCandidate> {
    let typed = typed.to_string_lossy();
    words
        .filter(|(word, _)| word.starts_with(&*typed))
        .map(|(word, help)| {
            let help = (!help.is_empty()).then(|| help.to_owned().into());
            CompletionCandidate::new(word).help(help)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(found: Vec<CompletionCandidate>) -> Vec<String> {
        found
            .into_iter()
            .map(|candidate| candidate.get_value().to_string_lossy().into_owned())
            .collect()
    }

    #[test]
    fn ids_fields_and_values_are_completed() {
        assert!(words(action_ids(OsStr::new("contacts.ta"))).contains(&"contacts.tag".to_owned()));
        assert!(words(operation_ids(OsStr::new("tickets."))).contains(&"tickets.get".to_owned()));
        assert!(words(lookups(OsStr::new("adm"))).contains(&"admins".to_owned()));
        assert_eq!(words(streams(OsStr::new("tag"))), ["tags"]);
        let typed = ["trunkline", "call", "--json", "contacts.tag", "t"].map(str::to_owned);
        let action = called(typed.into_iter()).unwrap();
        let names: Vec<String> = assignments(action, "t")
            .into_iter()
            .map(|(word, _)| word)
            .collect();
        assert!(names.contains(&"tag_name=".to_owned()), "{names:?}");
        let values: Vec<String> = assignments(action, "action=")
            .into_iter()
            .map(|(word, _)| word)
            .collect();
        assert_eq!(values, ["action=attach", "action=detach"]);
        assert!(called(["trunkline", "sync"].map(str::to_owned).into_iter()).is_none());
    }
}
